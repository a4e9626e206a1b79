/**
 * The class `Breaker` by hand: asking, telling, entering, operating. Running functions stands in
 * `breaker_run_test.ts`, snapshots in `breaker_snapshot_test.ts`, events in `breaker_events_test.ts`.
 *
 * @module
 */
import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { Breaker, BreakerOpenError, type BreakerOptions, type PolicyPatch } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { expectAllowed, expectDenied, FAILED } from "../support/verdicts.ts";

function make(policy: PolicyPatch = {}, options: BreakerOptions = {}) {
  const clock = new ManualClock();
  const breaker = new Breaker(policy, { now: clock.now, ...options });
  const tell = (result: "success" | "failure" | "neutral" | "cancelled") =>
    breaker.record(expectAllowed(breaker.allow()).permit, { result });
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) tell("failure");
  };
  return { clock, breaker, tell, fail };
}

Deno.test("a new breaker is closed, has counted nothing and is called breaker", () => {
  const { breaker } = make();
  assertEquals(
    [breaker.name, breaker.state, breaker.failures, breaker.successes, breaker.remainingMs],
    ["breaker", "closed", 0, 0, 0],
  );
  assertEquals(new Breaker({}, { name: "crossref" }).name, "crossref");
});

Deno.test("a breaker answers at once and opens at failMax failures in a row, not one before", () => {
  const { breaker, fail, tell } = make({ failMax: 3, resetTimeoutMs: 1_000 });
  fail(2);
  tell("success");
  fail(2);
  assertEquals([breaker.state, breaker.failures], ["closed", 2]);
  fail(1);
  assertEquals([breaker.state, breaker.failures, breaker.remainingMs], ["open", 3, 1_000]);
  assertEquals(breaker.allow(), {
    allowed: false,
    reason: "open",
    scope: "host",
    key: "breaker",
    state: "open",
    retryAfterMs: 1_000,
  });
});

Deno.test("a breaker is open one millisecond before its deadline and half-open at it", () => {
  const { breaker, fail, clock } = make({ failMax: 1, resetTimeoutMs: 1_000 });
  fail(1);
  clock.advance(999);
  assertEquals([breaker.state, breaker.remainingMs], ["open", 1]);
  clock.advance(1);
  assertEquals([breaker.state, breaker.remainingMs], ["half_open", 0]);
});

Deno.test("probes close a breaker at successThreshold, and a failed one opens it again", () => {
  const { breaker, fail, tell, clock } = make({ failMax: 1, successThreshold: 2 });
  fail(1);
  clock.advance(60_000);
  assertEquals(tell("neutral").state, "half_open");
  assertEquals(breaker.successes, 1);
  tell("failure");
  assertEquals([breaker.state, breaker.remainingMs], ["open", 60_000]);
  clock.advance(60_000);
  tell("success");
  assertEquals([breaker.state, breaker.successes], ["half_open", 1]);
  tell("success");
  assertEquals([breaker.state, breaker.successes, breaker.failures], ["closed", 0, 0]);
});

Deno.test("a probe that is out denies the next, until it reports or its lease ends", () => {
  const { breaker, fail, clock } = make({ failMax: 1, probeLeaseMs: 5_000 });
  fail(1);
  clock.advance(60_000);
  const probe = expectAllowed(breaker.allow());
  clock.advance(4_999);
  assertObjectMatch(expectDenied(breaker.allow()), { reason: "probes", retryAfterMs: 1 });
  clock.advance(1);
  const second = expectAllowed(breaker.allow());
  assertEquals(breaker.record(probe.permit, { result: "success" }).recorded, false);
  assertEquals(breaker.state, "half_open");
  assertEquals(breaker.record(second.permit, { result: "success" }), {
    recorded: true,
    state: "closed",
    retryAfterMs: 0,
  });
});

Deno.test("the wait of a probe is drawn by the injected random, a healthy request waits for nothing", () => {
  let drawn = 0;
  const random = () => {
    drawn++;
    return 0.5;
  };
  const { breaker, fail, clock } = make({ failMax: 1, halfOpen: { jitterMs: 200 } }, { random });
  fail(1);
  assertEquals(drawn, 0);
  clock.advance(60_000);
  const probe = expectAllowed(breaker.allow());
  assertEquals([probe.state, probe.waitMs, drawn], ["half_open", 100, 1]);
});

Deno.test("an outcome counts once, and an unreadable permit not at all", () => {
  const { breaker } = make({ failMax: 3 });
  const { permit } = expectAllowed(breaker.allow());
  assertEquals(breaker.record(permit, FAILED).recorded, true);
  assertEquals(breaker.record(permit, FAILED).recorded, false);
  for (const odd of ["", "nonsense", "1~", "x".repeat(10_000)]) {
    assertEquals(breaker.record(odd, FAILED), {
      recorded: false,
      state: "closed",
      retryAfterMs: 0,
    });
  }
  assertEquals(breaker.failures, 1);
});

Deno.test("a Retry-After opens the breaker for as long as it says, up to the cap", () => {
  const { breaker } = make({ retryAfterCapMs: 20_000 });
  const ask = (retryAfter: string) =>
    breaker.record(expectAllowed(breaker.allow()).permit, { status: 429, retryAfter });
  assertEquals(ask("7"), { recorded: true, state: "open", retryAfterMs: 7_000 });
  assertObjectMatch(expectDenied(breaker.allow()), { reason: "retry_after" });
  breaker.close();
  assertEquals(ask("3600").retryAfterMs, 20_000);
});

