/**
 * How much of its rate a host bears: additive increase, multiplicative decrease. A 429 takes a fifth of what
 * is left; a minute without too many of them gives 5 % of the whole back. Pure: every function is told the time.
 *
 * @module
 */

import { MAX_SKEW_MS } from "./gcra.ts";

/** What a host's 429s have left of its rate. */
export interface Aimd {
  /** At `at`; it has climbed since. */
  multiplier: number;
  /** Since when it climbs, in epoch milliseconds. */
  at: number;
  /** When it fell last, in epoch milliseconds; absent: never. */
  fellAt?: number;
}

/** The whole rate. */
export const FULL: Aimd = Object.freeze({ multiplier: 1, at: 0 });

/** What a fall leaves. */
const FALL_FACTOR = 0.8;
/** The least that falls leave. */
export const LEAST_MULTIPLIER = 0.1;
/** What a minute gives back. */
const CLIMB_PER_MINUTE = 0.05;
/** Share of 429s among outcomes at and above which the multiplier does not climb. */
const LIMITED_RATIO = 0.05;

const MINUTE_MS = 60_000;
/** Outcomes are remembered for so long at most. */
const REMEMBERED_MS = 2 * MINUTE_MS;

/** The multiplier now. */
export function multiplierAt({ multiplier, at }: Aimd, now: number): number {
  const climbed = CLIMB_PER_MINUTE * Math.max(0, now - at) / MINUTE_MS;
  return Math.min(1, multiplier + climbed);
}

/** Without times in the future, as a clock leaves them that was set back: until then it would neither fall nor climb. */
export function settled(aimd: Aimd, now: number): Aimd {
  const { multiplier, at, fellAt = -Infinity } = aimd;
  if (Math.max(at, fellAt) <= now + MAX_SKEW_MS) return aimd;
  const settledAt = Math.min(at, now);
  return fellAt === -Infinity
    ? { multiplier, at: settledAt }
    : { multiplier, at: settledAt, fellAt: Math.min(fellAt, now) };
}

/**
 * After a 429. The very same where the request's permit was issued before the last fall: a burst of them, from
 * requests that were under way already, counts once.
 */
export function fallen(aimd: Aimd, issuedAt: number, now: number): Aimd {
  const known = settled(aimd, now);
  // A fall in the future is another clock's, and was no later than now.
  if (known.fellAt !== undefined && issuedAt <= Math.min(known.fellAt, now)) return known;
  const multiplier = Math.max(LEAST_MULTIPLIER, multiplierAt(known, now) * FALL_FACTOR);
  return { multiplier, at: now, fellAt: now };
}

/** Where 429s are too many: it climbs from now on, and has not for as long as outcomes are remembered. */
export function held(aimd: Aimd, now: number): Aimd {
  const multiplier = multiplierAt(aimd, now - REMEMBERED_MS);
  return multiplier === 1 ? aimd : { ...aimd, multiplier, at: Math.max(aimd.at, now) };
}

/** When the multiplier will be 1 again, in epoch milliseconds. */
export function fullAt({ multiplier, at }: Aimd): number {
  return at + (1 - multiplier) / CLIMB_PER_MINUTE * MINUTE_MS;
}

/** The lower of what two processes know. */
export function lower(one: Aimd, other: Aimd, now: number): Aimd {
  const least = multiplierAt(one, now) <= multiplierAt(other, now) ? one : other;
  const fellAt = Math.max(one.fellAt ?? -Infinity, other.fellAt ?? -Infinity);
  return fellAt === -Infinity ? least : { ...least, fellAt };
}

/** Outcomes of the present minute and of the one before, as one process saw them. */
export interface LimitedCount {
  /** Number of the present minute. */
  minute: number;
  calls: number;
  /** Of these, how many were a 429. */
  limited: number;
  callsBefore: number;
  limitedBefore: number;
}

/** Nothing counted. */
export const NONE_LIMITED: LimitedCount = Object.freeze({
  minute: 0,
  calls: 0,
  limited: 0,
  callsBefore: 0,
  limitedBefore: 0,
});

/** With one outcome more. */
export function countOutcome(
  count: LimitedCount,
  isLimited: boolean,
  now: number,
): LimitedCount {
  const present = upTo(count, now);
  const limited = present.limited + (isLimited ? 1 : 0);
  return { ...present, calls: present.calls + 1, limited };
}

/** True where 429s are at or above {@linkcode LIMITED_RATIO}: what the multiplier has must do. */
export function isLimited(count: LimitedCount, now: number): boolean {
  const { calls, limited, callsBefore, limitedBefore } = upTo(count, now);
  const all = limited + limitedBefore;
  return all > 0 && all >= LIMITED_RATIO * (calls + callsBefore);
}

function upTo(count: LimitedCount, now: number): LimitedCount {
  const minute = Math.floor(now / MINUTE_MS);
  if (minute === count.minute) return count;
  const isNext = minute === count.minute + 1;
  return {
    minute,
    calls: 0,
    limited: 0,
    callsBefore: isNext ? count.calls : 0,
    limitedBefore: isNext ? count.limited : 0,
  };
}
