/**
 * What a timely outcome does: failures in a row, the failure rate, probes, the rolling window. And which
 * outcomes are not timely.
 *
 * @module
 */
import { closedTrack, cool, laterThan, liveLeases, trip, withTrack } from "./changes.ts";
import type { Mark } from "./permit.ts";
import { limitsOf, ownRoles } from "./limits.ts";
import type { WindowCounts, WindowSample } from "./failure_rate_window.ts";
import {
  type BreakerRecord,
  type ClosedTrack,
  MAX_COUNTED,
  type OpenTrack,
  type RollingEntry,
  trackOf,
} from "./record.ts";
import type { BreakerPolicy } from "./policy_types.ts";
import type { OutcomeKind } from "./state.ts";

/** An outcome is told. */
export interface OutcomeInput {
  type: "outcome";
  role: string;
  /** Id of the permit. */
  id: string;
  issuedAt: number;
  mark: Mark;
  kind: OutcomeKind;
  /** What the host asked for, in milliseconds, before the cap; never given for a resolver. */
  retryAfterMs?: number;
  latencyMs?: number;
  /** What the window of this breaker held before this outcome; only with `failureRate`. */
  windowBefore?: WindowCounts;
}

/** What a timely outcome made of a record. */
export interface Counted {
  record: BreakerRecord;
  sample?: WindowSample;
}

/** Counts a timely outcome; undefined for one that is late or was counted before. */
export function count(
  record: BreakerRecord,
  name: string,
  input: OutcomeInput,
  policy: BreakerPolicy,
  now: number,
): Counted | undefined {
  const track = trackOf(record, name);
  if (isExpired(input.issuedAt, policy, now)) return undefined;
  if (track.state === "open") return countProbe(record, name, track, input, policy, now);
  const { kind, generation } = input.mark;
  // Generation 0 is what every permit still alive was issued in: the tombstone outlived all older ones.
  const timely = kind === "closed" &&
    (track.generation === 0 || track.generation === generation);
  if (!timely || wasCounted(record, track, input)) return undefined;
  switch (input.kind) {
    case "success":
      return countSuccess(record, name, track, input, policy, now);
    case "failure":
      return countFailure(record, name, track, input, policy, now);
    default:
      return { record };
  }
}

/** True for the outcome of a permit that is too old. One of a clock that is so far ahead has expired too. */
export function isExpired(
  issuedAt: number,
  { permitTtlMs }: BreakerPolicy,
  now: number,
): boolean {
  const age = now - issuedAt;
  return age >= permitTtlMs || age <= -permitTtlMs;
}

function wasCounted(record: BreakerRecord, track: ClosedTrack, input: OutcomeInput): boolean {
  return track.counted.includes(input.id) || record.rolling.some(([, id]) => id === input.id);
}

function countSuccess(
  record: BreakerRecord,
  name: string,
  track: ClosedTrack,
  input: OutcomeInput,
  policy: BreakerPolicy,
  now: number,
): Counted {
  const slow = policy.slowCall !== undefined &&
    (input.latencyMs ?? 0) > policy.slowCall.durationMs;
  const sample: WindowSample = { failure: false, slow };
  if (rateReached(sample, input, policy)) {
    return { record: withTrack(record, name, trip(record, name, track, policy, now)), sample };
  }
  if (track.failures === 0) return { record, sample };
  const cleared: ClosedTrack = { ...track, at: now, failures: 0, counted: [] };
  return { record: withTrack(record, name, cleared), sample };
}

function countFailure(
  record: BreakerRecord,
  name: string,
  track: ClosedTrack,
  input: OutcomeInput,
  policy: BreakerPolicy,
  now: number,
): Counted {
  const sample: WindowSample = { failure: true, slow: false };
  const { failMax } = limitsOf(policy, name);
  const failing: ClosedTrack = {
    ...track,
    at: now,
    failures: track.failures + 1,
    counted: [...track.counted, input.id].slice(-Math.min(failMax, countedLimit(policy))),
  };
  const opens = failing.failures >= failMax || rateReached(sample, input, policy);
  const next = opens ? trip(record, name, failing, policy, now) : failing;
  return { record: countRolling(withTrack(record, name, next), input.id, policy, now), sample };
}

/** The breakers of a host share the ids that its record can keep. */
function countedLimit(policy: BreakerPolicy): number {
  return Math.floor(MAX_COUNTED / (1 + ownRoles(policy).length));
}

/** Looked at after every counted outcome, a success too. */
function rateReached(sample: WindowSample, input: OutcomeInput, policy: BreakerPolicy): boolean {
  const { failureRate, slowCall } = policy;
  if (failureRate === undefined || input.windowBefore === undefined) return false;
  const calls = input.windowBefore.calls + 1;
  if (calls < failureRate.minCalls) return false;
  const failures = input.windowBefore.failures + (sample.failure ? 1 : 0);
  if (failures / calls >= failureRate.thresholdRatio) return true;
  const slow = input.windowBefore.slow + (sample.slow ? 1 : 0);
  return slowCall !== undefined && slow / calls >= slowCall.thresholdRatio;
}

function countProbe(
  record: BreakerRecord,
  name: string,
  track: OpenTrack,
  input: OutcomeInput,
  policy: BreakerPolicy,
  now: number,
): Counted | undefined {
  const { kind, generation } = input.mark;
  if (kind !== "probe" || generation !== track.generation) return undefined;
  const leases = liveLeases(track, now);
  const others = leases.filter((lease) => lease.id !== input.id);
  if (others.length === leases.length) return undefined;
  const freed: OpenTrack = { ...track, at: laterThan(track, now), leases: others };
  if (input.kind === "cancelled") return { record: withTrack(record, name, freed) };
  if (input.kind === "failure" || asksForCooldown(input, policy)) {
    const reopened = withTrack(record, name, trip(record, name, freed, policy, now));
    return { record: countRolling(reopened, input.id, policy, now) };
  }
  const successes = track.successes + 1;
  const next = successes >= limitsOf(policy, name).successThreshold
    ? closedTrack(record, freed, now)
    : { ...freed, successes };
  return { record: withTrack(record, name, next) };
}

/** Takes a failure into the rolling window, and sets its cooldown where the threshold is reached. */
function countRolling(
  record: BreakerRecord,
  id: string,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord {
  const { enabled, windowMs, thresholdFailures, cooldownMs } = policy.rolling;
  if (!enabled) return record;
  const recent = record.rolling.filter(([at]) => at > now - windowMs);
  const rolling = [...recent.map(withoutOldId), [now, id] as const];
  if (rolling.length < thresholdFailures) return { ...record, rolling };
  // The failures that set a cooldown are used up: the next one takes as many again.
  return cool({ ...record, rolling: [] }, now + cooldownMs, "rolling", policy, now);
}

/** Only the latest failures keep their ids, so that a record stays small whatever the threshold is. */
function withoutOldId(entry: RollingEntry, index: number, all: readonly unknown[]): RollingEntry {
  return all.length - index < MAX_COUNTED || entry[1] === "" ? entry : [entry[0], ""];
}

export function asksForCooldown(input: OutcomeInput, policy: BreakerPolicy): boolean {
  return Math.min(input.retryAfterMs ?? 0, policy.retryAfterCapMs) > 0;
}
