/**
 * Group commit through a store that answers later: events of one key are written together, in order, once
 * at a time, and each caller gets its own answer. What another process wrote first is never lost.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { BreakerRegistry, type PolicyPatch, type RegistryOptions } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, FAILED, failTimes } from "../support/verdicts.ts";

const host = "example.org";
const KEY = `breakwater:host:${host}`;

function make(defaults: PolicyPatch, options: RegistryOptions = {}) {
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

async function permits(registry: BreakerRegistry, times: number): Promise<string[]> {
  const verdicts = await Promise.all(
    Array.from({ length: times }, () => registry.allow({ host })),
  );
  return verdicts.map((verdict) => expectAllowed(verdict).permit);
}

/** Lets microtasks run until the store holds so many answers back. */
async function untilHeld(store: ScriptedStore, count: number): Promise<void> {
  for (let turn = 0; store.held.length < count; turn++) {
    assertLess(turn, 10_000, `the store holds ${store.held.length} answers, not ${count}`);
    await undefined;
  }
}

Deno.test("64 callers on one key: one write at a time, far fewer writes than events, no event lost", async () => {
  const { registry, store } = make({ failMax: 1_000_000 });
  await using _registry = registry;
  const rounds = 20;
  const caller = async () => {
    for (let round = 0; round < rounds; round++) {
      const { permit } = expectAllowed(await registry.allow({ host }));
      assertEquals((await registry.record(permit, FAILED)).recorded, true);
    }
  };
  await Promise.all(Array.from({ length: 64 }, caller));
  assertEquals((await registry.inspect(host)).failures, 64 * rounds);
  assertEquals(store.mostWritesAtOnce, 1);
  assertLessOrEqual(store.count("write"), 2 * rounds + 2);
  const { committed, conflicts } = registry.stats();
  assertEquals([committed, conflicts], [64 * rounds, 0]);
});

Deno.test("each caller gets the answer to its own event, in the order in which they came", async () => {
  const { registry } = make({ failMax: 3 });
  await using _registry = registry;
  const mine = await permits(registry, 6);
  const told = await Promise.all(
    mine.map((permit, i) => registry.record(permit, i === 1 ? { status: 404 } : FAILED)),
  );
  assertEquals(told.map(({ recorded }) => recorded), [true, true, true, true, false, false]);
  assertEquals(told.map(({ state }) => state), [
    "closed",
    "closed",
    "closed",
    "open",
    "open",
    "open",
  ]);
  assertEquals((await registry.inspect(host)).failures, 3);
});

Deno.test("events that come while a write is under way wait for it, and are written together", async () => {
  const { registry, store } = make({ failMax: 100 });
  await using _registry = registry;
  const [first, ...others] = await permits(registry, 11);
  store.holding = ["write"];
  const answers = [registry.record(first!, FAILED)];
  await untilHeld(store, 1);
  for (const permit of others) answers.push(registry.record(permit, FAILED));
  for (let turn = 0; turn < 100; turn++) await undefined;
  assertEquals(store.count("write"), 1);
  store.releaseAll();
  await Promise.all(answers);
  assertEquals(store.count("write"), 2);
  assertEquals((await registry.inspect(host)).failures, 11);
});

Deno.test("keys do not wait for each other", async () => {
  const { registry, store } = make({ failMax: 100 });
  await using _registry = registry;
  const { permit: slow } = expectAllowed(await registry.allow({ host }));
  const { permit: quick } = expectAllowed(await registry.allow({ host: "quick.example" }));
  store.holding = ["write"];
  const waiting = registry.record(slow, FAILED);
  await untilHeld(store, 1);
  store.holding = [];
  assertEquals((await registry.record(quick, FAILED)).recorded, true);
  store.releaseAll();
  assertEquals((await waiting).recorded, true);
});

Deno.test("at the deadline exactly one of many callers takes the probe, however many processes", async () => {
  const { registry, other, clock } = make({ failMax: 1 }, { freshnessMs: 60_000 });
  await using _registry = registry;
  await failTimes(registry, { host }, 1);
  clock.advance(60_000);
  const verdicts = await Promise.all([
    ...Array.from({ length: 32 }, () => registry.allow({ host })),
    ...Array.from({ length: 32 }, () => other.allow({ host })),
  ]);
  assertEquals(verdicts.filter(({ allowed }) => allowed).length, 1);
  for (const verdict of verdicts) {
    if (!verdict.allowed) assertEquals([verdict.reason, verdict.state], ["probes", "half_open"]);
  }
});

