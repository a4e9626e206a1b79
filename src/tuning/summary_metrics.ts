/**
 * What a tuner reads where summaries are kept: those of all processes on a registry's store.
 *
 * @module
 */
import { type BreakerRegistry, coreOf } from "../registry/registry.ts";
import { readSummaries, summariesOf } from "../telemetry/summaries.ts";
import type { HostMetrics } from "./advice.ts";
import { hostMetrics } from "./host_metrics.ts";

/**
 * Metrics from the registry's summaries, which are collected from now on.
 *
 * @returns what happened in the last so many milliseconds, with the policies that hold now
 */
export function summaryMetrics(
  registry: BreakerRegistry,
): (windowMs: number) => Promise<HostMetrics[]> {
  summariesOf(registry);
  const { now } = coreOf(registry);
  return async (windowMs) => {
    const { minutes } = await readSummaries(registry, { sinceMs: now() - windowMs });
    return hostMetrics(minutes, (host) => registry.policy(host));
  };
}
