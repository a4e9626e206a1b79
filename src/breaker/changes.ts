/**
 * How a breaker moves from one state to another, whatever moved it: open, close, cool down, start a
 * generation. When it does stands in `counting.ts`, `operate.ts` and `shared_cooldown.ts`.
 *
 * @module
 */
import { limitsOf, openDurationMs } from "./limits.ts";
import { SHARED } from "./names.ts";
import {
  type BreakerRecord,
  type ClosedTrack,
  HEALTHY,
  type Lease,
  opensNow,
  type OpenTrack,
  type Track,
} from "./record.ts";
import type { BreakerPolicy } from "./policy_types.ts";
import type { OpenReason } from "./state.ts";

/** Opens a breaker by outcomes. */
export function trip(
  record: BreakerRecord,
  name: string,
  track: Track,
  policy: BreakerPolicy,
  now: number,
): OpenTrack {
  const limits = limitsOf(policy, name);
  const opens = opensNow(track, limits.resetTimeoutMs, now) + 1;
  return {
    ...openTrack(record, track, now + openDurationMs(policy, limits, opens), "open", now),
    opens,
    creditMs: 0,
  };
}

/** An open that raises no count: what opens, cooldowns and operators have in common. */
export function openTrack(
  record: BreakerRecord,
  track: Track,
  until: number,
  reason: OpenReason,
  now: number,
): OpenTrack {
  return {
    state: "open",
    generation: nextGeneration(record, now),
    since: now,
    at: now,
    until,
    reason,
    failures: track.failures,
    opens: track.opens,
    creditMs: track.creditMs,
    probing: false,
    successes: 0,
    leases: [],
  };
}

export function closedTrack(record: BreakerRecord, track: OpenTrack, now: number): ClosedTrack {
  return {
    state: "closed",
    generation: nextGeneration(record, now),
    since: now,
    at: now,
    failures: 0,
    counted: [],
    opens: track.opens,
    creditMs: track.creditMs,
  };
}

/** Above every generation the record has seen, and apart from those of its earlier lives, since time goes on. */
export function nextGeneration(record: BreakerRecord, now: number): number {
  let latest = record.rest?.generation ?? 0;
  for (const track of record.tracks.values()) latest = Math.max(latest, track.generation);
  return Math.max(latest + 1, Math.floor(now));
}

/** Sets a cooldown on every breaker of the host, but for those that stay open longer anyway. */
export function cool(
  record: BreakerRecord,
  until: number,
  reason: OpenReason,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord {
  if (until <= now) return record;
  return everywhere(record, (track, name) => {
    if (track.state === "open" && track.until >= until) return track;
    return openTrack(record, paused(track, name, policy, now), until, reason, now);
  });
}

/** Time under a cooldown is not time closed: what was forgiven so far is settled, the remainder kept. */
export function paused(track: Track, name: string, policy: BreakerPolicy, now: number): Track {
  if (track.state === "open" || track.opens === 0) return track;
  const { resetTimeoutMs } = limitsOf(policy, name);
  const closedMs = Math.max(0, now - track.since) + track.creditMs;
  return {
    ...track,
    opens: opensNow(track, resetTimeoutMs, now),
    creditMs: closedMs % resetTimeoutMs,
  };
}

/** The same for every breaker of the host: those with an entry, and the rest. */
export function everywhere(
  record: BreakerRecord,
  change: (track: Track, name: string) => Track,
): BreakerRecord {
  const before = record.rest ?? HEALTHY;
  const rest = change(before, SHARED);
  let changed = rest !== before;
  const tracks = new Map<string, Track>();
  for (const [name, track] of record.tracks) {
    const next = change(track, name);
    changed ||= next !== track;
    tracks.set(name, next);
  }
  return changed ? { ...record, ...(rest !== HEALTHY && { rest }), tracks } : record;
}

export function withTrack(record: BreakerRecord, name: string, track: Track): BreakerRecord {
  const { rest, tracks, rolling } = record;
  // Most records have this one entry: what there is need not be copied to be replaced.
  const isAlone = tracks.size === 0 || (tracks.size === 1 && tracks.has(name));
  const others = isAlone ? new Map<string, Track>() : new Map(tracks);
  return { ...(rest && { rest }), tracks: others.set(name, track), rolling };
}

export function liveLeases(track: OpenTrack, now: number): readonly Lease[] {
  return track.leases.filter((lease) => lease.until > now);
}

/**
 * When an event of a half-open breaker came: now, and in any case later than the one before it, so that of two
 * records of one generation the newer can be told, whatever clocks say. A part of a millisecond is enough.
 */
export function laterThan(track: OpenTrack, now: number): number {
  return now > track.at ? now : track.at + 1 / 1_024;
}
