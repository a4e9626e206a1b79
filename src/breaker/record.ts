/**
 * What is stored of a host or a resolver in trouble, and when it says nothing more. How it changes stands in
 * `machine.ts`, `operate.ts` and `shared_cooldown.ts`, its text in `record_codec.ts`.
 *
 * @module
 */
import { limitsOf, ownRoles } from "./limits.ts";
import { SHARED } from "./names.ts";
import type { BreakerPolicy } from "./policy_types.ts";
import type { BreakerState, OpenReason } from "./state.ts";

/** A probe that is out. */
export interface Lease {
  /** Id of the permit. */
  id: string;
  /** Role whose budget it takes from; `""`: none. */
  role: string;
  /** Epoch milliseconds; from then on the slot is free. */
  until: number;
}

/** A closed breaker that has something to say: failures, a past of opens, or a generation to tell late outcomes by. */
export interface ClosedTrack {
  state: "closed";
  /** Generation; 0: it was never anything but closed, as far as any permit still alive can know. */
  generation: number;
  /** When this generation began, in epoch milliseconds. */
  since: number;
  /** When it last counted something. */
  at: number;
  failures: number;
  /** Permit ids of the failures counted, the latest last; at most {@linkcode MAX_COUNTED}. */
  counted: readonly string[];
  /** Opens in a row when it closed; see {@linkcode opensNow}. */
  opens: number;
  /** Time spent closed before a cooldown came between, not yet forgiven, in milliseconds. */
  creditMs: number;
  /** An operator closed it: what he did last stands, whatever else was learned in an outage. */
  byHand?: true;
}

/** An open breaker; half-open from `until` on. */
export interface OpenTrack {
  state: "open";
  generation: number;
  since: number;
  at: number;
  /** Deadline in epoch milliseconds; Infinity: until closed by hand. */
  until: number;
  reason: OpenReason;
  /** An operator's words. */
  note?: string;
  /** An operator opened or half-opened it. */
  byHand?: true;
  /** Failures counted when it opened. */
  failures: number;
  opens: number;
  creditMs: number;
  /** True from the first probe on: listeners have heard that it is half-open. */
  probing: boolean;
  /** Probes that succeeded. */
  successes: number;
  leases: readonly Lease[];
}

/** One breaker within a record. */
export type Track = ClosedTrack | OpenTrack;

/** A failure in the rolling window: when, and the permit's id. */
export type RollingEntry = readonly [at: number, id: string];

/** All that is known of one host or resolver. */
export interface BreakerRecord {
  /** What every breaker of the host is that has no entry in `tracks`: left behind by a cooldown or an operator. */
  rest?: Track;
  /** By the name of the breaker: a role that has its own, or `""` for the one that all others share. */
  tracks: ReadonlyMap<string, Track>;
  /** Failures in the rolling window, the latest last. */
  rolling: readonly RollingEntry[];
}

/** A healthy host's breaker: never stored. */
export const HEALTHY: ClosedTrack = Object.freeze({
  state: "closed",
  generation: 0,
  since: 0,
  at: 0,
  failures: 0,
  counted: Object.freeze([]),
  opens: 0,
  creditMs: 0,
});

/** A healthy host's record: never stored. */
export const EMPTY_RECORD: BreakerRecord = Object.freeze({ tracks: new Map(), rolling: [] });

/** Permit ids of failures kept, all breakers of a host together, so that a record stays small whatever `failMax` is. */
export const MAX_COUNTED = 256;

/** Probes out per host, all roles together, so that a record stays small whatever names roles have. */
export const MAX_LEASES = 256;

/** An operator's words are cut here, in UTF-16 units: every breaker of the host repeats them. */
export const MAX_NOTE_LENGTH = 256;

/** The breaker with this name. */
export function trackOf(record: BreakerRecord, name: string): Track {
  return record.tracks.get(name) ?? record.rest ?? HEALTHY;
}

/** The generation of the breaker with this name; 0 where there is no record. */
export function generationOf(record: BreakerRecord | undefined, name: string): number {
  return record === undefined ? 0 : trackOf(record, name).generation;
}

