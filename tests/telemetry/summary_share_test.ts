/**
 * Summaries between processes: registries on one store, on a clock and timers moved by hand, with answers that
 * are lost and stores that are gone; and on a real Deno KV file.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { type BreakerEvent, BreakerRegistry, type PolicyPatch, type Store } from "../../mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { readSummaries, summariesOf } from "../../src/telemetry/summaries.ts";
import { SUMMARY_PREFIX, summaryKey } from "../../src/telemetry/summary_codec.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { type Failure, ScriptedStore } from "../support/scripted_store.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { total } from "./total.ts";

const host = "api.example.org";
const MINUTE = 60_000;
const FLUSH = 5_000;
const HOUR = 500_000;

function make({ share, defaults = { failMax: 3 } }: {
  share?: "state" | "cooldowns";
  defaults?: PolicyPatch;
} = {}) {
  const timers = new ManualTimers();
  const store = new ScriptedStore(timers.now);
  const process = (through: Store = store) => {
    const registry = new BreakerRegistry({
      store: through,
      share,
      now: timers.now,
      timers,
      config: { defaults },
    });
    summariesOf(registry);
    return registry;
  };
  return { timers, store, process };
}

async function call(registry: BreakerRegistry, status: number, of = host): Promise<void> {
  const verdict = await registry.allow({ host: of });
  if (verdict.allowed) await registry.record(verdict.permit, { status });
}

async function totalOf(registry: BreakerRegistry, of?: string) {
  const { minutes } = await readSummaries(registry, { sinceMs: 0, host: of });
  return total(minutes);
}

function summaryCommands(store: ScriptedStore, operation: "read" | "write" | "list"): string[] {
  return store.commands.filter((sent) => sent.operation === operation)
    .flatMap(({ keys }) => keys).filter((key) => key.startsWith(SUMMARY_PREFIX));
}

Deno.test("what processes see adds up, and each reads it all at once with what it has not written", async () => {
  const { process, timers } = make({ defaults: { failMax: 100 } });
  const [one, two] = [process(), process()];
  for (let i = 0; i < 5; i++) await call(one, 500);
  for (let i = 0; i < 3; i++) await call(two, 200);
  await call(two, 429);
  assertEquals((await totalOf(one)).calls, 5);
  assertEquals((await totalOf(two)).calls, 4);
  await timers.advance(FLUSH);
  for (const registry of [one, two]) {
    const { calls, failures, successes, status429 } = await totalOf(registry);
    assertEquals({ calls, failures, successes, status429 }, {
      calls: 9,
      failures: 6,
      successes: 3,
      status429: 1,
    });
  }
});

Deno.test("a host that is well costs no command", async () => {
  const { process, timers, store } = make();
  const registry = process();
  for (let minute = 0; minute < 10; minute++) {
    await call(registry, 200);
    await call(registry, 404);
    await timers.advance(MINUTE);
  }
  for (const operation of ["read", "write", "list"] as const) {
    assertEquals(summaryCommands(store, operation), []);
  }
});

Deno.test("a host in trouble is written every flush, one that is over it once a minute, and then no more", async () => {
  const { process, timers, store } = make({ defaults: { failMax: 100 } });
  const registry = process();
  const writesIn = async (minutes: number, status: number) => {
    const before = summaryCommands(store, "write").length;
    for (let second = 0; second < minutes * 60; second += 5) {
      await call(registry, status);
      await timers.advance(FLUSH);
    }
    return summaryCommands(store, "write").length - before;
  };
  assertEquals(await writesIn(1, 500), 12);
  // What was in the last minute with trouble is written too.
  assertEquals(await writesIn(10, 200), 10);
  await writesIn(51, 200);
  assertEquals(await writesIn(10, 200), 0);
});

Deno.test("an open that another process closes is measured, and so is one that opens again", async () => {
  const { process, timers } = make({ defaults: { failMax: 1, resetTimeoutMs: 60_000 } });
  const [one, two] = [process(), process()];
  await call(one, 500);
  await timers.advance(90_000);
  await call(two, 200);
  await timers.advance(30_000);
  await call(one, 500);
  await timers.advance(FLUSH);
  const { opens, reopens, openS } = await totalOf(two);
  assertEquals({ opens, reopens, openS }, { opens: 2, reopens: 1, openS: { 90: 1 } });
});

Deno.test("an open is measured over the turn of the hour", async () => {
  const { process, timers } = make({ defaults: { failMax: 1, resetTimeoutMs: 60_000 } });
  const [one, two] = [process(), process()];
  await timers.advance(59 * MINUTE);
  await call(one, 500);
  await timers.advance(2 * MINUTE);
  await call(two, 200);
  await timers.advance(FLUSH);
  assertEquals((await totalOf(one)).openS, { 120: 1 });
});

Deno.test("with cooldowns alone shared, each process measures its own breakers", async () => {
  const { process, timers } = make({
    share: "cooldowns",
    defaults: { failMax: 1, resetTimeoutMs: 60_000 },
  });
  const registry = process();
  await call(registry, 500);
  await timers.advance(60_000);
  await call(registry, 200);
  await timers.advance(60_000);
  await call(registry, 500);
  await timers.advance(FLUSH);
  const { opens, reopens, openS } = await totalOf(registry);
  assertEquals({ opens, reopens, openS }, { opens: 2, reopens: 1, openS: { 60: 1 } });
});

for (const failure of ["lose", "hang", "reject"] as const satisfies Failure[]) {
  Deno.test(`what is written while the store would ${failure} counts once when it is back`, async () => {
    const { process, timers, store } = make({ defaults: { failMax: 1_000 } });
    // The other one still reaches it.
    const [one, two] = [process(), process(store.inner)];
    await call(one, 500);
    await timers.advance(FLUSH);
    store.failure = failure;
    for (let i = 0; i < 40; i++) {
      void call(one, 500);
      if (i % 10 === 0) await call(two, 500);
      await timers.advance(1_000);
    }
    store.failure = undefined;
    await timers.advance(MINUTE);
    assertEquals((await totalOf(one)).calls, 45);
    assertEquals((await totalOf(two)).calls, 45);
    assertEquals(summariesOf(one).stats(), {
      hosts: 1,
      waiting: 0,
      dropped: 0,
      incomplete: 0,
    });
  });
}

Deno.test("a write that another process overtakes is not lost", async () => {
  const { process, timers, store } = make({ defaults: { failMax: 100 } });
  const [one, two, three] = [process(), process(), process()];
  for (const registry of [one, two, three]) await call(registry, 500);
  store.tellsCurrent = false;
  await timers.advance(FLUSH);
  assertEquals((await totalOf(one)).calls, 3);
});

Deno.test("a registry that is disposed writes everything, hosts that have been in trouble with their last minute", async () => {
  const { process, store } = make();
  const registry = process();
  await call(registry, 500);
  await call(registry, 200);
  await registry[Symbol.asyncDispose]();
  const [stored] = await store.inner.read([summaryKey(HOUR, host, "")]);
  assert(stored?.value.startsWith("[1,"));
  assertEquals((await totalOf(process())).calls, 2);
});

Deno.test("while the store is gone, what this process knows is read, and said to be incomplete", async () => {
  const { process, store, timers } = make({ defaults: { failMax: 100 } });
  const registry = process();
  await call(registry, 500);
  await timers.advance(FLUSH);
  await call(registry, 500);
  store.failure = "reject";
  const { minutes, complete } = await readSummaries(registry, { sinceMs: 0 });
  assertEquals([total(minutes).calls, complete], [1, false]);
});

Deno.test("a value that cannot be read counts as absent, is told once, and is written over", async () => {
  const { process, store, timers } = make({ defaults: { failMax: 100 } });
  const registry = process();
  const told: BreakerEvent[] = [];
  registry.onEvent((event) => told.push(event), ["store_error"]);
  const key = summaryKey(HOUR, host, "");
  store.inner.write(key, "[2,what comes after]", undefined, Infinity);
  for (let i = 0; i < 2; i++) assertEquals((await totalOf(registry)).calls, 0);
  assertEquals(told.map((event) => event.type === "store_error" && event.key), [key]);
  await call(registry, 500);
  await timers.advance(FLUSH);
  assertEquals((await totalOf(process())).calls, 1);
});

Deno.test("a window and a host are read without the others", async () => {
  const { process, timers, store } = make({ defaults: { failMax: 100 } });
  const registry = process();
  for (let hour = 0; hour < 3; hour++) {
    await call(registry, 500);
    await call(registry, 500, `${host}:8080`);
    await timers.advance(60 * MINUTE);
  }
  const since = (ms: number) => readSummaries(registry, { sinceMs: timers.now() - ms, host });
  assertEquals((await since(61 * MINUTE)).minutes.map(({ host, minute }) => [host, minute]), [
    [host, (HOUR + 2) * 60],
  ]);
  assertEquals((await since(59 * MINUTE)).minutes, []);
  assertEquals((await since(120 * MINUTE)).minutes.length, 2);
  const lists = summaryCommands(store, "list");
  assert(lists.every((prefix) => prefix.endsWith(`:${host}:`)), lists.join());
});

Deno.test("summaries are kept for as long as was asked for", async () => {
  const { timers, store } = make();
  const registry = new BreakerRegistry({ store, now: timers.now, timers });
  summariesOf(registry, { keptMs: 2 * 60 * MINUTE });
  await call(registry, 500);
  await timers.advance(FLUSH);
  await timers.advance(119 * MINUTE);
  assertEquals((await totalOf(registry)).calls, 1);
  await timers.advance(2 * MINUTE);
  assertEquals((await totalOf(registry)).calls, 0);
});

Deno.test("many hosts in trouble are written some at a time, and none is forgotten", async () => {
  const { process, timers, store } = make();
  const registry = process();
  for (let i = 0; i < 1_200; i++) await call(registry, 500, `host${i}.example.org`);
  await timers.advance(FLUSH);
  assertLessOrEqual(summaryCommands(store, "write").length, 500);
  assertEquals((await totalOf(registry)).calls, 1_200);
  await timers.advance(2 * FLUSH);
  assertEquals(summariesOf(registry).stats().waiting, 0);
  assertEquals((await totalOf(process())).calls, 1_200);
});

Deno.test("a store that is slow to list is no outage of the gate", async () => {
  const { process, store, timers } = make();
  const registry = process();
  await call(registry, 500);
  store.holding = ["list"];
  const reading = Array.from({ length: 4 }, () => readSummaries(registry, { sinceMs: 0 }));
  await timers.advance(20_000);
  assert((await Promise.all(reading)).every(({ complete }) => !complete));
  assertEquals(registry.stats().store.up, true);
  store.releaseAll();
});

Deno.test("without a store of its own to share, a registry keeps summaries in memory", async () => {
  const timers = new ManualTimers();
  const registry = new BreakerRegistry({ now: timers.now, timers });
  summariesOf(registry);
  await call(registry, 500);
  await timers.advance(FLUSH);
  await call(registry, 200);
  await timers.advance(MINUTE);
  assertEquals((await totalOf(registry, host)).calls, 2);
  await registry[Symbol.asyncDispose]();
});

Deno.test("registries on one Deno KV file add up, whoever comes first", async () => {
  await using folder = await temporaryFolder();
  const open = async (): Promise<{ store: Store; registry: BreakerRegistry }> => {
    const store = await denoKvStore(`${folder.path}/shared.kv`);
    const registry = new BreakerRegistry({ store, config: { defaults: { failMax: 1_000 } } });
    summariesOf(registry);
    return { store, registry };
  };
  const processes = [await open(), await open()];
  for (let round = 0; round < 5; round++) {
    await Promise.all(processes.map(async ({ registry }) => {
      for (let i = 0; i < 20; i++) await call(registry, 500, `host${i % 4}.example.org`);
      await summariesOf(registry).flush();
    }));
  }
  for (const { registry } of processes) assertEquals((await totalOf(registry)).failures, 200);
  for (const { registry, store } of processes) {
    await registry[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  }
});
