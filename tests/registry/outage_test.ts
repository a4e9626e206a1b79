/**
 * A store that hangs, fails or throws: answers come in time from this process's own view. What becomes of
 * what was learned stands in `outage_merge_test.ts`. Deadlines run on real timers, all else on the clock.
 *
 * @module
 */
import {
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertObjectMatch,
} from "@std/assert";
import { type BreakerEvent, BreakerRegistry, type RegistryOptions } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied, FAILED } from "../support/verdicts.ts";

const host = "example.org";
const KEY = `breakwater:host:${host}`;
const TIMEOUT_MS = 30;
/** How long a store is left alone, or given after a failed call, in milliseconds. */
const REST_MS = 501;
/** How much later than its deadline an answer may come on a busy machine. */
const SLACK_MS = 400;

function make(options: RegistryOptions = {}) {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const config = { defaults: { failMax: 2, halfOpen: { jitterMs: 0 } } };
  const registry = new BreakerRegistry({
    config,
    store,
    now: clock.now,
    timers: clock.timers,
    timeoutMs: TIMEOUT_MS,
    freshnessMs: 0,
    ...options,
  });
  /** Another process, whose calls take effect at once, outage or not. */
  const other = new BreakerRegistry({ config, store: store.inner, now: clock.now });
  return { clock, store, registry, other };
}

async function timed<T>(run: () => T | Promise<T>): Promise<[T, number]> {
  const from = performance.now();
  const value = await run();
  return [value, performance.now() - from];
}

Deno.test("a store that hangs costs a caller at most timeoutMs, and the verdict is degraded", async () => {
  const { registry, store } = make();
  await using _registry = registry;
  store.failure = "hang";
  const [verdict, allowMs] = await timed(() => registry.allow({ host }));
  assertEquals(expectAllowed(verdict).degraded, true);
  const [told, recordMs] = await timed(() =>
    registry.record(expectAllowed(verdict).permit, FAILED)
  );
  assertEquals(told.recorded, true);
  for (const ms of [allowMs, recordMs]) {
    assertGreaterOrEqual(ms, TIMEOUT_MS - 2);
    assertLess(ms, TIMEOUT_MS + SLACK_MS);
  }
});

Deno.test("after 3 failures the store is left alone for 500 ms, then asked once", async () => {
  const { registry, store, clock } = make();
  await using _registry = registry;
  store.failure = "hang";
  for (let i = 0; i < 3; i++) await registry.allow({ host: `probe${i}.example` });
  assertEquals(store.count(), 3);
  clock.advance(499);
  const [, tookMs] = await timed(async () => {
    for (let i = 0; i < 200; i++) {
      const verdict = expectAllowed(await registry.allow({ host: `h${i}.example` }));
      assertEquals(verdict.degraded, true);
      await registry.record(verdict.permit, { status: 200 });
    }
  });
  assertEquals(store.count(), 3);
  assertLess(tookMs, SLACK_MS);
  clock.advance(1);
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => registry.allow({ host: `h${i}.example` })),
  );
  assertEquals(store.count(), 4);
});

Deno.test("many callers in an outage are all answered within one deadline", async () => {
  const { registry, store } = make();
  await using _registry = registry;
  const asked = await Promise.all(Array.from({ length: 200 }, () => registry.allow({ host })));
  store.failure = "hang";
  const [told, tookMs] = await timed(() =>
    Promise.all(asked.map((verdict) => registry.record(expectAllowed(verdict).permit, FAILED)))
  );
  assertLess(tookMs, 2 * TIMEOUT_MS + SLACK_MS);
  assertEquals(told.filter(({ recorded }) => recorded).length, 2); // then the breaker was open
});

for (const failure of ["reject", "throw"] as const) {
  Deno.test(`a store that fails by '${failure}' is answered for at once, and nothing escapes`, async () => {
    const { registry, store } = make({ timeoutMs: 60_000 });
    await using _registry = registry;
    store.failure = failure;
    const request = { host, resolver: "crossref" };
    const verdict = expectAllowed(await registry.allow(request));
    assertEquals(verdict.degraded, true);
    assertEquals((await registry.record(verdict.permit, FAILED)).recorded, true);
    assertEquals((await registry.inspect(host)).failures, 1);
    assertEquals((await registry.open(host, { forMs: 1_000 })).state, "open");
    assertEquals(expectDenied(await registry.allow(request)).degraded, true);
    assertEquals(await registry.ready(), false);
  });
}

Deno.test("dispose ends though the store is still down", async () => {
  const { registry, store } = make();
  store.failure = "hang";
  const { permit } = expectAllowed(await registry.allow({ host }));
  const told = registry.record(permit, FAILED);
  const [, tookMs] = await timed(() => registry[Symbol.asyncDispose]());
  assertLess(tookMs, 3 * TIMEOUT_MS + REST_MS + SLACK_MS);
  assertEquals((await told).recorded, true);
});

