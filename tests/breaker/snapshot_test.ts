/**
 * What a person or a program sees of a record.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { inTrouble } from "../../src/breaker/snapshot.ts";
import { MachineDriver, START } from "../support/machine_driver.ts";

const CLOSED = {
  state: "closed",
  remainingMs: 0,
  failures: 0,
  successes: 0,
  opens: 0,
  probes: 0,
} as const;

Deno.test("a host without a record is closed, its own-breaker roles too", () => {
  const host = new MachineDriver({
    roles: { metadata: { failMax: 2 }, artifact: { trialCalls: 2 } },
  });
  assertEquals(host.snapshot(), {
    scope: "host",
    key: "example.org",
    ...CLOSED,
    roles: { metadata: { ...CLOSED } },
  });
  assertEquals(inTrouble(host.snapshot()), false);
});

Deno.test("a snapshot shows an open breaker with reason, deadline and time left", () => {
  const host = new MachineDriver({ failMax: 2 });
  host.fail(2);
  assertEquals(host.at(1_000).snapshot(), {
    scope: "host",
    key: "example.org",
    ...CLOSED,
    state: "open",
    reason: "open",
    until: START + 60_000,
    remainingMs: 59_000,
    failures: 2,
    opens: 1,
    roles: {},
  });
});

Deno.test("a snapshot shows probes that are out and probes that have succeeded", () => {
  const host = new MachineDriver({
    failMax: 1,
    trialCalls: 3,
    successThreshold: 5,
    probeLeaseMs: 500,
  });
  host.fail(1);
  host.at(60_000).succeed();
  host.allow();
  host.at(60_100).allow();
  const { state, successes, probes, remainingMs } = host.snapshot();
  assertEquals({ state, successes, probes, remainingMs }, {
    state: "half_open",
    successes: 1,
    probes: 2,
    remainingMs: 0,
  });
  assertEquals(host.at(60_499).snapshot().probes, 2);
  assertEquals(host.at(60_500).snapshot().probes, 1);
});

Deno.test("the state reads half_open by itself once the deadline is reached", () => {
  const host = new MachineDriver({ failMax: 1 });
  host.fail(1);
  const before = host.current;
  assertEquals([host.at(59_999).snapshot().state, host.at(60_000).snapshot().state], [
    "open",
    "half_open",
  ]);
  assertEquals(host.current, before);
});

Deno.test("an open without end is Infinity here and null in JSON", () => {
  const host = new MachineDriver();
  host.open(Infinity, "moving house");
  const { until, remainingMs, note } = host.snapshot();
  assertEquals({ until, remainingMs, note }, {
    until: Infinity,
    remainingMs: Infinity,
    note: "moving house",
  });
  const json = JSON.parse(JSON.stringify(host.snapshot()));
  assertEquals([json.until, json.remainingMs], [null, null]);
});

Deno.test("an entry of roles has the same fields without scope and key", () => {
  const host = new MachineDriver({ roles: { metadata: { failMax: 2 } } });
  host.fail(2, "metadata");
  assertEquals(host.snapshot().roles, {
    metadata: {
      ...CLOSED,
      state: "open",
      reason: "open",
      until: START + 60_000,
      remainingMs: 60_000,
      failures: 2,
      opens: 1,
    },
  });
});

Deno.test("a host is in trouble while it is not closed, and while it counts failures", () => {
  const host = new MachineDriver({ failMax: 2, permitTtlMs: 1_000 });
  assertEquals(inTrouble(host.snapshot()), false);
  host.fail(1);
  assertEquals(inTrouble(host.snapshot()), true);
  host.fail(1);
  assertEquals(inTrouble(host.snapshot()), true);
  host.at(60_000);
  assertEquals(inTrouble(host.snapshot()), true);
  host.succeed();
  assertEquals(host.current === undefined, false);
  assertEquals(inTrouble(host.snapshot()), false, "a tombstone is not trouble");
});

Deno.test("a host is in trouble where only a role of its own is", () => {
  const host = new MachineDriver({ roles: { metadata: { failMax: 2 } } });
  host.fail(1, "metadata");
  assertEquals(inTrouble(host.snapshot()), true);
});
