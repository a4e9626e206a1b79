/**
 * Roles through the registry: breakers of their own, budgets of their own, and what reaches across.
 *
 * @module
 */
import { assertEquals, assertObjectMatch } from "@std/assert";
import { BreakerRegistry, type PolicyPatch } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { expectAllowed, expectDenied, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";
const metadata = { host, role: "metadata" };
const artifact = { host, role: "artifact" };
const landing = { host, role: "landing" };

function make(roles: PolicyPatch["roles"], defaults: PolicyPatch = {}) {
  const clock = new ManualClock();
  const config = { defaults: { failMax: 3, halfOpen: { jitterMs: 0 }, ...defaults, roles } };
  return { clock, registry: new BreakerRegistry({ config, now: clock.now }) };
}

Deno.test("a role that overrides failMax has a breaker of its own, the others share the host's", async () => {
  const { registry } = make({ metadata: { failMax: 1, resetTimeoutMs: 2_000 } });
  await failTimes(registry, metadata, 1);
  assertObjectMatch(expectDenied(await registry.allow(metadata)), {
    scope: "host",
    key: host,
    retryAfterMs: 2_000,
  });
  await failTimes(registry, artifact, 1);
  await failTimes(registry, { host }, 1);
  expectAllowed(await registry.allow(landing));
  await failTimes(registry, landing, 1);
  for (const request of [artifact, landing, { host }]) {
    assertEquals(expectDenied(await registry.allow(request)).retryAfterMs, 60_000);
  }
  const snapshot = await registry.inspect(host);
  assertObjectMatch(snapshot, { scope: "host", key: host, state: "open", failures: 3 });
  assertEquals(Object.keys(snapshot.roles), ["metadata"]);
  assertObjectMatch(snapshot.roles.metadata!, { state: "open", failures: 1, remainingMs: 2_000 });
});

Deno.test("a role that overrides only trialCalls shares the host's breaker with a budget of its own", async () => {
  const { registry, clock } = make({ artifact: { trialCalls: 2 } }, { failMax: 1 });
  await failTimes(registry, artifact, 1);
  assertEquals(expectDenied(await registry.allow(landing)).reason, "open");
  clock.advance(60_000);
  for (const request of [artifact, artifact, landing, { host }]) {
    assertEquals(expectAllowed(await registry.allow(request)).state, "half_open");
  }
  for (const request of [artifact, landing, { host }]) {
    assertEquals(expectDenied(await registry.allow(request)).reason, "probes");
  }
  const snapshot = await registry.inspect(host);
  assertEquals([snapshot.probes, Object.keys(snapshot.roles)], [4, []]);
});

Deno.test("a cooldown that one role brought holds for all, and ends in probes for all", async () => {
  const { registry, clock } = make({ metadata: { failMax: 2 } });
  await send(registry, metadata, { status: 429, retryAfter: "5" });
  for (const request of [metadata, artifact, { host }]) {
    assertObjectMatch(expectDenied(await registry.allow(request)), {
      reason: "retry_after",
      retryAfterMs: 5_000,
    });
  }
  clock.advance(5_000);
  for (const request of [metadata, artifact]) {
    assertEquals(expectAllowed(await registry.allow(request)).state, "half_open");
  }
});

Deno.test("the rolling window counts failures of all roles together", async () => {
  const rolling = { enabled: true, thresholdFailures: 3, windowMs: 10_000, cooldownMs: 7_000 };
  const { registry } = make({ metadata: { failMax: 9 } }, { failMax: 9, rolling });
  await failTimes(registry, metadata, 1);
  await failTimes(registry, artifact, 1);
  await send(registry, metadata, { status: 200 });
  await failTimes(registry, { host }, 1);
  for (const request of [metadata, artifact, { host }]) {
    assertObjectMatch(expectDenied(await registry.allow(request)), {
      reason: "rolling",
      retryAfterMs: 7_000,
    });
  }
});

Deno.test("an operator's close clears the breakers of roles too", async () => {
  const { registry } = make({ metadata: { failMax: 1 } });
  await failTimes(registry, metadata, 1);
  await failTimes(registry, { host }, 3);
  await registry.close(host);
  for (const request of [metadata, artifact, { host }]) {
    assertEquals(expectAllowed(await registry.allow(request)).state, "closed");
  }
  const { roles } = await registry.inspect(host);
  assertObjectMatch(roles.metadata!, { state: "closed", failures: 0, opens: 0 });
});

Deno.test("a host's role starts from the defaults' role and shows in the policy", () => {
  const config = {
    defaults: { roles: { metadata: { failMax: 2, successThreshold: 3 } } },
    hosts: { [host]: { roles: { metadata: { failMax: 7 } } } },
  };
  const registry = new BreakerRegistry({ config });
  assertEquals(registry.policy(host).roles.metadata, { failMax: 7, successThreshold: 3 });
  assertEquals(registry.policy("example.net").roles.metadata, { failMax: 2, successThreshold: 3 });
});

Deno.test("role names that objects know already are roles like any other", async () => {
  const { registry } = make({ constructor: { failMax: 1 } });
  const request = { host, role: "constructor" };
  await failTimes(registry, request, 1);
  expectDenied(await registry.allow(request));
  expectAllowed(await registry.allow({ host, role: "valueof" }));
});
