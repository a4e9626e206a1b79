/**
 * The modes `observe` and `off`.
 *
 * @module
 */
import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import {
  type BreakerConfigInput,
  type BreakerEvent,
  BreakerRegistry,
  memoryStore,
} from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { expectAllowed, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";
const REQUEST = { host, resolver: "crossref" };

function make(config: BreakerConfigInput) {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  return { clock, store, registry: new BreakerRegistry({ config, store, now: clock.now }) };
}

Deno.test("observe lets everything out and says what it would have denied", async () => {
  const { registry } = make({ mode: "observe", defaults: { failMax: 2 } });
  assertEquals(registry.mode, "observe");
  assertEquals(expectAllowed(await registry.allow({ host })).wouldDeny, undefined);
  await failTimes(registry, { host }, 2);
  const verdict = expectAllowed(await registry.allow({ host }));
  assertEquals(verdict.wouldDeny, {
    reason: "open",
    scope: "host",
    key: host,
    state: "open",
    retryAfterMs: 60_000,
  });
  assertEquals(verdict.waitMs, 0);
});

Deno.test("in observe the outcome of what would have been denied changes no state, its Retry-After aside", async () => {
  const { registry } = make({ mode: "observe", defaults: { failMax: 1 } });
  await failTimes(registry, REQUEST, 1);
  const before = await registry.inspect(host);
  for (const status of [200, 404, 500]) await send(registry, REQUEST, { status });
  assertEquals(await registry.inspect(host), before);
  assertObjectMatch(await registry.inspect({ resolver: "crossref" }), { failures: 1 });
  await send(registry, REQUEST, { status: 429, retryAfter: "600" });
  assertObjectMatch(await registry.inspect(host), { reason: "retry_after", remainingMs: 600_000 });
});

Deno.test("a denial by the resolver alone shields the host's counters too, in observe", async () => {
  const { registry } = make({ mode: "observe", defaults: { failMax: 2 } });
  await registry.open({ resolver: "crossref" });
  const verdict = expectAllowed(await registry.allow(REQUEST));
  assertObjectMatch(verdict.wouldDeny!, { scope: "resolver", reason: "manual" });
  await registry.record(verdict.permit, FAILED);
  assertEquals((await registry.inspect(host)).failures, 0);
});

Deno.test("observe's probes close a breaker as real ones do, without a wait", async () => {
  const { registry, clock } = make({ mode: "observe", defaults: { failMax: 1 } });
  await failTimes(registry, { host }, 1);
  clock.advance(60_000);
  const probe = expectAllowed(await registry.allow({ host }));
  assertEquals([probe.state, probe.waitMs, probe.wouldDeny], ["half_open", 0, undefined]);
  const other = expectAllowed(await registry.allow({ host }));
  assertEquals(other.wouldDeny?.reason, "probes");
  await registry.record(other.permit, FAILED);
  assertEquals((await registry.record(probe.permit, { status: 200 })).state, "closed");
});

Deno.test("observe tells listeners of denials that it did not make", async () => {
  const { registry } = make({ mode: "observe", defaults: { failMax: 1 } });
  await failTimes(registry, { host }, 1);
  const heard: BreakerEvent[] = [];
  registry.onEvent((event) => heard.push(event));
  await registry.allow({ host, role: "metadata" });
  assertEquals(heard.length, 1);
  assertObjectMatch(heard[0]!, { type: "denial", observed: true, host, role: "metadata" });
});

Deno.test("off costs nothing and keeps nothing, whatever it is told", async () => {
  const { registry, store } = make({ mode: "off", defaults: { failMax: 1 } });
  const heard: BreakerEvent[] = [];
  registry.onEvent((event) => heard.push(event));
  for (let i = 0; i < 10; i++) {
    const verdict = await registry.allow(REQUEST);
    assertObjectMatch(verdict, { allowed: true, state: "closed", waitMs: 0 });
    const { permit } = expectAllowed(verdict);
    const told = await registry.record(permit, { status: 503, retryAfter: "60" });
    assertEquals(told, { recorded: false, state: "closed", retryAfterMs: 0 });
  }
  assertEquals([store.size, heard.length], [0, 0]);
  assertEquals(registry.stats().commands, { read: 0, write: 0, list: 0 });
});

Deno.test("off runs functions and passes their errors", async () => {
  const { registry } = make({ mode: "off" });
  assertEquals(await registry.run({ host }, () => 7), 7);
  const error = new Error("down");
  const thrown = await registry.run({ host }, () => Promise.reject(error)).catch((e) => e);
  assert(thrown === error);
});

Deno.test("a permit of mode off counts for nothing in a registry that enforces", async () => {
  const { registry: off } = make({ mode: "off" });
  const { registry } = make({ defaults: { failMax: 1 } });
  const { permit } = expectAllowed(await off.allow({ host }));
  assertEquals((await registry.record(permit, FAILED)).recorded, false);
});
