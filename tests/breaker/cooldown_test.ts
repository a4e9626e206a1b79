/**
 * Cooldowns: Retry-After, those other processes have set, and what comes after any of them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { denialOf, kindOf, MachineDriver, START } from "../support/machine_driver.ts";

const OWN = { roles: { metadata: { failMax: 3 }, artifact: { failMax: 8 } } };

Deno.test("a Retry-After sets a cooldown to its deadline, then the host is half-open", () => {
  const host = new MachineDriver();
  const told = host.record(host.allow(), "failure", { retryAfterMs: 5_000 });
  assertEquals([told.recorded, told.state, told.retryAfterMs], [true, "open", 5_000]);
  assertEquals(denialOf(host.at(4_999).allow()), {
    reason: "retry_after",
    state: "open",
    retryAfterMs: 1,
  });
  assertEquals(host.at(5_000).state(), "half_open");
  assertEquals([host.allow(), host.allow()].map(kindOf), ["probe", "denied"]);
});

for (const kind of ["success", "failure", "neutral"] as const) {
  Deno.test(`a Retry-After sets a cooldown where the status is classified as ${kind}`, () => {
    const host = new MachineDriver();
    host.record(host.allow(), kind, { retryAfterMs: 5_000 });
    assertEquals(host.state(), "open");
    assertEquals(host.view().reason, "retry_after");
  });

  Deno.test(`a Retry-After on a probe fails it where the status is classified as ${kind}`, () => {
    const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000, backoffFactor: 2 });
    host.fail(1);
    const probe = host.at(1_000).allow();
    const told = host.record(probe, kind, { retryAfterMs: 10 });
    assertEquals(told, { recorded: true, state: "open", retryAfterMs: 2_000 });
    assertEquals(host.view().opens, 2);
  });
}

Deno.test("a Retry-After on a probe that is longer than the open names the cooldown", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000 });
  host.fail(1);
  host.at(1_000).record(host.allow(), "failure", { retryAfterMs: 9_000 });
  assertEquals(denialOf(host.allow()).reason, "retry_after");
  assertEquals(host.view().remainingMs, 9_000);
});

Deno.test("a Retry-After up to retryAfterCapMs is taken as it is, a longer one is capped", () => {
  for (const [asked, taken] of [[899_999, 899_999], [900_000, 900_000], [900_001, 900_000]]) {
    const host = new MachineDriver();
    host.record(host.allow(), "failure", { retryAfterMs: asked! });
    assertEquals(host.view().remainingMs, taken);
  }
  const endless = new MachineDriver();
  endless.record(endless.allow(), "failure", { retryAfterMs: Infinity });
  assertEquals(endless.view().remainingMs, 900_000);
});

for (const retryAfterMs of [0, -1, -Infinity, NaN]) {
  Deno.test(`a Retry-After of ${retryAfterMs} ms sets no cooldown and fails no probe`, () => {
    const host = new MachineDriver();
    host.record(host.allow(), "neutral", { retryAfterMs });
    assertEquals(host.current, undefined);
    host.operate({ type: "half_open" });
    host.record(host.allow(), "neutral", { retryAfterMs });
    assertEquals(host.state(), "closed");
  });
}

Deno.test("a Retry-After of 1 ms sets a cooldown", () => {
  const host = new MachineDriver();
  host.record(host.allow(), "neutral", { retryAfterMs: 1 });
  assertEquals(host.state(), "open");
  assertEquals(host.at(1).state(), "half_open");
});

Deno.test("with retryAfterCapMs 0 no Retry-After sets a cooldown", () => {
  const host = new MachineDriver({ retryAfterCapMs: 0 });
  host.record(host.allow(), "failure", { retryAfterMs: 5_000 });
  assertEquals(host.state(), "closed");
  assertEquals(host.view().failures, 1);
});

Deno.test("a late Retry-After sets a cooldown only where it ends later than the present one", () => {
  for (
    const [retryAfterMs, until] of [[8_999, 10_000], [9_000, 10_000], [9_001, 10_001]] as const
  ) {
    const host = new MachineDriver();
    const late = host.allow();
    host.record(host.allow(), "failure", { retryAfterMs: 10_000 });
    const told = host.at(1_000).record(late, "failure", { retryAfterMs });
    assertEquals(told.recorded, false);
    assertEquals(told.retryAfterMs, until - 1_000);
    assertEquals(host.view().until, START + until);
    assertEquals(host.view().failures, 1, "the late outcome itself is not counted");
  }
});

Deno.test("a late Retry-After sets a cooldown on a host that has recovered", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000 });
  const late = host.allow();
  host.fail(1);
  host.at(1_000).succeed();
  const told = host.at(2_000).record(late, "success", { retryAfterMs: 3_000 });
  assertEquals(told, { recorded: false, state: "open", retryAfterMs: 3_000 });
});

Deno.test("the Retry-After of an expired permit sets a cooldown", () => {
  const host = new MachineDriver({ permitTtlMs: 500 });
  const expired = host.allow();
  const told = host.at(500).record(expired, "failure", { retryAfterMs: 3_000 });
  assertEquals(told, { recorded: false, state: "open", retryAfterMs: 3_000 });
  assertEquals(host.view().failures, 0);
});

Deno.test("the Retry-After of a probe whose lease is gone sets a cooldown and opens nothing else", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000, probeLeaseMs: 500 });
  host.fail(1);
  const probe = host.at(1_000).allow();
  const told = host.at(1_500).record(probe, "failure", { retryAfterMs: 100 });
  assertEquals(told, { recorded: false, state: "open", retryAfterMs: 100 });
  assertEquals(host.view().opens, 1);
});

Deno.test("a success never shortens a cooldown that is running", () => {
  const host = new MachineDriver();
  const permits = [host.allow(), host.allow()] as const;
  host.record(host.allow(), "failure", { retryAfterMs: 5_000 });
  for (const permit of permits) host.at(10).record(permit, "success");
  assertEquals(host.view().remainingMs, 4_990);
});

Deno.test("an open that ends later than a cooldown stays, and is named", () => {
  const host = new MachineDriver({ failMax: 1 });
  host.fail(1);
  host.cooldown(59_999);
  assertEquals(denialOf(host.allow()), { reason: "open", state: "open", retryAfterMs: 60_000 });
});

Deno.test("a cooldown that ends at the same time as an open changes nothing", () => {
  const host = new MachineDriver({ failMax: 1, roles: {} });
  host.fail(1);
  host.cooldown(60_000);
  assertEquals(denialOf(host.allow()).reason, "open");
});

Deno.test("a cooldown that ends later than an open replaces it, and is named", () => {
  const host = new MachineDriver({ failMax: 1 });
  host.fail(1);
  host.cooldown(60_001);
  assertEquals(denialOf(host.allow()), {
    reason: "retry_after",
    state: "open",
    retryAfterMs: 60_001,
  });
});

Deno.test("the failure that reaches failMax with a Retry-After opens until the later deadline", () => {
  for (
    const [retryAfterMs, reason, lasts] of [[10, "open", 60_000], [
      90_000,
      "retry_after",
      90_000,
    ]] as const
  ) {
    const host = new MachineDriver({ failMax: 1 });
    host.record(host.allow(), "failure", { retryAfterMs });
    assertEquals(denialOf(host.allow()), { reason, state: "open", retryAfterMs: lasts });
    assertEquals(host.view().opens, 1);
  }
});

Deno.test("a cooldown ends in probes on every breaker of the host, roles never asked included", () => {
  const host = new MachineDriver(OWN);
  host.record(host.allow("metadata"), "failure", { retryAfterMs: 5_000 });
  for (const role of ["", "landing", "metadata", "artifact"]) {
    assertEquals(denialOf(host.at(4_999).allow(role)).reason, "retry_after");
  }
  host.at(5_000);
  for (const role of ["", "landing", "metadata", "artifact"]) {
    assertEquals(host.state(role), "half_open");
    assertEquals([host.allow(role), host.allow(role)].map(kindOf), ["probe", "denied"]);
  }
});

Deno.test("after a cooldown each breaker closes by its own probes", () => {
  const host = new MachineDriver(OWN);
  host.cooldown(5_000);
  host.at(5_000).succeed("metadata");
  assertEquals(host.state("metadata"), "closed");
  assertEquals(host.state(), "half_open");
  assertEquals(host.state("artifact"), "half_open");
  host.succeed();
  host.succeed("artifact");
  assertEquals([host.state(), host.state("artifact")], ["closed", "closed"]);
  assertEquals(host.at(305_000).stored(), undefined);
});

Deno.test("a breaker that closed after a cooldown stays closed while others wait for a probe", () => {
  const host = new MachineDriver({ ...OWN, forgetMs: 3_600_000 });
  host.cooldown(5_000);
  host.at(5_000).succeed();
  host.at(400_000); // its tombstone is over; artifact was never asked
  assertEquals(host.state(), "closed");
  assertEquals(kindOf(host.allow()), "closed");
  assertEquals(host.state("artifact"), "half_open");
});

Deno.test("a cooldown takes the probes that are out: they report late", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000 });
  host.fail(1);
  const probe = host.at(1_000).allow();
  host.cooldown(2_000);
  assertEquals(host.view().probes, 0);
  assertEquals(host.record(probe, "success").recorded, false);
  assertEquals(host.state(), "open");
});

Deno.test("a cooldown starts a generation: requests under way report late", () => {
  const host = new MachineDriver({ failMax: 2 });
  const before = host.allow();
  host.cooldown(1_000);
  assertEquals(host.record(before, "failure").recorded, false);
  host.at(1_000).succeed();
  assertEquals(host.record(before, "failure").recorded, false);
});

Deno.test("a cooldown of another process that is over, or ends now, changes nothing", () => {
  const host = new MachineDriver();
  host.cooldown(-1);
  host.cooldown(0);
  assertEquals(host.current, undefined);
  host.cooldown(1);
  assertEquals(host.state(), "open");
});

Deno.test("a cooldown of another process brings its reason along", () => {
  for (const reason of ["open", "retry_after", "rolling", "manual"] as const) {
    const host = new MachineDriver();
    host.cooldown(1_000, reason);
    assertEquals(denialOf(host.allow()).reason, reason);
  }
});

Deno.test("a shorter cooldown of another process does not shorten the present one", () => {
  const host = new MachineDriver();
  host.cooldown(2_000);
  host.cooldown(1_999, "rolling");
  assertEquals(denialOf(host.allow()), {
    reason: "retry_after",
    state: "open",
    retryAfterMs: 2_000,
  });
});

Deno.test("a cooldown does not end an open without end", () => {
  const host = new MachineDriver();
  host.open();
  host.record(host.allow(), "failure", { retryAfterMs: 900_000 });
  assertEquals(host.view().remainingMs, Infinity);
  assertEquals(host.view().reason, "manual");
});

Deno.test("a cooldown tells listeners its reason and deadline", () => {
  const host = new MachineDriver();
  host.record(host.allow(), "failure", { retryAfterMs: 5_000 });
  const until = host.now + 5_000;
  assertEquals(host.transitions, [
    { name: "", from: "closed", to: "open", reason: "retry_after", until },
  ]);
});
