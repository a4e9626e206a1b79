/**
 * What operators do to a registry: open, half-open, close, inspect, and change policies.
 *
 * @module
 */
import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { BreakerRegistry, memoryStore, type PolicyPatch, type Target } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import {
  atOnce,
  expectAllowed,
  expectDenied,
  FAILED,
  failTimes,
  send,
} from "../support/verdicts.ts";

const host = "example.org";

function make(defaults: PolicyPatch = {}) {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  const config = { defaults: { halfOpen: { jitterMs: 0 }, ...defaults } };
  return { clock, store, registry: new BreakerRegistry({ config, store, now: clock.now }) };
}

Deno.test("an operator opens for a time, and the answer is the breaker as it stands then", async () => {
  const { registry, clock } = make();
  const snapshot = atOnce(registry.open("Example.ORG", { forMs: 5_000, reason: "maintenance" }));
  assertObjectMatch(snapshot, {
    scope: "host",
    key: host,
    state: "open",
    reason: "manual",
    note: "maintenance",
    until: clock.ms + 5_000,
    remainingMs: 5_000,
    opens: 0,
  });
  assertEquals(await registry.inspect({ host: "example.org:443" }), snapshot);
  clock.advance(4_999);
  assertEquals(expectDenied(await registry.allow({ host })).retryAfterMs, 1);
  clock.advance(1);
  assertEquals(expectAllowed(await registry.allow({ host })).state, "half_open");
});

Deno.test("an open without a time lasts until it is closed by hand, and names resetTimeoutMs to callers", async () => {
  const { registry, clock } = make({ resetTimeoutMs: 8_000 });
  assertObjectMatch(await registry.open(host), { remainingMs: Infinity, until: Infinity });
  clock.advance(5 * 365 * 86_400_000);
  assertEquals(expectDenied(await registry.allow({ host })).retryAfterMs, 8_000);
  assertEquals((await registry.close(host)).state, "closed");
  expectAllowed(await registry.allow({ host }));
});

Deno.test("an open replaces whatever deadline there was, a later one and an earlier one", async () => {
  const { registry } = make({ failMax: 1 });
  await failTimes(registry, { host }, 1);
  assertEquals((await registry.open(host, { forMs: 10 })).remainingMs, 10);
  assertEquals((await registry.open(host, { forMs: 99_000 })).remainingMs, 99_000);
});

Deno.test("an operator's half-open admits probes at once, its close clears a cooldown", async () => {
  const { registry } = make();
  await send(registry, { host }, { status: 429, retryAfter: "600" });
  assertEquals((await registry.halfOpen(host)).state, "half_open");
  assertEquals(expectAllowed(await registry.allow({ host })).state, "half_open");
  expectDenied(await registry.allow({ host }));
  assertEquals((await registry.close(host)).state, "closed");
  assertEquals(expectAllowed(await registry.allow({ host })).state, "closed");
});

Deno.test("what was under way when an operator closed is late, for as long as a permit can live", async () => {
  const { registry, clock, store } = make({ failMax: 1 });
  const { permit } = expectAllowed(await registry.allow({ host }));
  const late = expectAllowed(await registry.allow({ host }));
  clock.advance(1);
  await registry.close(host);
  assertEquals((await registry.record(permit, FAILED)).recorded, false);
  assertEquals((await registry.inspect(host)).state, "closed");
  clock.advance(300_000);
  assertEquals((await registry.record(late.permit, FAILED)).recorded, false);
  expectAllowed(await registry.allow({ host }));
  assertEquals(store.list("").entries, []); // the tombstone went when it was over
});

Deno.test("operators act on resolvers by name", async () => {
  const { registry } = make();
  const target = { resolver: "wayback" };
  await registry.open(target, { forMs: 1_000 });
  const request = { host, resolver: "wayback" };
  assertObjectMatch(expectDenied(await registry.allow(request)), {
    scope: "resolver",
    key: "wayback",
  });
  await registry.close(target);
  expectAllowed(await registry.allow(request));
});

Deno.test("a host that nobody knows is closed, and looking at it leaves nothing behind", async () => {
  const { registry, store } = make();
  assertEquals(await registry.inspect("nobody.example"), {
    scope: "host",
    key: "nobody.example",
    state: "closed",
    remainingMs: 0,
    failures: 0,
    successes: 0,
    opens: 0,
    probes: 0,
    roles: {},
  });
  assertEquals([store.size, registry.stats().cells], [0, 0]);
});

Deno.test("targets that name nothing, and times that are none, are refused", () => {
  const { registry } = make();
  // Safe: what a caller without types would pass.
  const targets = ["no host", "", {}, { resolver: "a b" }] as Target[];
  for (const target of targets) assertThrows(() => registry.open(target), TypeError);
  for (const forMs of [0, -1, NaN]) {
    const error = assertThrows(() => registry.open(host, { forMs }), RangeError);
    assert(error.message.includes(String(forMs)), error.message);
  }
});

Deno.test("a policy patch holds from the next outcome on, for that host alone", async () => {
  const { registry } = make({ failMax: 5, resetTimeoutMs: 9_000 });
  await failTimes(registry, { host }, 2);
  registry.updatePolicy("EXAMPLE.org", { failMax: 3 });
  assertObjectMatch(registry.policy(host), { failMax: 3, resetTimeoutMs: 9_000 });
  await failTimes(registry, { host }, 1);
  assertEquals((await registry.inspect(host)).state, "open");
  await failTimes(registry, { host: "example.net" }, 3);
  assertEquals((await registry.inspect("example.net")).state, "closed");
});

Deno.test("a patch out of its bounds is refused whole", () => {
  const { registry } = make();
  const patches: [PolicyPatch, string][] = [
    [{ failMax: 0 }, "0"],
    [{ failMax: 2_000_000 }, "2000000"],
    [{ resetTimeoutMs: Infinity }, "Infinity"],
    [{ trialCalls: 257 }, "257"],
    [{ failMax: 2, rolling: { windowMs: 0 } }, "windowMs"],
    [{ failMax: 2, roles: { metadata: { failMax: -1 } } }, "metadata"],
    [{ slowCall: { durationMs: 1, thresholdRatio: 0.5 } }, "failureRate"],
  ];
  for (const [patch, named] of patches) {
    const error = assertThrows(() => registry.updatePolicy(host, patch), RangeError);
    assert(error.message.includes(named), error.message);
  }
  // Safe: what a caller without types would pass.
  const unknown = { failMax: 2, fail_max: 3 } as PolicyPatch;
  assertThrows(() => registry.updatePolicy(host, unknown), TypeError, "fail_max");
  assertEquals(registry.policy(host).failMax, 5);
});
