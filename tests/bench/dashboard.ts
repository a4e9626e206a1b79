/**
 * How fast the dashboard is with thousands of hosts in trouble, by the clock of a real browser.
 *
 * @module
 */
import { startBrowser } from "../dashboard/browser.ts";
import { measurePace } from "../dashboard/pace.ts";
import type { Group } from "./figure.ts";

const HOSTS = 5_000;

/** The figures. */
export const dashboard: Group = {
  name: "dashboard",
  async run() {
    const browser = await startBrowser();
    try {
      const { firstPaintMs, slowestUpdateMs, slowestFrameMs } = await measurePace(browser, HOSTS);
      const hosts = `${HOSTS.toLocaleString("en")} hosts in trouble`;
      return [
        { name: `${hosts}: first paint`, value: firstPaintMs, unit: "ms", goal: "under 1,000" },
        {
          name: `${hosts}: slowest of 20 updates`,
          value: slowestUpdateMs,
          unit: "ms",
          goal: "under 100",
        },
        { name: `${hosts}: longest frame while scrolling`, value: slowestFrameMs, unit: "ms" },
      ];
    } finally {
      await browser.close();
    }
  },
};
