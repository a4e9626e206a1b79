/**
 * What sharing costs: commands to the store and bytes per 1,000 requests, in simulated crawls, beside common designs.
 *
 * @module
 */
import { crawl, DESIGNS, TRAFFIC } from "../simulation/cost.ts";
import type { Figure, Group } from "./figure.ts";

const WORKERS = 10;

/** The figures. */
export const storeCost: Group = {
  name: `store, per 1,000 requests of ${WORKERS} simulated workers`,
  async run() {
    const figures: Figure[] = [];
    for (const traffic of TRAFFIC) {
      for (const [design, make] of Object.entries(DESIGNS)) {
        const { commands, bytes } = await crawl(make, traffic, WORKERS);
        figures.push({
          name: `${traffic.name}: ${design}`,
          value: commands,
          unit: "commands",
          from: [{ name: "keys and values", value: bytes / 1_000, unit: "KB" }],
        });
      }
    }
    return figures;
  },
};
