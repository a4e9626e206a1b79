/**
 * Steps of a rate, as text in and out (`10/s,1000/h`): so much slower or faster, in whole calls and seconds,
 * with as few calls at once as that allows. What a rate does stands elsewhere. Pure.
 *
 * @module
 */
import { limitsProblem, parseLimits, type RateLimit } from "../breaker/rate_limits.ts";

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60]] as const;
/** A step ends up to so much below what was asked for, where whole numbers do not meet it. */
const PRECISION = 1 / 16;
/** Longest period that is tried, as a multiple of the one before: by then whole numbers are as precise as that. */
const MOST_PERIODS = 256;

function readRate(text: string): RateLimit[] | undefined {
  return limitsProblem(text) === undefined ? parseLimits(text) : undefined;
}

/** Undefined where two limits have become one, or one has become too long. */
function writeRate(limits: readonly RateLimit[]): string | undefined {
  const text = limits.map(writeLimit).join(",");
  return limitsProblem(text) === undefined ? text : undefined;
}

function writeLimit({ count, periodMs }: RateLimit): string {
  const periodS = periodMs / 1000;
  const [name, unitS] = UNITS.find(([, unitS]) => periodS % unitS === 0) ?? ["s", 1];
  const times = periodS / unitS;
  return `${count}/${times === 1 ? "" : times}${name}`;
}

/** Calls a second that the narrowest limit allows in the long run; undefined where the text is no rate. */
export function callsPerSecond(rate: string): number | undefined {
  const limits = readRate(rate);
  return limits && Math.min(...limits.map(({ count, periodMs }) => 1000 * count / periodMs));
}

/** The rate times a factor, at most a sixteenth below it and never above; undefined where there is none such. */
export function scaledRate(rate: string, factor: number): string | undefined {
  const limits = readRate(rate);
  return limits && writeRate(limits.map((limit) => scaledLimit(limit, factor)));
}

/** A rate of so many calls a second, as {@linkcode scaledRate} makes it. */
export function rateOf(perSecond: number): string | undefined {
  return writeRate([scaledLimit({ count: 1, periodMs: 1000 }, perSecond)]);
}

/** Fewer calls in the same time, else the same number in a longer one, else other numbers of both. */
function scaledLimit({ count, periodMs }: RateLimit, factor: number): RateLimit {
  const least = (count / periodMs) * factor * (1 - PRECISION);
  const longer = 1000 * Math.ceil(periodMs / 1000 / factor - ROUNDING);
  const candidates = [
    { count: wholeBelow(count * factor), periodMs },
    { count, periodMs: Math.max(1000, longer) },
  ];
  for (let times = 2; times <= MOST_PERIODS; times++) {
    candidates.push({ count: wholeBelow(count * factor * times), periodMs: periodMs * times });
  }
  const meets = (limit: RateLimit) => limit.count / limit.periodMs >= least * (1 - ROUNDING);
  return candidates.find((limit) => limit.count > 0 && meets(limit)) ?? candidates[1]!;
}

/** What is a whole number save for the last bits is one. */
const ROUNDING = 1e-9;

function wholeBelow(value: number): number {
  return Math.floor(value + ROUNDING);
}

/**
 * The rate, where that is a step of up to the share `most` from the present one; else such a step towards it.
 * Undefined where one of them is no rate.
 */
export function boundedRate(rate: string, present: string, most: number): string | undefined {
  const [to, from] = [callsPerSecond(rate), callsPerSecond(present)];
  if (to === undefined || from === undefined) return undefined;
  const ratio = to / from;
  if (ratio < 1 - most - ROUNDING) return scaledRate(present, (1 - most) / (1 - PRECISION));
  return ratio > 1 + most + ROUNDING ? scaledRate(present, 1 + most) : rate;
}
