/**
 * What single fields of requests take, as schemas that several bodies and queries share, and in words. Which fields
 * stand together is said in `gate_schemas.ts`, `operator_schemas.ts` and `advice_schemas.ts`.
 *
 * @module
 */
import * as z from "zod/mini";
import { MAX_NOTE_LENGTH } from "../breaker/record.ts";
import type { AdviceRule } from "../tuning/advice.ts";

/** The longest host or URL that is looked at. */
export const MAX_URL = 16_384;
/** The longest time that an operator may name, in seconds. */
export const ONE_YEAR_S = 31_536_000;

/** A text that says something. */
export function text(longest: number) {
  return z.string().check(z.minLength(1), z.maxLength(longest));
}

/** A number as a query spells it, which `number` then takes or not. */
export function digits<T extends z.ZodMiniType<number, number>>(most: number, number: T) {
  const spelled = z.string().check(z.regex(new RegExp(`^[0-9]{1,${most}}$`)));
  return z.pipe(z.pipe(spelled, z.transform(Number)), number);
}

/** Why something was done. */
export const reason = text(MAX_NOTE_LENGTH);

/** How far back advice looks, in seconds. */
export const windowSeconds = z.int().check(z.minimum(60), z.maximum(86_400));

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
  reason: `must be a text of up to ${MAX_NOTE_LENGTH} characters`,
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
