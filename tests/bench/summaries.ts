/**
 * What summaries cost: to the caller who tells an outcome, and to whoever adds up many hosts.
 *
 * @module
 */
import { type AllowedVerdict, BreakerRegistry, memoryStore } from "../../mod.ts";
import { readSummaries, summariesOf } from "../../src/telemetry/summaries.ts";
import { EMPTY_SUMMARY, mergeSummaries, type Summary } from "../../src/telemetry/summary.ts";
import { addShare, EMPTY_BLOCK } from "../../src/telemetry/summary_block.ts";
import { encodeBlock, summaryKey } from "../../src/telemetry/summary_codec.ts";
import { Random } from "../support/random.ts";
import { randomSummary } from "../telemetry/random_summaries.ts";
import { type Group, nanoseconds } from "./figure.ts";

const CALLS = 50_000;
const ROUNDS = 9;
const HOSTS = Array.from({ length: 10_000 }, (_, i) => `host${i}.example.org`);
const PROCESSES = 4;
const MINUTES = 5;
/** Latencies in a minute, up to. */
const LATENCIES = 40;
const WELL = HOSTS.slice(0, 1_000);

function pair(registry: BreakerRegistry, status = 200): (i: number) => unknown {
  return (i) => {
    // Safe: the memory store answers without a promise, and nothing opens here.
    const verdict = registry.allow({ host: WELL[i % WELL.length]! }) as AllowedVerdict;
    return registry.record(verdict.permit, { status, latencyMs: 20 + i % 500 });
  };
}

function summed(): BreakerRegistry {
  const registry = new BreakerRegistry();
  summariesOf(registry);
  return registry;
}

function heard(): BreakerRegistry {
  const registry = new BreakerRegistry();
  registry.onEvent(() => {});
  return registry;
}

/** A summary of each host by each process. */
function summariesOfProcesses(): Summary[][] {
  const random = new Random(1);
  return Array.from(
    { length: PROCESSES },
    () => HOSTS.map(() => randomSummary(random, 2, LATENCIES)),
  );
}

function mergeMs(processes: Summary[][]): number {
  const start = performance.now();
  for (let host = 0; host < HOSTS.length; host++) {
    processes.reduce((sum, all) => mergeSummaries(sum, all[host]!), EMPTY_SUMMARY);
  }
  return performance.now() - start;
}

/** A store with some minutes of each host, as processes have written them. */
async function filledStore(now: number) {
  const store = memoryStore();
  const random = new Random(2);
  const first = Math.floor(now / 3_600_000) * 60;
  for (const host of HOSTS) {
    const minutes = new Map<number, Summary>();
    for (let i = 0; i < MINUTES; i++) minutes.set(first + i, randomSummary(random, 2, LATENCIES));
    const block = addShare(EMPTY_BLOCK, { minutes, marks: [] }, "process", 1);
    await store.write(summaryKey(first / 60, host, ""), encodeBlock(block), undefined, Infinity);
  }
  return store;
}

async function readMs(): Promise<number> {
  const now = Date.now();
  const registry = new BreakerRegistry({ store: await filledStore(now), now: () => now });
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    const { minutes } = await readSummaries(registry, { sinceMs: now - 3_600_000 });
    times.push(performance.now() - start);
    if (minutes.length !== HOSTS.length * MINUTES) throw new Error(`${minutes.length} minutes`);
  }
  await registry[Symbol.asyncDispose]();
  return Math.min(...times);
}

/** The figures. */
export const summaries: Group = {
  name: "summaries",
  async run() {
    const registries = { plain: new BreakerRegistry(), heard: heard(), summed: summed() };
    const times: Record<string, number> = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, registry] of Object.entries(registries)) {
        times[name] = Math.min(
          times[name] ?? Infinity,
          await nanoseconds(CALLS, pair(registry), 1),
        );
      }
    }
    for (const registry of Object.values(registries)) await registry[Symbol.asyncDispose]();
    const processes = summariesOfProcesses();
    const merges = Array.from({ length: 3 }, () => mergeMs(processes));
    return [
      { name: "allow + record, nobody watches", value: times["plain"]!, unit: "ns" },
      {
        name: "with a listener to every outcome, ratio",
        value: times["heard"]! / times["plain"]!,
        unit: "x",
      },
      { name: "with summaries, ratio", value: times["summed"]! / times["plain"]!, unit: "x" },
      { name: "with summaries, more", value: times["summed"]! - times["plain"]!, unit: "ns" },
      {
        name: `summaries of 10,000 hosts by ${PROCESSES} processes merged`,
        value: Math.min(...merges),
        unit: "ms",
        goal: "under 1,000",
      },
      {
        name: `10,000 hosts with ${MINUTES} minutes each read from a store in memory`,
        value: await readMs(),
        unit: "ms",
        goal: "under 1,000",
      },
    ];
  },
};
