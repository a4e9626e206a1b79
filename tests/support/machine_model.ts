/**
 * The contract's section on behaviour, written a second time: at length, in place, with nothing ever dropped
 * to save room. What the machine shows must be what this shows. Knows no record and no generation.
 *
 * @module
 */
import { breakerName, limitsOf, ownRoles, trialCallsOf } from "../../src/breaker/limits.ts";
import { SHARED } from "../../src/breaker/names.ts";
import type { BreakerPolicy } from "../../src/breaker/policy_types.ts";
import type { OutcomeKind } from "../../src/breaker/state.ts";

/** What a breaker shows. */
export interface ModelView {
  state: "closed" | "open" | "half_open";
  /** Deadline in epoch milliseconds, where not closed. */
  until?: number;
  /** Failures counted, where closed. */
  failures?: number;
  successes: number;
  probes: number;
}

/** How the model would answer. */
export interface ModelAnswer {
  allowed: boolean;
  probe: boolean;
  retryAfterMs: number;
}

/** What the model keeps of a request that was asked for. */
export interface ModelPermit {
  id: string;
  role: string;
  issuedAt: number;
  kind: "closed" | "probe" | "denied";
  /** Changes of state of its breaker when it was issued. */
  epoch: number;
}

interface Sample {
  at: number;
  failure: boolean;
  slow: boolean;
}

interface Breaker {
  closed: boolean;
  /** Changes of state so far. */
  epoch: number;
  until: number;
  /** Ids of the failures in a row. */
  failed: string[];
  successes: number;
  probes: { id: string; role: string; until: number }[];
  opens: number;
  /** Time spent closed since the last open by outcomes, up to `closedSince`. */
  closedMs: number;
  closedSince: number;
  samples: Sample[];
  /** Last time that something was counted. */
  at: number;
}

/** One host. */
export class MachineModel {
  readonly #policy: BreakerPolicy;
  readonly #breakers = new Map<string, Breaker>();
  #rolling: { at: number; id: string }[] = [];

