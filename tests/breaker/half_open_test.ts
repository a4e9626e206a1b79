/**
 * The machine while half-open: probes, their leases and their budget.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { PolicyPatch } from "../../src/breaker/policy_types.ts";
import { denialOf, kindOf, MachineDriver } from "../support/machine_driver.ts";

/** A host that was opened at 0 and is half-open at 1,000. */
function halfOpenHost(patch: PolicyPatch = {}): MachineDriver {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000, ...patch });
  host.fail(1);
  return host.at(1_000);
}

Deno.test("trialCalls probes are out at once, one more is denied for probes", () => {
  const host = halfOpenHost({ trialCalls: 2, probeLeaseMs: 500 });
  assertEquals([host.allow(), host.allow()].map(kindOf), ["probe", "probe"]);
  assertEquals(host.view().probes, 2);
  assertEquals(denialOf(host.at(1_100).allow()), {
    reason: "probes",
    state: "half_open",
    retryAfterMs: 400,
  });
});

Deno.test("a probe that succeeds closes the breaker and every counter resets", () => {
  const host = halfOpenHost();
  const told = host.record(host.allow(), "success");
  assertEquals(told, { recorded: true, state: "closed", retryAfterMs: 0 });
  const { failures, successes, probes } = host.view();
  assertEquals({ failures, successes, probes }, { failures: 0, successes: 0, probes: 0 });
});

Deno.test("a neutral probe counts towards successThreshold: the host answered", () => {
  const host = halfOpenHost();
  host.record(host.allow(), "neutral");
  assertEquals(host.state(), "closed");
});

Deno.test("one success fewer than successThreshold stays half-open, the next closes", () => {
  const host = halfOpenHost({ successThreshold: 3 });
  host.succeed();
  host.record(host.allow(), "neutral");
  assertEquals(host.state(), "half_open");
  assertEquals(host.view().successes, 2);
  host.succeed();
  assertEquals(host.state(), "closed");
});

Deno.test("a probe that fails opens again for the whole time, and its successes are forgotten", () => {
  const host = halfOpenHost({ successThreshold: 2 });
  host.succeed();
  host.at(1_500).fail(1);
  assertEquals(denialOf(host.allow()), { reason: "open", state: "open", retryAfterMs: 1_000 });
  assertEquals(host.at(2_499).state(), "open");
  host.at(2_500).succeed();
  assertEquals(host.state(), "half_open");
  assertEquals(host.view().successes, 1);
});

Deno.test("a failed probe makes the other probes late: a success of theirs does not close", () => {
  const host = halfOpenHost({ trialCalls: 2 });
  const [first, second] = [host.allow(), host.allow()];
  host.record(first, "failure");
  assertEquals(host.record(second, "success").recorded, false);
  assertEquals(host.state(), "open");
});

Deno.test("a probe that closes makes the other probes late: a failure of theirs is not counted", () => {
  const host = halfOpenHost({ trialCalls: 2 });
  const [first, second] = [host.allow(), host.allow()];
  host.record(first, "success");
  assertEquals(host.record(second, "failure").recorded, false);
  assertEquals(host.view().failures, 0);
});

Deno.test("a cancelled probe frees its slot at once and counts for nothing", () => {
  const host = halfOpenHost({ successThreshold: 2 });
  const permit = host.allow();
  assertEquals(kindOf(host.allow()), "denied");
  assertEquals(host.record(permit, "cancelled").recorded, true);
  assertEquals(host.view().successes, 0);
  assertEquals(host.view().probes, 0);
  assertEquals(kindOf(host.allow()), "probe");
});

Deno.test("a lease that runs out frees its slot at its end, not before", () => {
  const host = halfOpenHost({ probeLeaseMs: 500 });
  host.allow();
  assertEquals(denialOf(host.at(1_499).allow()).retryAfterMs, 1);
  assertEquals(host.view().probes, 1);
  host.at(1_500);
  assertEquals(host.view().probes, 0);
  assertEquals(kindOf(host.allow()), "probe");
});

Deno.test("a probe that reports before its lease ends counts", () => {
  const host = halfOpenHost({ probeLeaseMs: 500 });
  const permit = host.allow();
  assertEquals(host.at(1_499).record(permit, "success").recorded, true);
  assertEquals(host.state(), "closed");
});

for (const kind of ["success", "failure", "neutral", "cancelled"] as const) {
  Deno.test(`a probe's ${kind} after its lease has ended is not recorded`, () => {
    const host = halfOpenHost({ probeLeaseMs: 500 });
    const permit = host.allow();
    assertEquals(host.at(1_500).record(permit, kind).recorded, false);
    assertEquals(host.state(), "half_open");
    assertEquals(host.view().successes, 0);
  });
}

Deno.test("a probe whose lease has ended does not touch the probe that took its slot", () => {
  const host = halfOpenHost({ probeLeaseMs: 500 });
  const dead = host.allow();
  const alive = host.at(1_500).allow();
  host.record(dead, "failure");
  assertEquals(host.view().probes, 1);
  assertEquals(host.record(alive, "success").recorded, true);
  assertEquals(host.state(), "closed");
});

Deno.test("a probe that reports twice counts once", () => {
  const host = halfOpenHost({ successThreshold: 2 });
  const permit = host.allow();
  host.record(permit, "success");
  assertEquals(host.record(permit, "success").recorded, false);
  assertEquals(host.view().successes, 1);
  assertEquals(host.state(), "half_open");
});

Deno.test("a crawler that dies with every probe never wedges a host", () => {
  const host = halfOpenHost({ trialCalls: 3, probeLeaseMs: 500 });
  for (let death = 0; death < 10; death++) {
    host.at(1_000 + death * 500);
    assertEquals([host.allow(), host.allow(), host.allow(), host.allow()].map(kindOf), [
      "probe",
      "probe",
      "probe",
      "denied",
    ]);
  }
  host.at(6_000).succeed();
  assertEquals(host.state(), "closed");
});

Deno.test("retryAfterMs of a denial for probes is the time to the first lease of that role", () => {
  const host = halfOpenHost({ probeLeaseMs: 500, trialCalls: 2 });
  host.allow("landing");
  host.at(1_100).allow("artifact");
  host.at(1_200).allow("artifact");
  assertEquals(denialOf(host.at(1_300).allow("artifact")).retryAfterMs, 300);
});

Deno.test("the first probe tells listeners of half-open, the close of closed", () => {
  const host = halfOpenHost({ successThreshold: 2 });
  const until = host.now;
  host.succeed();
  host.succeed();
  assertEquals(host.transitions.slice(1), [
    { name: "", from: "open", to: "half_open", reason: "open", until },
    { name: "", from: "half_open", to: "closed", reason: "probes" },
  ]);
});

Deno.test("256 probes are out on one host at most, whatever its roles are", () => {
  const host = halfOpenHost({ trialCalls: 200, probeLeaseMs: 500 });
  for (let i = 0; i < 200; i++) host.allow("landing");
  for (let i = 0; i < 56; i++) assertEquals(kindOf(host.at(1_100).allow("artifact")), "probe");
  assertEquals(denialOf(host.allow("artifact")), {
    reason: "probes",
    state: "half_open",
    retryAfterMs: 400,
  });
  assertEquals(kindOf(host.at(1_500).allow("artifact")), "probe");
});
