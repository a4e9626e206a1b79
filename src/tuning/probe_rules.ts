/**
 * Rules for half-open: ask for more where probes fail, for less where they have gone well for a while.
 *
 * @module
 */
import type { Advice } from "./advice.ts";
import { breakerAdvice, percent, presentLimits } from "./breaker_advice.ts";
import type { PooledMetrics } from "./host_metrics.ts";

/** Probes that a share is taken of. */
const LEAST_PROBES = 6;
/** Probes that a host must have answered, over so many periods, before less is asked of it. */
const LEAST_PROBES_TO_RECOVER = 10;
/** See {@linkcode LEAST_PROBES_TO_RECOVER}. */
const LEAST_PERIODS_TO_RECOVER = 3;

const FAILING_RATIO = 0.5;
const RECOVERED_RATIO = 0.8;
const CAREFUL_SUCCESSES = 2;

/** Half of the probes or more fail: two successes close, and one probe is out at a time. */
export function halfOpenRule(metrics: PooledMetrics): Advice | undefined {
  const { probeSuccesses, probeFailures } = metrics.total;
  const present = presentLimits(metrics);
  const samples = probeSuccesses + probeFailures;
  if (present === undefined || samples < LEAST_PROBES) return undefined;
  const ratio = probeFailures / samples;
  if (ratio < FAILING_RATIO) return undefined;
  const needsMore = present.successThreshold < CAREFUL_SUCCESSES;
  const needsFewer = present.trialCalls > 1;
  if (!needsMore && !needsFewer) return undefined;
  const { successThreshold, trialCalls } = present;
  const words = [
    needsMore && `successes that close from ${successThreshold} to ${CAREFUL_SUCCESSES}`,
    needsFewer && `probes at once from ${trialCalls} to 1`,
  ].filter(Boolean);
  return breakerAdvice(metrics, {
    rule: "half_open",
    parameter: needsMore ? "successThreshold" : "trialCalls",
    from: needsMore ? successThreshold : trialCalls,
    to: needsMore ? CAREFUL_SUCCESSES : 1,
    changes: {
      ...(needsMore && { successThreshold: CAREFUL_SUCCESSES }),
      ...(needsFewer && { trialCalls: 1 }),
    },
    evidence: { probes: samples, probeFailures },
    samples,
    least: LEAST_PROBES,
    reason: `${probeFailures} of ${samples} probes failed (${percent(ratio)}): ${words.join(", ")}`,
  });
}

/** Four of five probes or more went well, over several periods: one success closes again. */
export function halfOpenRecoveredRule(metrics: PooledMetrics): Advice | undefined {
  const { probeSuccesses, probeFailures } = metrics.total;
  const present = presentLimits(metrics);
  if (present === undefined || present.successThreshold <= 1) return undefined;
  const samples = probeSuccesses + probeFailures;
  const periods =
    metrics.periods.filter(({ summary }) => summary.probeSuccesses + summary.probeFailures > 0)
      .length;
  if (samples < LEAST_PROBES_TO_RECOVER || periods < LEAST_PERIODS_TO_RECOVER) return undefined;
  const ratio = probeSuccesses / samples;
  if (ratio < RECOVERED_RATIO) return undefined;
  const { successThreshold: from } = present;
  return breakerAdvice(metrics, {
    rule: "half_open_recovered",
    parameter: "successThreshold",
    from,
    to: 1,
    changes: { successThreshold: 1 },
    evidence: { probes: samples, probeSuccesses, periods },
    samples,
    least: LEAST_PROBES_TO_RECOVER,
    reason: `${probeSuccesses} of ${samples} probes in ${periods} periods went well ` +
      `(${percent(ratio)}): successes that close from ${from} to 1`,
  });
}
