/**
 * The bounds that the tuner keeps to, whatever the advice. Pure.
 *
 * @module
 */
import { SHARED } from "../breaker/names.ts";
import { type Limits, limitsOf } from "../breaker/limits.ts";
import type { BreakerPolicy, PolicyPatch, RolePolicy } from "../breaker/policy_types.ts";
import type { Advice } from "./advice.ts";
import { ownRate } from "./host_metrics.ts";
import { boundedRate } from "./rate_steps.ts";

/** The least and the most that the tuner sets; durations in milliseconds. */
export const TUNER_BOUNDS = {
  failMax: [2, 10],
  resetTimeoutMs: [15_000, 600_000],
  successThreshold: [1, 3],
} as const satisfies Readonly<Record<keyof Limits, readonly [least: number, most: number]>>;

/** The most that one step changes a rate by, as a share of what held before. */
const MOST_PACE_STEP = 0.25;

const BOUNDED = ["failMax", "resetTimeoutMs", "successThreshold"] as const;

/** The advice within the tuner's bounds; withheld where these leave nothing of it. */
export function clampAdvice(advice: Advice, policy: BreakerPolicy): Advice {
  const { parameter, role } = advice;
  const patch = clampPatch(advice.patch, policy);
  const to = parameter === "rate"
    ? patch.rates?.[role ?? "*"]
    : parameter === "breaker"
    ? advice.to
    : (role === undefined ? patch : patch.roles?.[role])?.[parameter];
  if (to === undefined) {
    return { ...advice, withheld: `the tuner's bounds leave '${parameter}' where it is` };
  }
  if (to === advice.to) return advice;
  const shown = parameter === "resetTimeoutMs" ? `${Number(to) / 1000} s` : to;
  return { ...advice, patch, to, reason: `${advice.reason}; by the tuner's bounds only ${shown}` };
}

/** What of a patch lies within the bounds. */
function clampPatch({ roles, rates, ...host }: PolicyPatch, policy: BreakerPolicy): PolicyPatch {
  const patch: PolicyPatch = clampLimits(host, limitsOf(policy, SHARED));
  if (roles !== undefined) {
    patch.roles = Object.fromEntries(
      Object.entries(roles).map(([role, limits]) => {
        return [role, clampLimits(limits, limitsOf(policy, role))];
      }),
    );
  }
  if (rates !== undefined) {
    patch.rates = Object.fromEntries(
      Object.entries(rates).flatMap(([role, rate]) => {
        const present = ownRate(policy, role);
        const to = present === undefined ? rate : boundedRate(rate, present, MOST_PACE_STEP);
        return to === undefined || to === present ? [] : [[role, to]];
      }),
    );
  }
  return patch;
}

/** A value that its bounds would move the other way, or nowhere, is left out. */
function clampLimits<T extends RolePolicy>(limits: T, present: Limits): T {
  const clamped = { ...limits };
  for (const name of BOUNDED) {
    const wanted = limits[name];
    if (wanted === undefined) continue;
    const [least, most] = TUNER_BOUNDS[name];
    const value = Math.min(Math.max(wanted, least), most);
    if (Math.sign(value - present[name]) === Math.sign(wanted - present[name])) {
      clamped[name] = value;
    } else delete clamped[name];
  }
  return clamped;
}
