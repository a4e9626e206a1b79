/**
 * How long a host asks to be left alone: Retry-After and the rate-limit headers, as milliseconds from now.
 * Reading only: nothing is capped here, and no clock is read.
 *
 * @module
 */
import type { Outcome } from "./gate.ts";

/** What is needed of a `Headers` object. */
export interface HeaderReader {
  /** The value of a header, whatever the case of its name; null where it is absent. */
  get(name: string): string | null;
}

/** Statuses whose Retry-After is heeded. */
const ASKING_STATUSES: readonly number[] = [429, 503];

const SHORT_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const MONTH = "(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const TIME = "(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)";

/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const IMF_FIXDATE = new RegExp(
  `^${SHORT_DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`,
);
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const RFC850_DATE = new RegExp(
  `^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`,
);
/** `Sun Nov  6 08:49:37 1994` */
const ASCTIME_DATE = new RegExp(
  `^${SHORT_DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`,
);
/** Longer than any of the three forms. */
const MAX_DATE_LENGTH = 40;

/** Seconds; or the same seconds several times, as two proxies that both add the field leave them. */
const DELTA_SECONDS = /^(\d+)(?:[ \t]*,[ \t]*\1)*$/;
const RESET = /^\d+(?:\.\d+)?$/;
/** From here on a reset is no longer a delta (31 years) but epoch seconds. */
const LEAST_EPOCH_S = 1e9;
/** From here on it is epoch milliseconds: as seconds it would be the year 5138. */
const LEAST_EPOCH_MS = 1e11;
/** Longer RateLimit fields are not read. */
const MAX_RATE_LIMIT_LENGTH = 4_096;

/**
 * The delay that a Retry-After asks for, in milliseconds from `nowMs` (epoch milliseconds). Reads
 * delta-seconds and the three forms of HTTP-date (RFC 9110 sections 10.2.3 and 5.6.7). Undefined where the
 * value cannot be read, is 0, or names a time that is not in the future. Never throws. A delay beyond
 * `Number.MAX_SAFE_INTEGER` is that number.
 *
 * Seconds that came twice, joined by a comma, are read where they are the same; two different ones are not.
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  const seconds = DELTA_SECONDS.exec(text)?.[1];
  if (seconds !== undefined) return delay(Number(seconds) * 1_000);
  const at = epochOfHttpDate(text, nowMs);
  return at === undefined ? undefined : delay(at - nowMs);
}

/**
 * The delay that an answer's headers ask for, in milliseconds from `nowMs`: Retry-After where it is present,
 * readable or not; otherwise the first of `RateLimit-Reset`, `X-RateLimit-Reset` and `RateLimit: t=` that
 * names a time in the future.
 */
export function retryAfterFromHeaders(headers: HeaderReader, nowMs: number): number | undefined {
  const retryAfter = textOf(headers, "retry-after");
  if (retryAfter !== null) return parseRetryAfter(retryAfter, nowMs);
  return parseReset(textOf(headers, "ratelimit-reset"), nowMs) ??
    parseReset(textOf(headers, "x-ratelimit-reset"), nowMs) ??
    parseRateLimit(textOf(headers, "ratelimit"));
}

/** A header's text; null where it is absent. A reader that is no `Headers` may say undefined for absent, as a Map does, answer with a number, or fail. */
export function textOf(headers: HeaderReader, name: string): string | null {
  try {
    const value: unknown = headers.get(name);
    return value === undefined || value === null ? null : String(value);
  } catch {
    return null;
  }
}

/**
 * The delay that an outcome asks for, in milliseconds from `nowMs`: a status 429 or 503 by its `retryAfter`,
 * or where that is absent by its headers; a result `failure` by its `retryAfterMs`. Undefined where nothing
 * was asked for, and for an answer from a cache. Never throws for what a host sent.
 */
