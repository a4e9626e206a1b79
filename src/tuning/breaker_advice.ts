/**
 * What the rules for breakers have in common: whose breaker it is, what holds for it, and how an advice is
 * put together. Holds no rule.
 *
 * @module
 */
import { SHARED } from "../breaker/names.ts";
import { breakerName, type Limits, limitsOf, trialCallsOf } from "../breaker/limits.ts";
import type { BreakerPolicy, RolePolicy } from "../breaker/policy_types.ts";
import type { Advice, AdviceParameter, AdviceRule, HostMetrics } from "./advice.ts";
import type { PooledMetrics } from "./host_metrics.ts";

/** A rule: pure, and silent where it has nothing to say or too little to say it with. */
export type Rule = (metrics: PooledMetrics) => Advice | undefined;

/** What holds for a breaker. */
interface PresentLimits extends Limits {
  trialCalls: number;
}

/** What holds for the breaker of these metrics; undefined for a role that has none of its own. */
export function presentLimits({ policy, role = SHARED }: HostMetrics): PresentLimits | undefined {
  if (breakerName(policy, role) !== role) return undefined;
  return { ...limitsOf(policy, role), trialCalls: trialCallsOf(policy, role) };
}

/** What a rule has found. */
interface Finding {
  rule: AdviceRule;
  parameter: Exclude<AdviceParameter, "rate" | "breaker">;
  from: number;
  to: number;
  /** All that changes, the parameter included. */
  changes: RolePolicy;
  evidence: Readonly<Record<string, number>>;
  /** Samples it rests on, and the fewest that the rule takes. */
  samples: number;
  least: number;
  reason: string;
}

/** The finding as advice for the breaker that the metrics are of. */
export function breakerAdvice({ host, role }: HostMetrics, finding: Finding): Advice {
  const { rule, parameter, from, to, changes, evidence, samples, least, reason } = finding;
  return {
    host,
    ...(role !== undefined && { role }),
    rule,
    parameter,
    from,
    to,
    patch: role === undefined ? changes : { roles: { [role]: changes } },
    evidence,
    confidence: confidence(samples, least),
    reason,
  };
}

/** Whose breaker a role uses, as advice names it. */
export function breakerKind(policy: BreakerPolicy, role: string): "own" | "shared" {
  return breakerName(policy, role) === SHARED ? "shared" : "own";
}

/** See {@linkcode Advice.confidence}. Two digits. */
export function confidence(samples: number, least: number): number {
  return Math.round(100 * samples / (samples + least)) / 100;
}

/** For sentences. */
export function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

/** For sentences. */
export function percent(ratio: number): string {
  return `${Math.round(ratio * 1000) / 10} %`;
}
