/**
 * What an event makes of a record: the record after it, the answer, and which breakers changed their state.
 *
 * @module
 */
import { SHARED } from "./names.ts";
import type { BreakerPolicy } from "./policy_types.ts";
import { type BreakerRecord, prune, type Track, trackOf } from "./record.ts";
import type { BreakerState, OpenReason } from "./state.ts";

/** A breaker changed its state. */
export interface Transition {
  /** Name of the breaker: a role, or `""`. */
  name: string;
  from: BreakerState;
  to: BreakerState;
  reason: OpenReason | "probes";
  note?: string;
  until?: number;
}

/** What an event makes of a record. The very same record where nothing changed. */
export interface Step<Answer> {
  record: BreakerRecord | undefined;
  answer: Answer;
  transitions: readonly Transition[];
}

export const NO_TRANSITIONS: readonly Transition[] = [];

/** Names of breakers that may have changed: the one concerned, and every other with an entry. */
function affected(before: BreakerRecord, after: BreakerRecord, name: string): Set<string> {
  return new Set([SHARED, name, ...before.tracks.keys(), ...after.tracks.keys()]);
}

/** The state that listeners have last heard of. */
function announced(track: Track): BreakerState {
  if (track.state === "closed") return "closed";
  return track.probing ? "half_open" : "open";
}

/** Prunes the result and says which breakers changed their state. */
export function finish<Answer>(
  before: BreakerRecord,
  after: BreakerRecord,
  name: string,
  policy: BreakerPolicy,
  now: number,
  answer: Answer,
  by: "manual" | "probes" = "probes",
  note?: string,
): Step<Answer> {
  // Most outcomes leave what is closed closed: of such there is nothing to be found out, name by name.
  const transitions = isClosed(before) && isClosed(after)
    ? NO_TRANSITIONS
    : transitionsOf(before, after, name, by, note);
  return { record: prune(after, policy, now), answer, transitions };
}

/** True where every breaker of the record is closed. */
function isClosed({ rest, tracks }: BreakerRecord): boolean {
  if (rest?.state === "open") return false;
  for (const track of tracks.values()) {
    if (track.state === "open") return false;
  }
  return true;
}

function transitionsOf(
  before: BreakerRecord,
  after: BreakerRecord,
  concerned: string,
  by: "manual" | "probes",
  note: string | undefined,
): readonly Transition[] {
  const transitions: Transition[] = [];
  for (const name of affected(before, after, concerned)) {
    const old = trackOf(before, name);
    const next = trackOf(after, name);
    const from = announced(old);
    const to = announced(next);
    const moved = next.state === "open" && old.state === "open" && next.until !== old.until;
    if (from === to && !moved) continue;
    transitions.push({
      name,
      from,
      to,
      reason: next.state === "open" ? next.reason : by,
      ...(next.state === "open" && { until: next.until }),
      ...(note !== undefined && { note }),
    });
  }
  return transitions;
}
