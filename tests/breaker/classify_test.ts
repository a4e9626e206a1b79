/**
 * What counts as success, failure, neutral and cancelled.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { classify, type ClassifyRules, DEFAULT_CLASSIFY } from "../../src/breaker/classify.ts";
import type { Outcome } from "../../src/breaker/gate.ts";

Deno.test("every status counts as its default list says, any other is a success", () => {
  const failures = [408, 429, 500, 502, 503, 504];
  const neutrals = [401, 403, 404, 410, 451];
  assertEquals([...DEFAULT_CLASSIFY.failureStatuses], failures);
  assertEquals([...DEFAULT_CLASSIFY.neutralStatuses], neutrals);
  for (let status = 100; status <= 999; status++) {
    const expected = failures.includes(status)
      ? "failure"
      : neutrals.includes(status)
      ? "neutral"
      : "success";
    assertEquals(classify({ status }), expected, `${status}`);
  }
});

Deno.test("a list that is given replaces the default one, and that one alone", () => {
  const rules: ClassifyRules = { failureStatuses: [999, 404] };
  assertEquals(classify({ status: 999 }, rules), "failure");
  assertEquals(classify({ status: 503 }, rules), "success");
  assertEquals(classify({ status: 404 }, rules), "failure");
  assertEquals(classify({ status: 403 }, rules), "neutral");
  assertEquals(classify({ status: 403 }, { neutralStatuses: [] }), "success");
  assertEquals(classify({ status: 503 }, { neutralStatuses: [503] }), "failure");
  assertEquals(classify({ status: 503 }, {}), "failure");
  assertEquals(classify({ status: 503 }, { failureStatuses: undefined }), "failure");
});

Deno.test("an answer from a cache is cancelled whatever it says", () => {
  assertEquals(classify({ status: 200, fromCache: true }), "cancelled");
  assertEquals(classify({ status: 503, fromCache: true }), "cancelled");
  assertEquals(classify({ status: 503, fromCache: false }), "failure");
});

Deno.test("a thrown error is a failure, whatever was thrown", () => {
  const errors = [new Error("x"), new TypeError("x"), "x", 0, null, undefined, Symbol("x"), {}];
  for (const error of errors) assertEquals(classify({ error }), "failure");
});

Deno.test("an abort that the caller asked for is cancelled", () => {
  const controller = new AbortController();
  controller.abort();
  assertEquals(classify({ error: controller.signal.reason }), "cancelled");
  assertEquals(classify({ error: new DOMException("x", "AbortError") }), "cancelled");
  assertEquals(
    classify({ error: Object.assign(new Error("x"), { name: "AbortError" }) }),
    "cancelled",
  );
});

Deno.test("an error that only wraps an abort is a failure", () => {
  const cause = new DOMException("x", "AbortError");
  assertEquals(classify({ error: new Error("AbortError", { cause }) }), "failure");
  assertEquals(classify({ error: "AbortError" }), "failure");
});

Deno.test("a timeout is a failure unless isFailure says no", () => {
  const error = new DOMException("x", "TimeoutError");
  assertEquals(classify({ error }), "failure");
  assertEquals(classify({ error }, { isFailure: () => true }), "failure");
  assertEquals(classify({ error }, { isFailure: () => false }), "neutral");
});

Deno.test("an error for which isFailure says no is neutral", () => {
  const rules: ClassifyRules = { isFailure: (error) => !(error instanceof SyntaxError) };
  assertEquals(classify({ error: new SyntaxError("x") }, rules), "neutral");
  assertEquals(classify({ error: new TypeError("x") }, rules), "failure");
});

Deno.test("isFailure is asked about errors only, and not about an abort", () => {
  const asked: unknown[] = [];
  const rules: ClassifyRules = { isFailure: (error) => asked.push(error) < 0 };
  assertEquals(classify({ error: new DOMException("x", "AbortError") }, rules), "cancelled");
  assertEquals(classify({ status: 503 }, rules), "failure");
  assertEquals(classify({ result: "failure" }, rules), "failure");
  assertEquals(asked, []);
  assertEquals(classify({ error: 1 }, rules), "neutral");
  assertEquals(asked, [1]);
});

Deno.test("where isFailure throws or gives no boolean the error is a failure", () => {
  const broken = () => {
    throw new Error("a bug");
  };
  assertEquals(classify({ error: new Error("x") }, { isFailure: broken }), "failure");
  // The types forbid it; JavaScript callers can still forget the return.
  const silent = (() => undefined) as unknown as (error: unknown) => boolean;
  assertEquals(classify({ error: new Error("x") }, { isFailure: silent }), "failure");
});

Deno.test("a result is itself", () => {
  for (const result of ["success", "failure", "neutral", "cancelled"] as const) {
    assertEquals(classify({ result }), result);
    assertEquals(classify({ result, retryAfterMs: 5, latencyMs: 5 }), result);
  }
});

Deno.test("of several, result goes before status and status before error", () => {
  const error = new Error("x");
  assertEquals(classify({ status: 200, result: "failure" }), "failure");
  assertEquals(classify({ status: 200, error }), "success");
  assertEquals(classify({ error, result: "neutral" }), "neutral");
  // What a caller that always names all three builds: absent is absent.
  const partial = { status: undefined, result: undefined, error } as unknown as Outcome;
  assertEquals(classify(partial), "failure");
});

Deno.test("an outcome that cannot be is refused with what was found", () => {
  const cases: [outcome: unknown, found: string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [503, "503"],
    ["failure", '"failure"'],
    [Symbol("x"), "Symbol(x)"],
    [{}, "without properties"],
    [[], "an array"],
    [{ latencyMs: 5, code: 3 }, "an object with latencyMs, code"],
    [{ status: undefined }, "an object with status"],
    [{ status: NaN }, "NaN"],
    [{ status: Infinity }, "Infinity"],
    [{ status: null }, "null"],
    [{ status: "503" }, '"503"'],
    [{ status: 200.5 }, "200.5"],
    [{ status: 0 }, "0"],
    [{ status: 99 }, "99"],
    [{ status: 1000 }, "1000"],
    [{ status: -1 }, "-1"],
    [{ status: {} }, "an object"],
    [{ status: 200, headers: { "retry-after": "5" } }, "an object with retry-after"],
    [{ result: "ok" }, '"ok"'],
    [{ result: "Success" }, '"Success"'],
    [{ result: "toString" }, '"toString"'],
    [{ result: null }, "null"],
    [{ result: 1 }, "1"],
  ];
  for (const [outcome, found] of cases) {
    // The types forbid these; JavaScript callers can still pass them.
    const error = assertThrows(() => classify(outcome as Outcome), TypeError, "Cannot read");
    assertStringIncludes(error.message, found);
    assertStringIncludes(error.message, "give ");
  }
});

Deno.test("the message about an outcome stays short", () => {
  const long = "x".repeat(10_000);
  for (
    const outcome of [long, { result: long }, { status: long }, { [long]: 1 }, {
      status: { [long]: 1 },
    }]
  ) {
    const error = assertThrows(() => classify(outcome as unknown as Outcome), TypeError);
    assert(error.message.length < 300, `${error.message.length}`);
  }
});

Deno.test("headers may be absent in any way", () => {
  assertEquals(classify({ status: 200, headers: new Headers() }), "success");
  assertEquals(classify({ status: 200, headers: undefined }), "success");
  assertEquals(classify({ status: 200, headers: null } as unknown as Outcome), "success");
});

Deno.test("the default lists cannot be changed by accident", () => {
  assertThrows(() => (DEFAULT_CLASSIFY.failureStatuses as number[]).push(404), TypeError);
  assertEquals(classify({ status: 404 }), "neutral");
});
