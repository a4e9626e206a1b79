/**
 * What operators do to a breaker: the part of the machine that answers to people.
 *
 * @module
 */
import type { OpenOptions } from "./operators.ts";
import { everywhere, nextGeneration, openTrack, paused } from "./changes.ts";
import { SHARED } from "./names.ts";
import type { BreakerPolicy } from "./policy_types.ts";
import {
  type BreakerRecord,
  type ClosedTrack,
  EMPTY_RECORD,
  HEALTHY,
  MAX_NOTE_LENGTH,
  prune,
} from "./record.ts";
import { finish, type Step } from "./step.ts";

/** What an operator does. */
export type OperatorInput =
  | { type: "open"; until: number; note?: string }
  | { type: "half_open" }
  | { type: "close" };

/** An operator's open, half-open or close: for every breaker of the host, whatever was before. */
export function operate(
  record: BreakerRecord | undefined,
  input: OperatorInput,
  policy: BreakerPolicy,
  now: number,
): Step<undefined> {
  const before = prune(record, policy, now) ?? EMPTY_RECORD;
  const note = input.type === "open" ? input.note?.slice(0, MAX_NOTE_LENGTH) : undefined;
  const after = operated(before, input, note, policy, now);
  return finish(before, after, SHARED, policy, now, undefined, "manual", note);
}

function operated(
  record: BreakerRecord,
  input: OperatorInput,
  note: string | undefined,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord {
  if (input.type === "close") {
    const generation = nextGeneration(record, now);
    const rest: ClosedTrack = { ...HEALTHY, generation, since: now, at: now, byHand: true };
    return { rest, tracks: new Map(), rolling: [] };
  }
  const until = input.type === "open" ? input.until : now;
  return everywhere(record, (track, name) => ({
    ...openTrack(record, paused(track, name, policy, now), until, "manual", now),
    probing: input.type === "half_open",
    byHand: true,
    ...(note !== undefined && { note }),
  }));
}

/**
 * An operator's open, with its deadline worked out.
 *
 * @throws {RangeError} where `forMs` is not above 0
 */
export function openInput(options: OpenOptions, now: number): OperatorInput {
  const { forMs = Infinity, reason } = options;
  if (!(forMs > 0)) {
    throw new RangeError(`Cannot open as 'forMs' must be above 0: current value is ${forMs}`);
  }
  const note = reason === undefined ? {} : { note: String(reason).slice(0, MAX_NOTE_LENGTH) };
  return { type: "open", until: now + forMs, ...note };
}
