/**
 * The machine while closed: what counts, what clears, when it opens.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { denialOf, kindOf, MachineDriver } from "../support/machine_driver.ts";

Deno.test("one failure fewer than failMax leaves the breaker closed, the next opens it", () => {
  const host = new MachineDriver({ failMax: 3 });
  host.fail(2);
  assertEquals(host.state(), "closed");
  assertEquals(host.view().failures, 2);
  const told = host.record(host.allow(), "failure");
  assertEquals(told, { recorded: true, state: "open", retryAfterMs: 60_000, sample: told.sample });
  assertEquals(host.view().failures, 3);
});

Deno.test("failMax 1 opens at the first failure", () => {
  const host = new MachineDriver({ failMax: 1 });
  host.fail(1);
  assertEquals(host.state(), "open");
});

Deno.test("the default policy opens at the fifth failure for a minute", () => {
  const host = new MachineDriver();
  host.fail(4);
  assertEquals(host.state(), "closed");
  host.fail(1);
  assertEquals(denialOf(host.allow()), { reason: "open", state: "open", retryAfterMs: 60_000 });
});

Deno.test("a success sets the failure count to 0", () => {
  const host = new MachineDriver({ failMax: 3 });
  host.fail(2);
  host.succeed();
  assertEquals(host.view().failures, 0);
  host.fail(2);
  assertEquals(host.state(), "closed");
  host.fail(1);
  assertEquals(host.state(), "open");
});

for (const kind of ["neutral", "cancelled"] as const) {
  Deno.test(`a ${kind} outcome is recorded and changes nothing on a healthy host`, () => {
    const host = new MachineDriver({ failMax: 2 });
    const told = host.record(host.allow(), kind);
    assertEquals(told, { recorded: true, state: "closed", retryAfterMs: 0 });
    assertEquals(host.current, undefined);
  });

  Deno.test(`a ${kind} outcome neither adds to the failure count nor clears it`, () => {
    const host = new MachineDriver({ failMax: 2 });
    host.fail(1);
    const before = host.current;
    host.at(10).record(host.allow(), kind);
    assertEquals(host.current, before);
    assertEquals(host.view().failures, 1);
    host.fail(1);
    assertEquals(host.state(), "open");
  });
}

Deno.test("failures of overlapping requests count in the order in which they are told", () => {
  const host = new MachineDriver({ failMax: 2 });
  const [first, second, third] = [host.allow(), host.allow(), host.allow()];
  host.record(third, "failure");
  host.record(first, "success");
  assertEquals(host.view().failures, 0);
  host.record(second, "failure");
  assertEquals(host.view().failures, 1);
});

Deno.test("a failure that is told twice counts once", () => {
  const host = new MachineDriver({ failMax: 2 });
  const permit = host.allow();
  assertEquals(host.record(permit, "failure").recorded, true);
  assertEquals(host.record(permit, "failure").recorded, false);
  assertEquals(host.view().failures, 1);
  host.fail(1);
  assertEquals(host.state(), "open");
});

Deno.test("a permit whose failure was counted cannot take it back with a success", () => {
  const host = new MachineDriver({ failMax: 3 });
  const permit = host.allow();
  host.record(permit, "failure");
  assertEquals(host.record(permit, "success").recorded, false);
  assertEquals(host.view().failures, 1);
});

Deno.test("a success that is told twice on a healthy host changes nothing", () => {
  const host = new MachineDriver();
  const permit = host.allow();
  assertEquals(host.record(permit, "success").recorded, true);
  host.record(permit, "success");
  assertEquals(host.current, undefined);
});

Deno.test("the record names the permits it counted, until a success clears them with the count", () => {
  const host = new MachineDriver({ failMax: 3 });
  const permits = [host.allow(), host.allow()];
  for (const permit of permits) host.record(permit, "failure");
  const track = host.current?.tracks.get("");
  assertEquals(track?.state === "closed" && track.counted, permits.map(({ id }) => id));
  host.succeed();
  assertEquals(host.current, undefined);
});

Deno.test("an open lasts until its deadline: denied with the time left, then half-open", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000 });
  host.fail(1);
  assertEquals(host.view().until, host.now + 1_000);
  assertEquals(denialOf(host.at(1).allow()).retryAfterMs, 999);
  assertEquals(denialOf(host.at(999).allow()), { reason: "open", state: "open", retryAfterMs: 1 });
  assertEquals(host.state(), "open");
  host.at(1_000);
  assertEquals(host.state(), "half_open");
  assertEquals(host.view().remainingMs, 0);
  assertEquals(kindOf(host.allow()), "probe");
});

Deno.test("a denied request changes nothing", () => {
  const host = new MachineDriver({ failMax: 1 });
  host.fail(1);
  const before = host.current;
  host.at(500).allow();
  assertEquals(host.current, before);
});

Deno.test("opening tells listeners once, from closed to open, with the deadline", () => {
  const host = new MachineDriver({ failMax: 1, resetTimeoutMs: 1_000 });
  host.fail(1);
  const until = host.now + 1_000;
  assertEquals(host.transitions, [
    { name: "", from: "closed", to: "open", reason: "open", until },
  ]);
  host.at(10).allow();
  assertEquals(host.transitions.length, 1);
});

Deno.test("a success on a tombstone clears the list of counted permits with the count", () => {
  const host = new MachineDriver({ failMax: 2 });
  host.operate({ type: "close" });
  const permit = host.allow();
  host.record(permit, "failure");
  host.succeed();
  const track = host.current?.rest ?? host.current?.tracks.get("");
  assertEquals(host.view().failures, 0);
  assertEquals(track?.state === "closed" && track.counted, []);
  assertEquals(host.record(permit, "failure").recorded, true, "nothing names it any more");
});
