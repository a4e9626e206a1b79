/**
 * The shape of what clients send, as schemas, and their mistakes in words: unknown keys are refused, and every mistake
 * is named with its field. What a field may say beyond its type is in `requests.ts`.
 *
 * @module
 */
import * as z from "zod";
import type { BreakerState, Mode, OutcomeKind } from "../breaker/types.ts";
import { nearest } from "../config/issues.ts";
import type { AdviceRule } from "../tuning/advice.ts";
import { type FieldError, found } from "./problem.ts";

/** The body of `POST /v1/allow`. */
export interface AllowBody {
  host?: string;
  url?: string;
  role?: string;
  resolver?: string;
}

/** The body of `POST /v1/record`. */
export interface RecordBody {
  permit: string;
  status?: number;
  /** Name of the error that was thrown. */
  error?: string;
  result?: OutcomeKind;
  /** The header as it came, or seconds. */
  retry_after?: string | number | null;
  retry_after_ms?: number;
  latency_ms?: number;
  from_cache?: boolean;
}

/** The body of `PUT /v1/breakers/{host}` and `/v1/resolvers/{name}`. */
export interface StateBody {
  state: BreakerState;
  /** How long it stays open; absent: until closed. */
  seconds?: number;
  reason?: string;
}

/** The body of `PUT /v1/mode`. */
export interface ModeBody {
  mode: Mode;
  reason?: string;
}

/** The body of `POST /v1/advice/apply`, its items unread. */
export interface ApplyBody {
  advice?: unknown[];
  undo?: unknown[];
  window_s?: number;
}

/** Which advice is meant. */
export interface AdviceBody {
  host: string;
  role?: string;
  rule?: AdviceRule;
}

/** The query of `GET /v1/advice`. */
export interface AdviceQuery {
  window_s?: number;
}

/** The body of `POST /session`. */
export interface LogInBody {
  token: string;
  /** What the person calls himself. */
  name?: string;
}

/** The query of `GET /v1/history`. */
export interface HistoryListQuery {
  host?: string;
  kind?: "all" | "acts";
  limit?: number;
}

/** The query of a change of a policy. */
export interface ReasonQuery {
  reason?: string;
}

/** The body of `POST /v1/batch`, its items unread. */
export interface BatchBody {
  allow?: unknown[];
  record?: unknown[];
}

const MAX_URL = 16_384;
/** A cursor may name breakers that a store gave beyond the page. */
const MAX_CURSOR = 16_384;
const ONE_YEAR_S = 31_536_000;

/** The query of `GET /v1/breakers`, read. */
export interface ListQuery {
  state?: BreakerState;
  limit?: number;
  cursor?: string;
}

const text = (longest: number) => z.string().min(1).max(longest);

/** The schema of {@linkcode AllowBody}. */
export const allowBody: z.ZodType<AllowBody> = z.strictObject({
  host: text(MAX_URL).optional(),
  url: text(MAX_URL).optional(),
  role: z.string().optional(),
  resolver: z.string().optional(),
});

/** The schema of {@linkcode RecordBody}. */
export const recordBody: z.ZodType<RecordBody> = z.strictObject({
  permit: z.string(),
  status: z.int().min(100).max(999).optional(),
  error: text(1_024).optional(),
  result: z.enum(["success", "failure", "neutral", "cancelled"]).optional(),
  retry_after: z.union([z.string(), z.number()]).nullable().optional(),
  retry_after_ms: z.number().optional(),
  latency_ms: z.number().min(0).optional(),
  from_cache: z.boolean().optional(),
});

/** The schema of {@linkcode StateBody}. */
export const stateBody: z.ZodType<StateBody> = z.strictObject({
  state: z.enum(["open", "half_open", "closed"]),
  seconds: z.number().positive().max(ONE_YEAR_S).optional(),
  reason: text(256).optional(),
});

/** The schema of {@linkcode ModeBody}. */
export const modeBody: z.ZodType<ModeBody> = z.strictObject({
  mode: z.enum(["enforce", "observe", "off"]),
  reason: text(256).optional(),
});

/** By name, so that none is forgotten. */
const RULES: Readonly<Record<AdviceRule, true>> = {
  retry_after: true,
  open_duration: true,
  failure_runs: true,
  half_open: true,
  half_open_recovered: true,
  pace: true,
  pace_trim: true,
  pace_up: true,
  flapping: true,
  relax: true,
  search: true,
};
/** Rules of the advisor. */
export const ADVICE_RULES = Object.keys(RULES) as AdviceRule[]; // safe: these are its keys

/** How far back advice looks, in seconds. */
export const windowSeconds: z.ZodType<number, number> = z.int().min(60).max(86_400);

/** The schema of {@linkcode ApplyBody}. */
export const applyBody: z.ZodType<ApplyBody> = z.strictObject({
  advice: z.array(z.unknown()).optional(),
  undo: z.array(z.unknown()).optional(),
  window_s: windowSeconds.optional(),
});

/** The schema of {@linkcode AdviceBody}. */
export const adviceBody: z.ZodType<AdviceBody> = z.strictObject({
  host: text(MAX_URL),
  role: z.string().optional(),
  rule: z.enum(ADVICE_RULES).optional(),
});

/** The schema of {@linkcode AdviceQuery}. */
export const adviceQuery: z.ZodType<AdviceQuery> = z.strictObject({
  window_s: z.string().regex(/^[0-9]{1,5}$/).transform(Number).pipe(windowSeconds).optional(),
});

