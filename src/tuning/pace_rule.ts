/**
 * The rules for pacing: a host that answers 429 is asked less often before its breaker is touched, and more
 * often again where it bears that.
 *
 * @module
 */
import { countOf } from "../telemetry/histogram.ts";
import { MINUTE_MS } from "../telemetry/summary.ts";
import type { Advice, AdviceRule } from "./advice.ts";
import { confidence, percent } from "./breaker_advice.ts";
import { ownRate, type PooledMetrics } from "./host_metrics.ts";
import { callsPerSecond, rateOf, scaledRate } from "./rate_steps.ts";

/** Network calls that a share is taken of. */
const LEAST_CALLS_TO_PACE = 50;
/** Opens that call for a slower pace, where half of the failures or more were 429s: fewer may be one mishap. */
const LEAST_OPENS_TO_PACE = 3;
/** 429s under a rate that are more than a mishap. */
const LEAST_429S_TO_TRIM = 3;
/** Minutes without a 429 before a rate is raised: twice what pacing itself takes to climb after one. */
const LEAST_MINUTES_TO_RAISE = 10;

/** One in so many calls answered 429 is too many: 5 %. */
const ONE_IN = 20;
/** What is left of a rate, or of what was accepted, where 429s are too many. */
const SLOWER_FACTOR = 0.8;
/** Small steps, since they end where the limit is. */
const RAISE_FACTOR = 1.1;
const TRIM_FACTOR = 0.95;
/** A rate that is used to this share holds requests back. */
const BINDING_RATIO = 0.9;
/** No slower than one call a minute. */
const LOWEST_PER_S = 1 / 60;

/** What a rule has found. */
interface PaceFinding {
  rule: AdviceRule;
  from?: string;
  to: string | undefined;
  evidence: Readonly<Record<string, number>>;
  because: string;
}

/**
 * The rate that holds, times 0.8, where 5 % of the calls or more were answered 429. And where fewer were, but open
 * the breaker again and again: what it denies keeps the share low. One that says when to come back is left to that.
 * Where no rate holds, what {@linkcode acceptedPerSecond} says, times 0.8.
 */
export function paceRule(metrics: PooledMetrics): Advice | undefined {
  const { network, status429, opens, failures, retryAfterS } = metrics.total;
  if (network < LEAST_CALLS_TO_PACE || status429 === 0) return undefined;
  const from = presentRate(metrics);
  const accepted = acceptedPerSecond(metrics);
  const to = from !== undefined
    ? scaledRate(from, SLOWER_FACTOR)
    : accepted === undefined
    ? undefined
    : rateOf(accepted * SLOWER_FACTOR);
  const evidence = {
    networkCalls: network,
    status429,
    ratio: status429 / network,
    ...(from === undefined && accepted !== undefined && { acceptedPerSecond: accepted }),
  };
  const slower = (because: string, more?: Readonly<Record<string, number>>) =>
    paceAdvice(metrics, { rule: "pace", from, to, evidence: { ...evidence, ...more }, because });
  if (status429 * ONE_IN >= network) {
    return slower(
      `${status429} of ${network} calls were answered 429 (${percent(status429 / network)})`,
    );
  }
  const bare = status429 - countOf(retryAfterS);
  if (opens < LEAST_OPENS_TO_PACE || bare * 2 < failures) return undefined;
  return slower(`${opens} opens, and ${status429} of ${failures} failures were 429s`, {
    opens,
    failures,
  });
}

/**
 * A rate under which 429s go on, if few: a little less. Pacing answers each by itself with less for minutes, and
 * climbs into the next: a rate just below what the host bears lets more through.
 */
export function trimPaceRule(metrics: PooledMetrics): Advice | undefined {
  const { network, status429 } = metrics.total;
  const from = presentRate(metrics);
  if (from === undefined || status429 < LEAST_429S_TO_TRIM || network < LEAST_CALLS_TO_PACE) {
    return undefined;
  }
  return paceAdvice(metrics, {
    rule: "pace_trim",
    from,
    to: scaledRate(from, TRIM_FACTOR),
    evidence: { networkCalls: network, status429, ratio: status429 / network },
    because: `${status429} of ${network} calls were answered 429 though they were paced`,
  });
}

/** A rate that holds requests back, while there is not one 429: a little more. */
export function raisePaceRule(metrics: PooledMetrics): Advice | undefined {
  const { total: { network, status429, paced }, observedMs } = metrics;
  const from = presentRate(metrics);
  const minutes = Math.floor(observedMs / MINUTE_MS);
  if (
    from === undefined || status429 > 0 || network < LEAST_CALLS_TO_PACE ||
    minutes < LEAST_MINUTES_TO_RAISE
  ) return undefined;
  const mostCalls = (callsPerSecond(from) ?? Infinity) * observedMs / 1000;
  if (paced === 0 && network < BINDING_RATIO * mostCalls) return undefined;
  return paceAdvice(metrics, {
    rule: "pace_up",
    from,
    to: scaledRate(from, RAISE_FACTOR),
    evidence: { networkCalls: network, minutes, deniedByPacing: paced },
    because: `None of ${network} calls in ${minutes} min was answered 429, and pacing held ` +
      "requests back",
  });
}

function presentRate({ rate, policy, role }: PooledMetrics): string | undefined {
  return rate ?? ownRate(policy, role);
}

/** Undefined where there is no such rate, or it is too slow to be one. */
function paceAdvice(
  metrics: PooledMetrics,
  { rule, from, to, evidence, because }: PaceFinding,
): Advice | undefined {
  const { host, role, total: { network } } = metrics;
  if (to === undefined || to === from || callsPerSecond(to)! < LOWEST_PER_S) return undefined;
  const accepted = from === undefined ? acceptedPerSecond(metrics) : undefined;
  const change = accepted === undefined
    ? `rate from ${from} to ${to}`
    : `about ${rounded(accepted)} calls a second would go well, so the rate to ${to}`;
  return {
    host,
    ...(role !== undefined && { role }),
    rule,
    parameter: "rate",
    ...(from !== undefined && { from }),
    to,
    patch: { rates: { [role ?? "*"]: to } },
    evidence,
    confidence: confidence(network, LEAST_CALLS_TO_PACE),
    reason: `${because}: ${change}`,
  };
}

/** For sentences. */
function rounded(perSecond: number): number {
  return Math.round(perSecond * 100) / 100;
}

/**
 * What the host bears, in calls a second: what was wanted of it, times the share of the calls that it did not
 * answer 429. What an open breaker denied was wanted too: of the calls that were made, most fall into the short
 * times between two opens, and taken over all the time they would make a rate that is far too low, and that no
 * 429 ever corrects. One that is too high corrects itself.
 */
function acceptedPerSecond({ total, observedMs }: PooledMetrics): number | undefined {
  const { network, status429, denied } = total;
  const accepted = network - status429;
  if (accepted <= 0) return undefined;
  return (network + denied) / (observedMs / 1000) * (accepted / network);
}