Deno.test("an operator opens for a time, opens without end, half-opens and closes", () => {
  const { breaker, clock } = make({ resetTimeoutMs: 9_000 });
  breaker.open({ forMs: 500, reason: "maintenance" });
  assertObjectMatch(expectDenied(breaker.allow()), { reason: "manual", retryAfterMs: 500 });
  breaker.open();
  clock.advance(365 * 86_400_000);
  assertEquals([breaker.state, breaker.remainingMs], ["open", Infinity]);
  assertEquals(expectDenied(breaker.allow()).retryAfterMs, 9_000);
  breaker.halfOpen();
  assertEquals(expectAllowed(breaker.allow()).state, "half_open");
  breaker.close();
  assertEquals(expectAllowed(breaker.allow()).state, "closed");
});

Deno.test("an outcome that is unreadable while open without end says when to ask again", () => {
  const { breaker } = make({ resetTimeoutMs: 9_000 });
  breaker.open();
  const { permit } = expectAllowed(new Breaker().allow());
  for (const told of [permit, "nonsense"]) {
    assertEquals(breaker.record(told, FAILED), {
      recorded: false,
      state: "open",
      retryAfterMs: 9_000,
    });
  }
});

Deno.test("a request that was under way when an operator acted is late", () => {
  const { breaker } = make({ failMax: 1 });
  const { permit } = expectAllowed(breaker.allow());
  breaker.close();
  assertEquals(breaker.record(permit, FAILED), {
    recorded: false,
    state: "closed",
    retryAfterMs: 0,
  });
});

Deno.test("an open with a time that is none is refused with the value", () => {
  const { breaker } = make();
  for (const forMs of [0, -1, NaN]) {
    const error = assertThrows(() => breaker.open({ forMs }), RangeError, "forMs");
    assert(error.message.includes(String(forMs)), error.message);
  }
  assertEquals(breaker.state, "closed");
});

Deno.test("a policy out of its bounds is refused with its path and the value", () => {
  const refused: [PolicyPatch, string, string][] = [
    [{ failMax: 0 }, "failMax", "0"],
    [{ failMax: 1.5 }, "failMax", "1.5"],
    [{ resetTimeoutMs: NaN }, "resetTimeoutMs", "NaN"],
    [{ backoffFactor: 0.5 }, "backoffFactor", "0.5"],
    [{ failureRate: { windowMs: 1, minCalls: 1, thresholdRatio: 2 } }, "thresholdRatio", "2"],
    [{ slowCall: { durationMs: 1, thresholdRatio: 0.5 } }, "slowCall", "failureRate"],
  ];
  for (const [policy, path, value] of refused) {
    const error = assertThrows(() => new Breaker(policy), RangeError, path);
    assert(error.message.includes(value), error.message);
  }
});

Deno.test("a policy key that none has is refused by its name", () => {
  // Safe: what a caller without types would pass.
  const patch = { failmax: 3 } as PolicyPatch;
  assertThrows(() => new Breaker(patch), TypeError, "failmax");
});

Deno.test("an outcome that is none is refused and counts for nothing", () => {
  const { breaker } = make({ failMax: 1 });
  const { permit } = expectAllowed(breaker.allow());
  assertThrows(() => breaker.record(permit, { status: 42 }), TypeError, "42");
  assertEquals(breaker.state, "closed");
  assertEquals(breaker.record(permit, FAILED).state, "open");
});

Deno.test("an entry is told once: what comes after the first word changes nothing", () => {
  const { breaker } = make({ failMax: 3 });
  {
    using entry = breaker.enter();
    assertEquals(entry.waitMs, 0);
    assertEquals(entry.failure(new Error("down")).recorded, true);
    entry.failure(new Error("down"));
    entry.success();
  }
  assertEquals(breaker.failures, 1);
});

Deno.test("an entry that is left without a word is cancelled: a probe's slot is free again", () => {
  const { breaker, fail, clock } = make({ failMax: 1 });
  fail(1);
  clock.advance(60_000);
  assertThrows(
    () => {
      using _entry = breaker.enter();
      assertEquals(breaker.allow().allowed, false);
      throw new Error("the caller has a bug");
    },
    Error,
    "the caller has a bug",
  );
  assertEquals(breaker.state, "half_open");
  {
    using entry = breaker.enter();
    entry.success();
  }
  assertEquals(breaker.state, "closed");
});

Deno.test("an entry that fails without an error is a failure, with an abort it is cancelled", () => {
  const { breaker } = make({ failMax: 5 });
  breaker.enter().failure();
  assertEquals(breaker.failures, 1);
  breaker.enter().failure(new DOMException("stop", "AbortError"));
  assertEquals(breaker.failures, 1);
});

Deno.test("entering an open breaker throws what a caller needs to try later", () => {
  const { breaker, fail } = make({ failMax: 1 }, { name: "crossref" });
  fail(1);
  const error = assertThrows(() => breaker.enter(), BreakerOpenError);
  assertObjectMatch(error, {
    name: "BreakerOpenError",
    host: "crossref",
    scope: "host",
    reason: "open",
    state: "open",
    retryAfterMs: 60_000,
  });
  assertEquals(error.resolver, undefined);
});
