/**
 * What listeners of a registry hear, and that they can do no harm.
 *
 * @module
 */
import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { type BreakerEvent, BreakerRegistry, type Outcome, type PolicyPatch } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";

function make(defaults: PolicyPatch = { failMax: 1 }) {
  const clock = new ManualClock();
  const registry = new BreakerRegistry({ config: { defaults }, now: clock.now });
  const heard: BreakerEvent[] = [];
  const stop = registry.onEvent((event) => heard.push(event));
  return { clock, registry, heard, stop };
}

/** One word per event. */
function words(events: readonly BreakerEvent[]): string[] {
  return events.map((event) => {
    if (event.type === "transition") return `${event.key}: ${event.from}>${event.to}`;
    if (event.type === "outcome") return `${event.host}: ${event.kind} ${event.recorded}`;
    return event.type;
  });
}

Deno.test("listeners hear transitions before the outcome that caused them, and denials", async () => {
  const { registry, heard, clock } = make();
  await registry.record(expectAllowed(await registry.allow({ host, resolver: "r" })).permit, {
    status: 503,
    retryAfter: "20",
    latencyMs: 12,
  });
  await registry.allow({ host, role: "metadata", resolver: "r" });
  assertEquals(heard.length, 4);
  const at = clock.ms;
  assertObjectMatch(heard[0]!, {
    type: "transition",
    at,
    scope: "host",
    key: host,
    from: "closed",
    to: "open",
    reason: "open",
    until: at + 60_000,
  });
  assertObjectMatch(heard[1]!, { type: "transition", scope: "resolver", key: "r", to: "open" });
  assertObjectMatch(heard[2]!, {
    type: "outcome",
    at,
    host,
    resolver: "r",
    kind: "failure",
    recorded: true,
    state: "open",
    status: 503,
    latencyMs: 12,
    retryAfterMs: 20_000,
  });
  assertEquals(heard[3], {
    type: "denial",
    at,
    host,
    role: "metadata",
    resolver: "r",
    observed: false,
    reason: "open",
    scope: "host",
    key: host,
    state: "open",
    retryAfterMs: 60_000,
  });
});

Deno.test("listeners hear of half-open with the first probe, and what closed it", async () => {
  const { registry, heard, clock } = make();
  await failTimes(registry, { host }, 1);
  clock.advance(60_000);
  await send(registry, { host }, { status: 200 });
  await registry.open(host, { forMs: 1_000, reason: "spring cleaning" });
  await registry.close(host);
  const transitions = heard.filter((event) => event.type === "transition");
  assertEquals(words(transitions), [
    `${host}: closed>open`,
    `${host}: open>half_open`,
    `${host}: half_open>closed`,
    `${host}: closed>open`,
    `${host}: open>closed`,
  ]);
  assertEquals(transitions.map(({ reason }) => reason), [
    "open",
    "open",
    "probes",
    "manual",
    "manual",
  ]);
  assertEquals(transitions[3]!.note, "spring cleaning");
});

Deno.test("a late outcome is heard as not recorded", async () => {
  const { registry, heard } = make();
  const late = expectAllowed(await registry.allow({ host })).permit;
  await failTimes(registry, { host }, 1);
  await registry.record(late, { status: 200 });
  assertObjectMatch(heard.at(-1)!, { type: "outcome", recorded: false, state: "open" });
});

Deno.test("a transition of a role's own breaker names the role", async () => {
  const { registry, heard } = make({ roles: { metadata: { failMax: 1 } } });
  await failTimes(registry, { host, role: "metadata" }, 1);
  assertObjectMatch(heard[0]!, { type: "transition", key: host, role: "metadata", to: "open" });
});

Deno.test("a listener that throws changes nothing, and the next one still hears", async () => {
  const { registry } = make();
  registry.onEvent(() => {
    throw new Error("a listener with a bug");
  });
  const after: BreakerEvent[] = [];
  registry.onEvent((event) => after.push(event));
  await failTimes(registry, { host }, 1);
  assertEquals(words(after), [`${host}: closed>open`, `${host}: failure true`]);
  assertEquals((await registry.inspect(host)).state, "open");
});

Deno.test("a listener that has stopped hears no more, the others do", async () => {
  const { registry, heard, stop } = make();
  const other: BreakerEvent[] = [];
  registry.onEvent((event) => other.push(event));
  stop();
  stop();
  await failTimes(registry, { host }, 1);
  assertEquals([heard.length, other.length], [0, 2]);
});

Deno.test("a listener may act on the very host that it hears of", async () => {
  const { registry } = make();
  const closed: Promise<unknown>[] = [];
  registry.onEvent((event) => {
    if (event.type === "transition" && event.to === "open") {
      closed.push(Promise.resolve(registry.close(event.key)));
    }
  });
  await failTimes(registry, { host }, 1);
  await Promise.all(closed);
  assertEquals(closed.length, 1);
  assertEquals((await registry.inspect(host)).state, "closed");
});

Deno.test("a transition is heard once it is written, once, however often a conflict applied it again", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const config = { defaults: { failMax: 2 } };
  await using registry = new BreakerRegistry({ config, store, now: clock.now });
  const other = new BreakerRegistry({ config, store: store.inner, now: clock.now });
  const heard: BreakerEvent[] = [];
  const { permit } = expectAllowed(await registry.allow({ host }));
  const foreign = expectAllowed(await other.allow({ host })).permit;
  registry.onEvent((event) => {
    if (event.type === "transition") {
      assertEquals(store.inner.read([`breakwater:host:${host}`])[0]!.value.includes("open"), true);
    }
    heard.push(event);
  });
  store.beforeNextWrite(() => void other.record(foreign, FAILED));
  await registry.record(permit, FAILED);
  assertEquals(words(heard), [`${host}: closed>open`, `${host}: failure true`]);
});

Deno.test("store errors are heard without what the store said", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  await using registry = new BreakerRegistry({ store, now: clock.now });
  const heard: BreakerEvent[] = [];
  registry.onEvent((event) => heard.push(event));
  store.failure = "reject";
  assertEquals(expectAllowed(await registry.allow({ host })).degraded, true);
  assertEquals(heard, [{
    type: "store_error",
    at: clock.ms,
    operation: "read",
    problem: "unavailable",
    key: `breakwater:host:${host}`,
  }]);
});

Deno.test("an outcome names the error without its message, a cached answer, and a probe", async () => {
  const { registry, heard, clock } = make({ failMax: 3 });
  const tell = async (outcome: Outcome) => {
    const { permit } = expectAllowed(await registry.allow({ host: "named.example" }));
    await registry.record(permit, outcome);
    const event = heard.findLast(({ type }) => type === "outcome");
    assert(event !== undefined);
    return event;
  };
  const timeout = await tell({ error: new DOMException("secret", "TimeoutError") });
  assertObjectMatch(timeout, { type: "outcome", kind: "failure", error: "TimeoutError" });
  assert(!JSON.stringify(timeout).includes("secret"));
  assertObjectMatch(await tell({ error: "thrown text" }), { error: "Error" });
  const cached = await tell({ status: 200, fromCache: true });
  assertObjectMatch(cached, { kind: "cancelled", fromCache: true });
  assertEquals("probe" in cached, false);
  await registry.open("named.example", { forMs: 1_000 });
  clock.ms += 1_000;
  assertObjectMatch(await tell({ status: 200 }), { type: "outcome", probe: true });
});
