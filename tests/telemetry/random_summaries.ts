/**
 * Summaries drawn from a seed, for properties that hold for all of them.
 *
 * @module
 */
import type { DenialReason } from "../../src/breaker/state.ts";
import { coarser, countInto, type Histogram } from "../../src/telemetry/histogram.ts";
import { EMPTY_SUMMARY, type Summary } from "../../src/telemetry/summary.ts";
import type { Random } from "../support/random.ts";

const REASONS: readonly DenialReason[] = [
  "open",
  "retry_after",
  "rolling",
  "manual",
  "probes",
  "rate",
];

/** Up to so many values of any size. */
export function randomHistogram(random: Random, most: number): Histogram {
  const counts: Record<string, number> = {};
  for (let left = random.whole(0, most); left > 0; left--) {
    countInto(counts, 10 ** (random.fraction() * 8) - 1);
  }
  return counts;
}

/** Every count is there at times and absent at times. */
export function randomSummary(random: Random, samples = 8, latencies = samples): Summary {
  const count = () => random.chance(0.3) ? 0 : random.whole(1, 1_000);
  const denials: Partial<Record<DenialReason, number>> = {};
  for (const reason of REASONS) if (random.chance(0.4)) denials[reason] = random.whole(1, 99);
  return {
    ...EMPTY_SUMMARY,
    calls: count(),
    fromCache: count(),
    network: count(),
    successes: count(),
    neutral: count(),
    cancelled: count(),
    failures: count(),
    status429: count(),
    status503: count(),
    status5xx: count(),
    timeouts: count(),
    otherErrors: count(),
    denials,
    retryAfterS: randomHistogram(random, samples),
    latencyMs: coarser(randomHistogram(random, latencies), 1),
    opens: count(),
    cooldowns: count(),
    reopens: count(),
    openS: randomHistogram(random, samples),
    probeSuccesses: count(),
    probeFailures: count(),
    longestRun: count(),
    runs: randomHistogram(random, samples),
  };
}
