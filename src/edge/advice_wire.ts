/**
 * Advice and the steps of the tuner as they go out: in the names and units of the YAML.
 *
 * @module
 */
import type { PolicyYaml } from "../config/mod.ts";
import { policyToYaml } from "../config/names.ts";
import type { Advice, AdviceParameter, AdviceRule } from "../tuning/advice.ts";
import type { Comparison } from "../tuning/report.ts";
import type { TuningStep } from "../tuning/tuning_record.ts";

/** What is to be changed; `breaker`: whose breaker a role uses, `shared` or its `own`. */
export type WireParameter =
  | "breaker"
  | "reset_timeout_s"
  | "fail_max"
  | "success_threshold"
  | "trial_calls"
  | "rate";

/** What one policy would have done on the host's own log. */
export interface WireReplay {
  /** Wasted plus missed. */
  cost: number;
  /** Requests sent that failed. */
  wasted: number;
  /** Requests denied that would have been answered. */
  missed: number;
  /** How much of the cost is an estimate. */
  estimated_cost: number;
  opens: number;
  open_s: number;
  /** Mean time to notice a recovery. */
  notice_s?: number;
}

/** One change, as it is advised or was made. */
export interface WireChange {
  host: string;
  role?: string;
  rule: AdviceRule;
  parameter: WireParameter;
  from?: number | string;
  to: number | string;
  /** One sentence with the numbers it rests on. */
  reason: string;
}

/** One piece of advice. */
export interface WireAdvice extends WireChange {
  patch: PolicyYaml;
  /** The numbers it rests on, by name. */
  evidence: Record<string, number>;
  /** How sure it is, 0 to 1. */
  confidence: number;
  replay?: { verdict: "better" | "same" | "worse"; present: WireReplay; candidate: WireReplay };
  /** Why it is not applied, where it is not. */
  withheld?: string;
}

/** One change that was made. */
export interface WireStep extends WireChange {
  at: number;
  by: string;
}

/** What was wanted and not done. */
export interface WireRefusal {
  host: string;
  role?: string;
  rule?: AdviceRule;
  reason: string;
}

/** The answer to `GET /v1/advice`. */
export interface WireAdviceList {
  window_s: number;
  /** Present where not all that happened could be read: the store did not answer, or holds too much. */
  complete?: false;
  advice: WireAdvice[];
}

/** The answer to `POST /v1/advice/apply`. */
export interface WireApplied {
  /** As of {@linkcode WireAdviceList}: what is refused for want of advice may be advised once all can be read. */
  complete?: false;
  applied: WireStep[];
  undone: WireStep[];
  refused: WireRefusal[];
}

const PARAMETERS: Readonly<Record<AdviceParameter, WireParameter>> = {
  breaker: "breaker",
  resetTimeoutMs: "reset_timeout_s",
  failMax: "fail_max",
  successThreshold: "success_threshold",
  trialCalls: "trial_calls",
  rate: "rate",
};

/** All that advice can be about. */
export const WIRE_PARAMETERS: readonly WireParameter[] = Object.values(PARAMETERS);

/** Advice as it goes out. */
export function wireAdvice(advice: Advice): WireAdvice {
  const { host, patch, evidence, confidence, replay, withheld } = advice;
  return {
    ...wireChange(host, advice),
    patch: policyToYaml(patch),
    evidence: Object.fromEntries(
      Object.entries(evidence).map(([name, value]) => [snakeCase(name), value]),
    ),
    confidence,
    replay: replay && wireReplay(replay),
    withheld,
  };
}

/** A step as it goes out. */
export function wireStep(host: string, step: TuningStep): WireStep {
  return { at: step.at, by: step.by, ...wireChange(host, step) };
}

function wireChange(
  host: string,
  change: Pick<TuningStep, "role" | "rule" | "parameter" | "from" | "to" | "reason">,
): WireChange {
  const { role, rule, parameter, from, to, reason } = change;
  const inUnits = <T>(value: T) =>
    parameter === "resetTimeoutMs" && typeof value === "number" ? value / 1_000 : value;
  return {
    host,
    role,
    rule,
    parameter: PARAMETERS[parameter],
    from: inUnits(from),
    to: inUnits(to),
    reason,
  };
}

function wireReplay(comparison: Comparison): WireAdvice["replay"] {
  const { cost, wasted, missed, estimatedCost, opens, openMs, noticeMs } = comparison;
  const figures = (which: 0 | 1): WireReplay => {
    const notice = noticeMs[which];
    return {
      cost: cost[which],
      wasted: wasted[which],
      missed: missed[which],
      estimated_cost: estimatedCost[which],
      opens: opens[which],
      open_s: openMs[which] / 1_000,
      notice_s: notice === undefined ? undefined : notice / 1_000,
    };
  };
  return { verdict: comparison.verdict, present: figures(0), candidate: figures(1) };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
