/**
 * `share: "cooldowns"` on every store that registries can share: what closes a host travels, what is counted
 * does not. Each registry has a handle of its own, as processes have.
 *
 * @module
 */
import {
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertObjectMatch,
} from "@std/assert";
import { type BreakerEvent, BreakerRegistry, type PolicyPatch, type Store } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { SHARED_STORES, type SharedStore } from "../support/shared_stores.ts";
import { redisTest } from "../support/upstash_cases.ts";
import { BRIDGE_TOKEN } from "../support/upstash_bridge.ts";
import { upstashStore } from "../../src/stores/upstash.ts";
import { expectAllowed, expectDenied, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";
const KEY = `breakwater:cooldown:${host}`;
const FRESHNESS_MS = 500;

const ROLLING = { enabled: true, thresholdFailures: 3, windowMs: 10_000, cooldownMs: 30_000 };
const retryAfter = (seconds: number) => ({ status: 429, retryAfter: String(seconds) });

/** What a test gets. */
interface Subject {
  clock: ManualClock;
  shared: SharedStore;
  /** A handle past all registries. */
  store: Store;
  make(defaults?: PolicyPatch, now?: () => number): BreakerRegistry;
  one: BreakerRegistry;
  two: BreakerRegistry;
}

const cases: Record<string, (subject: Subject) => Promise<void>> = {
  "a Retry-After in one opens the other until its deadline, then both are half-open": async (
    { one, two, clock },
  ) => {
    await send(one, { host }, retryAfter(60));
    assertObjectMatch(expectDenied(await two.allow({ host })), {
      reason: "retry_after",
      state: "open",
      retryAfterMs: 60_000,
    });
    clock.advance(59_999);
    expectDenied(await two.allow({ host }));
    clock.advance(1);
    for (const registry of [one, two]) {
      assertEquals(expectAllowed(await registry.allow({ host })).state, "half_open");
      assertEquals(expectDenied(await registry.allow({ host })).reason, "probes");
    }
  },

  "a rolling cooldown and an open by failures travel, with their reasons": async ({ make }) => {
    const one = make({ rolling: ROLLING, failMax: 5 });
    const two = make();
    await failTimes(one, { host }, 3);
    assertObjectMatch(expectDenied(await two.allow({ host })), {
      reason: "rolling",
      retryAfterMs: 30_000,
    });
    await failTimes(two, { host: "other.example" }, 5);
    assertObjectMatch(expectDenied(await one.allow({ host: "other.example" })), {
      reason: "open",
      retryAfterMs: 60_000,
    });
  },

  "failures do not travel: five registries with one failure each open nowhere": async (
    { make, store },
  ) => {
    const registries = Array.from({ length: 5 }, () => make({ failMax: 5 }));
    for (const registry of registries) await failTimes(registry, { host }, 1);
    for (const registry of registries) {
      expectAllowed(await registry.allow({ host }));
      assertObjectMatch(await registry.inspect(host), { state: "closed", failures: 1 });
    }
    assertEquals((await store.list("")).entries, []);
  },

  "probes do not travel: the success of one closes only its own breaker": async (
    { one, two, clock },
  ) => {
    await send(one, { host }, retryAfter(10));
    expectDenied(await two.allow({ host }));
    clock.advance(10_000);
    assertEquals((await send(one, { host }, { status: 200 })).state, "closed");
    assertObjectMatch(await two.inspect(host), { state: "half_open", probes: 0 });
    assertObjectMatch(await one.inspect(host), { state: "closed" });
  },

  "the key and the value are what a person expects": async ({ one, store, clock }) => {
    await send(one, { host }, retryAfter(60));
    const { entries } = await store.list("");
    assertEquals(entries.map(({ key }) => key), [KEY]);
    assertEquals(entries[0]!.value, `{"until":${clock.ms + 60_000},"reason":"retry_after"}`);
  },

  "of two deadlines the later wins, whoever told it first": async ({ one, two, store, clock }) => {
    for (
      const [name, first, second] of [["up.example", 30, 60], ["down.example", 60, 30]] as const
    ) {
      const mine = expectAllowed(await one.allow({ host: name }));
      const theirs = expectAllowed(await two.allow({ host: name }));
      await one.record(mine.permit, retryAfter(first));
      await two.record(theirs.permit, retryAfter(second));
      clock.advance(FRESHNESS_MS);
      const until = clock.ms + 60_000 - FRESHNESS_MS;
      for (const registry of [one, two]) {
        assertEquals(expectDenied(await registry.allow({ host: name })).retryAfterMs, 59_500);
      }
      const [kept] = await store.read([`breakwater:cooldown:${name}`]);
      assertEquals(kept?.value, `{"until":${until},"reason":"retry_after"}`);
    }
  },

  "an operator's open, close and half-open are seen by the other within freshnessMs": async (
    { one, two, store, clock },
  ) => {
    expectAllowed(await two.allow({ host }));
    await one.open(host, { forMs: 60_000 });
    clock.advance(FRESHNESS_MS);
    assertObjectMatch(expectDenied(await two.allow({ host })), { reason: "manual" });
    await one.close(host);
    assertEquals(expectAllowed(await one.allow({ host })).state, "closed");
    clock.advance(FRESHNESS_MS);
    assertEquals(expectAllowed(await two.allow({ host })).state, "closed");
    await two.halfOpen(host);
    clock.advance(FRESHNESS_MS);
    for (const registry of [one, two]) {
      assertEquals(expectAllowed(await registry.allow({ host })).state, "half_open");
    }
    await one.open(host);
    const [kept] = await store.read([KEY]);
    assertObjectMatch(JSON.parse(kept!.value), { until: null, reason: "manual" });
    clock.advance(86_400_000);
    assertObjectMatch(expectDenied(await two.allow({ host })), {
      reason: "manual",
      retryAfterMs: 60_000,
    });
    assertEquals((await two.inspect(host)).remainingMs, Infinity);
  },

  "who asks while he closes does not open again what he closes": async ({ one, two, clock }) => {
    await send(one, { host }, retryAfter(60));
    expectDenied(await one.allow({ host }));
    const closed = one.close(host);
    const meanwhile = await Promise.all([one.allow({ host }), one.allow({ host })]);
    await closed;
    for (const verdict of meanwhile) expectAllowed(verdict);
    clock.advance(FRESHNESS_MS);
    for (const registry of [one, two]) expectAllowed(await registry.allow({ host }));
    assertEquals((await one.inspect(host)).state, "closed");
  },

  "an outcome from before does not open again what an operator closed elsewhere": async (
    { one, two, clock },
  ) => {
    const late = expectAllowed(await two.allow({ host }));
    await send(one, { host }, retryAfter(60));
    clock.advance(FRESHNESS_MS);
    expectDenied(await two.allow({ host }));
    await one.close(host);
    clock.advance(2 * FRESHNESS_MS);
    assertEquals((await two.record(late.permit, FAILED)).recorded, false);
    clock.advance(FRESHNESS_MS);
    for (const registry of [one, two]) expectAllowed(await registry.allow({ host }));
  },

  "an operator whose clock is 2 s behind is heeded": async ({ one, make, clock }) => {
    clock.advance(5_000);
    const operator = make({}, () => clock.ms - 2_000);
    await send(one, { host }, retryAfter(60));
    await operator.close(host);
    clock.advance(FRESHNESS_MS);
    expectAllowed(await one.allow({ host }));
    await operator.open(host, { forMs: 10_000 });
    clock.advance(FRESHNESS_MS);
    assertEquals(expectDenied(await one.allow({ host })).reason, "manual");
  },

  "a damaged value counts as absent, is told once and overwritten": async ({ one, store }) => {
    for (const damaged of ["nonsense", `{"until":"soon","reason":"open"}`, `{"until":1}`]) {
      const [held] = await store.read([KEY]);
      await store.write(KEY, damaged, held?.version, 60_000);
      const heard: BreakerEvent[] = [];
      const stop = one.onEvent((event) => {
        if (event.type === "store_error") heard.push(event);
      });
      for (let i = 0; i < 3; i++) {
        await one.inspect(host);
        expectAllowed(await one.allow({ host }));
      }
      for await (const _ of one.list());
      assertEquals(heard.length, 1, damaged);
      assertObjectMatch(heard[0]!, { operation: "read", problem: "unreadable", key: KEY });
      await send(one, { host }, retryAfter(60));
      assertEquals(JSON.parse((await store.read([KEY]))[0]!.value).reason, "retry_after");
      assertEquals(heard.length, 1);
      await one.close(host);
      stop();
    }
  },

  "a healthy host inside freshnessMs costs no command": async ({ make, shared }) => {
    const registry = make();
    await send(registry, { host }, { status: 200 });
    const before = shared.commands();
    for (let i = 0; i < 50; i++) await send(registry, { host }, { status: 200 });
    assertEquals(shared.commands() - before, 0);
    assertEquals((await shared.open().list("")).entries, []);
  },

  "while the store is down a process answers by itself, and tells the others afterwards": async (
    { one, two, shared, clock },
  ) => {
    await send(two, { host: "before.example" }, retryAfter(600));
    expectDenied(await one.allow({ host: "before.example" }));
    shared.setDown(true);
    clock.advance(FRESHNESS_MS);
    assertEquals(expectAllowed(await one.allow({ host })).degraded, true);
    await send(one, { host }, retryAfter(600));
    assertEquals(expectDenied(await one.allow({ host })).degraded, true);
    assertEquals(expectDenied(await one.allow({ host: "before.example" })).degraded, true);
    shared.setDown(false);
    clock.advance(FRESHNESS_MS);
    const deadline = performance.now() + 5_000;
    while ((await two.inspect(host)).state !== "open") {
      assertLess(performance.now(), deadline, "the other never heard of it");
      await one.allow({ host: "elsewhere.example" });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assertLessOrEqual(expectDenied(await two.allow({ host })).retryAfterMs, 600_000);
    assertGreater(expectDenied(await two.allow({ host })).retryAfterMs, 590_000);
    // What the other has read already may still be on its way back to the one that wrote it.
    while (expectDenied(await one.allow({ host })).degraded) {
      assertLess(performance.now(), deadline, "still degraded");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },

  "a resolver's failures stay in the process": async ({ make, store }) => {
    const [one, two] = [make({ failMax: 2 }), make({ failMax: 2 })];
    for (let i = 0; i < 2; i++) {
      await failTimes(one, { host: `host${i}.example`, resolver: "crossref" }, 1);
    }
    const request = { host, resolver: "crossref" };
    assertEquals(expectDenied(await one.allow(request)).scope, "resolver");
    expectAllowed(await two.allow(request));
    assertEquals((await store.list("")).entries, []);
  },

  "inspect and list show what others said, without having asked before": async ({ one, make }) => {
    await send(one, { host }, retryAfter(60));
    await one.open("manual.example");
    const listed: Record<string, string | undefined> = {};
    for await (const { key, reason } of make().list()) listed[key] = reason;
    assertEquals(listed, { [host]: "retry_after", "manual.example": "manual" });
    assertObjectMatch(await make().inspect(host), { state: "open", remainingMs: 60_000 });
  },
};

for (const [name, open] of Object.entries(SHARED_STORES)) {
  for (const [sentence, run] of Object.entries(cases)) {
    Deno.test(`cooldowns on ${name}: ${sentence}`, async () => {
      await using shared = await open();
      await using stack = new AsyncDisposableStack();
      const clock = new ManualClock();
      const make = (defaults: PolicyPatch = {}, now = clock.now) =>
        stack.use(
          new BreakerRegistry({
            store: shared.open(),
            share: "cooldowns",
            freshnessMs: FRESHNESS_MS,
            timeoutMs: 10_000,
            now,
            config: { defaults: { halfOpen: { jitterMs: 0 }, ...defaults } },
          }),
        );
      await run({ clock, shared, store: shared.open(), make, one: make(), two: make() });
    });
  }
}

redisTest("a cooldown in Redis is what redis-cli shows, and goes by itself", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token: BRIDGE_TOKEN });
  await using registry = new BreakerRegistry({ store, share: "cooldowns" });
  await send(registry, { host }, retryAfter(60));
  assertEquals(await bridge.redis("KEYS", "*"), [KEY]);
  const text = String(await bridge.redis("GET", KEY));
  const { until } = JSON.parse(text);
  assertEquals(text, `{"until":${until},"reason":"retry_after"}`);
  const ttlMs = Number(await bridge.redis("PTTL", KEY));
  assertLess(Math.abs(until - Date.now() - ttlMs), 1_000);
  assertGreater(ttlMs, 50_000);
  assertLessOrEqual(ttlMs, 60_000);
});
