/**
 * Eight processes on one real Redis: the probe budget of a host is exact across all of them, and what a
 * process held that was killed comes free by itself.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type BreakerConfigInput, BreakerRegistry } from "../../mod.ts";
import { openStore, upstashTarget } from "../support/open_store.ts";
import {
  type RegistryWorker,
  startRegistryWorker,
  type Tally,
} from "../support/registry_worker_process.ts";
import { redisTest } from "../support/upstash_cases.ts";
import { BRIDGE_TOKEN } from "../support/upstash_bridge.ts";
import { expectAllowed, FAILED } from "../support/verdicts.ts";

const PROCESSES = 8;
const ROUNDS = 200;
/** In every fifth round three probes may be out at once. */
const WIDE_EVERY = 5;
/** Hosts whose probe is held by a process that is killed. */
const KILLED = ["kill0.example", "kill1.example", "kill2.example"];
const SHORT_LEASE_MS = 1_000;

const config: BreakerConfigInput = {
  defaults: {
    failMax: 1,
    resetTimeoutMs: 30,
    probeLeaseMs: 60_000,
    halfOpen: { jitterMs: 0 },
    roles: { wide: { trialCalls: 3 } },
  },
  hosts: Object.fromEntries(KILLED.map((host) => [host, { probeLeaseMs: SHORT_LEASE_MS }])),
};

/** Opens a host; gives the moment from which on it may be probed, in epoch milliseconds. */
async function open(registry: BreakerRegistry, host: string): Promise<number> {
  const { permit } = expectAllowed(await registry.allow({ host }));
  const { state, retryAfterMs } = await registry.record(permit, FAILED);
  assertEquals(state, "open");
  return Date.now() + retryAfterMs;
}

/** The reasons of all verdicts, in order; none may be degraded. */
function reasonsOf(tallies: readonly Tally[]): string[] {
  for (const { degraded, storeErrors } of tallies) assertEquals([degraded, storeErrors], [0, 0]);
  return tallies.flatMap(({ reasons }) => reasons).sort();
}

function expectedReasons(verdicts: number, probes: number): string[] {
  return [...Array(probes).fill("half_open"), ...Array(verdicts - probes).fill("probes")];
}

async function startCrew(stack: AsyncDisposableStack, target: string): Promise<RegistryWorker[]> {
  const started = Array.from({ length: PROCESSES }, async () => {
    return stack.use(await startRegistryWorker("upstash", target, config));
  });
  return await Promise.all(started);
}

async function race(registry: BreakerRegistry, crew: RegistryWorker[], round: number) {
  const isWide = round % WIDE_EVERY === 0;
  const host = `round${round}.example`;
  const at = await open(registry, host);
  const order = { host, at, times: isWide ? 2 : 1, ...(isWide && { role: "wide" }) };
  const tallies = await Promise.all(crew.map((worker) => worker.carryOut(order)));
  const expected = expectedReasons(PROCESSES * order.times, isWide ? 3 : 1);
  assertEquals(reasonsOf(tallies), expected, `round ${round}`);
}

/** The holder of the probe is killed; gives who is left. */
async function killHolder(
  registry: BreakerRegistry,
  crew: RegistryWorker[],
  host: string,
): Promise<RegistryWorker[]> {
  const at = await open(registry, host);
  const tallies = await Promise.all(crew.map((worker) => worker.carryOut({ host, at, times: 1 })));
  assertEquals(reasonsOf(tallies), expectedReasons(crew.length, 1));
  const holder = tallies.findIndex(({ allowed }) => allowed === 1);
  assert(holder >= 0);
  await crew[holder]!.crash();
  const freeAt = Date.now() + SHORT_LEASE_MS; // the lease began before
  const left = crew.toSpliced(holder, 1);
  const again = { host, at: freeAt, times: 1 };
  const next = await Promise.all(left.map((worker) => worker.carryOut(again)));
  assertEquals(reasonsOf(next), expectedReasons(left.length, 1), `after ${host}'s was killed`);
  return left;
}

redisTest(
  `${PROCESSES} processes at a host's deadline, ${ROUNDS} rounds: exactly trialCalls probes, none lost by SIGKILL`,
  async (bridge) => {
    const target = upstashTarget(bridge.url, BRIDGE_TOKEN);
    await using stack = new AsyncDisposableStack();
    const store = stack.use(openStore["upstash"]!(target));
    const registry = stack.use(new BreakerRegistry({ store, config, timeoutMs: 10_000 }));
    let crew = await startCrew(stack, target);
    for (let round = 0; round < ROUNDS; round++) await race(registry, crew, round);
    for (const host of KILLED) crew = await killHolder(registry, crew, host);
  },
);
