/**
 * What happened to a host in a stretch of time, as numbers that add up: summaries of other processes, roles
 * and minutes join by {@linkcode mergeSummaries}. Pure; how they come about stands in `summary_book.ts`, how
 * they are stored in `summary_share.ts`.
 *
 * @module
 */
import type { DenialReason } from "../breaker/state.ts";
import { EMPTY_HISTOGRAM, type Histogram, mergeHistograms } from "./histogram.ts";

/** What happened. Counts, but for the histograms and {@linkcode Summary.longestRun}. */
export interface Summary {
  /** Outcomes that were told, also those that came too late to change a breaker. */
  calls: number;
  /** Of them, those that a cache answered. */
  fromCache: number;
  /** Of them, those that asked the host: neither from a cache nor cancelled. */
  network: number;
  /** Network calls by what they were classified as. */
  successes: number;
  /** The host answered, but the answer says nothing of its health. */
  neutral: number;
  /** Given up by the caller. */
  cancelled: number;
  /** Network calls that failed, however. */
  failures: number;
  /** Answers with status 429, however that is classified. */
  status429: number;
  /** Answers with status 503. */
  status503: number;
  /** Answers with a status from 500 to 599, 503 included. */
  status5xx: number;
  /** Failures by a `TimeoutError`. */
  timeouts: number;
  /** Failures by any other error. */
  otherErrors: number;
  /** Requests that the host's breakers denied, by reason; in mode `observe`, those that they would have. */
  denials: Readonly<Partial<Record<DenialReason, number>>>;
  /** What the host asked for, in seconds, before the cap. */
  retryAfterS: Histogram;
  /** How long network calls took, in milliseconds, with one significant digit: there are many. */
  latencyMs: Histogram;
  /** Opens by outcomes: failures, probes that failed, failure rate, slow calls. */
  opens: number;
  /** Opens by a cooldown of the host: Retry-After or the rolling window. Once per breaker of the host. */
  cooldowns: number;
  /** Opens by outcomes within two minutes of a close. */
  reopens: number;
  /**
   * How long breakers that opened by outcomes were not closed, in seconds: from the first open to the close
   * by a probe, probes that failed between them included. Counted when it closes.
   */
  openS: Histogram;
  /** Probes that the host answered. */
  probeSuccesses: number;
  /** Probes that failed. */
  probeFailures: number;
  /** The most failures in a row that one process saw, those of a run that goes on included. */
  longestRun: number;
  /** Failures in a row, as one process saw them, by how many there were. Counted when a success ends the run. */
  runs: Histogram;
}

/** A minute of one host and role, all processes together. */
export interface HostMinute {
  /** Host key. */
  host: string;
  /** Role; `""` where requests had none. What happened to the breaker that roles share stands there too. */
  role: string;
  /** Whole minutes since the epoch. */
  minute: number;
  /** What happened. */
  summary: Summary;
}

/** How long the stretch is that one summary is of, in milliseconds. */
export const MINUTE_MS = 60_000;

/** The minute that a moment is in: {@linkcode HostMinute.minute}. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS);
}

/** Nothing happened. */
export const EMPTY_SUMMARY: Summary = Object.freeze({
  calls: 0,
  fromCache: 0,
  network: 0,
  successes: 0,
  neutral: 0,
  cancelled: 0,
  failures: 0,
  status429: 0,
  status503: 0,
  status5xx: 0,
  timeouts: 0,
  otherErrors: 0,
  denials: Object.freeze({}),
  retryAfterS: EMPTY_HISTOGRAM,
  latencyMs: EMPTY_HISTOGRAM,
  opens: 0,
  cooldowns: 0,
  reopens: 0,
  openS: EMPTY_HISTOGRAM,
  probeSuccesses: 0,
  probeFailures: 0,
  longestRun: 0,
  runs: EMPTY_HISTOGRAM,
});

/**
 * Both together. Neither the order nor the grouping of several makes a difference, and
 * {@linkcode EMPTY_SUMMARY} changes nothing.
 */
export function mergeSummaries(a: Summary, b: Summary): Summary {
  return {
    calls: a.calls + b.calls,
    fromCache: a.fromCache + b.fromCache,
    network: a.network + b.network,
    successes: a.successes + b.successes,
    neutral: a.neutral + b.neutral,
    cancelled: a.cancelled + b.cancelled,
    failures: a.failures + b.failures,
    status429: a.status429 + b.status429,
    status503: a.status503 + b.status503,
    status5xx: a.status5xx + b.status5xx,
    timeouts: a.timeouts + b.timeouts,
    otherErrors: a.otherErrors + b.otherErrors,
    denials: mergeHistograms(a.denials, b.denials),
    retryAfterS: mergeHistograms(a.retryAfterS, b.retryAfterS),
    latencyMs: mergeHistograms(a.latencyMs, b.latencyMs),
    opens: a.opens + b.opens,
    cooldowns: a.cooldowns + b.cooldowns,
    reopens: a.reopens + b.reopens,
    openS: mergeHistograms(a.openS, b.openS),
    probeSuccesses: a.probeSuccesses + b.probeSuccesses,
    probeFailures: a.probeFailures + b.probeFailures,
    longestRun: Math.max(a.longestRun, b.longestRun),
    runs: mergeHistograms(a.runs, b.runs),
  };
}

/** Adds to what is known of a minute. */
export function addMinute(
  minutes: Map<number, Summary>,
  minute: number,
  summary: Summary,
): void {
  const known = minutes.get(minute);
  minutes.set(minute, known === undefined ? summary : mergeSummaries(known, summary));
}
