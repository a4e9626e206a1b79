/**
 * The window of outcomes that the failure rate looks at.
 *
 * @module
 */
import {
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import { FailureRateWindow } from "../../src/breaker/failure_rate_window.ts";
import { START } from "../support/machine_driver.ts";

const SUCCESS = { failure: false, slow: false };
const FAILURE = { failure: true, slow: false };
const SLOW = { failure: false, slow: true };
const NOTHING = { calls: 0, failures: 0, slow: 0 };

Deno.test("a new window is empty", () => {
  const window = new FailureRateWindow();
  assertEquals(window.counts(0, 1_000, START), NOTHING);
  assertEquals(window.latestAt, 0);
});

Deno.test("calls, failures and slow successes are counted apart", () => {
  const window = new FailureRateWindow();
  for (const sample of [SUCCESS, FAILURE, SLOW, FAILURE]) window.add(0, sample, START);
  assertEquals(window.counts(0, 1_000, START), { calls: 4, failures: 2, slow: 1 });
  assertEquals(window.latestAt, START);
});

Deno.test("an outcome leaves the window when windowMs have passed", () => {
  const window = new FailureRateWindow();
  window.add(0, FAILURE, START);
  window.add(0, SLOW, START + 1);
  assertEquals(window.counts(0, 1_000, START + 999), { calls: 2, failures: 1, slow: 1 });
  assertEquals(window.counts(0, 1_000, START + 1_000), { calls: 1, failures: 0, slow: 1 });
  assertEquals(window.counts(0, 1_000, START + 1_001), NOTHING);
});

Deno.test("another generation starts with an empty window", () => {
  const window = new FailureRateWindow();
  window.add(5, FAILURE, START);
  assertEquals(window.counts(5, 1_000, START).calls, 1);
  assertEquals(window.counts(6, 1_000, START), NOTHING);
  window.add(6, SUCCESS, START);
  window.add(7, SUCCESS, START);
  assertEquals(window.counts(7, 1_000, START).calls, 1);
});

Deno.test("when the tombstone goes, the window goes on", () => {
  const window = new FailureRateWindow();
  window.add(5, FAILURE, START);
  assertEquals(window.counts(0, 1_000, START).calls, 1);
  window.add(0, FAILURE, START);
  assertEquals(window.counts(5, 1_000, START).calls, 2);
});

Deno.test("outcomes that come after a pause are counted, the expired are not", () => {
  const window = new FailureRateWindow();
  for (let round = 0; round < 5; round++) {
    const now = START + round * 5_000;
    for (let i = 0; i < 200; i++) window.add(0, SUCCESS, now + i);
    assertEquals(window.counts(0, 1_000, now + 199).calls, 200);
  }
});

Deno.test("a clock that goes back loses no outcome", () => {
  const window = new FailureRateWindow();
  window.add(0, SUCCESS, START + 10);
  window.add(0, FAILURE, START);
  assertEquals(window.counts(0, 1_000, START + 10), { calls: 2, failures: 1, slow: 0 });
});

Deno.test("up to 1,024 distinct milliseconds the window is exact, above it stays bounded and close", () => {
  const window = new FailureRateWindow();
  const windowMs = 10_000;
  for (let i = 0; i < 1_024; i++) {
    window.add(0, SUCCESS, START + i);
    assertEquals(window.counts(0, windowMs, START + i).calls, i + 1);
  }
  for (let i = 1_024; i < 50_000; i++) {
    window.add(0, i % 2 === 0 ? FAILURE : SUCCESS, START + i);
    const { calls, failures } = window.counts(0, windowMs, START + i);
    // A slot takes the latest time of its parts, so that an outcome may stay a little longer.
    const exact = Math.min(i + 1, windowMs);
    assertGreaterOrEqual(calls, exact);
    assertLessOrEqual(calls, exact * 1.005);
    if (i > 2 * windowMs) assertAlmostEquals(failures / calls, 0.5, 0.001);
  }
});

Deno.test("a bad hour is forgotten however many outcomes follow it", () => {
  const window = new FailureRateWindow();
  for (let i = 0; i < 20_000; i++) {
    window.counts(0, 10_000, START + i);
    window.add(0, FAILURE, START + i);
  }
  for (let i = 20_000; i < 31_000; i++) {
    window.counts(0, 10_000, START + i);
    window.add(0, SUCCESS, START + i);
  }
  assertEquals(window.counts(0, 10_000, START + 31_000).failures, 0);
});
