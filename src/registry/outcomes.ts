/**
 * What becomes of an outcome: classified once, told to host and resolver, counted in the rate windows of
 * this process.
 *
 * @module
 */
import type { WindowSample } from "../breaker/failure_rate_window.ts";
import { classify } from "../breaker/classify.ts";
import type { OutcomeInput } from "../breaker/counting.ts";
import { leavesWell, tell, type Told } from "../breaker/machine.ts";
import { type Mark, type PermitParts, readPermit } from "../breaker/permit.ts";
import { breakerName } from "../breaker/limits.ts";
import { type BreakerRecord, generationOf } from "../breaker/record.ts";
import { retryAfterOf } from "../breaker/retry_after.ts";
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import type { BreakerState, OutcomeKind, Scope } from "../breaker/state.ts";
import type { Outcome, Permit, RecordResult } from "../breaker/gate.ts";
import type { MaybePromise } from "../stores/store.ts";
import type { Attempt, Change } from "./engine/cell.ts";
import { chain, isPromise } from "./maybe_promise.ts";
import { type RegistryCore, toEngine } from "./core.ts";
import { outcomeEvent } from "../breaker/outcome_event.ts";
import type { IssuedPermit } from "./issued_permits.ts";
import { FailureRateWindows } from "./failure_rate_windows.ts";
import { storeKey } from "./store_keys.ts";
import type { Done } from "./engine/waiter.ts";

const UNREAD: RecordResult = Object.freeze({
  recorded: false,
  state: "closed",
  retryAfterMs: 0,
});
const SEVERITY: Record<BreakerState, number> = { closed: 0, half_open: 1, open: 2 };

/** An outcome that was counted, and by which breaker. */
type Sample = WindowSample & { name: string; generation: number };

/** See the module's description. */
export class Outcomes {
  readonly #core: RegistryCore;
  readonly #windows: FailureRateWindows;
  /** Outcomes counted by earlier events of an attempt, not yet in a window. */
  readonly #uncommitted = new WeakMap<Attempt, Sample[]>();

  /** @param maxWindows rate windows kept at once */
  constructor(core: RegistryCore, maxWindows: number) {
    this.#core = core;
    this.#windows = new FailureRateWindows(maxWindows);
  }

  /** Tells how a request went. */
  record(permit: Permit, outcome: Outcome): MaybePromise<RecordResult> {
    if (this.#core.mode === "off") return UNREAD;
    const parts: IssuedPermit | undefined = this.#core.issued.find(permit) ?? readPermit(permit);
    const now = this.#core.now();
    const policy = parts ? this.#core.policies.ofHost(parts.host) : this.#core.policies.ofHost("");
    const kind = classify(outcome, policy.classify);
    const { outcomes } = this.#core.counters;
    if (parts === undefined) {
      outcomes.unreadable++;
      return UNREAD;
    }
    outcomes[kind]++;
    const retryAfterMs = retryAfterOf(outcome, now);
    if (retryAfterMs === undefined && this.#isUneventful(parts, outcome, kind, policy, now)) {
      const answer: RecordResult = { recorded: true, state: "closed", retryAfterMs: 0 };
      return this.#emitOutcome(parts, outcome, kind, answer, now, undefined);
    }
    const { cooldowns } = this.#core;
    const input = inputOf(parts, parts.hostMark, parts.role, kind, outcome, retryAfterMs);
    const alone = this.#tell("host", parts.host, parts.hostStoreKey, policy, input, now);
    const host = cooldowns === undefined
      ? alone
      : chain(alone, (answer) => chain(cooldowns.publish(this.#core, parts.host), () => answer));
    let result: MaybePromise<RecordResult> = host;
    if (parts.resolverMark !== undefined) {
      const resolverPolicy = this.#core.policies.ofResolver(parts.resolver);
      const resolverKind = classify(outcome, resolverPolicy.classify);
      const told = inputOf(parts, parts.resolverMark, "", resolverKind, outcome, undefined);
      const { resolver: name, resolverStoreKey } = parts;
      const resolver = this.#tell("resolver", name, resolverStoreKey, resolverPolicy, told, now);
      result = isPromise(host) || isPromise(resolver)
        ? Promise.all([host, resolver]).then(([h, r]) => worse(h, r))
        : worse(host, resolver);
    }
    if (policy.rates !== undefined) result = this.#pace(parts, policy.rates, outcome, kind, result);
    return chain(
      result,
      (answer) => this.#emitOutcome(parts, outcome, kind, answer, now, retryAfterMs),
    );
  }

  /** True where there is nothing to count: host and resolver are well and stay so, as is known here without asking. */
  #isUneventful(
    { issuedAt, resolver, hostMark, resolverMark, hostStoreKey, resolverStoreKey }: IssuedPermit,
    outcome: Outcome,
    kind: OutcomeKind,
    policy: BreakerPolicy,
    now: number,
  ): boolean {
    const { cooldowns, engine, policies } = this.#core;
    if (hostStoreKey === undefined || !engine.isAbsent(hostStoreKey)) return false;
    if (cooldowns !== undefined || policy.rates !== undefined) return false;
    if (!leavesWell(issuedAt, hostMark, kind, policy, now)) return false;
    if (resolverMark === undefined) return true;
    if (resolverStoreKey === undefined || !engine.isAbsent(resolverStoreKey)) return false;
    const ofResolver = policies.ofResolver(resolver);
    const hasSameRules = ofResolver.classify === policy.classify;
    const kindToIt = hasSameRules ? kind : classify(outcome, ofResolver.classify);
    return leavesWell(issuedAt, resolverMark, kindToIt, ofResolver, now);
  }

  /** Tells pacing of a request that was asked for in earnest, and waits where that has to be written. */
  #pace(
    { host, role, issuedAt, hostMark }: PermitParts,
    rates: NonNullable<BreakerPolicy["rates"]>,
    outcome: Outcome,
    kind: OutcomeKind,
    result: MaybePromise<RecordResult>,
  ): MaybePromise<RecordResult> {
    if (kind === "cancelled" || hostMark.kind === "shadow") return result;
    const isLimited = "status" in outcome && outcome.status === 429;
    const heeded = this.#core.pacer.heed(host, role, rates, issuedAt, isLimited);
    if (!isPromise(heeded)) return result;
    return Promise.all([result, heeded]).then(([answer]) => answer);
  }

  #tell(
    scope: Scope,
    key: string,
    keyInStore: string = storeKey(this.#core.prefixes, scope, key),
    policy: BreakerPolicy,
    input: OutcomeInput,
    now: number,
  ): MaybePromise<RecordResult> {
    const rated = policy.failureRate !== undefined;
    if (!rated && this.#core.engine.isAbsent(keyInStore)) {
      // Most outcomes are of healthy hosts, and leave them so: nothing needs to be queued or written.
      const { record, answer } = tell(undefined, input, policy, now);
      if (record === undefined) return this.#resultOf(scope, { answer, degraded: false });
    }
    const done = this.#core.engine.update(keyInStore, (record, now, attempt) => {
      if (rated) return this.#rated(scope, key, policy, record, input, now, attempt);
      return toEngine(this.#core, scope, key, tell(record, input, policy, now), now);
    });
    return chain(done, (told) => this.#resultOf(scope, told));
  }

  #resultOf(scope: Scope, done: Done<Told> | undefined): RecordResult {
    const result = resultOf(done);
    if (scope === "host") {
      const { outcomes } = this.#core.counters;
      // One that was turned away is counted where that was done.
      if (done !== undefined && !result.recorded) outcomes.late++;
      if (done?.degraded) outcomes.degraded++;
    }
    return result;
  }

