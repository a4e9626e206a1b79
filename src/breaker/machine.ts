/**
 * The machine: the only place with rules of when a breaker opens, admits and closes. A pure function of
 * record, event, policy and now; no timer, no clock, no chance, nothing that waits.
 *
 * @module
 */
import { breakerName, limitsOf, openDurationMs, ownRoles, SHARED, trialCallsOf } from "./policy.ts";
import type { Mark } from "./permit.ts";
import type { RateCounts, RateSample } from "./rate_window.ts";
import {
  type BreakerRecord,
  type ClosedTrack,
  EMPTY_RECORD,
  HEALTHY,
  type Lease,
  MAX_COUNTED,
  MAX_LEASES,
  MAX_NOTE_LENGTH,
  opensNow,
  type OpenTrack,
  prune,
  type RollingEntry,
  type Track,
  trackOf,
} from "./record.ts";
import type {
  BreakerPolicy,
  BreakerState,
  DenialReason,
  OpenReason,
  OutcomeKind,
} from "./types.ts";

/** A request asks to be let through. */
export interface AllowInput {
  type: "allow";
  role: string;
  /** Id of the permit that would be issued. */
  id: string;
}

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
  /** What the rate window held before this outcome, by the name of the breaker; only with `failureRate`. */
  rateBefore?: RateCounts;
}

/** A cooldown that another process has set. */
export interface CooldownInput {
  type: "cooldown";
  until: number;
  reason: OpenReason;
}

/** What an operator does. */
export type OperatorInput =
  | { type: "open"; until: number; note?: string }
  | { type: "half_open" }
  | { type: "close" };

/** All that can happen to a record. */
export type MachineInput = AllowInput | OutcomeInput | CooldownInput | OperatorInput;

/** Whether a request may go out, by one breaker. */
export type Admission =
  | { allowed: true; mark: Mark }
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
  sample?: RateSample;
}

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

const NONE: readonly Transition[] = [];

