/**
 * The machine: what requests and outcomes do to a breaker. Rules of when one opens, admits and closes stand here, in
 * `counting.ts`, `operate.ts` and `shared_cooldown.ts`, and nowhere else. Pure functions of record, event, policy and
 * now; no timer, no clock, no chance, nothing that waits.
 *
 * @module
 */
import { cool, laterThan, liveLeases, withTrack } from "./changes.ts";
import { asksForCooldown, count, type Counted, isExpired, type OutcomeInput } from "./counting.ts";
import type { WindowSample } from "./failure_rate_window.ts";
import { breakerName, limitsOf, trialCallsOf } from "./limits.ts";
import { FRESH_MARK, type Mark } from "./permit.ts";
import type { BreakerPolicy } from "./policy_types.ts";
import {
  type BreakerRecord,
  type ClosedTrack,
  EMPTY_RECORD,
  type Lease,
  MAX_LEASES,
  type OpenTrack,
  prune,
  trackOf,
} from "./record.ts";
import type { BreakerState, DenialReason, OutcomeKind } from "./state.ts";
import { finish, NO_TRANSITIONS, type Step } from "./step.ts";

/** A request asks to be let through. */
export interface AllowInput {
  type: "allow";
  role: string;
  /** Id of the permit that would be issued. */
  id: string;
}

/** Whether a request may go out, by one breaker. */
export type Admission =
  | {
    allowed: true;
    mark: Mark;
    /** The record is due to be told that somebody still asks, by {@linkcode admit}. */
    renew?: true;
  }
  | {
    allowed: false;
    reason: Exclude<DenialReason, "rate">;
    state: BreakerState;
    retryAfterMs: number;
    /** Generation that a request let through all the same (mode `observe`) is marked with. */
    generation: number;
  };

/** What became of an outcome. */
export interface Told {
  recorded: boolean;
  state: BreakerState;
  retryAfterMs: number;
  /** Present where it belongs into the rate window. */
  sample?: WindowSample;
}

/** What a breaker without a record says. */
const FRESH: Admission = Object.freeze({ allowed: true, mark: FRESH_MARK });

/** May a request of this role go out now? Takes nothing: a probe's lease is taken by {@linkcode admit}. */
export function decide(
  record: BreakerRecord | undefined,
  policy: BreakerPolicy,
  role: string,
  now: number,
): Admission {
  if (record === undefined) return FRESH;
  const name = breakerName(policy, role);
  return whileOpen(record, policy, name, now) ??
    decideLive(prune(record, policy, now) ?? EMPTY_RECORD, policy, name, role, now);
}

/** The answer before the deadline. Nothing that is still to come is ever pruned, so the record is taken as it is. */
function whileOpen(
  record: BreakerRecord,
  policy: BreakerPolicy,
  name: string,
  now: number,
): Extract<Admission, { allowed: false }> | undefined {
  const track = trackOf(record, name);
  if (track.state === "closed" || now >= track.until) return undefined;
  const { until, reason, generation } = track;
  const retryAfterMs = until === Infinity ? limitsOf(policy, name).resetTimeoutMs : until - now;
  return { allowed: false, reason, state: "open", retryAfterMs, generation };
}

/** The answer of a pruned record whose breaker is closed, or past its deadline. */
function decideLive(
  live: BreakerRecord,
  policy: BreakerPolicy,
  name: string,
  role: string,
  now: number,
): Admission {
  const track = trackOf(live, name);
  const { generation } = track;
  if (track.state === "closed") {
    const mark: Mark = { kind: "closed", generation };
    return isRenewalDue(track, policy, now)
      ? { allowed: true, mark, renew: true }
      : { allowed: true, mark };
  }
  const freeAt = slotFreeAt(live, track, trialCallsOf(policy, role), role, now);
  if (freeAt <= now) return { allowed: true, mark: { kind: "probe", generation } };
  const retryAfterMs = freeAt - now;
  return { allowed: false, reason: "probes", state: "half_open", retryAfterMs, generation };
}

/** When the budget of a role has room: now, or when the first of its leases ends. */
function slotFreeAt(
  record: BreakerRecord,
  track: OpenTrack,
  trialCalls: number,
  role: string,
  now: number,
): number {
  const mine = liveLeases(track, now).filter((lease) => lease.role === role);
  if (mine.length >= trialCalls) return firstEnd(mine);
  const all = [...record.tracks.values()].flatMap((other) =>
    other.state === "open" ? liveLeases(other, now) : []
  );
  return all.length >= MAX_LEASES ? firstEnd(all) : now;
}

function firstEnd(leases: readonly Lease[]): number {
  return leases.reduce((end, lease) => Math.min(end, lease.until), Infinity);
}

