/**
 * What closed a host for another process, taken over into a record: the part of the machine that answers to others.
 *
 * @module
 */
import { cool, openTrack, paused, withTrack } from "./changes.ts";
import { SHARED } from "./names.ts";
import type { BreakerPolicy } from "./policy_types.ts";
import { type BreakerRecord, EMPTY_RECORD, prune, trackOf } from "./record.ts";
import type { OpenReason } from "./state.ts";
import { finish, NO_TRANSITIONS, type Step } from "./step.ts";

/** A cooldown, or the open of the shared breaker, that another process has seen. */
export interface CooldownInput {
  type: "cooldown";
  until: number;
  reason: OpenReason;
}

/** What closed a host elsewhere: the later deadline counts. */
export function takeCooldown(
  record: BreakerRecord | undefined,
  input: CooldownInput,
  policy: BreakerPolicy,
  now: number,
): Step<undefined> {
  const before = prune(record, policy, now) ?? EMPTY_RECORD;
  const { until, reason } = input;
  const after = reason === "open"
    ? openShared(before, until, policy, now)
    : cool(before, until, reason, policy, now);
  if (after === before) return { record, answer: undefined, transitions: NO_TRANSITIONS };
  return finish(before, after, SHARED, policy, now, undefined);
}

/** An open by outcomes is the shared breaker's alone: roles with a breaker of their own are not closed by it. */
function openShared(
  record: BreakerRecord,
  until: number,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord {
  const track = trackOf(record, SHARED);
  if (until <= now || (track.state === "open" && track.until >= until)) return record;
  const before = paused(track, SHARED, policy, now);
  return withTrack(record, SHARED, openTrack(record, before, until, "open", now));
}