/** The schema of {@linkcode LogInBody}. */
export const logInBody: z.ZodType<LogInBody> = z.strictObject({
  token: text(1_024),
  name: text(64).optional(),
});

/** A number of items asked for, in a query. */
const limit = z.string().regex(/^[0-9]{1,4}$/).transform(Number).pipe(z.int().min(1).max(1_000));

/** The schema of {@linkcode HistoryListQuery}. */
export const historyQuery: z.ZodType<HistoryListQuery> = z.strictObject({
  host: text(MAX_URL).optional(),
  kind: z.enum(["all", "acts"]).optional(),
  limit: limit.optional(),
});

/** The schema of {@linkcode ReasonQuery}. */
export const reasonQuery: z.ZodType<ReasonQuery> = z.strictObject({
  reason: text(256).optional(),
});

/** The schema of {@linkcode BatchBody}. */
export const batchBody: z.ZodType<BatchBody> = z.strictObject({
  allow: z.array(z.unknown()).optional(),
  record: z.array(z.unknown()).optional(),
});

/** The schema of {@linkcode ListQuery}. */
export const listQuery: z.ZodType<ListQuery> = z
  .strictObject({
    state: z.enum(["open", "half_open", "closed"]).optional(),
    limit: limit.optional(),
    cursor: text(MAX_CURSOR).optional(),
  });

/** What each field takes, in words. */
export const EXPECTED: Readonly<Record<string, string>> = {
  body: "must be a JSON object",
  host: 'must be a host such as "example.org" or "example.org:8080"',
  url: "must be an http or https URL",
  role: "must match [a-z][a-z0-9_-]{0,31}",
  resolver: "must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}",
  permit: "must be the permit that an allow gave, a string",
  status: "must be an HTTP status, a whole number from 100 to 999",
  error: "must be the name of the error, such as TimeoutError",
  result: "must be success, failure, neutral or cancelled",
  retry_after: "must be the value of the header, or a number of seconds",
  retry_after_ms: "must be a number of milliseconds",
  latency_ms: "must be a number of milliseconds, 0 or above",
  from_cache: "must be true or false",
  state: "must be open, half_open or closed",
  mode: "must be enforce, observe or off",
  seconds: `must be a number of seconds, above 0 and up to ${ONE_YEAR_S}`,
  reason: "must be a text of up to 256 characters",
  advice: "must be an array of what to apply, each with a host",
  undo: "must be an array of hosts",
  window_s: "must be a whole number of seconds from 60 to 86400",
  rule: `must be one of ${ADVICE_RULES.join(", ")}`,
  token: "must be a token of the server",
  name: "must be a name of up to 64 characters",
  kind: "must be all or acts",
  allow: "must be an array of asks",
  record: "must be an array of outcomes",
  limit: "must be a whole number from 1 to 1000",
  cursor: "must be the next_cursor of the page before",
};

/** Names of the fields of each schema, for the message on one that is unknown. */
const KEYS = new Map<unknown, readonly string[]>([
  [allowBody, ["host", "url", "role", "resolver"]],
  [recordBody, [
    "permit",
    "status",
    "error",
    "result",
    "retry_after",
    "retry_after_ms",
    "latency_ms",
    "from_cache",
  ]],
  [stateBody, ["state", "seconds", "reason"]],
  [modeBody, ["mode", "reason"]],
  [applyBody, ["advice", "undo", "window_s"]],
  [adviceBody, ["host", "role", "rule"]],
  [adviceQuery, ["window_s"]],
  [logInBody, ["token", "name"]],
  [historyQuery, ["host", "kind", "limit"]],
  [reasonQuery, ["reason"]],
  [batchBody, ["allow", "record"]],
  [listQuery, ["state", "limit", "cursor"]],
]);

/** The value as its schema has it; where it has mistakes these are added, each with its field. */
export function checked<T>(
  schema: z.ZodType<T>,
  value: unknown,
  at: string,
  errors: FieldError[],
): T | undefined {
  const result = schema.safeParse(value);
  // JSON may hold a key that zod passes over without a word.
  if (result.success && !Object.hasOwn(Object(value), "__proto__")) return result.data;
  if (result.success) errors.push(unknownKey(schema, "__proto__", at));
  else result.error.issues.forEach((issue) => errors.push(...mistakes(schema, issue, value, at)));
  return undefined;
}

function mistakes(
  schema: unknown,
  issue: z.core.$ZodIssue,
  value: unknown,
  at: string,
): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(schema, key, at));
  }
  const [name] = issue.path;
  if (typeof name !== "string") {
    return [{ field: at === "" ? "body" : at, found: found(value), message: EXPECTED["body"]! }];
  }
  // Safe: the issue has a path, so the value is an object.
  const given = (value as Record<string, unknown>)[name];
  const expected = EXPECTED[name] ?? issue.message;
  return [{
    field: join(at, name),
    found: (name === "permit" || name === "token") && typeof given === "string"
      ? undefined
      : found(given),
    message: given === undefined ? `is missing: it ${expected}` : expected,
  }];
}

function unknownKey(schema: unknown, key: string, at: string): FieldError {
  const known = KEYS.get(schema) ?? [];
  const meant = nearest(key, known);
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  return {
    field: join(at, key.slice(0, 80)),
    message: `is not known here: known are ${known.join(", ")}${hint}`,
  };
}

/** The name of a field within an item. */
export function join(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}
