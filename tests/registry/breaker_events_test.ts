/**
 * What the listener of one breaker hears.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Breaker, type BreakerEvent } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { expectAllowed, FAILED } from "../support/verdicts.ts";

Deno.test("the listener hears of a change after it is made, in the order in which things happened", () => {
  const heard: string[] = [];
  const clock = new ManualClock();
  const onEvent = (event: BreakerEvent) => {
    assertEquals(event.at, clock.ms);
    if (event.type === "transition") {
      heard.push(`${event.from}>${event.to} ${event.reason} (${breaker.state})`);
    } else if (event.type === "outcome") {
      heard.push(`${event.kind} ${event.recorded} ${event.state}`);
    } else heard.push(event.type);
  };
  const breaker = new Breaker({ failMax: 1 }, { now: clock.now, onEvent });
  const late = expectAllowed(breaker.allow()).permit;
  breaker.record(expectAllowed(breaker.allow()).permit, FAILED);
  breaker.allow();
  breaker.record(late, FAILED);
  clock.advance(60_000);
  breaker.record(expectAllowed(breaker.allow()).permit, { status: 200 });
  breaker.open({ forMs: 10, reason: "test" });
  breaker.close();
  assertEquals(heard, [
    "closed>open open (open)",
    "failure true open",
    "denial",
    "failure false open",
    "open>half_open open (half_open)",
    "half_open>closed probes (closed)",
    "success true closed",
    "closed>open manual (open)",
    "open>closed manual (closed)",
  ]);
});

Deno.test("a listener that throws changes nothing", () => {
  const onEvent = () => {
    throw new Error("a listener with a bug");
  };
  const breaker = new Breaker({ failMax: 1 }, { onEvent });
  breaker.record(expectAllowed(breaker.allow()).permit, FAILED);
  assertEquals(breaker.state, "open");
  assertEquals(breaker.allow().allowed, false);
  breaker.close();
  assertEquals(breaker.state, "closed");
});