  constructor(policy: BreakerPolicy, now: number) {
    this.#policy = policy;
    for (const name of [SHARED, ...ownRoles(policy)]) {
      this.#breakers.set(name, {
        closed: true,
        epoch: 0,
        until: 0,
        failed: [],
        successes: 0,
        probes: [],
        opens: 0,
        closedMs: 0,
        closedSince: now,
        samples: [],
        at: 0,
      });
    }
  }

  /** Names of its breakers. */
  names(): string[] {
    return [...this.#breakers.keys()];
  }

  #of(role: string): Breaker {
    return this.#breakers.get(breakerName(this.#policy, role))!; // safe: every name has one
  }

  view(name: string, now: number): ModelView {
    const breaker = this.#of(name);
    const { successes, until, failed } = breaker;
    if (breaker.closed) {
      return { state: "closed", failures: failed.length, successes: 0, probes: 0 };
    }
    const probes = breaker.probes.filter((probe) => probe.until > now).length;
    return { state: now < until ? "open" : "half_open", until, successes, probes };
  }

  /** Opens in a row that still count. */
  opens(name: string, now: number): number {
    const breaker = this.#of(name);
    const running = breaker.closed ? now - breaker.closedSince : 0;
    const { resetTimeoutMs } = limitsOf(this.#policy, name);
    return Math.max(0, breaker.opens - Math.floor((breaker.closedMs + running) / resetTimeoutMs));
  }

  /** Probes of this role that are out. */
  probesOf(role: string, now: number): number {
    return this.#of(role).probes.filter((probe) => probe.role === role && probe.until > now).length;
  }

  /** What `allow` should answer. */
  answer(role: string, now: number): ModelAnswer {
    const breaker = this.#of(role);
    if (breaker.closed) return { allowed: true, probe: false, retryAfterMs: 0 };
    if (now < breaker.until) {
      const { resetTimeoutMs } = limitsOf(this.#policy, breakerName(this.#policy, role));
      const retryAfterMs = breaker.until === Infinity ? resetTimeoutMs : breaker.until - now;
      return { allowed: false, probe: false, retryAfterMs };
    }
    const mine = breaker.probes.filter((probe) => probe.role === role && probe.until > now);
    if (mine.length < trialCallsOf(this.#policy, role)) {
      return { allowed: true, probe: true, retryAfterMs: 0 };
    }
    const retryAfterMs = Math.min(...mine.map((probe) => probe.until)) - now;
    return { allowed: false, probe: false, retryAfterMs };
  }

  allow(id: string, role: string, now: number): ModelPermit {
    const { allowed, probe } = this.answer(role, now);
    const breaker = this.#of(role);
    if (probe) {
      breaker.probes.push({ id, role, until: now + this.#policy.probeLeaseMs });
      breaker.at = now;
    }
    const kind = !allowed ? "denied" : probe ? "probe" : "closed";
    return { id, role, issuedAt: now, kind, epoch: breaker.epoch };
  }

  /** Whether an outcome with this permit counts. */
  isTimely(permit: ModelPermit, now: number): boolean {
    const breaker = this.#of(permit.role);
    if (now - permit.issuedAt >= this.#policy.permitTtlMs) return false;
    if (permit.kind === "denied" || permit.epoch !== breaker.epoch) return false;
    if (permit.kind === "probe") {
      return breaker.probes.some(({ id, until }) => id === permit.id && until > now);
    }
    const named = breaker.failed.includes(permit.id) ||
      this.#recent(now).some(({ id }) => id === permit.id);
    return breaker.closed && !named;
  }

  #recent(now: number): { at: number; id: string }[] {
    return this.#rolling.filter(({ at }) => at > now - this.#policy.rolling.windowMs);
  }

  record(
    permit: ModelPermit,
    kind: OutcomeKind,
    retryAfterMs: number,
    latencyMs: number,
    now: number,
  ): void {
    const delayMs = Math.min(retryAfterMs, this.#policy.retryAfterCapMs);
    if (this.isTimely(permit, now)) {
      if (permit.kind === "probe") this.#countProbe(permit, kind, delayMs > 0, now);
      else this.#countClosed(permit, kind, latencyMs, now);
    }
    if (delayMs > 0) this.cooldown(now + delayMs, now);
  }

  #countProbe(permit: ModelPermit, kind: OutcomeKind, asked: boolean, now: number): void {
    const breaker = this.#of(permit.role);
    breaker.probes = breaker.probes.filter(({ id }) => id !== permit.id);
    breaker.at = now;
    if (kind === "cancelled") return;
    if (kind === "failure" || asked) {
      this.#trip(permit.role, now);
      this.#countRolling(permit.id, now);
      return;
    }
    breaker.successes++;
    const { successThreshold } = limitsOf(this.#policy, breakerName(this.#policy, permit.role));
    if (breaker.successes < successThreshold) return;
    this.#change(breaker, now);
    breaker.closed = true;
    breaker.closedSince = now;
  }

  #countClosed(permit: ModelPermit, kind: OutcomeKind, latencyMs: number, now: number): void {
    if (kind !== "success" && kind !== "failure") return;
    const breaker = this.#of(permit.role);
    const { slowCall } = this.#policy;
    const failure = kind === "failure";
    const slow = !failure && slowCall !== undefined && latencyMs > slowCall.durationMs;
    breaker.samples.push({ at: now, failure, slow });
    breaker.at = now;
    if (failure) breaker.failed.push(permit.id);
    else breaker.failed = [];
    const { failMax } = limitsOf(this.#policy, breakerName(this.#policy, permit.role));
    if (breaker.failed.length >= failMax || this.#rateReached(breaker, now)) {
      this.#trip(permit.role, now);
    }
    if (failure) this.#countRolling(permit.id, now);
  }

  #rateReached(breaker: Breaker, now: number): boolean {
    const { failureRate, slowCall } = this.#policy;
    if (failureRate === undefined) return false;
    const window = breaker.samples.filter(({ at }) => at > now - failureRate.windowMs);
    if (window.length < failureRate.minCalls) return false;
    const share = (of: (sample: Sample) => boolean) => window.filter(of).length / window.length;
    return share(({ failure }) => failure) >= failureRate.thresholdRatio ||
      (slowCall !== undefined && share(({ slow }) => slow) >= slowCall.thresholdRatio);
  }

  /** An open by outcomes. */
  #trip(role: string, now: number): void {
    const breaker = this.#of(role);
    const name = breakerName(this.#policy, role);
    const { backoffFactor, maxResetTimeoutMs } = this.#policy;
    const opens = this.opens(name, now) + 1;
    const lasts = limitsOf(this.#policy, name).resetTimeoutMs * backoffFactor ** (opens - 1);
    this.#change(breaker, now);
    Object.assign(breaker, { closed: false, opens, closedMs: 0 });
    breaker.until = now + Math.min(lasts, maxResetTimeoutMs);
  }

  /** Any change of state: every counter but that of opens starts again, and the clock of closed time stops. */
  #change(breaker: Breaker, now: number): void {
    if (breaker.closed) breaker.closedMs += now - breaker.closedSince;
    Object.assign(breaker, { failed: [], samples: [], successes: 0, probes: [], at: now });
    breaker.epoch++;
  }

  #countRolling(id: string, now: number): void {
    const { enabled, thresholdFailures, cooldownMs } = this.#policy.rolling;
    if (!enabled) return;
    this.#rolling = [...this.#recent(now), { at: now, id }];
    if (this.#rolling.length < thresholdFailures) return;
    this.#rolling = [];
    this.cooldown(now + cooldownMs, now);
  }

  /** Every breaker of the host, but for those that are open longer anyway. */
  cooldown(until: number, now: number): void {
    if (until <= now) return;
    for (const breaker of this.#breakers.values()) {
      if (!breaker.closed && breaker.until >= until) continue;
      this.#change(breaker, now);
      Object.assign(breaker, { closed: false, until });
    }
  }

  /** An operator's open, or with a deadline of now his half-open. */
  open(until: number, now: number): void {
    for (const breaker of this.#breakers.values()) {
      this.#change(breaker, now);
      Object.assign(breaker, { closed: false, until });
    }
  }

  close(now: number): void {
    this.#rolling = [];
    for (const breaker of this.#breakers.values()) {
      this.#change(breaker, now);
      Object.assign(breaker, { closed: true, closedSince: now, closedMs: 0, opens: 0 });
    }
  }

  /** Whether the contract allows this breaker to be forgotten now. */
  mayForget(name: string, now: number): boolean {
    const { until, closed, at, probes } = this.#of(name);
    const last = Math.max(at, closed ? 0 : until, ...probes.map((probe) => probe.until));
    return now >= last + this.#policy.forgetMs;
  }

  /** The machine has forgotten it. */
  forget(name: string, now: number): void {
    const breaker = this.#of(name);
    if (!breaker.closed) this.#change(breaker, now);
    Object.assign(breaker, { closed: true, closedSince: now, closedMs: 0, opens: 0, failed: [] });
  }
}