for (const tellsCurrent of [true, false]) {
  const how = tellsCurrent ? "the store tells what stands there" : "it has to be read again";

  Deno.test(`after a conflict the events are applied to what the other wrote: ${how}`, async () => {
    const { registry, store, other } = make({ failMax: 100 });
    await using _registry = registry;
    store.tellsCurrent = tellsCurrent;
    const mine = await permits(registry, 8);
    const foreign = await permits(other, 5);
    for (const permit of foreign) {
      store.beforeNextWrite(() => void other.record(permit, FAILED));
    }
    const told = await Promise.all(mine.map((permit) => registry.record(permit, FAILED)));
    assert(told.every(({ recorded }) => recorded));
    assertEquals((await other.inspect(host)).failures, 13);
    assertEquals(registry.stats().conflicts, 5);
    assertEquals(registry.stats().committed, 8);
  });

  Deno.test(`a failure that another process counted first is not counted again: ${how}`, async () => {
    const { registry, store, other } = make({ failMax: 100 });
    await using _registry = registry;
    store.tellsCurrent = tellsCurrent;
    const [permit] = await permits(registry, 1);
    store.beforeNextWrite(() => void other.record(permit!, FAILED));
    assertEquals((await registry.record(permit!, FAILED)).recorded, false);
    assertEquals((await other.inspect(host)).failures, 1);
  });

  Deno.test(`a host that another process opened meanwhile answers as open: ${how}`, async () => {
    const { registry, store, other } = make({ failMax: 100 });
    await using _registry = registry;
    store.tellsCurrent = tellsCurrent;
    const [permit] = await permits(registry, 1);
    store.beforeNextWrite(() => void other.open(host, { forMs: 5_000 }));
    assertEquals(await registry.record(permit!, FAILED), {
      recorded: false,
      state: "open",
      retryAfterMs: 5_000,
    });
  });

  Deno.test(`a probe that another process took first is denied here: ${how}`, async () => {
    const { registry, store, other, clock } = make({ failMax: 1 });
    await using _registry = registry;
    store.tellsCurrent = tellsCurrent;
    await failTimes(registry, { host }, 1);
    clock.advance(60_000);
    store.beforeNextWrite(() => void other.allow({ host }));
    const verdict = await registry.allow({ host });
    assertEquals([verdict.allowed, (await other.inspect(host)).probes], [false, 1]);
  });
}

Deno.test("a conflict that undoes an attempt leaves nothing in the rate window", async () => {
  const failureRate = { windowMs: 60_000, minCalls: 5, thresholdRatio: 1 };
  const { registry, store, other } = make({ failMax: 1_000, failureRate });
  await using _registry = registry;
  const mine = await permits(registry, 4);
  for (const permit of await permits(other, 3)) {
    store.beforeNextWrite(() => void other.record(permit, FAILED));
  }
  await Promise.all(mine.map((permit) => registry.record(permit, FAILED)));
  assertEquals((await registry.inspect(host)).state, "closed"); // 4 here, 3 there, each seen once
  const [fifth] = await permits(registry, 1);
  assertEquals((await registry.record(fifth!, FAILED)).state, "open");
});

Deno.test("the rate sees the events of one batch one after the other", async () => {
  const failureRate = { windowMs: 60_000, minCalls: 5, thresholdRatio: 0.8 };
  const { registry } = make({ failMax: 1_000, failureRate });
  await using _registry = registry;
  const mine = await permits(registry, 6);
  const told = await Promise.all(mine.map((permit) => registry.record(permit, FAILED)));
  assertEquals(told.map(({ state }) => state), [
    "closed",
    "closed",
    "closed",
    "closed",
    "open",
    "open",
  ]);
});

Deno.test("10,000 callers may wait for one key; the next is told that nothing was counted", async () => {
  const { registry, store } = make({ failMax: 1_000_000 });
  await using _registry = registry;
  const mine = await permits(registry, 10_002);
  store.holding = ["write"];
  const first = registry.record(mine.pop()!, FAILED);
  await untilHeld(store, 1);
  const last = mine.pop()!;
  const waiting = mine.map((permit) => registry.record(permit, FAILED));
  assertEquals((await registry.record(last, FAILED)).recorded, false);
  assertEquals(registry.stats().overflowed, 1);
  store.releaseAll();
  const told = await Promise.all([first, ...waiting]);
  assert(told.every(({ recorded }) => recorded));
  assertEquals((await registry.inspect(host)).failures, 10_001);
});

Deno.test("dispose waits until what is queued is written", async () => {
  const { registry, store } = make({ failMax: 100 });
  const mine = await permits(registry, 5);
  store.holding = ["write"];
  const answers = mine.map((permit) => registry.record(permit, FAILED));
  let disposed = false;
  const disposal = registry[Symbol.asyncDispose]().then(() => disposed = true);
  await untilHeld(store, 1);
  for (let turn = 0; turn < 100; turn++) await undefined;
  assertEquals(disposed, false);
  store.releaseAll();
  await disposal;
  assertGreater(store.inner.read([KEY]).filter((stored) => stored).length, 0);
  assert((await Promise.all(answers)).every(({ recorded }) => recorded));
});
