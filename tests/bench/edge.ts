/**
 * The real edge server under `wrk` beside a bare Hono app that echoes the same bodies: turn by turn, so that a
 * noisy moment hits both alike. What is compared is requests per second and processor time per request.
 *
 * @module
 */
import { ServerProcess } from "../edge/server_process.ts";
import { HOT_POLICY, LOADS, type NamedLoad } from "./edge_loads.ts";
import { EDGE_STORES, type EdgeStore } from "./edge_stores.ts";
import { type Figure, type Group, median } from "./figure.ts";
import type { BenchOptions } from "./options.ts";
import { hasWrk, type Load, type Loaded, sendLoad, WRK_HINT } from "./wrk.ts";

const PEERS = new URL("./edge_peers.ts", import.meta.url).pathname;
/** What a tick of `/proc/PID/stat` is worth on Linux. */
const TICK_US = 10_000;

/** A server and what its loads came to. */
interface Contender {
  name: string;
  process: ServerProcess;
  load(): Promise<Load>;
  rounds: Round[];
}

/** A load, with the processor time that one request took the server. */
type Round = Loaded & { cpuUs: number };

/** The figures. */
export const edge: Group = {
  name: "edge beside a bare Hono JSON echo, under wrk",
  async run(options) {
    if (!await hasWrk()) throw new Error(`Needs wrk: ${WRK_HINT}`);
    const loads = LOADS.filter(({ name }) => name.includes(options.only));
    await using echo = new ServerProcess({ main: PEERS, args: ["echo"] });
    const figures: Figure[] = [];
    for (const store of EDGE_STORES) {
      if (options.stores.length > 0 && !options.stores.includes(store.name)) continue;
      await using opened = await store.open();
      await using server = new ServerProcess({
        env: { ...opened.env, BREAKWATER_HOSTS: HOT_POLICY },
      });
      for (const load of loads) figures.push(...await compare(store, load, server, echo, options));
    }
    return figures;
  },
};

async function compare(
  { name: storeName }: EdgeStore,
  load: NamedLoad,
  server: ServerProcess,
  echo: ServerProcess,
  options: BenchOptions,
): Promise<Figure[]> {
  const url = await server.url();
  const ours = contender("ours", server, () => load.make(url));
  const echoed = contender("echo", echo, async () => ({ ...await load.make(url), path: "/" }));
  const name = `${storeName}: ${load.name}`;
  if (storeName !== "deno-kv" || !load.writes) {
    await takeTurns([ours, echoed], options);
    return [figureOf(name, ours, echoed, load.goal)];
  }
  const folder = await Deno.makeTempDir();
  try {
    const args = ["compare-and-set", `${folder}/counter.kv`];
    await using process = new ServerProcess({ main: PEERS, args });
    const each = contender("a compare-and-set per request", process, echoed.load);
    await takeTurns([ours, echoed, each], options);
    const { goal } = load.writes;
    return [
      figureOf(name, ours, echoed, load.goal),
      {
        name: `${name}, beside a compare-and-set per request`,
        value: perSecond(ours) / perSecond(each),
        unit: "x",
        goal,
        from: figuresOf(each),
      },
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function contender(name: string, process: ServerProcess, load: Contender["load"]): Contender {
  return { name, process, load, rounds: [] };
}

/** One round to warm up, which does not count. */
async function takeTurns(contenders: Contender[], options: BenchOptions): Promise<void> {
  for (let round = 0; round <= options.rounds; round++) {
    for (const contender of contenders) {
      const url = await contender.process.url();
      const load = await contender.load();
      const before = await cpuUsOf(contender.process);
      const loaded = await sendLoad(url, load, options);
      if (loaded.errors > 0) throw new Error(`${contender.name}: ${loaded.errors} errors`);
      const cpuUs = (await cpuUsOf(contender.process) - before) / loaded.requests;
      if (round > 0) contender.rounds.push({ ...loaded, cpuUs });
    }
  }
}

/** User and system time of a process so far; NaN where the system does not tell. */
async function cpuUsOf({ pid }: ServerProcess): Promise<number> {
  if (Deno.build.os !== "linux") return NaN;
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function figureOf(name: string, ours: Contender, echo: Contender, goal?: string): Figure {
  return {
    name,
    value: perSecond(ours) / perSecond(echo),
    unit: "x",
    goal,
    from: [
      {
        name: "processor time, ratio",
        value: cpuPerRequest(ours) / cpuPerRequest(echo),
        unit: "x",
      },
      ...figuresOf(ours),
      ...figuresOf(echo),
    ],
  };
}

function figuresOf(contender: Contender): Figure[] {
  const { name, rounds } = contender;
  return [
    { name, value: perSecond(contender), unit: "/s" },
    { name: `${name}, processor time per request`, value: cpuPerRequest(contender), unit: "us" },
    { name: `${name}, p50`, value: median(rounds.map(({ p50Ms }) => p50Ms)), unit: "ms" },
    { name: `${name}, p99`, value: median(rounds.map(({ p99Ms }) => p99Ms)), unit: "ms" },
  ];
}

function perSecond({ rounds }: Contender): number {
  return median(rounds.map(({ perSecond }) => perSecond));
}

function cpuPerRequest({ rounds }: Contender): number {
  return median(rounds.map(({ cpuUs }) => cpuUs));
}