/** Asks, and takes a lease where the answer is a probe. */
export function admit(
  record: BreakerRecord | undefined,
  input: AllowInput,
  policy: BreakerPolicy,
  now: number,
): Step<Admission> {
  const { role } = input;
  const name = breakerName(policy, role);
  const denied = record && whileOpen(record, policy, name, now);
  if (denied !== undefined) return { record, answer: denied, transitions: NO_TRANSITIONS };
  const live = prune(record, policy, now);
  if (live === undefined) {
    const mark: Mark = { kind: "closed", generation: 0 };
    return { record: undefined, answer: { allowed: true, mark }, transitions: NO_TRANSITIONS };
  }
  const answer = decideLive(live, policy, name, role, now);
  if (!answer.allowed) return { record, answer, transitions: NO_TRANSITIONS };
  const track = trackOf(live, name);
  if (track.state === "closed") {
    const kept = answer.renew ? withTrack(live, name, { ...track, at: now }) : record;
    return { record: kept, answer, transitions: NO_TRANSITIONS };
  }
  const lease: Lease = { id: input.id, role, until: now + policy.probeLeaseMs };
  const probing: OpenTrack = {
    ...track,
    at: laterThan(track, now),
    probing: true,
    leases: [...liveLeases(track, now), lease],
  };
  return finish(live, withTrack(live, name, probing), name, policy, now, answer);
}

/** What is asked for is not forgotten: renewed at half its time, so that asking costs next to no write. */
function isRenewalDue(track: ClosedTrack, policy: BreakerPolicy, now: number): boolean {
  const says = track.failures > 0 || (track.opens > 0 && policy.backoffFactor > 1);
  return says && now - track.at >= policy.forgetMs / 2;
}

/**
 * True where an outcome of this kind that asks for no cooldown has nothing to tell: a healthy host's record is
 * absent, and stays so. Nobody needs a permit's id or age, nor the clock, for it.
 */
export function saysNothing(
  record: BreakerRecord | undefined,
  kind: OutcomeKind,
  policy: BreakerPolicy,
): boolean {
  return record === undefined && kind !== "failure" && policy.failureRate === undefined;
}

/**
 * True where an outcome leaves a breaker without a record as it is, and is recorded: that of a timely request, that was
 * let through as any other and asks for no cooldown.
 */
export function leavesWell(
  issuedAt: number,
  mark: Mark,
  kind: OutcomeKind,
  policy: BreakerPolicy,
  now: number,
): boolean {
  return mark.kind === "closed" && saysNothing(undefined, kind, policy) &&
    !isExpired(issuedAt, policy, now);
}

/** What became of a timely outcome that says nothing. */
const NOTHING_SAID: Step<Told> = Object.freeze({
  record: undefined,
  answer: Object.freeze({ recorded: true, state: "closed", retryAfterMs: 0 }),
  transitions: NO_TRANSITIONS,
});

/** Tells an outcome. */
export function tell(
  record: BreakerRecord | undefined,
  input: OutcomeInput,
  policy: BreakerPolicy,
  now: number,
): Step<Told> {
  const { issuedAt, mark, kind } = input;
  if (
    record === undefined && leavesWell(issuedAt, mark, kind, policy, now) &&
    !asksForCooldown(input, policy)
  ) return NOTHING_SAID;
  const live = prune(record, policy, now);
  const before = live ?? EMPTY_RECORD;
  const name = breakerName(policy, input.role);
  const counted = count(before, name, input, policy, now);
  const after = cooldownOf(counted?.record ?? before, input, policy, now);
  if (after === before) {
    const answer = told(counted, live, policy, name, input.role, now);
    return { record: live === undefined ? undefined : record, answer, transitions: NO_TRANSITIONS };
  }
  const { record: result, transitions } = finish(before, after, name, policy, now, undefined);
  return {
    record: result,
    answer: told(counted, result, policy, name, input.role, now),
    transitions,
  };
}

/** Whether an outcome counted, and what the pruned record after it says: its state, and when to ask again. */
function told(
  counted: Counted | undefined,
  live: BreakerRecord | undefined,
  policy: BreakerPolicy,
  name: string,
  role: string,
  now: number,
): Told {
  const answer: Told = { recorded: counted !== undefined, state: "closed", retryAfterMs: 0 };
  if (counted?.sample) answer.sample = counted.sample;
  if (live === undefined) return answer;
  const next = whileOpen(live, policy, name, now) ?? decideLive(live, policy, name, role, now);
  if (!next.allowed) {
    answer.state = next.state;
    answer.retryAfterMs = next.retryAfterMs;
  } else if (next.mark.kind === "probe") answer.state = "half_open";
  return answer;
}

/** The cooldown that an outcome asks for, timely or late. */
function cooldownOf(
  record: BreakerRecord,
  input: OutcomeInput,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord {
  if (!asksForCooldown(input, policy)) return record;
  const delayMs = Math.min(input.retryAfterMs!, policy.retryAfterCapMs);
  return cool(record, now + delayMs, "retry_after", policy, now);
}
