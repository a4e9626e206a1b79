/**
 * What the demonstration's timeline concludes from two looks at one breaker.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Change, changes, type Look } from "../../examples/demo/timeline.ts";

const CLOSED: Look = { key: "a.example", state: "closed", failures: 0 };
const OPEN: Look = { key: "a.example", state: "open", reason: "open", until: 5_000, failures: 3 };
const HALF_OPEN: Look = { ...OPEN, state: "half_open" };

function inShort(found: Change[]): string[] {
  return found.map(({ at, from, to }) => `${at} ${from} ${to}`);
}

Deno.test("the timeline tells nothing where nothing changed", () => {
  assertEquals(changes(CLOSED, CLOSED, 3_000), []);
  assertEquals(changes(OPEN, OPEN, 4_000), []);
  assertEquals(changes(CLOSED, { ...CLOSED, failures: 2 }, 3_000), []);
});

Deno.test("the timeline tells a change at the time of the look", () => {
  assertEquals(inShort(changes(CLOSED, OPEN, 3_000)), ["3000 closed open"]);
  assertEquals(inShort(changes(HALF_OPEN, CLOSED, 5_100)), ["5100 half_open closed"]);
});

Deno.test("the timeline tells half_open at the deadline, which may be before the look", () => {
  assertEquals(inShort(changes(OPEN, HALF_OPEN, 5_040)), ["5000 open half_open"]);
  // An operator need not wait for the deadline.
  assertEquals(inShort(changes(OPEN, HALF_OPEN, 4_000)), ["4000 open half_open"]);
});

Deno.test("the timeline fills in the half_open that two looks have missed", () => {
  assertEquals(inShort(changes(OPEN, CLOSED, 5_040)), [
    "5000 open half_open",
    "5040 half_open closed",
  ]);
  assertEquals(inShort(changes(OPEN, { ...OPEN, until: 9_030 }, 5_040)), [
    "5000 open half_open",
    "5040 half_open open",
  ]);
});

Deno.test("the timeline takes a deadline that was put off for no change of state", () => {
  assertEquals(changes(OPEN, { ...OPEN, until: 6_000 }, 4_999), []);
});
