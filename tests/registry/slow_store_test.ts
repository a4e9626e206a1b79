/**
 * A store that is far away but well: it answers within `timeoutMs`, though not within what is left of it to
 * a caller who waited for others first. And one that hangs, where a request waits more than once.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLessOrEqual, assertObjectMatch } from "@std/assert";
import { BreakerRegistry, type PolicyPatch, type RecordResult } from "../../mod.ts";
import { FarStore, ManualTimers } from "../support/manual_timers.ts";
import { expectAllowed, expectDenied, FAILED } from "../support/verdicts.ts";

const host = "example.org";
const TIMEOUT_MS = 250;
/** Once there and back fits into the deadline, twice does not. */
const TRIP_MS = 150;

function make(defaults: PolicyPatch = {}) {
  const timers = new ManualTimers();
  const store = new FarStore(timers, TRIP_MS);
  const config = { defaults: { failMax: 1_000_000, halfOpen: { jitterMs: 0 }, ...defaults } };
  const options = { config, now: timers.now, timeoutMs: TIMEOUT_MS };
  const registry = new BreakerRegistry({ ...options, store, timers });
  /** Another process, which stands right beside the store. */
  const other = new BreakerRegistry({ ...options, store: store.inner });
  let errors = 0;
  registry.onEvent(({ type }) => void (type === "store_error" && errors++));
  return { timers, store, registry, other, errors: () => errors };
}

/** Lets time pass until there is an answer. */
async function answered<T>(timers: ManualTimers, answer: T | Promise<T>): Promise<[T, number]> {
  const from = timers.now();
  let found: { value: T; tookMs: number } | undefined;
  Promise.resolve(answer).then((value) => found = { value, tookMs: timers.now() - from });
  for (let ms = 0; found === undefined && ms < 10_000; ms += 10) await timers.advance(10);
  return [found!.value, found!.tookMs];
}

Deno.test("64 callers on a host whose store takes long: each in time, every outcome written, no error", async () => {
  const { timers, registry, other, errors } = make();
  const told: Promise<RecordResult>[] = [];
  const took: number[] = [];
  const caller = async (nth: number) => {
    for (let round = 0; round < 12; round++) {
      const from = timers.now();
      const { permit } = expectAllowed(await registry.allow({ host }));
      const between = timers.now();
      const answer = registry.record(permit, FAILED);
      told.push(Promise.resolve(answer));
      await answer;
      took.push(between - from, timers.now() - between);
      await new Promise<void>((resolve) => timers.after(nth % 40, resolve));
    }
  };
  let done = false;
  const all = Promise.all(Array.from({ length: 64 }, (_, i) => caller(i))).then(() => done = true);
  while (!done) await timers.advance(50);
  await all;
  await timers.advance(2_000);
  for (const { recorded } of await Promise.all(told)) assertEquals(recorded, true);
  assertLessOrEqual(Math.max(...took), TIMEOUT_MS);
  assertEquals((await other.inspect(host)).failures, told.length);
  assertEquals(errors(), 0);
  assertGreater(registry.stats().committed / registry.stats().commands.write, 10);
});

Deno.test("who waited for another's write is answered at his deadline, and written when the store is free", async () => {
  const { timers, registry, other, errors } = make();
  const [verdict] = await answered(timers, registry.allow({ host }));
  const second = expectAllowed(await registry.allow({ host })).permit;
  const first = registry.record(expectAllowed(verdict).permit, FAILED);
  const [told, tookMs] = await answered(timers, registry.record(second, FAILED));
  await first;
  assertObjectMatch(told, { recorded: true });
  assertEquals(tookMs, TIMEOUT_MS);
  assertEquals((await other.inspect(host)).failures, 2); // on its way when the caller was answered
  await timers.advance(TRIP_MS);
  assertEquals((await registry.allow({ host })).degraded, undefined);
  const { conflicts, commands, committed } = registry.stats();
  assertEquals([conflicts, commands, committed], [0, { read: 1, write: 2, list: 0 }, 2]);
  assertEquals(errors(), 0);
});

Deno.test("a deadline that a caller was told before the store was is kept at once", async () => {
  const { timers, store, registry, other } = make();
  const [verdict] = await answered(timers, registry.allow({ host }));
  const second = expectAllowed(await registry.allow({ host })).permit;
  const first = registry.record(expectAllowed(verdict).permit, FAILED);
  store.tripMs = 400;
  const asked = { status: 429, retryAfter: "60" };
  const [told] = await answered(timers, registry.record(second, asked));
  await first;
  assertEquals(told.state, "open");
  const [denied] = await answered(timers, registry.allow({ host }));
  assertEquals(expectDenied(denied).reason, "retry_after");
  store.tripMs = TRIP_MS;
  await timers.advance(2_000);
  assertEquals((await other.inspect(host)).state, "open");
});

Deno.test("what an outage left behind reaches a store that takes long, without being asked for", async () => {
  const { timers, store, registry, other } = make({ failMax: 1 });
  store.tripMs = Infinity;
  const names = Array.from({ length: 100 }, (_, i) => `host${i}.example`);
  for (const name of names) {
    const [verdict] = await answered(timers, registry.allow({ host: name }));
    await answered(timers, registry.record(expectAllowed(verdict).permit, FAILED));
  }
  store.tripMs = TRIP_MS;
  await timers.advance(2_500);
  const found: string[] = [];
  for await (const { key, state } of other.list()) if (state === "open") found.push(key);
  assertEquals(found.length, names.length);
  const [verdict] = await answered(timers, registry.allow({ host: names[0] }));
  assertEquals(expectDenied(verdict).degraded, undefined);
});

Deno.test("a request that probes a host and a resolver waits for a store that hangs once, not twice", async () => {
  const { timers, store, registry, other } = make();
  const request = { host, resolver: "crossref" };
  other.halfOpen(host);
  other.halfOpen({ resolver: "crossref" });
  await answered(timers, registry.inspect(host));
  await answered(timers, registry.inspect({ resolver: "crossref" }));
  store.tripMs = Infinity;
  const [verdict, tookMs] = await answered(timers, registry.allow(request));
  assertEquals(tookMs, TIMEOUT_MS);
  assertObjectMatch(expectAllowed(verdict), { state: "half_open", degraded: true });
});

for (const onStoreError of ["deny", "allow"] as const) {
  Deno.test(`a lease that was taken while the store hung is given back where the answer holds none: '${onStoreError}'`, async () => {
    const timers = new ManualTimers();
    const store = new FarStore(timers, 10);
    const config = { defaults: { failMax: 1, resetTimeoutMs: 1_000, halfOpen: { jitterMs: 0 } } };
    const resolver = "crossref";
    const options = { config, now: timers.now, timers, timeoutMs: TIMEOUT_MS, onStoreError };
    await using registry = new BreakerRegistry({ ...options, store });
    const ask = () => answered(timers, registry.allow({ host, resolver }));
    const [verdict] = await ask();
    await answered(timers, registry.record(expectAllowed(verdict).permit, FAILED));
    await timers.advance(1_000);
    store.tripMs = Infinity;
    const [hung, tookMs] = await ask();
    assertEquals([hung.allowed, hung.degraded], [onStoreError === "allow", true]);
    assertLessOrEqual(tookMs, TIMEOUT_MS + 10);
    store.tripMs = 10;
    await timers.advance(1_000);
    const [back] = await ask();
    assertObjectMatch(back, { allowed: true, state: "half_open" });
  });
}
