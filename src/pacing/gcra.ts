/**
 * The generic cell rate algorithm for several limits at once, with slots that may be reserved ahead. Pure:
 * reads no clock and keeps nothing. How fast a host is asked for its 429s' sake is in `aimd.ts`.
 *
 * @module
 */
import type { RateLimit } from "../breaker/rate_limits.ts";

/** A limit as the algorithm takes it. */
export interface Spacing {
  /** Length of the stretch that the limit is about, in milliseconds; names the limit among those of one rate. */
  periodMs: number;
  /** Between requests in the long run, in milliseconds. */
  intervalMs: number;
  /** How far ahead of that they may come, in milliseconds. */
  toleranceMs: number;
}

/** When the next request would come if all came evenly, in epoch milliseconds, by `periodMs` of the limit. */
export type Arrivals = ReadonlyMap<number, number>;

/** A moment at which one request may be sent. */
export interface Slot {
  /** Not before, in epoch milliseconds. */
  at: number;
  /** Not then or later: by then the next one may be sent. */
  until: number;
}

/** This share of a limit may go out at once, at least one request; the rest is spread. */
const BURST_SHARE = 0.1;

/**
 * A limit as the algorithm takes it. So that no stretch of its length ever holds more than `count` requests, what
 * may come at once is taken off what is spread evenly.
 */
export function spacingOf({ count, periodMs }: RateLimit): Spacing {
  const burst = Math.max(1, Math.floor(count * BURST_SHARE));
  const intervalMs = periodMs / (count - burst + 1);
  return { periodMs, intervalMs, toleranceMs: (burst - 1) * intervalMs };
}

/** The earliest moment from `from` on at which every limit lets a request through. */
export function earliest(spacings: readonly Spacing[], arrivals: Arrivals, from: number): number {
  let at = from;
  for (const { periodMs, toleranceMs } of spacings) {
    const arrival = arrivals.get(periodMs);
    if (arrival !== undefined) at = Math.max(at, arrival - toleranceMs);
  }
  return at;
}

/** What a reservation asks for. */
interface Reservation {
  /** Epoch milliseconds. */
  now: number;
  /** The first slot that is wanted is not before this, in epoch milliseconds. */
  from: number;
  /** Nor after this, in epoch milliseconds. */
  latest: number;
  /** The last slot is at most so long after it, in milliseconds. */
  spanMs: number;
  /** Most slots from `from` on. */
  wanted: number;
  /** Share of the rate that holds now, above 0 to 1. */
  factor: number;
}

/** What came of it. */
interface Reserved {
  /** The very same where nothing was reserved. */
  arrivals: Arrivals;
  /** In order; may be empty. Those before `from` would be lost to everybody if they were left out. */
  slots: Slot[];
  /** When the next slot after these is, as things stand, in epoch milliseconds. */
  freeAt: number;
}

/** Clocks of processes differ by no more than this, in milliseconds. */
export const MAX_SKEW_MS = 2_000;
/** Nobody reserves further ahead than the longest wait that can be configured and a lease, in milliseconds. */
const MAX_AHEAD_MS = 61_000 + MAX_SKEW_MS;
/** A slot may be used for so long at least, in milliseconds: clocks tell no shorter time. */
const LEAST_USABLE_MS = 1;
/** Most slots that are reserved before those that are wanted. */
const MAX_EARLY = 1_000;

/** Reserves slots that every limit lets through. */
export function reserve(
  spacings: readonly Spacing[],
  arrivals: Arrivals,
  { now, from, latest, spanMs, wanted, factor }: Reservation,
): Reserved {
  const next = plausible(spacings, arrivals, now, factor);
  const first = earliest(spacings, next, from);
  if (first > latest) return { arrivals, slots: [], freeAt: first };
  const narrowestMs = Math.min(...spacings.map(({ intervalMs }) => intervalMs)) / factor;
  const early = Math.max(now, from - Math.min(spanMs, MAX_EARLY * narrowestMs));
  const usableMs = Math.max(narrowestMs, LEAST_USABLE_MS);
  const slots: Slot[] = [];
  let left = wanted;
  let at = earliest(spacings, next, Math.min(from, early));
  while (left > 0 && at <= first + spanMs && slots.length < wanted + MAX_EARLY) {
    for (const { periodMs, intervalMs } of spacings) {
      next.set(periodMs, Math.max(next.get(periodMs)!, at) + intervalMs / factor);
    }
    const following = earliest(spacings, next, at);
    const until = Math.max(following, at + usableMs);
    slots.push({ at, until });
    if (until > from) left--;
    at = following;
  }
  return { arrivals: next, slots, freeAt: at };
}

/**
 * What nobody can have reserved is of a clock that ran ahead, and must not close the host for as long: then the
 * next slot is now.
 */
function plausible(
  spacings: readonly Spacing[],
  arrivals: Arrivals,
  now: number,
  factor: number,
): Map<number, number> {
  return new Map(spacings.map(({ periodMs, intervalMs, toleranceMs }) => {
    const arrival = arrivals.get(periodMs) ?? 0;
    const most = now + toleranceMs + intervalMs / factor + MAX_AHEAD_MS;
    return [periodMs, arrival > most ? now + toleranceMs : arrival];
  }));
}

/** Requests per second that all limits let through in the long run. */
export function perSecond(spacings: readonly Spacing[]): number {
  return 1_000 / Math.max(...spacings.map(({ intervalMs }) => intervalMs));
}
