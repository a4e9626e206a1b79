/**
 * What crawlers send, read to the types of the gate. A body is either understood as a whole or refused with every
 * mistake in it. The schemas are in `gate_schemas.ts`, what goes back is in `wire.ts`.
 *
 * @module
 */
import { parseRetryAfter } from "../breaker/retry_after.ts";
import type { AllowRequest, Outcome, Permit } from "../breaker/gate.ts";
import { EXPECTED } from "./fields.ts";
import { allowBody, batchBody, type RecordBody, recordBody } from "./gate_schemas.ts";
import { isDefined, listsOf, refuseTooMany } from "./items.ts";
import { checked, join, whole } from "./mistakes.ts";
import { checkHost, checkName } from "./name_checks.ts";
import { type FieldError, found } from "./problem.ts";

/** An outcome with the permit it belongs to. */
export interface Told {
  permit: Permit;
  outcome: Outcome;
}

/** A batch, checked. */
export interface Batch {
  asks: AllowRequest[];
  told: Told[];
}

/** A longer Retry-After is none that could be read. */
const MAX_RETRY_AFTER = 128;
/** Seconds beyond any cap, so that a number can be written out as a header would. */
const LONGEST_RETRY_AFTER_S = 1e9;

/**
 * An ask.
 *
 * @throws {Problem} 400
 */
export function parseAllow(value: unknown): AllowRequest {
  return whole((errors) => checkAllow(value, "", errors));
}

/**
 * An outcome with its permit. `nowMs` is what a Retry-After date counts from.
 *
 * @throws {Problem} 400
 */
export function parseRecord(value: unknown, nowMs: number): Told {
  return whole((errors) => checkRecord(value, "", nowMs, errors));
}

/**
 * A batch; one bad item refuses the whole.
 *
 * @throws {Problem} 400, or 413 where there are too many items
 */
export function parseBatch(value: unknown, nowMs: number): Batch {
  return whole((errors) => {
    const { allow = [], record = [] } = checked(batchBody, value, "", errors) ?? listsOf(value);
    refuseTooMany("allow", allow);
    refuseTooMany("record", record);
    const asks = allow.map((item, i) => checkAllow(item, `allow[${i}]`, errors));
    const told = record.map((item, i) => checkRecord(item, `record[${i}]`, nowMs, errors));
    return { asks: asks.filter(isDefined), told: told.filter(isDefined) };
  });
}

function checkAllow(value: unknown, at: string, errors: FieldError[]): AllowRequest | undefined {
  const before = errors.length;
  const body = checked(allowBody, value, at, errors);
  if (body === undefined) {
    checkTheRest(value, at, errors, errors.slice(before));
    return undefined;
  }
  checkAddress(body.host, body.url, at, errors);
  checkNames(body, at, errors);
  return body;
}

/** What else is wrong is told in the same answer, so that a client is mended once. */
function checkTheRest(
  value: unknown,
  at: string,
  errors: FieldError[],
  told: readonly FieldError[],
): void {
  const fields = textFields(value);
  if (fields === undefined) return;
  const { host, url } = fields;
  const wrong = new Set(told.map(({ field }) => field));
  // A key that nobody knows may well be the address, misspelt.
  const known = ["host", "url", "role", "resolver"].map((name) => join(at, name));
  const hasSlip = [...wrong].some((field) => !known.includes(field));
  if (!wrong.has(known[0]!) && !wrong.has(known[1]!) && !(hasSlip && !host && !url)) {
    checkAddress(host, url, at, errors);
  }
  checkNames(fields, at, errors);
}

function checkNames(
  { role, resolver }: { role?: string; resolver?: string },
  at: string,
  errors: FieldError[],
): void {
  if (role !== undefined) checkName("role", role, at, errors);
  if (resolver !== undefined) checkName("resolver", resolver, at, errors);
}

function checkAddress(
  host: string | undefined,
  url: string | undefined,
  at: string,
  errors: FieldError[],
): void {
  if (host === undefined && url === undefined) {
    errors.push({ field: join(at, "host"), message: "is missing: give host or url" });
  } else if (host !== undefined && url !== undefined) {
    const message = "must not stand beside host: give exactly one of host and url";
    errors.push({ field: join(at, "url"), message });
  } else if (host !== undefined) checkHost("host", host, at, errors);
  else if (url !== undefined) checkUrl(url, at, errors);
}

/** The texts of an object that has mistakes. */
function textFields(value: unknown): Record<string, string | undefined> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    ),
  );
}

const OVER_HTTP = /^(?:http|ws)s?:\/\//i;

function checkUrl(url: string, at: string, errors: FieldError[]): void {
  // hostKey reads bare hosts too, which are no URLs.
  if (OVER_HTTP.test(url)) checkHost("url", url, at, errors);
  else errors.push({ field: join(at, "url"), message: EXPECTED["url"]! });
}

function checkRecord(
  value: unknown,
  at: string,
  nowMs: number,
  errors: FieldError[],
): Told | undefined {
  const body = checked(recordBody, value, at, errors);
  if (body === undefined) return undefined;
  const before = errors.length;
  checkOneOutcome(body, at, errors);
  checkRetryAfter(body, at, errors);
  if (errors.length > before) return undefined;
  return { permit: body.permit, outcome: outcomeOf(body, nowMs) };
}

function checkOneOutcome(body: RecordBody, at: string, errors: FieldError[]): void {
  const { status, error, result } = body;
  const given = Number(status !== undefined) + Number(error !== undefined) +
    Number(result !== undefined);
  if (given === 1) return;
  if (given === 0) {
    errors.push({
      field: join(at, "status"),
      message: "is missing: give exactly one of status, error and result",
    });
    return;
  }
  for (const name of ["status", "error", "result"] as const) {
    if (body[name] === undefined) continue;
    errors.push({
      field: join(at, name),
      found: found(body[name]),
      message: "must stand alone: give exactly one of status, error and result",
    });
  }
}

function checkRetryAfter(body: RecordBody, at: string, errors: FieldError[]): void {
  const { retry_after, retry_after_ms, result, error } = body;
  const header = retry_after ?? undefined;
  if (header !== undefined && error !== undefined) {
    errors.push({
      field: join(at, "retry_after"),
      found: found(header),
      message: "goes with status or result: an error has no headers",
    });
  }
  if (retry_after_ms === undefined) return;
  const message = result === undefined
    ? "goes with result: with a status give retry_after"
    : header !== undefined
    ? "must not stand beside retry_after"
    : undefined;
  if (message === undefined) return;
  errors.push({ field: join(at, "retry_after_ms"), found: found(retry_after_ms), message });
}

function outcomeOf(body: RecordBody, nowMs: number): Outcome {
  const { status, error, result, from_cache: fromCache, latency_ms: latencyMs } = body;
  const retryAfter = asHeader(body.retry_after);
  if (status !== undefined) return { status, retryAfter, latencyMs, fromCache };
  // The host was never asked, whatever else is said.
  if (fromCache === true) return { result: "cancelled", latencyMs };
  if (error !== undefined) return { error: { name: error }, latencyMs };
  const retryAfterMs = body.retry_after_ms ?? parseRetryAfter(retryAfter ?? null, nowMs);
  return { result: result!, retryAfterMs, latencyMs };
}

/** A number counts seconds; one that a header could not hold is as good as none. */
function asHeader(value: string | number | null | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return value.length > MAX_RETRY_AFTER ? undefined : value;
  return String(Math.ceil(Math.min(value, LONGEST_RETRY_AFTER_S)));
}
