/**
 * A breaker's snapshot, through JSON and back: nothing that a caller could notice is lost.
 *
 * @module
 */
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Breaker, type BreakerOptions, type BreakerSnapshot } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { expectAllowed, expectDenied, FAILED } from "../support/verdicts.ts";

/** As another process would have it, from a file or a message. */
function revive(breaker: Breaker, options: BreakerOptions): Breaker {
  // Safe: JSON of a snapshot is a snapshot.
  return Breaker.from(JSON.parse(JSON.stringify(breaker)) as BreakerSnapshot, options);
}

Deno.test("a healthy breaker's snapshot holds its policy and name, and no record", () => {
  const breaker = new Breaker({ failMax: 7, roles: {} }, { name: "crossref" });
  assertEquals(breaker.toJSON().record, null);
  const back = revive(breaker, {});
  assertEquals([back.name, back.state], ["crossref", "closed"]);
  assertEquals(back.toJSON(), breaker.toJSON());
});

Deno.test("counted failures and the policy survive a snapshot", () => {
  const { now } = new ManualClock();
  const breaker = new Breaker({ failMax: 3, resetTimeoutMs: 5_000 }, { now });
  const { permit } = expectAllowed(breaker.allow());
  breaker.record(permit, FAILED);
  breaker.record(expectAllowed(breaker.allow()).permit, FAILED);
  const back = revive(breaker, { now });
  assertEquals(back.failures, 2);
  assertEquals(back.record(permit, FAILED).recorded, false); // counted before the snapshot
  back.record(expectAllowed(back.allow()).permit, FAILED);
  assertEquals([back.state, back.remainingMs], ["open", 5_000]);
});

Deno.test("an open without end survives a snapshot", () => {
  const clock = new ManualClock();
  const breaker = new Breaker({ resetTimeoutMs: 5_000 }, { now: clock.now });
  breaker.open({ reason: "asked to stop" });
  clock.advance(10 * 365 * 86_400_000);
  const back = revive(breaker, { now: clock.now });
  assertEquals([back.state, back.remainingMs], ["open", Infinity]);
  assertEquals(expectDenied(back.allow()).retryAfterMs, 5_000);
});

Deno.test("a probe that is out when the snapshot is taken holds its slot and closes the restored breaker", () => {
  const clock = new ManualClock();
  const breaker = new Breaker({ successThreshold: 2 }, { now: clock.now });
  breaker.halfOpen();
  breaker.record(expectAllowed(breaker.allow()).permit, { result: "success" });
  const probe = expectAllowed(breaker.allow());
  const back = revive(breaker, { now: clock.now });
  assertEquals([back.state, back.successes], ["half_open", 1]);
  assertEquals(expectDenied(back.allow()).reason, "probes");
  assertEquals(back.record(probe.permit, { result: "success" }).recorded, true);
  assertEquals(back.state, "closed");
});

Deno.test("a breaker restored from a snapshot does not repeat the permits of the first", () => {
  const breaker = new Breaker();
  const back = revive(breaker, {});
  assertNotEquals(
    expectAllowed(back.allow()).permit,
    expectAllowed(breaker.allow()).permit,
  );
});

Deno.test("the name in the options goes before the snapshot's", () => {
  const snapshot = new Breaker({}, { name: "old" }).toJSON();
  assertEquals(Breaker.from(snapshot, { name: "new" }).name, "new");
  assertEquals(Breaker.from(snapshot, { name: undefined }).name, "old");
});

Deno.test("changing a snapshot changes no breaker", () => {
  const breaker = new Breaker({ failMax: 1 });
  const snapshot = breaker.toJSON();
  const restored = Breaker.from(snapshot);
  snapshot.policy.failMax = 1_000;
  for (const one of [breaker, restored]) {
    assertEquals(one.record(expectAllowed(one.allow()).permit, FAILED).state, "open");
  }
});

Deno.test("what is no snapshot of this version is refused", () => {
  const good = new Breaker().toJSON();
  for (const odd of [null, 1, "{}", {}, { ...good, version: 2 }, { ...good, record: { v: 9 } }]) {
    // Safe: what a caller without types would pass.
    assertThrows(() => Breaker.from(odd as BreakerSnapshot), TypeError);
  }
  const policy = { ...good.policy, failMax: -1 };
  assertThrows(() => Breaker.from({ ...good, policy }), RangeError, "-1");
});
