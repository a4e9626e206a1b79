/**
 * What a registry has answered and been told, as plain numbers: cheaper than an event for each, so that they
 * can always be counted.
 *
 * @module
 */
import type { Transition } from "../breaker/step.ts";
import type { BreakerState, DenialReason, OutcomeKind, Scope } from "../breaker/state.ts";

/** Verdicts given. Each is counted once, but for `degraded`, which counts some of them again. */
export interface VerdictCounts {
  /** Let through while closed. */
  allowed: number;
  /** Let through as probes. */
  probes: number;
  /** Denied, by why. */
  denied: Record<DenialReason, number>;
  /** Let through in mode `observe` where they would have been denied. */
  observed: Record<DenialReason, number>;
  /** Given without the store. */
  degraded: number;
}

/** Outcomes told. Each is counted once by its kind or as unreadable, and some of them again. */
export interface OutcomeCounts extends Record<OutcomeKind, number> {
  /** The permit could not be read. */
  unreadable: number;
  /** Counted for nothing by the host's breaker: too late, or told before. */
  late: number;
  /** Answered without the store. */
  degraded: number;
}

/** Breakers that went from one state to another. */
export interface TransitionCount {
  /** Of hosts or of resolvers. */
  scope: Scope;
  /** State before. */
  from: BreakerState;
  /** State after. */
  to: BreakerState;
  /** How often. */
  count: number;
}

function byReason(): Record<DenialReason, number> {
  return { open: 0, retry_after: 0, rolling: 0, manual: 0, probes: 0, rate: 0 };
}

/** See the module's description. */
export class Counters {
  readonly verdicts: VerdictCounts = {
    allowed: 0,
    probes: 0,
    denied: byReason(),
    observed: byReason(),
    degraded: 0,
  };
  readonly outcomes: OutcomeCounts = {
    success: 0,
    failure: 0,
    neutral: 0,
    cancelled: 0,
    unreadable: 0,
    late: 0,
    degraded: 0,
  };
  /** Stored values that could not be read. */
  unreadableValues = 0;
  readonly #transitions = new Map<string, TransitionCount>();

  /** Counts breakers that changed their state. */
  addTransitions(scope: Scope, transitions: readonly Transition[]): void {
    for (const { from, to } of transitions) {
      const name = `${scope} ${from} ${to}`;
      const counted = this.#transitions.get(name);
      if (counted === undefined) this.#transitions.set(name, { scope, from, to, count: 1 });
      else counted.count++;
    }
  }

  /** Those that happened at least once. */
  transitions(): TransitionCount[] {
    return [...this.#transitions.values()].map((counted) => ({ ...counted }));
  }
}
