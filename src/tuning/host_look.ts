/**
 * A look at each host: what happened there, the steps that it has behind it, and what the rules say of it within the
 * tuner's bounds. Pure; what its log says stands in `judged_advice.ts`.
 *
 * @module
 */
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import type { PolicyView } from "../breaker/operators.ts";
import type { Advice, HostMetrics } from "./advice.ts";
import { advise } from "./advise.ts";
import { clampAdvice } from "./clamps.ts";
import { opensOf } from "./search_rule.ts";
import { aboveConfigured, since, whyNotAgain } from "./step_history.ts";
import type { TuningRecord } from "./tuning_record.ts";

/** A host, and what the rules say of it. */
export interface HostLook {
  host: string;
  /** What holds now. */
  policy: BreakerPolicy;
  /** What held if nothing had been tuned. */
  configured: BreakerPolicy;
  /** Of the whole window, changes or not. */
  metrics: readonly HostMetrics[];
  /** Newest last. */
  steps: TuningRecord;
  /** How often it opened in the window. */
  opens: number;
  advice: readonly Advice[];
}

/** One host, with the advice on what happened since its last step. */
export function lookAt(
  metrics: readonly HostMetrics[],
  { host, policy, configured }: Pick<PolicyView, "host" | "policy" | "configured">,
  steps: TuningRecord,
  now: number,
): HostLook {
  const seen = { host, policy, configured, metrics, steps, opens: opensOf(metrics), advice: [] };
  const advice = advise(metrics.map((one) => since(one, steps, now)));
  return { ...seen, advice: advice.map((one) => bounded(one, seen, now)) };
}

/** The advice within the tuner's bounds; withheld where these, or what was done before, speak against it. */
export function bounded(
  advice: Advice,
  { policy, configured, steps }: HostLook,
  now: number,
): Advice {
  const clamped = clampAdvice(advice, policy);
  const withheld = clamped.withheld ?? whyNotAgain(advice, steps, now) ??
    aboveConfigured(clamped, configured);
  return withheld === undefined ? clamped : { ...clamped, withheld };
}