Deno.test("onStoreError 'allow' lets everything out while the store is down, and keeps nothing of it", async () => {
  const { registry, store, other, clock } = make({ onStoreError: "allow" });
  await using _registry = registry;
  await registry.open(host);
  store.failure = "reject";
  const request = { host, resolver: "crossref" };
  for (let i = 0; i < 5; i++) {
    const verdict = expectAllowed(await registry.allow(request));
    assertEquals([verdict.degraded, verdict.state], [true, "closed"]);
    assertEquals((await registry.record(verdict.permit, FAILED)).recorded, false);
  }
  store.failure = undefined;
  clock.advance(500);
  expectDenied(await registry.allow({ host }));
  assertEquals((await other.inspect({ resolver: "crossref" })).failures, 0);
});

Deno.test("onStoreError 'deny' lets nothing out while the store is down, and says when to come back", async () => {
  const { registry, store, clock } = make({ onStoreError: "deny" });
  await using _registry = registry;
  store.failure = "reject";
  for (let i = 0; i < 5; i++) {
    const verdict = expectDenied(await registry.allow({ host }));
    assertObjectMatch(verdict, { degraded: true, scope: "host", key: host, state: "open" });
    assertGreaterOrEqual(verdict.retryAfterMs, 500);
    assertLessOrEqual(verdict.retryAfterMs, 5_000);
  }
  store.failure = undefined;
  clock.advance(500);
  expectAllowed(await registry.allow({ host }));
});

Deno.test("in observe nothing is denied, also where onStoreError says deny", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const config = { mode: "observe" } as const;
  await using registry = new BreakerRegistry({
    config,
    store,
    now: clock.now,
    onStoreError: "deny",
  });
  store.failure = "reject";
  assertEquals(expectAllowed(await registry.allow({ host })).degraded, true);
});

Deno.test("a store that always answers too late is left alone as one that never does", async () => {
  const { registry, store } = make();
  await using _registry = registry;
  store.holding = ["read"];
  for (let i = 0; i < 6; i++) {
    await registry.allow({ host: `h${i}.example` });
    // The answer comes after all, when nobody waits for it any more.
    for (const late of store.held.splice(0)) late.release();
    for (let turn = 0; turn < 20; turn++) await undefined;
  }
  assertEquals(store.count(), 3);
  store.releaseAll();
});

Deno.test("a call that fails after its deadline has failed once, not twice", async () => {
  const { registry, store } = make();
  await using _registry = registry;
  let heard = 0;
  registry.onEvent(({ type }) => void (type === "store_error" && heard++));
  store.holding = ["read"];
  for (let i = 1; i <= 2; i++) {
    await registry.allow({ host: `h${i}.example` });
    for (const late of store.held.splice(0)) late.refuse();
    for (let turn = 0; turn < 20; turn++) await undefined;
    assertEquals([store.count(), heard], [i, i]);
  }
  store.holding = [];
  assertEquals(expectAllowed(await registry.allow({ host })).degraded, undefined);
});

Deno.test("each failed call is heard once, those that were never made are not", async () => {
  const { registry, store } = make();
  await using _registry = registry;
  const heard: BreakerEvent[] = [];
  registry.onEvent((event) => {
    if (event.type === "store_error") heard.push(event);
  });
  store.failure = "hang";
  for (let i = 0; i < 10; i++) await registry.allow({ host: `h${i}.example` });
  assertEquals(heard.length, 3);
  for (const event of heard) {
    assertObjectMatch(event, { operation: "read", problem: "unavailable" });
  }
  assertEquals(store.inner.read([KEY]), [undefined]);
});

/** A store that has just failed so often that it is left alone, and a wall clock that can be set. */
async function leftAlone() {
  const timers = new ManualTimers();
  const clock = { shiftMs: 0 };
  const now = () => timers.now() + clock.shiftMs;
  const store = new ScriptedStore(now);
  const registry = new BreakerRegistry({ store, now, timers });
  store.failure = "reject";
  for (let i = 0; i < 3; i++) await registry.allow({ host: `h${i}.example` });
  return { timers, clock, store, registry };
}

Deno.test("a clock that is set back during an outage keeps nobody from a store that is back", async () => {
  const { timers, clock, store, registry } = await leftAlone();
  await using _registry = registry;
  store.failure = undefined;
  clock.shiftMs = -60_000;
  assertEquals(await registry.ready(), false);
  await timers.advance(500);
  assertEquals(await registry.ready(), true);
});

Deno.test("a clock that is set ahead sends nobody to a store that is down before its time", async () => {
  const { clock, store, registry } = await leftAlone();
  await using _registry = registry;
  clock.shiftMs = 60_000;
  assertEquals(await registry.ready(), false);
  assertEquals(store.count(), 3);
});
