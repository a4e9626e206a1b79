/**
 * What a process learns while the store is down: kept, merged once the store is back, each event once, the
 * later deadline wins. How callers are answered meanwhile stands in `outage_test.ts`.
 *
 * @module
 */
import { assertEquals, assertLess, assertObjectMatch } from "@std/assert";
import { BreakerRegistry, type PolicyPatch } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";
/** Real time, for the answers that never come. */
const TIMEOUT_MS = 30;

function make(defaults: PolicyPatch = {}) {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const config = { defaults: { failMax: 2, halfOpen: { jitterMs: 0 }, ...defaults } };
  const { now, timers } = clock;
  const options = { config, store, now, timers, freshnessMs: 0, timeoutMs: TIMEOUT_MS };
  const registry = new BreakerRegistry(options);
  /** Another process, whose calls take effect at once, outage or not. */
  const other = new BreakerRegistry({ ...options, store: store.inner });
  return { clock, store, registry, other };
}

/** Fails the store until it is left alone. */
async function untilLeftAlone(registry: BreakerRegistry, store: ScriptedStore): Promise<void> {
  store.failure = "reject";
  for (let i = 0; i < 3; i++) await registry.allow({ host: `probe${i}.example` });
}

Deno.test("a host that fails during an outage is denied meanwhile, and open in the store after it", async () => {
  const { registry, store, other, clock } = make();
  await using _registry = registry;
  await untilLeftAlone(registry, store);
  await failTimes(registry, { host }, 2);
  assertObjectMatch(expectDenied(await registry.allow({ host })), {
    reason: "open",
    degraded: true,
    retryAfterMs: 60_000,
  });
  assertEquals(store.inner.size, 0);
  store.failure = undefined;
  clock.advance(500);
  expectDenied(await registry.allow({ host }));
  await registry[Symbol.asyncDispose]();
  assertObjectMatch(await other.inspect(host), { state: "open", remainingMs: 59_500 });
});

Deno.test("on recovery nothing is degraded any more", async () => {
  const { registry, store, clock } = make();
  await using _registry = registry;
  await untilLeftAlone(registry, store);
  await failTimes(registry, { host }, 1);
  store.failure = undefined;
  clock.advance(500);
  await registry.inspect(host); // asks the store, and offers what it missed
  await send(registry, { host: "elsewhere.example" }, { status: 200 });
  for (const name of [host, "elsewhere.example"]) {
    assertEquals(expectAllowed(await registry.allow({ host: name })).degraded, undefined);
  }
  assertEquals(await registry.ready(), true);
});

for (const [mine, theirs] of [[9_000, 5_000], [5_000, 9_000]] as const) {
  Deno.test(`of two deadlines set apart in an outage the later wins: ${mine} here, ${theirs} there`, async () => {
    const { registry, store, other, clock } = make();
    await using _registry = registry;
    await untilLeftAlone(registry, store);
    const ask = (seconds: number) => ({ status: 429, retryAfter: String(seconds / 1_000) });
    await send(registry, { host }, ask(mine));
    await send(other, { host }, ask(theirs));
    store.failure = undefined;
    clock.advance(500);
    await registry.allow({ host });
    await registry[Symbol.asyncDispose]();
    assertObjectMatch(await other.inspect(host), { reason: "retry_after", remainingMs: 8_500 });
  });
}

Deno.test("failures counted apart in an outage are added, each once", async () => {
  const { registry, store, other, clock } = make({ failMax: 100 });
  await using _registry = registry;
  await failTimes(registry, { host }, 2);
  await untilLeftAlone(registry, store);
  await failTimes(registry, { host }, 3);
  await failTimes(other, { host }, 4);
  store.failure = undefined;
  clock.advance(500);
  assertEquals((await registry.inspect(host)).failures, 9);
  await registry[Symbol.asyncDispose]();
  assertEquals((await other.inspect(host)).failures, 9);
});

Deno.test("a write whose answer is lost counts once", async () => {
  const { registry, store, other, clock } = make({ failMax: 100 });
  await using _registry = registry;
  const { permit } = expectAllowed(await registry.allow({ host }));
  store.failure = "lose";
  assertEquals((await registry.record(permit, FAILED)).recorded, true);
  store.failure = undefined;
  clock.advance(500);
  await registry.inspect(host);
  await registry[Symbol.asyncDispose]();
  assertEquals((await other.inspect(host)).failures, 1);
});

Deno.test("what an outage left behind is offered to the store without being asked for", async () => {
  const { registry, store, other, clock } = make();
  await using _registry = registry;
  await untilLeftAlone(registry, store);
  await failTimes(registry, { host }, 2);
  store.failure = undefined;
  clock.advance(500);
  const deadline = performance.now() + 5_000;
  while ((await other.inspect(host)).state !== "open") {
    assertLess(performance.now(), deadline, "the store never heard of it");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

Deno.test("dispose offers what an outage left behind once more", async () => {
  const { registry, store, other, clock } = make();
  await untilLeftAlone(registry, store);
  await failTimes(registry, { host }, 2);
  store.failure = undefined;
  clock.advance(500);
  await registry[Symbol.asyncDispose]();
  assertEquals((await other.inspect(host)).state, "open");
});

Deno.test("a host known to be open stays denied through an outage, whatever else is asked for", async () => {
  const { registry, store, clock } = make();
  await using _registry = registry;
  await failTimes(registry, { host }, 2);
  await untilLeftAlone(registry, store);
  for (let i = 0; i < 50; i++) {
    clock.advance(100);
    await registry.allow({ host: `h${i}.example` });
  }
  assertEquals(expectDenied(await registry.allow({ host })).degraded, true);
});
