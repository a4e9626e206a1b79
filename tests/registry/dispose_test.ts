/**
 * The end of a registry while its store is down, or has just come back: whatever was acknowledged is offered once
 * more, and what is lost is told.
 *
 * @module
 */
import { assertEquals, assertLess, assertObjectMatch } from "@std/assert";
import { type BreakerEvent, BreakerRegistry, type RegistryOptions } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ManualTimers, turns } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";
const HOSTS = Array.from({ length: 10 }, (_, i) => `h${i}.example`);
const RATES = Object.fromEntries(HOSTS.map((name) => [name, { "*": "10/s" }]));
/** How long a store is left alone, and a little more. */
const REST_MS = 501;

function make(options: RegistryOptions = {}) {
  const timers = new ManualTimers();
  return { timers, ...makeBy({ now: timers.now, timers }, options) };
}

function makeBy(
  { now, timers }: Required<Pick<RegistryOptions, "now" | "timers">>,
  options: RegistryOptions = {},
) {
  const store = new ScriptedStore(now);
  const config = { defaults: { failMax: 100 } };
  const registry = new BreakerRegistry({ config, store, now, timers, freshnessMs: 0, ...options });
  /** Another process, whose calls take effect at once, outage or not. */
  const other = new BreakerRegistry({ config, store: store.inner, now, timers, ...options });
  const lost: BreakerEvent[] = [];
  registry.onEvent((event) => {
    if (event.type === "store_error" && event.problem === "unsaved") lost.push(event);
  });
  return { store, registry, other, lost };
}

/** Disposes of it while so much time passes, and says whether it came to its end. */
async function disposed(registry: BreakerRegistry, timers: ManualTimers, byMs: number) {
  let isOver = false;
  const over = registry[Symbol.asyncDispose]().then(() => isOver = true);
  await timers.advance(byMs);
  return { isOver, over };
}

async function failEverywhere(registry: BreakerRegistry): Promise<void> {
  for (const name of HOSTS) await failTimes(registry, { host: name }, 3);
}

Deno.test("dispose saves every host, though only one call may try the store that was down", async () => {
  const clock = new ManualClock();
  const { store, registry, other, lost } = makeBy(clock);
  store.failure = "reject";
  await failEverywhere(registry);
  store.failure = undefined;
  clock.advance(500);
  assertEquals(registry.stats().queues.unsaved, HOSTS.length);
  await registry[Symbol.asyncDispose]();
  for (const name of HOSTS) assertEquals((await other.inspect(name)).failures, 3, name);
  assertEquals([registry.stats().queues.unsaved, lost], [0, []]);
});

Deno.test("dispose waits until the store may be tried again, and no longer", async () => {
  const { timers, store, registry, other } = make();
  store.failure = "reject";
  await failTimes(registry, { host }, 20);
  assertEquals((await registry.open("b.example", { reason: "moving house" })).degraded, true);
  store.failure = undefined;
  const { isOver, over } = await disposed(registry, timers, REST_MS - 1);
  assertEquals(isOver, false);
  await timers.advance(1);
  await over;
  assertEquals((await other.inspect(host)).failures, 20);
  assertObjectMatch(await other.inspect("b.example"), { state: "open", note: "moving house" });
});

Deno.test("dispose waits for the call that finds out whether the store is back, where another was quicker", async () => {
  const clock = new ManualClock();
  const { registry, store, other } = makeBy(clock);
  store.failure = "reject";
  await failEverywhere(registry);
  store.failure = undefined;
  store.holding = ["read"];
  clock.advance(500);
  const ready = registry.ready();
  const over = registry[Symbol.asyncDispose]();
  await turns();
  store.releaseAll();
  await over;
  assertEquals(await ready, true);
  for (const name of HOSTS) assertEquals((await other.inspect(name)).failures, 3, name);
});

for (const failed of [1, 2]) {
  Deno.test(`dispose waits a moment where the last calls failed, ${failed} of them, and the store still counts as up`, async () => {
    const { timers, store, registry, other } = make();
    const names = HOSTS.slice(0, failed);
    const permits = [];
    for (const name of names) {
      permits.push(expectAllowed(await registry.allow({ host: name })).permit);
    }
    store.failure = "reject";
    for (const permit of permits) await registry.record(permit, FAILED);
    assertEquals(registry.stats().store.up, true);
    const { isOver, over } = await disposed(registry, timers, REST_MS - 2);
    assertEquals(isOver, false);
    store.failure = undefined;
    await timers.advance(2);
    await over;
    for (const name of names) assertEquals((await other.inspect(name)).failures, 1, name);
  });
}

Deno.test("what an outage left behind and says nothing any more is not lost at the end", async () => {
  const { timers, store, registry, lost } = make({
    config: { defaults: { forgetMs: 60_000, permitTtlMs: 1_000 } },
  });
  store.failure = "reject";
  await failTimes(registry, { host }, 1);
  assertEquals(registry.stats().queues.unsaved, 1);
  await timers.advance(120_000);
  assertEquals(registry.stats().queues.unsaved, 0);
  await (await disposed(registry, timers, REST_MS)).over;
  assertEquals(lost, []);
});

Deno.test("dispose offers again what one failed call left behind, as long as others go well", async () => {
  const { timers, store, registry, other } = make();
  store.failure = "reject";
  await failEverywhere(registry);
  store.failure = undefined;
  store.beforeNextWrite(() => {
    throw new Error("scripted: this one write");
  });
  await (await disposed(registry, timers, REST_MS)).over;
  for (const name of HOSTS) assertEquals((await other.inspect(name)).failures, 3, name);
});

Deno.test("a registry that ends while its store is still down waits once, and tells of what is lost", async () => {
  const { timers, store, registry, lost } = make({
    config: { rates: RATES, defaults: { failMax: 100 } },
  });
  store.failure = "reject";
  await failEverywhere(registry);
  const asked = store.count();
  await (await disposed(registry, timers, REST_MS)).over;
  assertEquals(store.count(), asked + 1);
  const records = 2 * HOSTS.length; // breakers and rates
  assertEquals(registry.stats().queues.unsaved, records);
  assertEquals(lost, [
    { type: "store_error", at: timers.now(), operation: "write", problem: "unsaved", records },
  ]);
});

Deno.test("cooldowns that travel are saved at the end as records are", async () => {
  const { timers, store, registry, other } = make({ share: "cooldowns" });
  store.failure = "reject";
  for (const name of HOSTS) await send(registry, { host: name }, { status: 429, retryAfter: "60" });
  store.failure = undefined;
  await (await disposed(registry, timers, REST_MS)).over;
  for (const name of HOSTS) assertEquals((await other.inspect(name)).reason, "retry_after", name);
});

Deno.test("rates that fell in an outage are saved at the end as records are", async () => {
  const config = { rates: RATES, defaults: { failMax: 100 } };
  const { timers, store, registry, other } = make({ config });
  store.failure = "reject";
  for (const name of HOSTS) {
    const { permit } = expectAllowed(await registry.allow({ host: name }));
    await timers.advance(1);
    await registry.record(permit, { status: 429 });
  }
  store.failure = undefined;
  await (await disposed(registry, timers, REST_MS)).over;
  for (const name of HOSTS) {
    const [pace] = await other.pace(name);
    assertLess(pace!.multiplier, 1, name);
  }
});