  /** The same, with the rate window of this process around it. */
  #rated(
    scope: Scope,
    key: string,
    policy: BreakerPolicy,
    record: BreakerRecord | undefined,
    input: OutcomeInput,
    now: number,
    attempt: Attempt,
  ): Change<BreakerRecord, Told> {
    const { windowMs } = policy.failureRate!;
    const name = breakerName(policy, input.role);
    const generation = generationOf(record, name);
    const id = `${storeKey(this.#core.prefixes, scope, key)} ${name}`;
    const counts = {
      calls: 0,
      failures: 0,
      slow: 0,
      ...this.#windows.counts(id, generation, windowMs, now),
    };
    const uncommitted = this.#uncommittedOf(attempt);
    for (const sample of uncommitted) {
      if (sample.name !== name || sample.generation !== generation) continue;
      counts.calls++;
      if (sample.failure) counts.failures++;
      if (sample.slow) counts.slow++;
    }
    const step = toEngine(
      this.#core,
      scope,
      key,
      tell(record, { ...input, windowBefore: counts }, policy, now),
      now,
    );
    const { sample } = step.answer;
    if (sample === undefined) return step;
    uncommitted.push({ ...sample, name, generation });
    const commit = () => {
      this.#windows.add(id, generation, sample, windowMs, now);
      step.commit?.();
    };
    return { ...step, commit };
  }

  #uncommittedOf(attempt: Attempt): Sample[] {
    const known = this.#uncommitted.get(attempt);
    if (known !== undefined) return known;
    const samples: Sample[] = [];
    this.#uncommitted.set(attempt, samples);
    return samples;
  }

  #emitOutcome(
    { host, role, resolver, hostMark }: PermitParts,
    outcome: Outcome,
    kind: OutcomeKind,
    result: RecordResult,
    at: number,
    retryAfterMs: number | undefined,
  ): RecordResult {
    const { listeners } = this.#core;
    if (!listeners.hearsOutcomes) return result;
    const asked = { host, role, resolver, probe: hostMark.kind === "probe" };
    listeners.emit(outcomeEvent(asked, outcome, kind, result, at, retryAfterMs));
    return result;
  }
}

function inputOf(
  { id, issuedAt }: PermitParts,
  mark: Mark,
  role: string,
  kind: OutcomeKind,
  { latencyMs }: Outcome,
  retryAfterMs: number | undefined,
): OutcomeInput {
  return { type: "outcome", role, id, issuedAt, mark, kind, latencyMs, retryAfterMs };
}

/** Undefined: too many wait for this breaker, and this one was turned away. */
function resultOf(done: Done<Told> | undefined): RecordResult {
  if (done === undefined) return UNREAD;
  const { recorded, state, retryAfterMs } = done.answer;
  return { recorded, state, retryAfterMs };
}

/** Of two answers the one that holds the caller back longer; recorded where either was. */
function worse(host: RecordResult, resolver: RecordResult): RecordResult {
  const leads = SEVERITY[resolver.state] > SEVERITY[host.state];
  return {
    recorded: host.recorded || resolver.recorded,
    state: leads ? resolver.state : host.state,
    retryAfterMs: Math.max(host.retryAfterMs, resolver.retryAfterMs),
  };
}
