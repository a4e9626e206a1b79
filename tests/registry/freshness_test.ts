/**
 * When the store is asked: never for a healthy host inside `freshnessMs`, once for overlapping readers, and
 * soon enough that an operator's close is noticed.
 *
 * @module
 */
import { assertEquals, assertLess, assertLessOrEqual, assertObjectMatch } from "@std/assert";
import { BreakerRegistry, type PolicyPatch, type RegistryOptions } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";
const KEY = `breakwater:host:${host}`;
/** Once a second a read takes the look for changed policies along. */
const LOOK = "breakwater:policies";

function make(options: RegistryOptions = {}, defaults: PolicyPatch = { failMax: 1 }) {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const config = { defaults: { halfOpen: { jitterMs: 0 }, ...defaults } };
  const registry = new BreakerRegistry({
    config,
    store,
    now: clock.now,
    timeoutMs: 10_000,
    ...options,
  });
  /** Another process, whose calls take effect at once. */
  const other = new BreakerRegistry({ config, store: store.inner, now: clock.now });
  return { clock, store, registry, other };
}

Deno.test("a healthy host is asked for once, then not inside freshnessMs: no command, no promise", async () => {
  const { registry, store, clock } = make({ freshnessMs: 500 });
  await using _registry = registry;
  await send(registry, { host }, { status: 200 });
  assertEquals(store.commands, [{ operation: "read", keys: [KEY, LOOK] }]);
  clock.advance(499);
  for (let i = 0; i < 100; i++) {
    const verdict = registry.allow({ host });
    if (verdict instanceof Promise) throw new Error("a fresh record needs no promise");
    const told = registry.record(expectAllowed(verdict).permit, { status: 200 });
    assertEquals(told instanceof Promise, false);
  }
  assertEquals(store.count(), 1);
  clock.advance(1);
  await send(registry, { host }, { status: 200 });
  assertEquals([store.count("read"), store.count("write")], [2, 0]);
});

Deno.test("a denial inside freshnessMs asks nothing either", async () => {
  const { registry, store, clock } = make({ freshnessMs: 500 });
  await using _registry = registry;
  await failTimes(registry, { host }, 1);
  const before = store.count();
  for (let i = 0; i < 100; i++) expectDenied(await registry.allow({ host }));
  assertEquals(store.count(), before);
  clock.advance(500);
  expectDenied(await registry.allow({ host }));
  assertEquals(store.count(), before + 1);
});

Deno.test("freshnessMs 0 asks every time", async () => {
  const { registry, store } = make({ freshnessMs: 0 });
  await using _registry = registry;
  for (let i = 1; i <= 5; i++) {
    await registry.allow({ host });
    assertEquals(store.count("read"), i);
  }
  assertEquals(store.count("write"), 0);
});

Deno.test("a success within freshnessMs of its allow costs nothing, and none ever costs a write", async () => {
  const { registry, store, clock } = make({ freshnessMs: 500 });
  await using _registry = registry;
  for (let i = 0; i < 20; i++) {
    const { permit } = expectAllowed(await registry.allow({ host }));
    clock.advance(5_000); // a slow answer
    assertEquals((await registry.record(permit, { status: 200 })).recorded, true);
  }
  assertEquals(store.count("write"), 0);
  assertLessOrEqual(store.count("read"), 40);
});

Deno.test("overlapping readers of one key share one read", async () => {
  const { registry, store } = make({ freshnessMs: 0 });
  await using _registry = registry;
  await Promise.all(Array.from({ length: 64 }, () => registry.allow({ host })));
  assertEquals(store.count("read"), 1);
});

Deno.test("host and resolver are read in one round trip", async () => {
  const { registry, store } = make();
  await using _registry = registry;
  await registry.allow({ host, resolver: "crossref" });
  assertEquals(store.commands, [
    { operation: "read", keys: [KEY, "breakwater:resolver:crossref", LOOK] },
  ]);
  await registry.allow({ host: "other.example", resolver: "crossref" });
  assertEquals(store.commands[1], {
    operation: "read",
    keys: ["breakwater:host:other.example"],
  });
});

Deno.test("another process's open and close are noticed within freshnessMs, and not a moment later", async () => {
  const { registry, other, clock } = make({ freshnessMs: 500 });
  await using _registry = registry;
  expectAllowed(await registry.allow({ host }));
  other.open(host);
  clock.advance(499);
  expectAllowed(await registry.allow({ host }));
  clock.advance(1);
  assertEquals(expectDenied(await registry.allow({ host })).reason, "manual");
  other.close(host);
  clock.advance(499);
  expectDenied(await registry.allow({ host }));
  clock.advance(1);
  expectAllowed(await registry.allow({ host }));
});

