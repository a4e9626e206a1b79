/**
 * What an outcome counts as. Decides from the outcome alone; what follows from it is the machine's affair.
 *
 * @module
 */
import { textOf } from "./retry_after.ts";
import type { ClassifyPolicy } from "./policy_types.ts";
import type { Outcome } from "./gate.ts";
import type { OutcomeKind } from "./state.ts";

/** How outcomes are classified; a list that is absent is the default one, whole. */
export type ClassifyRules = Partial<ClassifyPolicy> & {
  /**
   * Whether a thrown error speaks against the host. `false` makes it neutral, anything else, a throw
   * included, leaves it a failure. Is not asked about an `AbortError`.
   */
  isFailure?: (error: unknown) => boolean;
};

/** Which statuses count as what where nothing else is said. */
export const DEFAULT_CLASSIFY: ClassifyPolicy = Object.freeze({
  failureStatuses: Object.freeze([408, 429, 500, 502, 503, 504]),
  neutralStatuses: Object.freeze([401, 403, 404, 410, 451]),
});

const KINDS: readonly string[] = ["success", "failure", "neutral", "cancelled"];

/**
 * What an outcome counts as. An answer from a cache is cancelled. A `result` is itself. A status counts as
 * the list it stands in, `failureStatuses` first; in neither it is a success. An error named `AbortError` is
 * cancelled; any other, a `TimeoutError` too, is a failure unless `isFailure` says no: then it is neutral.
 *
 * Where an outcome has several of these, `result` goes before `status`, and `status` before `error`.
 *
 * @throws {TypeError} where the outcome has no result, status or error, or one that cannot be
 */
export function classify(outcome: Outcome, rules: ClassifyRules = DEFAULT_CLASSIFY): OutcomeKind {
  if (typeof outcome !== "object" || outcome === null) throw unreadable(outcome);
  if ("fromCache" in outcome && outcome.fromCache === true) return "cancelled";
  if ("result" in outcome && outcome.result !== undefined) return checkedResult(outcome.result);
  if ("status" in outcome && outcome.status !== undefined) {
    return kindOfStatus(outcome.status, outcome.headers, rules);
  }
  if ("error" in outcome) return kindOfError(outcome.error, rules);
  throw unreadable(outcome);
}

/**
 * The outcome that a response tells. Neutral where its status is none, as a browser's opaque answer has it: the host
 * may have answered, and no more can be seen. Never throws, whatever stands in for a response: whoever has an answer
 * must get it.
 */
export function outcomeOfResponse(
  { status, headers }: Pick<Response, "status" | "headers">,
  latencyMs: number,
): Outcome {
  if (!isHttpStatus(status)) return { result: "neutral", latencyMs };
  if (!isHeaderReader(headers)) return { status, latencyMs };
  return { status, retryAfter: textOf(headers, "retry-after"), headers, latencyMs };
}

/** Up to 999: crawlers do meet statuses beyond those that RFC 9110 names. */
function isHttpStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 100 && status <= 999;
}

function checkedResult(result: OutcomeKind): OutcomeKind {
  if (KINDS.includes(result)) return result;
  throw new TypeError(
    `Cannot read an outcome whose result is ${show(result)}: give one of ${KINDS.join(", ")}`,
  );
}

function kindOfStatus(status: number, headers: unknown, rules: ClassifyRules): OutcomeKind {
  if (!isHttpStatus(status)) {
    throw new TypeError(
      `Cannot read an outcome whose status is ${show(status)}: give an HTTP status, ` +
        `or the error where there was no answer`,
    );
  }
  // Said at the first outcome rather than at the first Retry-After, which would go unread.
  if (headers !== undefined && headers !== null && !isHeaderReader(headers)) {
    throw new TypeError(
      `Cannot read an outcome whose headers are ${show(headers)}: give a Headers object`,
    );
  }
  if ((rules.failureStatuses ?? DEFAULT_CLASSIFY.failureStatuses).includes(status)) {
    return "failure";
  }
  return (rules.neutralStatuses ?? DEFAULT_CLASSIFY.neutralStatuses).includes(status)
    ? "neutral"
    : "success";
}

function kindOfError(error: unknown, rules: ClassifyRules): OutcomeKind {
  if (isAbort(error)) return "cancelled";
  try {
    return rules.isFailure?.(error) === false ? "neutral" : "failure";
  } catch {
    // A predicate with a bug must not take the gate down, nor hide a host that fails.
    return "failure";
  }
}

function isAbort(error: unknown): boolean {
  return typeof error === "object" && error !== null && "name" in error &&
    error.name === "AbortError";
}

function isHeaderReader(headers: unknown): boolean {
  return typeof headers === "object" && headers !== null && "get" in headers &&
    typeof headers.get === "function";
}

function unreadable(found: unknown): TypeError {
  return new TypeError(
    `Cannot read ${show(found)} as an outcome: give an object with a status, an error or a result`,
  );
}

/** What an error repeats of a value: its kind and, where that is short, the value; never an object's contents. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value !== "object" || value === null) return String(value).slice(0, 40);
  if (Array.isArray(value)) return "an array";
  const keys = Object.keys(value).slice(0, 5).join(", ");
  return keys === "" ? "an object without properties" : `an object with ${keys.slice(0, 80)}`;
}
