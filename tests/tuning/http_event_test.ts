/**
 * Reading a row of `http_events`: what it means, and what is wrong with one that cannot be read.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { isDenial, readHttpEvent } from "../../src/tuning/http_event.ts";

const ROW = { ts: 1_800_000_000_000, host: "api.example.org" };

function problemOf(row: unknown): string | undefined {
  const event = readHttpEvent(row);
  return "problem" in event ? event.problem : undefined;
}

Deno.test("a whole row is read, by the names of its columns", () => {
  const row = {
    ...ROW,
    run_id: "monday",
    role: "metadata",
    resolver: "crossref",
    status: 429,
    error: null,
    from_cache: 0,
    latency_ms: 12.5,
    retry_after_s: 30,
    breaker_state: "open",
    breaker_recorded: 1,
  };
  assertEquals(readHttpEvent(row), {
    ...ROW,
    role: "metadata",
    resolver: "crossref",
    status: 429,
    error: undefined,
    fromCache: false,
    latencyMs: 12.5,
    retryAfterS: 30,
    breakerState: "open",
    recorded: true,
  });
});

Deno.test("time and host are all that a row needs; null is as good as nothing", () => {
  const nothing = {
    role: null,
    resolver: "",
    status: null,
    error: null,
    from_cache: null,
    latency_ms: null,
    retry_after_s: null,
    breaker_state: null,
    breaker_recorded: null,
  };
  assertEquals(readHttpEvent({ ...ROW, ...nothing }), readHttpEvent(ROW));
  assertEquals(problemOf(ROW), undefined);
});

Deno.test("a request without answer, error or record of either was denied", () => {
  assertEquals(isDenial(ROW), true);
  assertEquals(isDenial({ ...ROW, breakerState: "half_open" }), true);
  assertEquals(isDenial({ ...ROW, status: 200 }), false);
  assertEquals(isDenial({ ...ROW, error: "TimeoutError" }), false);
  assertEquals(isDenial({ ...ROW, recorded: false }), false);
  assertEquals(isDenial({ ...ROW, fromCache: true }), false);
});

Deno.test("each column is held to what it can be", () => {
  const sound: Record<string, unknown[]> = {
    ts: [0, 8.64e15],
    role: ["x".repeat(300)],
    status: [100, 999],
    latency_ms: [0, 1e300],
    retry_after_s: [0, 0.5],
    from_cache: [0, 1, true, false],
    breaker_recorded: [0, 1, true, false],
    breaker_state: ["closed", "open", "half_open"],
  };
  const wrong: Record<string, unknown[]> = {
    ts: [-1, 8.64e15 + 2, NaN, "1800000000000", null, undefined],
    host: ["", "x".repeat(301), 3, null],
    role: ["x".repeat(301), 3],
    resolver: [{}],
    status: [99, 1000, 200.5, "200"],
    error: [true],
    latency_ms: [-1, Infinity, "fast"],
    retry_after_s: [-1, Infinity],
    from_cache: [2, "yes"],
    breaker_recorded: [-1],
    breaker_state: ["ajar", ""],
  };
  for (const [column, values] of Object.entries(sound)) {
    for (const value of values) assertEquals(problemOf({ ...ROW, [column]: value }), undefined);
  }
  for (const [column, values] of Object.entries(wrong)) {
    for (const value of values) {
      const problem = problemOf({ ...ROW, [column]: value });
      assertEquals(problem?.startsWith(`'${column}' is `), true, `${column}: ${problem}`);
    }
  }
});

Deno.test("a message says what was found and what it must be, in few words", () => {
  assertEquals(
    problemOf({ ...ROW, status: "x".repeat(99) }),
    `'status' is "${"x".repeat(40)}": must be an HTTP status from 100 to 999, or null`,
  );
  assertEquals(problemOf({ host: "x" }), "'ts' is missing: must be epoch milliseconds");
  assertEquals(problemOf([ROW]), "it is an array: must be an object of columns");
  assertEquals(problemOf("nonsense"), 'it is "nonsense": must be an object of columns');
  assertEquals(problemOf(null), "it is missing: must be an object of columns");
});
