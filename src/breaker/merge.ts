/**
 * Two records of one host: which of them is the newer, and what becomes of both when a process that was cut
 * off from the store comes back. The later deadline wins, unless an operator spoke last.
 *
 * @module
 */
import {
  type BreakerRecord,
  type ClosedTrack,
  EMPTY_RECORD,
  MAX_COUNTED,
  MAX_LEASES,
  type OpenTrack,
  prune,
  type Track,
  trackOf,
} from "./record.ts";
import { SHARED } from "./names.ts";
import { ownRoles } from "./limits.ts";
import type { BreakerPolicy } from "./policy_types.ts";

/**
 * True where a record that was just read is older than the one seen before: a replica that lags, or a store
 * that lost what it held. Told by the breakers that were seen open: each on its own, since one that others
 * have changed lately says nothing of the rest.
 */
export function isStale(
  read: BreakerRecord | undefined,
  seen: BreakerRecord | undefined,
  policy: BreakerPolicy,
  now: number,
): boolean {
  const live = prune(seen, policy, now);
  if (live === undefined) return false;
  const names = new Set([SHARED, ...ownRoles(policy), ...live.tracks.keys()]);
  return [...names].some((name) =>
    isOlder(trackOf(read ?? EMPTY_RECORD, name), trackOf(live, name), now)
  );
}

/** True where a track lacks a deadline that another one of the same breaker has. */
function isOlder(read: Track, seen: Track, now: number): boolean {
  if (seen.state !== "open" || seen.until <= now) return false;
  if (read.generation !== seen.generation) return read.generation < seen.generation;
  return read.state === "open" && read.until < seen.until;
}

/**
 * True where a record that was just read lacks what a probe did to the one seen before: a replica that lags.
 * Within one generation only, so that whatever else happened is believed.
 */
export function isLagging(
  read: BreakerRecord | undefined,
  seen: BreakerRecord | undefined,
): boolean {
  if (read === undefined || seen === undefined) return false;
  return [...seen.tracks].some(([name, track]) => {
    const other = trackOf(read, name);
    return track.state === "open" && other.state === "open" && track.leases.length > 0 &&
      track.generation === other.generation && other.at < track.at;
  });
}

/** True where a breaker of the record is open and its deadline has not passed. */
export function isOpen({ rest, tracks }: BreakerRecord, now: number): boolean {
  if (rest !== undefined && deadlineOf(rest, now) > 0) return true;
  // No copy of the tracks to search: each denial asks.
  for (const track of tracks.values()) {
    if (deadlineOf(track, now) > 0) return true;
  }
  return false;
}

/** Joins what the store holds with what this process learned while it could not reach it. */
export function mergeRecords(
  stored: BreakerRecord | undefined,
  local: BreakerRecord | undefined,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord | undefined {
  const theirs = prune(stored, policy, now) ?? EMPTY_RECORD;
  const ours = prune(local, policy, now) ?? EMPTY_RECORD;
  const tracks = new Map<string, Track>();
  for (const name of new Set([...theirs.tracks.keys(), ...ours.tracks.keys()])) {
    tracks.set(name, mergeTracks(trackOf(theirs, name), trackOf(ours, name), now));
  }
  const rest = theirs.rest && ours.rest
    ? mergeTracks(theirs.rest, ours.rest, now)
    : theirs.rest ?? ours.rest;
  const rolling = [
    ...new Map([...theirs.rolling, ...ours.rolling].map((entry) => [entry.join(" "), entry]))
      .values(),
  ].sort((a, b) => a[0] - b[0]).slice(-policy.rolling.thresholdFailures);
  return prune({ ...(rest && { rest }), tracks, rolling }, policy, now);
}

function deadlineOf(track: Track, now: number): number {
  return track.state === "open" && track.until > now ? track.until : 0;
}

function mergeTracks(theirs: Track, ours: Track, now: number): Track {
  if (theirs.generation === ours.generation) {
    if (theirs.state === "closed" && ours.state === "closed") return mergeClosed(theirs, ours);
    if (theirs.state === "open" && ours.state === "open") return mergeOpen(theirs, ours, now);
  }
  const lead = deadlineOf(ours, now) - deadlineOf(theirs, now);
  const newest = ours.generation > theirs.generation ? ours : theirs;
  // What an operator did last stands, an earlier deadline too.
  if (newest.byHand) return newest;
  const winner = lead > 0 ? ours : lead < 0 ? theirs : newest;
  const opens = Math.max(theirs.opens, ours.opens);
  // The loser's permits must be late everywhere, whichever generation they name.
  const generation = winner === newest ? winner.generation : newest.generation + 1;
  return { ...winner, opens, generation };
}

function mergeClosed(theirs: ClosedTrack, ours: ClosedTrack): ClosedTrack {
  const [older, newer] = theirs.at <= ours.at ? [theirs, ours] : [ours, theirs];
  if (newer.failures === 0) return newer; // a success cleared the count
  const counted = [...new Set([...older.counted, ...newer.counted])];
  const failures = Math.max(older.failures, newer.failures, counted.length);
  return { ...newer, failures, counted: counted.slice(-MAX_COUNTED) };
}

function mergeOpen(theirs: OpenTrack, ours: OpenTrack, now: number): OpenTrack {
  const leases = [...new Map([...theirs.leases, ...ours.leases].map((lease) => [lease.id, lease]))
    .values()].filter((lease) => lease.until > now).slice(0, MAX_LEASES);
  return {
    ...(theirs.until >= ours.until ? theirs : ours),
    at: Math.max(theirs.at, ours.at),
    probing: theirs.probing || ours.probing,
    successes: Math.max(theirs.successes, ours.successes),
    leases,
  };
}
