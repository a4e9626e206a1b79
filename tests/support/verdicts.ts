/**
 * What tests do with a gate all the time: ask and expect, ask and fail.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import type {
  AllowedVerdict,
  AllowRequest,
  DeniedVerdict,
  Gate,
  Outcome,
  RecordResult,
  Verdict,
} from "../../src/breaker/gate.ts";

/** An HTTP answer that counts as a failure and asks for nothing. */
export const FAILED: Outcome = { status: 500 };

/** The verdict, where the request was allowed; fails the test where not. */
export function expectAllowed(verdict: Verdict): AllowedVerdict {
  if (verdict.allowed) return verdict;
  throw new AssertionError(`expected an allowed request: ${JSON.stringify(verdict)}`);
}

/** The verdict, where the request was denied; fails the test where not. */
export function expectDenied(verdict: Verdict): DeniedVerdict {
  if (!verdict.allowed) return verdict;
  throw new AssertionError(`expected a denied request: ${JSON.stringify(verdict)}`);
}

/** Asks, expects to be allowed, tells the outcome. */
export async function send(
  gate: Gate,
  request: AllowRequest,
  outcome: Outcome,
): Promise<RecordResult> {
  const { permit } = expectAllowed(await gate.allow(request));
  return await gate.record(permit, outcome);
}

/** Fails so often in a row. */
export async function failTimes(gate: Gate, request: AllowRequest, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await send(gate, request, FAILED);
}

/** A value that must not be a promise. */
export function atOnce<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new AssertionError("expected an answer without a promise");
  return value;
}
