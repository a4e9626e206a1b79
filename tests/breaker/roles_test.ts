/**
 * Roles: which breaker a role uses, and which budget.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { breakerName } from "../../src/breaker/limits.ts";
import { DEFAULT_POLICY, mergePolicy } from "../../src/breaker/policy.ts";
import { denialOf, kindOf, MachineDriver } from "../support/machine_driver.ts";

Deno.test("roles without overrides share the host's breaker", () => {
  const host = new MachineDriver({ failMax: 3 });
  host.fail(1, "metadata");
  host.fail(1, "landing");
  host.fail(1);
  assertEquals(denialOf(host.allow("artifact")).reason, "open");
});

for (
  const [field, patch] of [
    ["failMax", { failMax: 5 }],
    ["resetTimeoutMs", { resetTimeoutMs: 60_000 }],
    ["successThreshold", { successThreshold: 1 }],
  ] as const
) {
  Deno.test(`a role that overrides ${field} has a breaker of its own, the same value or not`, () => {
    const policy = mergePolicy(DEFAULT_POLICY, { roles: { metadata: patch } });
    assertEquals(breakerName(policy, "metadata"), "metadata");
    assertEquals(breakerName(policy, "landing"), "");
  });
}

Deno.test("a role that overrides only trialCalls shares the host's breaker", () => {
  const host = new MachineDriver({ failMax: 2, roles: { artifact: { trialCalls: 3 } } });
  host.fail(1, "artifact");
  host.fail(1, "landing");
  assertEquals(denialOf(host.allow("artifact")).reason, "open");
  assertEquals(host.snapshot().roles, {});
});

Deno.test("a role that overrides only trialCalls has its own budget of probes", () => {
  const host = new MachineDriver({
    failMax: 1,
    resetTimeoutMs: 1_000,
    roles: { artifact: { trialCalls: 3 } },
  });
  host.fail(1);
  host.at(1_000);
  const kinds = [1, 2, 3, 4].map(() => kindOf(host.allow("artifact")));
  assertEquals(kinds, ["probe", "probe", "probe", "denied"]);
  assertEquals([host.allow("landing"), host.allow("landing")].map(kindOf), ["probe", "denied"]);
  assertEquals([host.allow(), host.allow()].map(kindOf), ["probe", "denied"]);
  assertEquals(host.view().probes, 5);
});

Deno.test("in a shared breaker the probes of all roles count towards successThreshold", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000, successThreshold: 2 });
  host.fail(1);
  host.at(1_000).succeed("landing");
  assertEquals(host.state(), "half_open");
  host.succeed("artifact");
  assertEquals(host.state(), "closed");
});

Deno.test("a role with a breaker of its own opens alone, by its own failMax and resetTimeoutMs", () => {
  const host = new MachineDriver({
    failMax: 3,
    resetTimeoutMs: 9_000,
    roles: { metadata: { failMax: 2, resetTimeoutMs: 1_000 } },
  });
  host.fail(1, "metadata");
  assertEquals(host.state("metadata"), "closed");
  host.fail(1, "metadata");
  assertEquals(denialOf(host.allow("metadata")).retryAfterMs, 1_000);
  assertEquals([host.state(), host.state("landing")], ["closed", "closed"]);
  host.fail(2);
  assertEquals(host.state(), "closed");
  host.fail(1);
  assertEquals(denialOf(host.allow("landing")).retryAfterMs, 9_000);
});

Deno.test("what a role does not override comes from its host", () => {
  const host = new MachineDriver({
    failMax: 2,
    resetTimeoutMs: 700,
    roles: { metadata: { successThreshold: 2 } },
  });
  host.fail(2, "metadata");
  assertEquals(host.view("metadata").remainingMs, 700);
  host.at(700).succeed("metadata");
  assertEquals(host.state("metadata"), "half_open");
  host.succeed("metadata");
  assertEquals(host.state("metadata"), "closed");
});

Deno.test("the successes of one breaker do not clear the failures of another", () => {
  const host = new MachineDriver({ failMax: 2, roles: { metadata: { failMax: 2 } } });
  host.fail(1, "metadata");
  host.fail(1);
  host.succeed("metadata");
  assertEquals([host.view().failures, host.view("metadata").failures], [1, 0]);
  host.fail(1);
  assertEquals([host.state(), host.state("metadata")], ["open", "closed"]);
});

Deno.test("a probe of one breaker does not close another", () => {
  const host = new MachineDriver({
    failMax: 1,
    resetTimeoutMs: 1_000,
    roles: { metadata: { failMax: 1 } },
  });
  host.fail(1);
  host.fail(1, "metadata");
  host.at(1_000).succeed("metadata");
  assertEquals([host.state(), host.state("metadata")], ["half_open", "closed"]);
});

Deno.test("trialCalls is counted per role in breakers of their own too", () => {
  const host = new MachineDriver({
    failMax: 1,
    resetTimeoutMs: 1_000,
    trialCalls: 2,
    roles: { metadata: { failMax: 1, trialCalls: 1 } },
  });
  host.fail(1);
  host.fail(1, "metadata");
  host.at(1_000);
  assertEquals([host.allow("metadata"), host.allow("metadata")].map(kindOf), ["probe", "denied"]);
  assertEquals([host.allow(), host.allow(), host.allow()].map(kindOf), [
    "probe",
    "probe",
    "denied",
  ]);
});

Deno.test("a transition of a role's own breaker names the role", () => {
  const host = new MachineDriver({ roles: { metadata: { failMax: 1 } } });
  host.fail(1, "metadata");
  assertEquals(host.transitions.map(({ name }) => name), ["metadata"]);
});

Deno.test("a role called like a property of every object is a role like any other", () => {
  for (const role of ["constructor", "tostring", "__proto__", "valueof"]) {
    const host = new MachineDriver({ failMax: 2 });
    host.fail(2, role);
    assertEquals(denialOf(host.allow(role)).reason, "open");
    assertEquals(breakerName(host.policy, role), "");
  }
});