export function retryAfterOf(outcome: Outcome, nowMs: number): number | undefined {
  if ("fromCache" in outcome && outcome.fromCache === true) return undefined;
  if ("status" in outcome && ASKING_STATUSES.includes(outcome.status)) {
    const { retryAfter, headers } = outcome;
    if (retryAfter !== undefined && retryAfter !== null) return parseRetryAfter(retryAfter, nowMs);
    if (headers) return retryAfterFromHeaders(headers, nowMs);
  }
  if ("result" in outcome && outcome.result === "failure" && outcome.retryAfterMs !== undefined) {
    return Number.isFinite(outcome.retryAfterMs) ? delay(outcome.retryAfterMs) : undefined;
  }
  return undefined;
}

/** A delay worth telling: above 0, and finite. NaN is none. */
function delay(ms: number): number | undefined {
  return ms > 0 ? Math.min(ms, Number.MAX_SAFE_INTEGER) : undefined;
}

function epochOfHttpDate(text: string, nowMs: number): number | undefined {
  if (text.length > MAX_DATE_LENGTH) return undefined;
  const rfc850 = RFC850_DATE.exec(text);
  const parts = (rfc850 ?? IMF_FIXDATE.exec(text) ?? ASCTIME_DATE.exec(text))?.groups;
  if (parts === undefined) return undefined;
  const month = MONTHS.indexOf(parts.month!) / 3;
  const day = Number(parts.day);
  const epoch = (year: number) =>
    Date.UTC(year, month, day, Number(parts.hour), Number(parts.minute), Number(parts.second));
  const year = rfc850 === null
    ? Number(parts.year)
    : yearOfTwoDigits(Number(parts.year), epoch, nowMs);
  // `Date.UTC` reads the years 0 to 99 as 1900 to 1999, and 31 February as some day in March.
  return year < 100 || day < 1 || day > daysIn(month, year) ? undefined : epoch(year);
}

/**
 * The latest year with these two last digits that is not more than 50 years ahead: what appears further
 * ahead is in the past (RFC 9110 section 5.6.7).
 */
function yearOfTwoDigits(digits: number, epoch: (year: number) => number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  let year = thisYear - (thisYear % 100) + 100 + digits;
  // Comparing the date 50 years earlier with now counts calendar years, whatever leap days lie between.
  while (epoch(year - 50) > nowMs) year -= 100;
  return year;
}

function daysIn(month: number, year: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
}

/** A reset as the rate-limit headers tell it: delta seconds, epoch seconds or epoch milliseconds, by its size. */
function parseReset(value: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (!RESET.test(text)) return undefined;
  const reset = Number(text);
  if (reset >= LEAST_EPOCH_MS) return delay(Math.round(reset) - nowMs);
  const ms = Math.round(reset * 1_000);
  return delay(reset >= LEAST_EPOCH_S ? ms - nowMs : ms);
}

/**
 * The `t=` of a field such as `"burst";r=0;t=5, "daily";r=70;t=3600`: the longest among the quotas that are
 * used up (`r=0`), since the host answers no sooner; where none says so, the first.
 */
function parseRateLimit(value: string | null): number | undefined {
  if (!value || value.length > MAX_RATE_LIMIT_LENGTH) return undefined;
  // A policy's name may hold anything, `;t=9` too.
  const nameless = value.replace(/"(?:[^"\\]|\\.)*"/g, "");
  if (nameless.includes('"')) return undefined;
  const timed = nameless.split(",")
    .map((item) => ({ seconds: parameter(item, "t"), left: parameter(item, "r") }))
    .filter(({ seconds }) => seconds !== undefined && seconds > 0);
  const usedUp = timed.filter(({ left }) => left === 0).map(({ seconds }) => seconds!);
  return delay((usedUp.length > 0 ? Math.max(...usedUp) : timed[0]?.seconds ?? 0) * 1_000);
}

/** An integer parameter of one item of a structured field (RFC 9651). */
function parameter(item: string, name: string): number | undefined {
  for (const part of item.split(";")) {
    const digits = /^\s*(\w+)=(\d+)\s*$/.exec(part);
    if (digits?.[1] === name) return Number(digits[2]);
  }
  return undefined;
}
