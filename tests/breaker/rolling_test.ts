/**
 * The rolling window: bursts of failures of a host, whatever succeeds between them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { denialOf, kindOf, MachineDriver } from "../support/machine_driver.ts";

const ROLLING = {
  failMax: 100,
  rolling: { enabled: true, windowMs: 10_000, thresholdFailures: 3, cooldownMs: 30_000 },
};

Deno.test("one failure fewer than thresholdFailures sets no cooldown, the next does", () => {
  const host = new MachineDriver(ROLLING);
  host.fail(2);
  assertEquals(host.state(), "closed");
  const told = host.record(host.allow(), "failure");
  assertEquals([told.state, told.retryAfterMs], ["open", 30_000]);
  assertEquals(denialOf(host.allow()).reason, "rolling");
  assertEquals(host.at(29_999).state(), "open");
  assertEquals(host.at(30_000).state(), "half_open");
});

Deno.test("a failure is in the window until windowMs have passed", () => {
  for (const [last, state] of [[9_999, "open"], [10_000, "closed"]] as const) {
    const host = new MachineDriver(ROLLING);
    host.fail(1);
    host.at(5_000).fail(1);
    host.at(last).fail(1);
    assertEquals(host.state(), state, `third failure at ${last}`);
  }
});

Deno.test("successes between the failures do not matter", () => {
  const host = new MachineDriver(ROLLING);
  for (let i = 0; i < 3; i++) {
    assertEquals(host.state(), "closed");
    host.fail(1);
    host.succeed();
  }
  assertEquals(host.view().reason, "rolling");
});

Deno.test("failures of every role count together, and the cooldown is for all of them", () => {
  const host = new MachineDriver({ ...ROLLING, roles: { metadata: { failMax: 50 } } });
  for (const role of ["landing", "metadata", "artifact"]) host.fail(1, role);
  for (const role of ["", "landing", "metadata", "artifact"]) {
    assertEquals(denialOf(host.allow(role)).reason, "rolling");
  }
});

Deno.test("without rolling.enabled nothing is counted", () => {
  const host = new MachineDriver({ ...ROLLING, rolling: { ...ROLLING.rolling, enabled: false } });
  host.fail(50);
  assertEquals(host.state(), "closed");
  assertEquals(host.current?.rolling, []);
});

Deno.test("a failure that is told twice counts once, a success in between or not", () => {
  const host = new MachineDriver(ROLLING);
  const permit = host.allow();
  host.record(permit, "failure");
  host.record(permit, "failure");
  host.succeed();
  assertEquals(host.record(permit, "failure").recorded, false);
  host.fail(1);
  assertEquals(host.state(), "closed");
  host.fail(1);
  assertEquals(host.state(), "open");
});

Deno.test("the failures that set a cooldown are used up", () => {
  const host = new MachineDriver({
    ...ROLLING,
    rolling: { ...ROLLING.rolling, cooldownMs: 1_000 },
  });
  host.fail(3);
  host.at(1_000).succeed();
  host.fail(2);
  assertEquals(host.state(), "closed");
  host.fail(1);
  assertEquals(host.state(), "open");
});

Deno.test("a failed probe counts in the window", () => {
  const host = new MachineDriver({
    failMax: 1,
    resetTimeoutMs: 1_000,
    rolling: { enabled: true, windowMs: 10_000, thresholdFailures: 3, cooldownMs: 30_000 },
  });
  host.fail(1);
  host.at(1_000).fail(1);
  assertEquals(host.view().reason, "open");
  host.at(2_000).fail(1);
  assertEquals(denialOf(host.allow()), {
    reason: "rolling",
    state: "open",
    retryAfterMs: 30_000,
  });
});

Deno.test("late, neutral and cancelled outcomes do not count in the window", () => {
  const host = new MachineDriver(ROLLING);
  const late = host.allow();
  host.operate({ type: "close" });
  host.record(late, "failure");
  host.fail(2);
  host.record(host.allow(), "neutral");
  host.record(host.allow(), "cancelled");
  assertEquals(host.state(), "closed");
});

Deno.test("an open longer than the cooldown of the window stays", () => {
  const host = new MachineDriver({ ...ROLLING, failMax: 3 });
  host.fail(3);
  assertEquals(denialOf(host.allow()).reason, "open");
  assertEquals(host.view().remainingMs, 60_000);
});

Deno.test("a cooldown of the window counts no open, and ends in probes", () => {
  const host = new MachineDriver(ROLLING);
  host.fail(3);
  assertEquals(host.view().opens, 0);
  host.at(30_000);
  assertEquals([host.allow(), host.allow()].map(kindOf), ["probe", "denied"]);
});

Deno.test("a window that is over leaves no record", () => {
  const host = new MachineDriver(ROLLING);
  host.fail(1);
  host.succeed();
  assertEquals(host.at(9_999).stored() === undefined, false);
  assertEquals(host.at(10_000).stored(), undefined);
});

Deno.test("thresholdFailures 1 cools down at each failure", () => {
  const host = new MachineDriver({
    ...ROLLING,
    rolling: { ...ROLLING.rolling, thresholdFailures: 1 },
  });
  host.fail(1);
  assertEquals(host.view().reason, "rolling");
});

Deno.test("the window counts to the last of a thousand failures", () => {
  const host = new MachineDriver({
    failMax: 1_000_000,
    rolling: { ...ROLLING.rolling, thresholdFailures: 1_000 },
  });
  host.fail(999);
  assertEquals(host.state(), "closed");
  host.fail(1);
  assertEquals(host.view().reason, "rolling");
});
