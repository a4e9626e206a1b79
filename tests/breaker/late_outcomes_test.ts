/**
 * Outcomes that come too late, twice or in the wrong generation.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { denialOf, kindOf, MachineDriver } from "../support/machine_driver.ts";

const SHORT = { failMax: 1, resetTimeoutMs: 1_000 };

Deno.test("an outcome younger than permitTtlMs counts, one as old is not recorded", () => {
  for (const [age, recorded] of [[299_999, true], [300_000, false]] as const) {
    const host = new MachineDriver({ failMax: 2 });
    const permit = host.allow();
    const told = host.at(age).record(permit, "failure");
    assertEquals(told.recorded, recorded);
    assertEquals(host.view().failures, recorded ? 1 : 0);
    assertEquals(host.current === undefined, !recorded);
  }
});

Deno.test("a probe older than permitTtlMs is not recorded though its lease is longer", () => {
  for (const [age, recorded] of [[199, true], [200, false]] as const) {
    const host = new MachineDriver({ ...SHORT, permitTtlMs: 200, probeLeaseMs: 500 });
    host.fail(1);
    const permit = host.at(1_000).allow();
    assertEquals(host.at(1_000 + age).record(permit, "success").recorded, recorded);
    assertEquals(host.state(), recorded ? "closed" : "half_open");
  }
});

Deno.test("a permit issued in the far future of this clock is not recorded", () => {
  const host = new MachineDriver({ failMax: 1, permitTtlMs: 200 });
  const early = host.at(199).allow();
  const tooEarly = host.at(200).allow();
  assertEquals(host.at(0).record(tooEarly, "failure").recorded, false);
  assertEquals(host.record(early, "failure").recorded, true);
});

for (const kind of ["success", "failure", "neutral", "cancelled"] as const) {
  Deno.test(`a ${kind} from before the open is not recorded while open, half-open and closed again`, () => {
    const host = new MachineDriver(SHORT);
    const permits = [host.allow(), host.allow(), host.allow()] as const;
    host.fail(1);
    const open = host.current;
    assertEquals(host.at(500).record(permits[0], kind).recorded, false);
    assertEquals(host.current, open);
    assertEquals(host.at(1_000).record(permits[1], kind).recorded, false);
    assertEquals(host.current, open);
    host.succeed();
    const tombstone = host.current;
    assertEquals(host.at(2_000).record(permits[2], kind).recorded, false);
    assertEquals(host.current, tombstone);
  });
}

Deno.test("what is told of a late outcome is the state the breaker has", () => {
  const host = new MachineDriver(SHORT);
  const permit = host.allow();
  host.fail(1);
  assertEquals(host.at(400).record(permit, "success"), {
    recorded: false,
    state: "open",
    retryAfterMs: 600,
  });
  assertEquals(host.at(1_000).record(permit, "success"), {
    recorded: false,
    state: "half_open",
    retryAfterMs: 0,
  });
});

Deno.test("the failure that opened is not recorded a second time, nor after the recovery", () => {
  const host = new MachineDriver(SHORT);
  const permit = host.allow();
  host.record(permit, "failure");
  assertEquals(host.record(permit, "failure").recorded, false);
  host.at(1_000).succeed();
  assertEquals(host.record(permit, "failure").recorded, false);
  assertEquals(host.state(), "closed");
});

Deno.test("a closed record stays as a tombstone until every older permit has expired", () => {
  const host = new MachineDriver(SHORT);
  host.fail(1);
  host.at(1_000).succeed();
  assertEquals(host.at(300_999).stored() === undefined, false);
  assertEquals(host.at(301_000).stored(), undefined);
});

Deno.test("a permit issued just before the close is late to the last millisecond of its life", () => {
  const host = new MachineDriver({ ...SHORT, probeLeaseMs: 400_000, trialCalls: 2 });
  host.fail(1);
  const [old, closes] = [host.at(1_000).allow(), host.allow()];
  host.record(closes, "success");
  assertEquals(host.at(300_999).record(old, "failure").recorded, false);
  assertEquals(host.at(301_000).record(old, "failure").recorded, false);
  assertEquals(host.view().failures, 0);
});

Deno.test("a permit of the tombstone's own generation counts, even when the tombstone is over", () => {
  const host = new MachineDriver(SHORT);
  host.fail(1);
  host.at(1_000).succeed();
  const permit = host.at(300_000).allow();
  assertEquals(kindOf(permit), "closed");
  assertEquals(host.at(302_000).stored(), undefined);
  assertEquals(host.record(permit, "failure").recorded, true);
  assertEquals(host.state(), "open");
});

Deno.test("a probe permit is not recorded on a closed breaker without a record", () => {
  const host = new MachineDriver({ ...SHORT, forgetMs: 1, permitTtlMs: 900, probeLeaseMs: 100 });
  host.fail(1);
  const probe = host.at(1_000).allow();
  assertEquals(host.at(1_101).stored(), undefined);
  assertEquals(host.record(probe, "failure").recorded, false);
  assertEquals(host.state(), "closed");
});

Deno.test("each change of state starts a new generation", () => {
  const host = new MachineDriver(SHORT);
  const seen: number[] = [];
  const generation = () => host.current?.tracks.get("")?.generation ?? 0;
  host.fail(1);
  seen.push(generation());
  host.at(1_000).fail(1); // probe fails: open again
  seen.push(generation());
  host.at(2_000).succeed(); // closed
  seen.push(generation());
  host.fail(1); // open in the same millisecond
  seen.push(generation());
  host.cooldown(5_000);
  seen.push(generation());
  const rising = seen.every((value, i) => i === 0 || value > seen[i - 1]!);
  assertEquals(rising, true, `generations ${seen}`);
});

for (const kind of ["success", "failure", "neutral", "cancelled"] as const) {
  Deno.test(`the ${kind} of a request that would have been denied changes nothing`, () => {
    const host = new MachineDriver({ ...SHORT, probeLeaseMs: 400, successThreshold: 2 });
    host.fail(1);
    const shadowOfOpen = host.allow();
    assertEquals(shadowOfOpen.mark.kind, "shadow");
    const open = host.current;
    assertEquals(host.record(shadowOfOpen, kind).recorded, false);
    assertEquals(host.current, open);
    const probe = host.at(1_000).allow();
    const shadowOfProbes = host.allow();
    const halfOpen = host.current;
    assertEquals(host.record(shadowOfProbes, kind).recorded, false);
    assertEquals(host.current, halfOpen);
    host.record(probe, "success");
    host.succeed();
    assertEquals(host.state(), "closed");
    const closed = host.current;
    assertEquals(host.record(shadowOfProbes, kind).recorded, false);
    assertEquals(host.current, closed);
  });
}

Deno.test("a Retry-After of a request that would have been denied sets a cooldown", () => {
  const host = new MachineDriver(SHORT);
  host.fail(1);
  const told = host.record(host.allow(), "failure", { retryAfterMs: 5_000 });
  assertEquals(told, { recorded: false, state: "open", retryAfterMs: 5_000 });
  assertEquals(denialOf(host.allow()).reason, "retry_after");
});

Deno.test("generations go on after a record was dropped, so that old permits match none of them", () => {
  const host = new MachineDriver({ ...SHORT, permitTtlMs: 2_000 });
  const generation = () => host.current?.tracks.get("")?.generation ?? 0;
  host.fail(1);
  for (let i = 1; i <= 5; i++) host.at(i * 1_000).fail(1);
  host.at(6_000).succeed();
  const before = generation();
  assertEquals(host.at(8_000).stored(), undefined);
  host.fail(1);
  assertEquals(generation() > before, true);
});
