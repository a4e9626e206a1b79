/**
 * What a person or a program sees of a record: the view of each breaker as it stands now.
 *
 * @module
 */
import { limitsOf, ownRoles } from "./limits.ts";
import { SHARED } from "./names.ts";
import {
  type BreakerRecord,
  EMPTY_RECORD,
  opensNow,
  prune,
  stateOf,
  type Track,
  trackOf,
} from "./record.ts";
import type { BreakerPolicy } from "./policy_types.ts";
import type { BreakerView, Snapshot } from "./operators.ts";
import type { Scope } from "./state.ts";

function viewOf(track: Track, resetTimeoutMs: number, now: number): BreakerView {
  const state = stateOf(track, now);
  const view: BreakerView = {
    state,
    remainingMs: 0,
    failures: track.failures,
    successes: 0,
    opens: opensNow(track, resetTimeoutMs, now),
    probes: 0,
  };
  if (track.state === "closed") return view;
  return {
    ...view,
    reason: track.reason,
    until: track.until,
    ...(track.note !== undefined && { note: track.note }),
    remainingMs: Math.max(0, track.until - now),
    successes: track.successes,
    probes: track.leases.filter((lease) => lease.until > now).length,
  };
}

/** A host's or resolver's breakers as they stand now; closed where there is no record. */
export function snapshotOf(
  record: BreakerRecord | undefined,
  policy: BreakerPolicy,
  now: number,
  scope: Scope,
  key: string,
): Snapshot {
  const live = prune(record, policy, now) ?? EMPTY_RECORD;
  const view = (name: string) =>
    viewOf(trackOf(live, name), limitsOf(policy, name).resetTimeoutMs, now);
  const names = new Set([...ownRoles(policy), ...live.tracks.keys()]);
  names.delete(SHARED);
  const roles = Object.fromEntries([...names].map((name) => [name, view(name)]));
  return { scope, key, ...view(SHARED), roles };
}

/** True where a breaker is not closed or counts failures. A tombstone is not trouble. */
export function inTrouble(snapshot: Snapshot): boolean {
  const troubled = (view: BreakerView) => view.state !== "closed" || view.failures > 0;
  return troubled(snapshot) || Object.values(snapshot.roles).some(troubled);
}
