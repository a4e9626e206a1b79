/**
 * Metrics for the advisor, written down as far as a rule looks at them.
 *
 * @module
 */
import { DEFAULT_POLICY, type PolicyPatch } from "../../mod.ts";
import { mergePolicy } from "../../src/breaker/policy.ts";
import { EMPTY_SUMMARY, type Summary } from "../../src/telemetry/summary.ts";
import type { Advice, HostMetrics } from "../../src/tuning/advice.ts";
import type { Rule } from "../../src/tuning/breaker_advice.ts";
import { pool } from "../../src/tuning/host_metrics.ts";

export const HOST = "api.example.org";
const MINUTE_MS = 60_000;

/** A summary with these numbers; one call where they name none, so that something was seen. */
export function summaryOf(numbers: Partial<Summary>): Summary {
  const { network = 0 } = numbers;
  return { ...EMPTY_SUMMARY, calls: Math.max(network, 1), ...numbers };
}

/** One minute after another, under the defaults with a patch. */
export function metricsOf(
  minutes: Partial<Summary> | readonly Partial<Summary>[],
  patch: PolicyPatch = {},
  more: Partial<HostMetrics> = {},
): HostMetrics {
  const periods = [minutes].flat().map((numbers, minute) => {
    return { startMs: minute * MINUTE_MS, durationMs: MINUTE_MS, summary: summaryOf(numbers) };
  });
  return { host: HOST, policy: mergePolicy(DEFAULT_POLICY, patch), periods, ...more };
}

/** What one rule says of {@linkcode metricsOf} these. */
export function ask(rule: Rule, ...metrics: Parameters<typeof metricsOf>): Advice | undefined {
  const pooled = pool(metricsOf(...metrics));
  return pooled && rule(pooled);
}
