/**
 * How the figures grow with hosts and workers, at 1, 10 and 100 times as many: the slope is the point. With
 * `--plot DIR` each subject is drawn besides.
 *
 * @module
 */
import { ServerProcess } from "../edge/server_process.ts";
import { crawl, DESIGNS, TRAFFIC, WORKERS } from "../simulation/cost.ts";
import { LOADS } from "./edge_loads.ts";
import type { Figure, Group } from "./figure.ts";
import { measureAlone } from "./measure_alone.ts";
import type { BenchOptions } from "./options.ts";
import { gatedFetch, registryPair } from "./peers.ts";
import { plot, type Series, slope } from "./plot.ts";
import { takeTurns } from "./turns.ts";
import { hasWrk, sendLoad } from "./wrk.ts";

const CALLS = 100_000;
const MB = 1e6;
const TIMES = [1, 10, 100];

/** Series that one drawing shows. */
interface Subject {
  title: string;
  goal: string;
  measure(options: BenchOptions): Promise<Series[]>;
}

async function seriesOf(
  name: string,
  unit: string,
  sizes: readonly number[],
  measure: (size: number) => Promise<number>,
): Promise<Series> {
  const points: [number, number][] = [];
  for (const size of sizes) points.push([size, await measure(size)]);
  return { name, unit, points };
}

function sizes(least: number): number[] {
  return TIMES.map((times) => least * times);
}

const SUBJECTS: Subject[] = [
  {
    title: "time per call, by hosts",
    goal: "level",
    async measure({ rounds }) {
      const time = async (make: (hosts: number) => (i: number) => unknown, hosts: number) => {
        const { call } = await takeTurns({ call: make(hosts) }, CALLS, rounds);
        return call!;
      };
      return [
        await seriesOf("allow + record", "ns", sizes(1_000), (n) => time(registryPair, n)),
        await seriesOf("breakerFetch", "ns", sizes(1_000), (n) => time(gatedFetch, n)),
        await seriesOf(
          "Fedify",
          "ns",
          sizes(10),
          async (n) => (await measureAlone("fedify", "", n))["fedify"]!,
        ),
      ];
    },
  },
  {
    title: "memory, by hosts and by breakers",
    goal: "level while healthy, in step while open",
    async measure() {
      const bytes = (kind: string, name: string) => async (count: number) =>
        (await measureAlone(kind, name, count))["bytes"]! / MB;
      return [
        await seriesOf("healthy hosts seen", "MB", sizes(10_000), bytes("healthy", "")),
        await seriesOf("open hosts", "MB", sizes(1_000), bytes("open", "")),
        await seriesOf("idle breakers, ours", "MB", sizes(100), bytes("idle", "ours")),
        await seriesOf("idle breakers, opossum", "MB", sizes(100), bytes("idle", "opossum")),
      ];
    },
  },
  {
    title: "commands to the store per 1,000 requests, by workers",
    goal: "falling",
    async measure() {
      const designs = ["breakwater", "record read and written per request"];
      return await Promise.all(
        TRAFFIC.flatMap((traffic) =>
          designs.map((design) =>
            seriesOf(
              `${design}, ${traffic.name}`,
              "commands",
              WORKERS,
              async (workers) => (await crawl(DESIGNS[design]!, traffic, workers)).commands,
            )
          )
        ),
      );
    },
  },
  {
    title: "time per answer of the edge in memory, by connections",
    goal: "level",
    async measure(options) {
      if (!await hasWrk()) return [];
      await using server = new ServerProcess({ env: { BREAKWATER_STORE: "memory:" } });
      const url = await server.url();
      const all: Series[] = [];
      for (const { name, make } of LOADS.slice(0, 3)) {
        const load = await make(url);
        all.push(
          await seriesOf(name, "us per answer", TIMES, async (connections) => {
            const { perSecond } = await sendLoad(url, load, { ...options, connections });
            return 1e6 / perSecond;
          }),
        );
      }
      return all;
    },
  },
];

function figureOf({ title, goal }: Subject, series: Series): Figure {
  return {
    name: `${title}: ${series.name}: slope`,
    value: slope(series),
    unit: "",
    goal,
    from: series.points.map(([size, value]) => ({
      name: `at ${size.toLocaleString("en")}`,
      value,
      unit: series.unit,
    })),
  };
}

/** The figures. */
export const growth: Group = {
  name: "growth at 1, 10 and 100 times",
  async run(options) {
    const figures: Figure[] = [];
    for (const subject of SUBJECTS) {
      if (!subject.title.includes(options.only)) continue;
      const all = await subject.measure(options);
      figures.push(...all.map((series) => figureOf(subject, series)));
      if (options.plotFolder === undefined || all.length === 0) continue;
      await Deno.mkdir(options.plotFolder, { recursive: true });
      const file = `${subject.title.replaceAll(/[^a-z0-9]+/g, "-")}.svg`;
      await Deno.writeTextFile(`${options.plotFolder}/${file}`, plot(subject.title, all));
    }
    return figures;
  },
};
