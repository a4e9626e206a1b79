/**
 * Rules for the reset timeout: what the host asks for, how long it was down, and whether it opens again as
 * soon as it has closed. Which of them counts where several speak stands in `advise.ts`.
 *
 * @module
 */
import { countOf, quantile } from "../telemetry/histogram.ts";
import type { Advice } from "./advice.ts";
import { breakerAdvice, presentLimits, seconds } from "./breaker_advice.ts";
import type { PooledMetrics } from "./host_metrics.ts";

/** Retry-After values that a median is taken of. */
const LEAST_RETRY_AFTERS = 5;
/** Opens that ended, of which a median is taken. */
const LEAST_OPEN_DURATIONS = 3;
/** Opens soon after a close that are more than chance. */
export const LEAST_REOPENS = 2;

/** Bounds of what is advised, in milliseconds. */
const RETRY_AFTER_BOUNDS = [15_000, 900_000] as const;
const OPEN_DURATION_BOUNDS = [15_000, 600_000] as const;

/** Of the present reset timeout: an open lasts a little longer than that, until somebody asks. */
const SAME_DURATION = 0.1;
const FLAPPING_FACTOR = 1.5;

/** The median of what the host asked for with Retry-After. */
export function retryAfterRule(metrics: PooledMetrics): Advice | undefined {
  const { retryAfterS } = metrics.total;
  const samples = countOf(retryAfterS);
  const medianS = quantile(retryAfterS, 0.5);
  if (samples < LEAST_RETRY_AFTERS || medianS === undefined) return undefined;
  const [least, most] = RETRY_AFTER_BOUNDS;
  return resetAdvice(metrics, {
    rule: "retry_after",
    to: Math.min(Math.max(medianS * 1000, least), most),
    evidence: { retryAfters: samples, medianRetryAfterS: medianS },
    samples,
    least: LEAST_RETRY_AFTERS,
    because: `The median of ${samples} Retry-After values is ${medianS} s`,
  });
}

/** The median time that the host took to close again. */
export function openDurationRule(metrics: PooledMetrics): Advice | undefined {
  const { openS } = metrics.total;
  const present = presentLimits(metrics);
  const samples = countOf(openS);
  const medianS = quantile(openS, 0.5);
  if (samples < LEAST_OPEN_DURATIONS || medianS === undefined || present === undefined) {
    return undefined;
  }
  const [least, most] = OPEN_DURATION_BOUNDS;
  const to = Math.min(Math.max(medianS * 1000, least), most);
  if (Math.abs(to - present.resetTimeoutMs) <= SAME_DURATION * present.resetTimeoutMs) {
    return undefined;
  }
  return resetAdvice(metrics, {
    rule: "open_duration",
    to,
    evidence: { openDurations: samples, medianOpenS: medianS },
    samples,
    least: LEAST_OPEN_DURATIONS,
    because: `The median of ${samples} open durations is ${medianS} s`,
  });
}

/** Half as long again, where the host opens soon after it has closed. */
export function flappingRule(metrics: PooledMetrics): Advice | undefined {
  const { reopens, opens } = metrics.total;
  const present = presentLimits(metrics);
  if (reopens < LEAST_REOPENS || present === undefined) return undefined;
  const longer = Math.round(present.resetTimeoutMs * FLAPPING_FACTOR);
  return resetAdvice(metrics, {
    rule: "flapping",
    // What is beyond the bound already stays where it is.
    to: Math.max(Math.min(longer, OPEN_DURATION_BOUNDS[1]), present.resetTimeoutMs),
    evidence: { reopens, opens },
    samples: reopens,
    least: LEAST_REOPENS,
    because: `${reopens} of ${opens} opens came within two minutes of a close`,
  });
}

interface ResetFinding {
  rule: "retry_after" | "open_duration" | "flapping";
  to: number;
  evidence: Readonly<Record<string, number>>;
  samples: number;
  least: number;
  because: string;
}

function resetAdvice(
  metrics: PooledMetrics,
  { because, ...finding }: ResetFinding,
): Advice | undefined {
  const present = presentLimits(metrics);
  if (present === undefined) return undefined;
  const { resetTimeoutMs: from } = present;
  // No open lasts longer than that, whatever its reset timeout says.
  const to = Math.min(finding.to, Math.max(from, metrics.policy.maxResetTimeoutMs));
  // A host that opens again soon after closing is not asked sooner.
  if (to === from || (to < from && metrics.total.reopens > 0)) return undefined;
  return breakerAdvice(metrics, {
    ...finding,
    parameter: "resetTimeoutMs",
    from,
    to,
    changes: { resetTimeoutMs: to },
    reason: `${because}: reset timeout from ${seconds(from)} to ${seconds(to)}`,
  });
}
