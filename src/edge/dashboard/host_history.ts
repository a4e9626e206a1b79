/**
 * A host's last hours, made of its summaries and of the changes of state that are known. Pure.
 *
 * @module
 */
import type { BreakerState } from "../../breaker/state.ts";
import { quantile } from "../../telemetry/histogram.ts";
import {
  EMPTY_SUMMARY,
  type HostMinute,
  mergeSummaries,
  MINUTE_MS,
  type Summary,
} from "../../telemetry/summary.ts";
import type { WireEvent } from "./history_book.ts";

/** A stretch of time in one state. */
export interface Band {
  state: BreakerState;
  /** Epoch milliseconds. */
  from: number;
  until: number;
  /** Why, where it was open and that is known. */
  reason?: string;
}

/** What happened in a stretch of the window. */
export interface Bucket {
  /** When it begins, in epoch milliseconds. */
  at: number;
  successes: number;
  neutral: number;
  failures: number;
  denied: number;
}

/** The breaker that roles share, or that of a role. */
export interface Lane {
  /** `""`: the one that is shared. */
  role: string;
  /** In order of time, without gaps. */
  bands: Band[];
}

/** The answer to `GET /v1/hosts/{host}/history`. */
export interface WireHostHistory {
  host: string;
  /** Epoch milliseconds. */
  from: number;
  until: number;
  bucket_s: number;
  lanes: Lane[];
  /** Those in which something happened, in order of time. */
  buckets: Bucket[];
  /** Absent where no latency was told. */
  latency_ms?: { p50: number; p90: number; p99: number };
  /** How requests went. */
  outcomes: Record<string, number>;
  /** Why requests were denied. */
  denials: Record<string, number>;
  /** What the host asked for, by seconds. */
  retry_after_s: Record<string, number>;
  /** False where the store could not be read as a whole. */
  complete: boolean;
}

/** What the history is made of. */
export interface HistorySources {
  host: string;
  from: number;
  until: number;
  minutes: readonly HostMinute[];
  complete: boolean;
  /** Changes of state that are known, the oldest first. */
  changes: readonly WireEvent[];
  /** Roles with a breaker of their own. */
  roles: readonly string[];
  /** The host's state now: `""`, of the breaker that roles share. */
  stateNow: (role: string) => BreakerState;
}

/** Stretches that a picture has room for. */
const MAX_BUCKETS = 288;

/** Puts it together. */
export function hostHistory(sources: HistorySources): WireHostHistory {
  const { host, from, until, minutes, complete, roles } = sources;
  const bucketMs = Math.ceil((until - from) / MAX_BUCKETS / MINUTE_MS) * MINUTE_MS;
  const all = minutes.reduce((sum, { summary }) => mergeSummaries(sum, summary), EMPTY_SUMMARY);
  return {
    host,
    from,
    until,
    bucket_s: bucketMs / 1_000,
    lanes: ["", ...roles].map((role) => ({ role, bands: bandsOf(role, sources) })),
    buckets: bucketsOf(minutes, bucketMs),
    latency_ms: latencyOf(all),
    outcomes: outcomesOf(all),
    denials: { ...all.denials },
    retry_after_s: { ...all.retryAfterS },
    complete,
  };
}

function bucketsOf(minutes: readonly HostMinute[], bucketMs: number): Bucket[] {
  const buckets = new Map<number, Bucket>();
  for (const { minute, summary } of minutes) {
    const at = Math.floor(minute * MINUTE_MS / bucketMs) * bucketMs;
    const bucket = buckets.get(at) ?? { at, successes: 0, neutral: 0, failures: 0, denied: 0 };
    bucket.successes += summary.successes;
    bucket.neutral += summary.neutral;
    bucket.failures += summary.failures;
    bucket.denied += deniedOf(summary);
    buckets.set(at, bucket);
  }
  return [...buckets.values()].sort((a, b) => a.at - b.at);
}

function deniedOf({ denials }: Summary): number {
  return Object.values(denials).reduce((sum, count) => sum + count, 0);
}

function latencyOf({ latencyMs }: Summary): WireHostHistory["latency_ms"] {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((q) => quantile(latencyMs, q));
  return p50 === undefined ? undefined : { p50, p90: p90!, p99: p99! };
}

function outcomesOf(summary: Summary): Record<string, number> {
  const { successes, neutral, status429, status503, status5xx, timeouts, otherErrors } = summary;
  const { cancelled, fromCache } = summary;
  return {
    success: successes,
    neutral,
    status_429: status429,
    status_503: status503,
    status_5xx: status5xx - status503,
    timeout: timeouts,
    other_error: otherErrors,
    cancelled,
    from_cache: fromCache,
  };
}

/** By the changes that are known and, before the first of them, by what each minute says. */
function bandsOf(role: string, sources: HistorySources): Band[] {
  const { from, until, roles, stateNow } = sources;
  const changes = sources.changes.filter((change) =>
    (change.role ?? "") === role && change.at > from && change.at <= until
  );
  const isOf = (minute: HostMinute) =>
    role === "" ? !roles.includes(minute.role) : minute.role === role;
  const [first] = changes;
  const known = first?.at ?? until;
  // What a minute says of the time before the change is no better than what the change itself says.
  const guessedUntil = first === undefined ? until : Math.max(from, known - known % MINUTE_MS);
  const bands = guessed(sources.minutes.filter(isOf), from, guessedUntil);
  bands.push({ state: first?.from ?? "closed", from: guessedUntil, until: known });
  for (const [i, { at, to = "closed", until: deadline, reason }] of changes.entries()) {
    const end = changes[i + 1]?.at ?? until;
    // Nobody hears of a deadline that passes: the first probe tells.
    const opensUntil = to === "open" ? Math.min(deadline ?? Infinity, end) : end;
    bands.push({ state: to, from: at, until: opensUntil, ...(to === "open" && { reason }) });
    if (opensUntil < end) bands.push({ state: "half_open", from: opensUntil, until: end });
  }
  if (changes.length === 0) bands.push({ state: stateNow(role), from: until, until });
  return joined(bands);
}

/** A minute in which something was denied by an open breaker was one in which it was open. */
function guessed(minutes: readonly HostMinute[], from: number, until: number): Band[] {
  const states = new Map<number, BreakerState>();
  for (const { minute, summary } of minutes) {
    const state = stateIn(summary);
    if (states.get(minute) !== "open") states.set(minute, state);
  }
  const bands: Band[] = [];
  let at = from;
  while (at < until) {
    const minute = Math.floor(at / MINUTE_MS);
    const end = Math.min((minute + 1) * MINUTE_MS, until);
    bands.push({ state: states.get(minute) ?? "closed", from: at, until: end });
    at = end;
  }
  return bands;
}

function stateIn(
  { denials, opens, cooldowns, probeSuccesses, probeFailures }: Summary,
): BreakerState {
  const { open = 0, retry_after = 0, rolling = 0, manual = 0, probes = 0 } = denials;
  if (open + retry_after + rolling + manual + opens + cooldowns > 0) return "open";
  return probes + probeSuccesses + probeFailures > 0 ? "half_open" : "closed";
}

/** Neighbours of the same state as one. */
function joined(bands: readonly Band[]): Band[] {
  const all: Band[] = [];
  for (const band of bands) {
    const last = all.at(-1);
    const isSame = last?.state === band.state &&
      (last.reason === band.reason || band.from === band.until);
    if (isSame) last.until = band.until;
    else if (band.until > band.from) all.push({ ...band });
  }
  return all;
}