/** The state that a breaker has now. A deadline has passed when `now` equals it. */
export function stateOf(track: Track, now: number): BreakerState {
  if (track.state === "closed") return "closed";
  return now >= track.until ? "half_open" : "open";
}

/** Opens in a row that still count: one is forgiven for each full `resetTimeoutMs` spent closed. */
export function opensNow(track: Track, resetTimeoutMs: number, now: number): number {
  if (track.state === "open" || track.opens === 0) return track.opens;
  const closedMs = Math.max(0, now - track.since) + track.creditMs;
  return Math.max(0, track.opens - Math.floor(closedMs / resetTimeoutMs));
}

/** When a track says nothing more, in epoch milliseconds. */
function endOf(track: Track, policy: BreakerPolicy, resetTimeoutMs: number): number {
  // As long as anything from before it may live: a permit, or an outcome in some process's rate window.
  const tombstoneMs = Math.max(policy.permitTtlMs, policy.failureRate?.windowMs ?? 0);
  const tombstoneEnd = track.generation === 0 ? 0 : track.since + tombstoneMs;
  const forgetAt = Math.floor(track.at) + policy.forgetMs;
  if (track.state === "open") {
    const deadline = track.leases.reduce((end, lease) => Math.max(end, lease.until), track.until);
    return Math.max(tombstoneEnd, forgetAt, deadline + policy.forgetMs);
  }
  if (track.failures > 0) return Math.max(tombstoneEnd, forgetAt);
  if (track.opens > 0 && policy.backoffFactor > 1) {
    const forgivenAt = track.since - track.creditMs + track.opens * resetTimeoutMs;
    return Math.max(tombstoneEnd, Math.min(forgivenAt, forgetAt));
  }
  return tombstoneEnd;
}

/** When the whole record says nothing more and may go, in epoch milliseconds; Infinity for an open without end. */
export function recordEnd(record: BreakerRecord, policy: BreakerPolicy): number {
  const last = record.rolling.at(-1);
  let end = last === undefined ? 0 : last[0] + policy.rolling.windowMs;
  if (record.rest) end = Math.max(end, endOf(record.rest, policy, policy.resetTimeoutMs));
  for (const [name, track] of record.tracks) {
    end = Math.max(end, endOf(track, policy, limitsOf(policy, name).resetTimeoutMs));
  }
  return end;
}

/** Drops what says nothing more; undefined where nothing is left. */
export function prune(
  record: BreakerRecord | undefined,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord | undefined {
  if (record === undefined || recordEnd(record, policy) <= now) return undefined;
  const rest = pruneRest(record, policy, now);
  const windowStart = now - policy.rolling.windowMs;
  const rolling = record.rolling.length > 0 && record.rolling[0]![0] <= windowStart
    ? record.rolling.filter(([at]) => at > windowStart)
    : record.rolling;
  // A closed breaker stays beside a rest that is not: without its entry it would become what the rest is.
  let tracks = record.tracks;
  for (const [name, track] of record.tracks) {
    if (rest !== undefined && track.state === "closed") continue;
    if (endOf(track, policy, limitsOf(policy, name).resetTimeoutMs) > now) continue;
    tracks = without(tracks, name);
  }
  if (rest === record.rest && rolling === record.rolling && tracks === record.tracks) return record;
  return { ...(rest && { rest }), tracks, rolling };
}

function without(tracks: ReadonlyMap<string, Track>, name: string): ReadonlyMap<string, Track> {
  const others = new Map(tracks);
  others.delete(name);
  return others;
}

/** The rest goes when it is over, and when every breaker that the policy knows has an entry of its own. */
function pruneRest(record: BreakerRecord, policy: BreakerPolicy, now: number): Track | undefined {
  const { rest, tracks } = record;
  if (rest === undefined || endOf(rest, policy, policy.resetTimeoutMs) <= now) return undefined;
  if (!tracks.has(SHARED)) return rest;
  return ownRoles(policy).every((role) => tracks.has(role)) ? undefined : rest;
}
