/**
 * Registries that share a real Deno KV file: in one process with a handle each, and in processes of their
 * own. Exact counts and exact probe budgets, and no error that anybody sees.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { type BreakerConfigInput, BreakerRegistry } from "../../mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { startRegistryWorker } from "../support/registry_worker_process.ts";
import { expectAllowed, expectDenied, FAILED, failTimes, send } from "../support/verdicts.ts";

/** Longer than any noise of the machine: a degraded verdict would be no exact one. */
const TIMEOUT_MS = 10_000;

/** A path for a database that does not exist yet; gone afterwards. */
async function temporaryPath() {
  const dir = await Deno.makeTempDir({ prefix: "breakwater-registry-" });
  return {
    path: `${dir}/breakers.db`,
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

/** A registry with a handle of its own on the file. */
function open(path: string, config: BreakerConfigInput) {
  const store = denoKvStore(path);
  const registry = new BreakerRegistry({ config, store, freshnessMs: 0, timeoutMs: TIMEOUT_MS });
  return {
    registry,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

async function untilHalfOpen(registry: BreakerRegistry, host: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  while ((await registry.inspect(host)).state !== "half_open") {
    assertLess(performance.now(), deadline, `${host} did not become half-open`);
  }
}

Deno.test("two registries with a handle each see each other's opens, probes and closes", async () => {
  await using file = await temporaryPath();
  const config = { defaults: { failMax: 2, halfOpen: { jitterMs: 0 } } };
  await using one = open(file.path, config);
  await using two = open(file.path, config);
  const request = { host: "example.org", resolver: "crossref" };
  await failTimes(one.registry, request, 1);
  await failTimes(two.registry, request, 1);
  assertEquals(expectDenied(await one.registry.allow(request)).reason, "open");
  await one.registry.halfOpen("example.org");
  await two.registry.close({ resolver: "crossref" });
  const probe = expectAllowed(await two.registry.allow(request));
  assertEquals(expectDenied(await one.registry.allow(request)).reason, "probes");
  assertEquals((await one.registry.record(probe.permit, { status: 200 })).state, "closed");
  assertEquals((await send(two.registry, request, { status: 200 })).recorded, true);
});

Deno.test("two handles in one process that fail at once on one host lose no failure", async () => {
  await using file = await temporaryPath();
  const config = { defaults: { failMax: 1_000 } };
  await using one = open(file.path, config);
  await using two = open(file.path, config);
  const host = "example.org";
  const verdicts = await Promise.all(
    Array.from({ length: 64 }, (_, i) => (i % 2 ? one : two).registry.allow({ host })),
  );
  const told = await Promise.all(
    verdicts.map((verdict, i) =>
      (i % 4 < 2 ? one : two).registry.record(expectAllowed(verdict).permit, FAILED)
    ),
  );
  assertEquals(told.filter(({ recorded }) => recorded).length, 64);
  assertEquals((await one.registry.inspect(host)).failures, 64);
});

Deno.test("the probe budget is exact across 4 processes: 8 calls at the deadline, one probe, ten times over", async () => {
  await using file = await temporaryPath();
  const config = { defaults: { failMax: 1, resetTimeoutMs: 1, halfOpen: { jitterMs: 0 } } };
  await using here = open(file.path, config);
  await using workers = new AsyncDisposableStack();
  const crew = await Promise.all(
    Array.from({ length: 4 }, () => startRegistryWorker("deno-kv", file.path, config)),
  );
  for (const worker of crew) workers.use(worker);
  for (let round = 0; round < 10; round++) {
    const host = `round${round}.example`;
    await failTimes(here.registry, { host }, 1);
    await untilHalfOpen(here.registry, host);
    const tallies = await Promise.all(crew.map((worker) => worker.carryOut({ host, times: 2 })));
    const reasons = tallies.flatMap((tally) => tally.reasons).sort();
    assertEquals(reasons, ["half_open", ...Array(7).fill("probes")], `round ${round}`);
    assertEquals((await here.registry.inspect(host)).probes, 1);
    for (const { degraded, storeErrors } of tallies) assertEquals([degraded, storeErrors], [0, 0]);
  }
});

Deno.test("no failure is lost when 2 processes tell 32 each at once", async () => {
  await using file = await temporaryPath();
  const config = { defaults: { failMax: 1_000 } };
  const host = "example.org";
  const order = { host, times: 32, fail: true };
  await using one = await startRegistryWorker("deno-kv", file.path, config);
  await using two = await startRegistryWorker("deno-kv", file.path, config);
  const tallies = await Promise.all([one.carryOut(order), two.carryOut(order)]);
  for (const { recorded, degraded, storeErrors } of tallies) {
    assertEquals([recorded, degraded, storeErrors], [32, 0, 0]);
  }
  await using here = open(file.path, config);
  assertEquals((await here.registry.inspect(host)).failures, 64);
});

Deno.test("8 processes hold one rate between them", async () => {
  await using file = await temporaryPath();
  const host = "api.example.org";
  const config = { rates: { [host]: { "*": "20/s" } } };
  await using workers = new AsyncDisposableStack();
  const crew = await Promise.all(
    Array.from({ length: 8 }, () => startRegistryWorker("deno-kv", file.path, config)),
  );
  for (const worker of crew) workers.use(worker);
  const startedAt = Date.now();
  let sent = 0;
  for (let round = 0; round < 10; round++) {
    const tallies = await Promise.all(
      crew.map((worker) => worker.carryOut({ host, times: 10, at: startedAt + round * 200 })),
    );
    for (const { allowed, degraded, storeErrors } of tallies) {
      sent += allowed;
      assertEquals([degraded, storeErrors], [0, 0]);
    }
  }
  // Up to a second's worth is let out ahead of its time, to wait for it.
  const seconds = (Date.now() - startedAt) / 1_000;
  assertLess(sent, (seconds + 1) * 20 + 2);
  assertGreater(sent, 2 * 20 * 0.8);
});
