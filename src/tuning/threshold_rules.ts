/**
 * Rules for the number of failures in a row that opens: tighter where outages are told apart from the short
 * runs that pass by themselves, looser where there is nothing but single failures.
 *
 * @module
 */
import { DEFAULT_POLICY } from "../breaker/policy.ts";
import { countOf, type Histogram, quantile } from "../telemetry/histogram.ts";
import { MINUTE_MS } from "../telemetry/summary.ts";
import type { Advice } from "./advice.ts";
import { breakerAdvice, presentLimits } from "./breaker_advice.ts";
import type { PooledMetrics } from "./host_metrics.ts";

/** Opens that repeat: fewer may be one outage. */
const LEAST_OPENS = 3;
/** Runs of which one in twenty can be told from the others. */
const LEAST_RUNS = 20;
/** Network calls, minutes observed and runs of failures that show a host to be well. */
const LEAST_CALLS_TO_RELAX = 200;
/** See {@linkcode LEAST_CALLS_TO_RELAX}. */
const LEAST_MINUTES_TO_RELAX = 30;
/** See {@linkcode LEAST_CALLS_TO_RELAX}. */
const LEAST_RUNS_TO_RELAX = 5;
/** More opens than this in the time that was looked at are not rare. */
const MOST_OPENS_TO_RELAX = 1;

/** Where opens repeat and too few runs are known to tell more. */
const WITHOUT_RUNS = 3;
const LEAST_FAIL_MAX = 2;
/** What is relaxed towards. */
const RELAXED_FAIL_MAX = DEFAULT_POLICY.failMax;

/** The runs that passed by themselves: at the threshold the breaker opened, and what followed were its probes. */
function passedRuns(runs: Histogram, failMax: number): Histogram {
  return Object.fromEntries(
    Object.entries(runs).filter(([length]) => Number(length) >= 1 && Number(length) < failMax),
  );
}

function runsFrom(runs: Histogram, least: number): number {
  return countOf(
    Object.fromEntries(Object.entries(runs).filter(([length]) => Number(length) >= least)),
  );
}

/**
 * Where opens repeat: just above 95 in 100 of the runs that passed by themselves, so at least 2; 3 where too
 * few of those are known. Never where more of the known runs would open anew than did open.
 */
export function failureRunsRule(metrics: PooledMetrics): Advice | undefined {
  const { opens, runs } = metrics.total;
  const present = presentLimits(metrics);
  if (present === undefined || opens < LEAST_OPENS) return undefined;
  const { failMax: from } = present;
  const passed = passedRuns(runs, from);
  const samples = countOf(passed);
  const isKnown = samples >= LEAST_RUNS;
  const p95 = isKnown ? quantile(passed, 0.95) : undefined;
  const to = p95 === undefined ? WITHOUT_RUNS : Math.max(LEAST_FAIL_MAX, p95 + 1);
  const newlyOpening = runsFrom(passed, to);
  const opened = runsFrom(runs, from);
  if (to >= from || newlyOpening > (isKnown ? opened : 0)) return undefined;
  const because = p95 === undefined
    ? `${opens} opens, and ${samples} shorter runs of failures, too few to tell more`
    : `${opens} opens, and 95 % of ${samples} shorter runs of failures ended by ${p95}`;
  return breakerAdvice(metrics, {
    rule: "failure_runs",
    parameter: "failMax",
    from,
    to,
    changes: { failMax: to },
    evidence: { opens, shorterRuns: samples, ...(p95 !== undefined && { p95Run: p95 }) },
    samples: isKnown ? samples : opens,
    least: isKnown ? LEAST_RUNS : LEAST_OPENS,
    reason: `${because}: failures that open from ${from} to ${to}`,
  });
}

/** Isolated failures and rare opens: one step towards the default. */
export function relaxRule(metrics: PooledMetrics): Advice | undefined {
  const { opens, runs, network } = metrics.total;
  const present = presentLimits(metrics);
  if (present === undefined || present.failMax >= RELAXED_FAIL_MAX) return undefined;
  const samples = countOf(runs);
  const minutes = Math.floor(metrics.observedMs / MINUTE_MS);
  if (
    network < LEAST_CALLS_TO_RELAX || minutes < LEAST_MINUTES_TO_RELAX ||
    samples < LEAST_RUNS_TO_RELAX
  ) return undefined;
  if (opens > MOST_OPENS_TO_RELAX || quantile(runs, 0.95) !== 1) return undefined;
  const { failMax: from } = present;
  const to = from + 1;
  return breakerAdvice(metrics, {
    rule: "relax",
    parameter: "failMax",
    from,
    to,
    changes: { failMax: to },
    evidence: { networkCalls: network, minutes, runs: samples, opens },
    samples: network,
    least: LEAST_CALLS_TO_RELAX,
    reason: `${network} calls in ${minutes} min with ${opens} opens, and 95 % of ${samples} ` +
      `failures stood alone: failures that open from ${from} to ${to}`,
  });
}