/** May a request of this role go out now? Takes nothing: a probe's lease is taken by {@linkcode admit}. */
export function decide(
  record: BreakerRecord | undefined,
  policy: BreakerPolicy,
  role: string,
  now: number,
): Admission {
  if (record === undefined) return { allowed: true, mark: { kind: "closed", generation: 0 } };
  const live = prune(record, policy, now) ?? EMPTY_RECORD;
  const name = breakerName(policy, role);
  const track = trackOf(live, name);
  const { generation } = track;
  if (track.state === "closed") return { allowed: true, mark: { kind: "closed", generation } };
  if (now < track.until) {
    const retryAfterMs = track.until === Infinity
      ? limitsOf(policy, name).resetTimeoutMs
      : track.until - now;
    return { allowed: false, reason: track.reason, state: "open", retryAfterMs, generation };
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
  const answer = decide(record, policy, input.role, now);
  const live = record === undefined ? undefined : prune(record, policy, now);
  if (live === undefined) return { record: undefined, answer, transitions: NONE };
  if (!answer.allowed) return { record, answer, transitions: NONE };
  const name = breakerName(policy, input.role);
  const track = trackOf(live, name);
  if (track.state === "closed") {
    const asked = keepAsked(live, name, track, policy, now);
    return { record: asked === live ? record : asked, answer, transitions: NONE };
  }
  const lease: Lease = { id: input.id, role: input.role, until: now + policy.probeLeaseMs };
  const probing: OpenTrack = {
    ...track,
    at: now,
    probing: true,
    leases: [...liveLeases(track, now), lease],
  };
  return finish(live, withTrack(live, name, probing), [name], policy, now, answer);
}

/** What is asked for is not forgotten: renewed at half its time, so that asking costs next to no write. */
function keepAsked(
  record: BreakerRecord,
  name: string,
  track: ClosedTrack,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord {
  const says = track.failures > 0 || (track.opens > 0 && policy.backoffFactor > 1);
  if (!says || now - track.at < policy.forgetMs / 2) return record;
  return withTrack(record, name, { ...track, at: now });
}

function liveLeases(track: OpenTrack, now: number): readonly Lease[] {
  return track.leases.filter((lease) => lease.until > now);
}

/** Tells an outcome. */
export function tell(
  record: BreakerRecord | undefined,
  input: OutcomeInput,
  policy: BreakerPolicy,
  now: number,
): Step<Told> {
  const live = prune(record, policy, now);
  const before = live ?? EMPTY_RECORD;
  const name = breakerName(policy, input.role);
  const counted = count(before, name, input, policy, now);
  const after = cooldownOf(counted?.record ?? before, input, policy, now);
  const told = (result: BreakerRecord | undefined): Told => ({
    recorded: counted !== undefined,
    ...outlook(result, policy, input.role, now),
    ...(counted?.sample && { sample: counted.sample }),
  });
  if (after === before) {
    return {
      record: live === undefined ? undefined : record,
      answer: told(live),
      transitions: NONE,
    };
  }
  const step = finish(before, after, affected(before, after, name), policy, now, undefined);
  return { ...step, answer: told(step.record) };
}

/** The state after an outcome, and when it is worth asking again. */
function outlook(
  record: BreakerRecord | undefined,
  policy: BreakerPolicy,
  role: string,
  now: number,
): { state: BreakerState; retryAfterMs: number } {
  const next = decide(record, policy, role, now);
  if (!next.allowed) return { state: next.state, retryAfterMs: next.retryAfterMs };
  return { state: next.mark.kind === "probe" ? "half_open" : "closed", retryAfterMs: 0 };
}

interface Counted {
  record: BreakerRecord;
  sample?: RateSample;
}

/** Counts a timely outcome; undefined for one that is late or was counted before. */
function count(
  record: BreakerRecord,
  name: string,
  input: OutcomeInput,
  policy: BreakerPolicy,
  now: number,
): Counted | undefined {
  const track = trackOf(record, name);
  const age = now - input.issuedAt;
  if (age >= policy.permitTtlMs || age <= -policy.permitTtlMs) return undefined;
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
  const sample: RateSample = { failure: false, slow };
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
  const sample: RateSample = { failure: true, slow: false };
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
function rateReached(sample: RateSample, input: OutcomeInput, policy: BreakerPolicy): boolean {
  const { failureRate, slowCall } = policy;
  if (failureRate === undefined || input.rateBefore === undefined) return false;
  const calls = input.rateBefore.calls + 1;
  if (calls < failureRate.minCalls) return false;
  const failures = input.rateBefore.failures + (sample.failure ? 1 : 0);
  if (failures / calls >= failureRate.thresholdRatio) return true;
  const slow = input.rateBefore.slow + (sample.slow ? 1 : 0);
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
  const freed: OpenTrack = { ...track, at: now, leases: others };
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

/** Opens a breaker by outcomes. */
function trip(
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
function openTrack(
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

function closedTrack(record: BreakerRecord, track: OpenTrack, now: number): ClosedTrack {
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
function nextGeneration(record: BreakerRecord, now: number): number {
  let latest = record.rest?.generation ?? 0;
  for (const track of record.tracks.values()) latest = Math.max(latest, track.generation);
  return Math.max(latest + 1, Math.floor(now));
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

function asksForCooldown(input: OutcomeInput, policy: BreakerPolicy): boolean {
  return Math.min(input.retryAfterMs ?? 0, policy.retryAfterCapMs) > 0;
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

/** Sets a cooldown on every breaker of the host, but for those that stay open longer anyway. */
function cool(
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
function paused(track: Track, name: string, policy: BreakerPolicy, now: number): Track {
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
function everywhere(
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

/** A cooldown that another process has set: the later deadline counts. */
export function takeCooldown(
  record: BreakerRecord | undefined,
  input: CooldownInput,
  policy: BreakerPolicy,
  now: number,
): Step<undefined> {
  const before = prune(record, policy, now) ?? EMPTY_RECORD;
  const after = cool(before, input.until, input.reason, policy, now);
  if (after === before) return { record, answer: undefined, transitions: NONE };
  return finish(before, after, affected(before, after, SHARED), policy, now, undefined);
}

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
  const names = affected(before, after, SHARED);
  return finish(before, after, names, policy, now, undefined, "manual", note);
}

function operated(
  record: BreakerRecord,
  input: OperatorInput,
  note: string | undefined,
  policy: BreakerPolicy,
  now: number,
): BreakerRecord {
  if (input.type === "close") {
    const rest = { ...HEALTHY, generation: nextGeneration(record, now), since: now, at: now };
    return { rest, tracks: new Map(), rolling: [] };
  }
  const until = input.type === "open" ? input.until : now;
  return everywhere(record, (track, name) => ({
    ...openTrack(record, paused(track, name, policy, now), until, "manual", now),
    probing: input.type === "half_open",
    ...(note !== undefined && { note }),
  }));
}

function withTrack(record: BreakerRecord, name: string, track: Track): BreakerRecord {
  return { ...record, tracks: new Map(record.tracks).set(name, track) };
}

/** Names of breakers that may have changed: the one concerned, and every other with an entry. */
function affected(before: BreakerRecord, after: BreakerRecord, name: string): string[] {
  return [...new Set([SHARED, name, ...before.tracks.keys(), ...after.tracks.keys()])];
}

/** The state that listeners have last heard of. */
function announced(track: Track): BreakerState {
  if (track.state === "closed") return "closed";
  return track.probing ? "half_open" : "open";
}

/** Prunes the result and says which breakers changed their state. */
function finish<Answer>(
  before: BreakerRecord,
  after: BreakerRecord,
  names: readonly string[],
  policy: BreakerPolicy,
  now: number,
  answer: Answer,
  by: "manual" | "probes" = "probes",
  note?: string,
): Step<Answer> {
  const transitions: Transition[] = [];
  for (const name of names) {
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
  return { record: prune(after, policy, now), answer, transitions };
}
