/**
 * When a record goes: a healthy host costs nothing.
 *
 * @module
 */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { admit, tell } from "../../src/breaker/machine.ts";
import { takeCooldown } from "../../src/breaker/shared_cooldown.ts";
import { DEFAULT_POLICY } from "../../src/breaker/policy.ts";
import { kindOf, MachineDriver, START } from "../support/machine_driver.ts";

/** True where the record is there one millisecond before, and gone at this time after the start. */
function assertGoesAt(host: MachineDriver, sinceStart: number): void {
  assertEquals(host.at(sinceStart - 1).stored() === undefined, false, "gone too early");
  assertEquals(host.at(sinceStart).stored(), undefined, "still there");
}

Deno.test("requests and successes on a healthy host make no record", () => {
  const host = new MachineDriver();
  for (let i = 0; i < 100; i++) {
    assertEquals(kindOf(host.allow()), "closed");
    host.succeed("metadata");
    assertEquals(host.current, undefined);
  }
});

Deno.test("a success that clears the count takes the record away", () => {
  const host = new MachineDriver();
  host.fail(4);
  assertEquals(host.current === undefined, false);
  host.succeed();
  assertEquals(host.current, undefined);
});

Deno.test("failures that nobody asks about again are forgotten forgetMs after the last of them", () => {
  const host = new MachineDriver();
  host.fail(1);
  host.at(1_000).fail(1);
  assertGoesAt(host, 3_601_000);
  assertEquals(host.view().failures, 0);
});

Deno.test("failures are kept while somebody asks", () => {
  const host = new MachineDriver();
  host.fail(1);
  host.at(3_000_000).allow();
  assertEquals(host.at(6_599_999).view().failures, 1);
  assertGoesAt(host, 6_600_000);
});

Deno.test("asking is written down at half of forgetMs, not each time", () => {
  const host = new MachineDriver();
  host.fail(1);
  const before = host.current;
  host.at(1_799_999).allow();
  assertEquals(host.current, before);
  host.at(1_800_000).allow();
  assertGoesAt(host, 5_400_000);
});

Deno.test("an open record stays until forgetMs after its deadline", () => {
  const host = new MachineDriver({ failMax: 1, forgetMs: 10_000, permitTtlMs: 1_000 });
  host.fail(1);
  assertGoesAt(host, 70_000);
  assertEquals(host.state(), "closed");
});

Deno.test("an open record outlives forgetMs where its deadline is later", () => {
  const host = new MachineDriver({ forgetMs: 1_000, permitTtlMs: 1_000 });
  host.open(86_400_000);
  assertEquals(host.at(86_399_999).state(), "open");
  assertGoesAt(host, 86_401_000);
});

Deno.test("a probe keeps a half-open record for forgetMs after its lease", () => {
  const host = new MachineDriver({
    failMax: 1,
    resetTimeoutMs: 1_000,
    forgetMs: 10_000,
    permitTtlMs: 1_000,
    probeLeaseMs: 500,
  });
  host.fail(1);
  host.at(5_000).allow();
  assertGoesAt(host, 15_500);
});

Deno.test("a record never goes before its tombstone is over, though forgetMs is short", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000, forgetMs: 1 });
  const late = host.allow();
  host.fail(1);
  assertGoesAt(host, 300_000);
  assertEquals(host.record(late, "failure").recorded, false);
});

Deno.test("a closed record is a tombstone for permitTtlMs", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000, permitTtlMs: 5_000 });
  host.fail(1);
  host.at(1_500).succeed();
  assertGoesAt(host, 6_500);
});

Deno.test("a cooldown that nobody comes back to is forgotten forgetMs after its deadline", () => {
  const host = new MachineDriver({ forgetMs: 10_000, roles: { metadata: { failMax: 2 } } });
  host.record(host.allow(), "failure", { retryAfterMs: 600_000 });
  assertGoesAt(host, 610_000);
});

Deno.test("the breaker of one role goes when it is over, those of others stay", () => {
  const host = new MachineDriver({ roles: { metadata: { failMax: 3 } } });
  host.fail(1, "metadata");
  host.at(1_000_000).fail(1);
  assertEquals(host.at(3_599_999).view("metadata").failures, 1);
  assertEquals(host.at(3_600_000).view("metadata").failures, 0);
  assertEquals([...host.stored()!.tracks.keys()], [""]);
  assertGoesAt(host, 4_600_000);
});

Deno.test("what changes nothing returns the very same record", () => {
  const host = new MachineDriver({ failMax: 1 });
  const late = host.allow();
  host.fail(1);
  const { current, policy } = host;
  const input = { ...late, type: "outcome", kind: "success" } as const;
  assertStrictEquals(tell(current, input, policy, START + 10).record, current);
  const allow = { type: "allow", role: "", id: "x" } as const;
  assertStrictEquals(admit(current, allow, policy, START + 10).record, current);
  const cooldown = { type: "cooldown", until: START + 20, reason: "rolling" } as const;
  assertStrictEquals(
    takeCooldown(host.current, cooldown, { ...policy, roles: {} }, START + 30).record,
    current,
  );
  assertEquals(admit(undefined, allow, DEFAULT_POLICY, START).record, undefined);
});

Deno.test("a record read long after it was over counts as absent", () => {
  const host = new MachineDriver({ failMax: 1, permitTtlMs: 1_000 });
  host.fail(1);
  host.at(100_000_000);
  assertEquals(host.state(), "closed");
  assertEquals(kindOf(host.allow()), "closed");
  assertEquals(host.current, undefined);
});

Deno.test("a success on a tombstone costs no write", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000 });
  host.fail(1);
  host.at(1_000).succeed();
  const { current, policy } = host;
  const permit = host.at(2_000).allow();
  assertStrictEquals(host.current, current);
  const input = { ...permit, type: "outcome", kind: "success" } as const;
  assertStrictEquals(tell(current, input, policy, START + 2_000).record, current);
});

Deno.test("failures after a recovery are not forgotten before the tombstone is over", () => {
  const host = new MachineDriver({ failMax: 2, forgetMs: 10, permitTtlMs: 1_000 });
  host.operate({ type: "close" });
  host.at(100).fail(1);
  assertGoesAt(host, 1_000);
});
