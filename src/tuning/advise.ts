/**
 * The advisor: every rule asked about every host, and which advice counts where several contradict each
 * other. Pure; the rules stand in files of their own, by what they change.
 *
 * @module
 */
import type { Advice, AdviceRule, HostMetrics } from "./advice.ts";
import type { Rule } from "./breaker_advice.ts";
import { byHost, ownRate, pool, type PooledMetrics } from "./host_metrics.ts";
import { paceRule, raisePaceRule, trimPaceRule } from "./pace_rule.ts";
import { halfOpenRecoveredRule, halfOpenRule } from "./probe_rules.ts";
import { flappingRule, openDurationRule, retryAfterRule } from "./reset_rules.ts";
import { failureRunsRule, relaxRule } from "./threshold_rules.ts";

/** Rules that change the same thing, the one that counts first. The one that slows pacing stands before them all. */
const RULES: readonly (readonly Rule[])[] = [
  [flappingRule, retryAfterRule, openDurationRule],
  [failureRunsRule, relaxRule],
  [halfOpenRule, halfOpenRecoveredRule],
  [trimPaceRule, raisePaceRule],
];

/** Which advice for a host comes first: what stops harm before what saves time. */
const URGENCY: readonly AdviceRule[] = [
  "pace",
  "flapping",
  "half_open",
  "failure_runs",
  "retry_after",
  "open_duration",
  "half_open_recovered",
  "relax",
  "pace_trim",
  "pace_up",
];

/**
 * What should be changed, and the numbers that say so; nothing for a host of which too little is known, or
 * which is as it should be. Hosts in the order in which they were given, the most urgent advice of each first.
 *
 * Where rules contradict each other:
 *
 * - pace comes before the breaker: a host whose 429s call for a slower pace gets no other advice that time (one
 *   that bears a faster pace does);
 * - of the reset timeout, flapping speaks before Retry-After, and that before the open durations; neither of
 *   these two lowers it while the host flaps at all;
 * - a role with a rate of its own is paced by itself, the others by the rate of the host as a whole.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DEFAULT_POLICY } from "@breakwater/breakwater";
 * import { EMPTY_SUMMARY } from "@breakwater/breakwater/telemetry";
 * import { advise } from "@breakwater/breakwater/tuning";
 *
 * const summary = { ...EMPTY_SUMMARY, calls: 40, network: 40, failures: 6, retryAfterS: { 120: 6 } };
 * const periods = [{ startMs: 0, durationMs: 60_000, summary }];
 * const [advice] = advise([{ host: "api.example.org", policy: DEFAULT_POLICY, periods }]);
 * assertEquals(advice?.patch, { resetTimeoutMs: 120_000 });
 * assertEquals(advice?.evidence, { retryAfters: 6, medianRetryAfterS: 120 });
 * ```
 */
export function advise(metrics: readonly HostMetrics[]): Advice[] {
  const pooled = metrics.map(pool).filter((one) => one !== undefined);
  return [...byHost(pooled).values()].flatMap(adviseHost);
}

function adviseHost(metrics: readonly PooledMetrics[]): Advice[] {
  const pace = adviseOnPace(metrics);
  if (pace.length > 0) return pace;
  const advice = metrics.flatMap((one) =>
    RULES.map((rules) => firstOf(rules, one)).filter((found) => found !== undefined)
  );
  return advice.sort((a, b) => URGENCY.indexOf(a.rule) - URGENCY.indexOf(b.rule));
}

function firstOf(rules: readonly Rule[], metrics: PooledMetrics): Advice | undefined {
  for (const rule of rules) {
    const advice = rule(metrics);
    if (advice !== undefined) return advice;
  }
  return undefined;
}

/** The narrowest rate there is; where there is none, the host as a whole. */
function adviseOnPace(metrics: readonly PooledMetrics[]): Advice[] {
  const found = metrics.flatMap((one) => {
    const advice = paceRule(one);
    return advice === undefined ? [] : [{ advice, one }];
  });
  const narrow = found.filter(({ one }) =>
    one.role !== undefined && ownRate(one.policy, one.role) !== undefined
  );
  const wide = found.filter(({ one }) => one.role === undefined);
  const [counts = []] = [narrow, wide, found].filter(({ length }) => length > 0);
  return counts.map(({ advice }) => advice);
}
