/**
 * What is measured in a process of its own, with nothing else in its memory: `alone.ts CASE [NAME] [COUNT]` prints
 * one line of JSON. Started by `measure_alone.ts`.
 *
 * @module
 */
import process from "node:process";
import { type AllowedVerdict, BreakerRegistry } from "../../mod.ts";
import { fedifyPair, gatedFetch, HEALTHY, IDLE, registryPair } from "./peers.ts";
import { type Call, takeTurns } from "./turns.ts";

/** What came of a case. */
export type Measured = Record<string, number>;

// Safe: there with the flag above; without it this fails at once.
const { gc: collect } = globalThis as unknown as { gc: () => void };

const WARM_UP = 20_000;
const CALLS = 1_000;
const IDLE_MS = 2_000;
const SLOW_CALLS = 2_000;

const CALLS_BY_NAME: Record<string, () => Call> = {
  ...HEALTHY,
  "allow + record": () => registryPair(100_000),
  "breakerFetch": () => gatedFetch(100),
  "a stub of fetch": () => {
    const answer = Promise.resolve(new Response());
    return () => answer;
  },
};

function heapBytes(): number {
  for (let i = 0; i < 3; i++) collect();
  return Deno.memoryUsage().heapUsed;
}

/** Bytes per call, before any of them is collected. */
async function garbage(call: Call): Promise<Measured> {
  for (let i = 0; i < WARM_UP; i++) await call(i);
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    const before = heapBytes();
    for (let i = 0; i < CALLS; i++) {
      const answer = call(i);
      if (answer instanceof Promise) await answer;
    }
    least = Math.min(least, Deno.memoryUsage().heapUsed - before);
  }
  return { bytes: least / CALLS };
}

/** All of them seen, and well. */
function healthy(count: number): Measured {
  const registry = new BreakerRegistry();
  const before = heapBytes();
  for (let i = 0; i < count; i++) {
    const verdict = registry.allow({ host: `host${i}.example.org` }) as AllowedVerdict; // safe: well
    registry.record(verdict.permit, { status: 200 });
  }
  return { bytes: heapBytes() - before, records: registry.stats().cells };
}

/** All of them opened by an outcome. */
function open(count: number): Measured {
  const registry = new BreakerRegistry({
    config: { defaults: { failMax: 1, resetTimeoutMs: 900_000 } },
  });
  const before = heapBytes();
  for (let i = 0; i < count; i++) {
    const host = `host${i}.example.org`;
    const verdict = registry.allow({ host }) as AllowedVerdict; // safe: well until then
    registry.record(verdict.permit, { status: 503 });
  }
  const bytes = heapBytes() - before;
  const { allowed } = registry.allow({ host: "host0.example.org" }) as AllowedVerdict; // safe: only looked at
  if (allowed) throw new Error("The hosts must be open in this benchmark");
  return { bytes };
}

/** Many breakers that nobody asks. */
async function idle(make: () => unknown, count: number): Promise<Measured> {
  const before = heapBytes();
  const breakers = Array.from({ length: count }, make);
  const bytes = heapBytes() - before;
  const used = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const { user, system } = process.cpuUsage(used);
  return { bytes, cpuRatio: (user + system) / 1_000 / IDLE_MS, count: breakers.length };
}

async function fedify(count: number): Promise<Measured> {
  return await takeTurns(
    { ours: registryPair(count), fedify: await fedifyPair(count) },
    SLOW_CALLS,
    3,
  );
}

async function measure(kind: string, name: string, count: number): Promise<Measured> {
  switch (kind) {
    case "garbage":
      return await garbage(CALLS_BY_NAME[name]!());
    case "healthy":
      return healthy(count);
    case "open":
      return open(count);
    case "idle":
      return await idle(IDLE[name]!, count);
    case "fedify":
      return await fedify(count);
    default:
      throw new TypeError(`Not a case: '${kind}'`);
  }
}

if (import.meta.main) {
  const [kind = "", name = "", count = "0"] = Deno.args;
  console.log(JSON.stringify(await measure(kind, name, Number(count))));
  Deno.exit(0); // opossum keeps timers
}