Deno.test("an operator's own act is seen here at once, and so is what inspect finds", async () => {
  const { registry, other } = make({ freshnessMs: 60_000 });
  await using _registry = registry;
  await registry.open(host, { forMs: 5_000 });
  expectDenied(await registry.allow({ host }));
  other.close(host);
  assertEquals((await registry.inspect(host)).state, "closed");
  expectAllowed(await registry.allow({ host }));
});

Deno.test("a failure on a host that another process opened meanwhile is late, however fresh the record is", async () => {
  const { registry, other } = make({ freshnessMs: 60_000 });
  await using _registry = registry;
  const { permit } = expectAllowed(await registry.allow({ host }));
  other.open(host, { forMs: 5_000 });
  assertObjectMatch(await registry.record(permit, FAILED), { recorded: false, state: "open" });
});

Deno.test("a read that was begun before a write does not undo it", async () => {
  const { registry, store } = make({ freshnessMs: 500 });
  await using _registry = registry;
  const { permit } = expectAllowed(await registry.allow({ host }));
  store.holding = ["read"];
  const early = registry.inspect(host); // reads that there is nothing
  for (let turn = 0; store.held.length < 1; turn++) {
    assertLess(turn, 1_000);
    await undefined;
  }
  store.holding = [];
  assertEquals((await registry.record(permit, FAILED)).state, "open");
  store.releaseAll();
  assertEquals((await early).state, "open");
  expectDenied(await registry.allow({ host }));
});

Deno.test("a reader that lags behind what was seen does not shorten a deadline", async () => {
  const { registry, store, clock } = make({ freshnessMs: 500 });
  await using _registry = registry;
  await failTimes(registry, { host }, 1);
  const [kept] = store.inner.read([KEY]);
  store.inner.write(KEY, undefined, kept!.version, 1); // a replica that has not heard, or a loss
  clock.advance(500);
  assertEquals(expectDenied(await registry.allow({ host })).retryAfterMs, 59_500);
});

Deno.test("an operator's close holds though this process slept longer than its tombstone lived", async () => {
  const { registry, store, other, clock } = make({ freshnessMs: 500 });
  await using _registry = registry;
  other.open(host);
  expectDenied(await registry.allow({ host }));
  other.close(host);
  clock.advance(300_000);
  expectAllowed(await registry.allow({ host }));
  await registry[Symbol.asyncDispose]();
  assertEquals(store.inner.read([KEY]), [undefined]);
});

Deno.test("memory does not grow with the healthy hosts seen", async () => {
  const { registry, clock, store } = make({ freshnessMs: 500 });
  await using _registry = registry;
  let most = 0;
  for (let i = 0; i < 5_000; i++) {
    await send(registry, { host: `h${i}.example` }, { status: 200 });
    clock.advance(10);
    most = Math.max(most, registry.stats().cells);
  }
  assertLessOrEqual(most, 500);
  assertEquals([store.inner.size, store.count("write")], [0, 0]);
});

Deno.test("memory is bounded by maxHosts where ten new hosts come each millisecond, the open ones aside", async () => {
  const { registry, clock } = make({ maxHosts: 100 });
  await using _registry = registry;
  for (let i = 0; i < 50; i++) await failTimes(registry, { host: `open${i}.example` }, 1);
  for (let i = 0; i < 2_000; i++) {
    await registry.allow({ host: `h${i}.example` });
    if (i % 10 === 0) clock.advance(1);
  }
  assertLessOrEqual(registry.stats().cells, 250);
  for (let i = 0; i < 50; i++) expectDenied(await registry.allow({ host: `open${i}.example` }));
});

Deno.test("a record goes from the store when it says nothing more and somebody asks", async () => {
  const { registry, store, clock } = make({ freshnessMs: 0 });
  await using _registry = registry;
  await failTimes(registry, { host }, 1);
  clock.advance(60_000);
  await send(registry, { host }, { status: 200 });
  assertEquals(store.inner.list("").entries.length, 1); // the tombstone
  clock.advance(299_999);
  await registry.allow({ host });
  assertEquals(store.inner.list("").entries.length, 1);
  clock.advance(1);
  await registry.allow({ host });
  await registry[Symbol.asyncDispose]();
  assertEquals(store.inner.list("").entries.length, 0);
});
