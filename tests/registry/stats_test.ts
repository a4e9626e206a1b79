/**
 * What a registry counts, and listeners that want to hear of some events only.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type BreakerEvent, BreakerRegistry } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";

function outageRegistry() {
  const clock = new ManualClock();
  const timers = new ManualTimers();
  const store = new ScriptedStore(clock.now);
  const registry = new BreakerRegistry({ store, now: clock.now, timers, freshnessMs: 0 });
  const heard: BreakerEvent[] = [];
  registry.onEvent((event) => heard.push(event), ["store_outage"]);
  const ask = async (times: number) => {
    for (let i = 0; i < times; i++) await registry.allow({ host });
  };
  const advance = async (ms: number) => {
    clock.advance(ms);
    await timers.advance(ms);
  };
  return { store, registry, heard, ask, advance, clock };
}

Deno.test("verdicts and outcomes are counted once each", async () => {
  const clock = new ManualClock();
  const config = { defaults: { failMax: 2, halfOpen: { jitterMs: 0 } } };
  await using registry = new BreakerRegistry({ config, now: clock.now });
  await send(registry, { host }, { status: 200 });
  await send(registry, { host }, { status: 404 });
  await send(registry, { host }, { status: 200, fromCache: true });
  await failTimes(registry, { host, resolver: "crossref" }, 2);
  await registry.allow({ host });
  await registry.allow({ host: "other.example.org", resolver: "crossref" });
  clock.advance(60_000);
  const { permit } = expectAllowed(await registry.allow({ host }));
  await registry.allow({ host });
  await registry.record(permit, { status: 200 });
  await registry.record(permit, { status: 200 });
  await registry.record("nonsense", { status: 200 });
  const { verdicts, outcomes, transitions } = registry.stats();
  assertEquals(verdicts, {
    allowed: 5,
    probes: 1,
    denied: { open: 2, retry_after: 0, rolling: 0, manual: 0, probes: 1, rate: 0 },
    observed: { open: 0, retry_after: 0, rolling: 0, manual: 0, probes: 0, rate: 0 },
    degraded: 0,
  });
  assertEquals(outcomes, {
    success: 3,
    failure: 2,
    neutral: 1,
    cancelled: 1,
    unreadable: 1,
    late: 1,
    degraded: 0,
  });
  assertEquals(transitions, [
    { scope: "host", from: "closed", to: "open", count: 1 },
    { scope: "resolver", from: "closed", to: "open", count: 1 },
    { scope: "host", from: "open", to: "half_open", count: 1 },
    { scope: "host", from: "half_open", to: "closed", count: 1 },
  ]);
});

Deno.test("what a caller does with the counts changes none of them", async () => {
  await using registry = new BreakerRegistry();
  await registry.open(host);
  const before = registry.stats();
  before.verdicts.denied.open = 99;
  before.outcomes.success = 99;
  before.transitions[0]!.count = 99;
  const { verdicts, outcomes, transitions } = registry.stats();
  assertEquals([verdicts.denied.open, outcomes.success, transitions[0]!.count], [0, 0, 1]);
});

Deno.test("in mode off nothing is counted", async () => {
  await using registry = new BreakerRegistry({ config: { mode: "off" } });
  for (let i = 0; i < 100; i++) await send(registry, { host }, { status: 503 });
  const { verdicts, outcomes, latencies } = registry.stats();
  assertEquals([verdicts.allowed, outcomes.failure], [0, 0]);
  for (const { counts } of [latencies.allow, latencies.record]) {
    assertEquals(counts.reduce((sum, count) => sum + count), 0);
  }
});

Deno.test("in mode observe a request that would have been denied is counted as that and nothing else", async () => {
  const config = { mode: "observe", defaults: { failMax: 1 } } as const;
  await using registry = new BreakerRegistry({ config });
  await failTimes(registry, { host }, 2);
  const { allowed, denied, observed } = registry.stats().verdicts;
  assertEquals([allowed, denied.open, observed.open], [1, 0, 1]);
});

Deno.test("calls that waited for the store are timed by the monotonic clock", async () => {
  const clock = new ManualClock();
  const timers = new ManualTimers();
  const store = new ScriptedStore(clock.now);
  await using registry = new BreakerRegistry({ store, now: clock.now, timers });
  store.holding = ["read"];
  const asked = registry.allow({ host });
  await timers.advance(40);
  store.releaseAll();
  await asked;
  const { allow, store: calls } = registry.stats().latencies;
  assertEquals([allow.sumMs, calls.sumMs], [40, 40]);
  assertEquals(allow.counts, calls.counts);
});

Deno.test("a listener hears only of the types that it names", async () => {
  await using registry = new BreakerRegistry({ config: { defaults: { failMax: 1 } } });
  const heard: string[] = [];
  const stop = registry.onEvent(({ type }) => heard.push(type), ["denial", "operator"]);
  await failTimes(registry, { host }, 1);
  await registry.allow({ host });
  await registry.close(host);
  assertEquals(heard, ["denial", "operator"]);
  stop();
  await failTimes(registry, { host }, 1);
  await registry.allow({ host });
  assertEquals(heard.length, 2);
});

Deno.test("an operator's action is heard after the transition it made, and where it made none", async () => {
  const clock = new ManualClock();
  await using registry = new BreakerRegistry({ now: clock.now });
  const heard: BreakerEvent[] = [];
  registry.onEvent((event) => heard.push(event));
  await registry.open(host, { forMs: 1_000, reason: "repairs" });
  await registry.open(host, { forMs: 5_000 });
  await registry.halfOpen({ resolver: "crossref" });
  const actions = heard.filter((event) => event.type === "operator");
  assertEquals(heard.slice(0, 2).map(({ type }) => type), ["transition", "operator"]);
  const by = { type: "operator", at: clock.ms };
  assertEquals(actions, [
    { ...by, scope: "host", key: host, action: "open", until: clock.ms + 1_000, note: "repairs" },
    { ...by, scope: "host", key: host, action: "open", until: clock.ms + 5_000 },
    { ...by, scope: "resolver", key: "crossref", action: "half_open" },
  ] as BreakerEvent[]);
});

Deno.test("an outage begins with the third failed call in a row, and is heard once", async () => {
  const { store, heard, ask, registry } = outageRegistry();
  store.failure = "reject";
  await ask(2);
  assertEquals([heard.length, registry.stats().store.up], [0, true]);
  await ask(1);
  assertEquals(heard.map((event) => event.type === "store_outage" && event.phase), ["begin"]);
  await ask(10);
  assertEquals(heard.length, 1);
  assertEquals(registry.stats().store, { up: false, outages: 1, downMs: 0 });
});

Deno.test("an outage goes on while probes fail, and ends with the first that succeeds", async () => {
  const { store, heard, ask, advance, registry, clock } = outageRegistry();
  store.failure = "reject";
  await ask(3);
  for (let i = 0; i < 4; i++) {
    await advance(500);
    await ask(2);
  }
  assertEquals(heard.length, 1);
  store.failure = undefined;
  await advance(500);
  await ask(1);
  assertEquals(heard[1], { type: "store_outage", at: clock.ms, phase: "end", durationMs: 2_500 });
  assertEquals(registry.stats().store, { up: true, outages: 1, downMs: 2_500 });
  await advance(10_000);
  assertEquals(registry.stats().store.downMs, 2_500);
});

Deno.test("failed commands and unreadable values are counted", async () => {
  const { store, ask, registry } = outageRegistry();
  store.inner.write(`breakwater:host:${host}`, "nonsense", undefined, Infinity);
  await ask(3);
  store.failure = "reject";
  await ask(1);
  const { errors, unreadableValues } = registry.stats();
  assert(errors.read >= 1, JSON.stringify(errors));
  assertEquals([errors.write, unreadableValues], [0, 1]);
});
