/**
 * What the steps that a host has behind it mean for the next: what of the metrics still counts, what is not to
 * be tried again soon, and how far pacing may be raised. Pure.
 *
 * @module
 */
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import type { Advice, HostMetrics } from "./advice.ts";
import { ownRate } from "./host_metrics.ts";
import { callsPerSecond } from "./rate_steps.ts";
import type { TuningRecord } from "./tuning_record.ts";

/** What was undone, or found to be too much, is not done again for so long, in milliseconds. */
const NOT_AGAIN_MS = 86_400_000;

/** What happened since the last change: what lies before it says nothing of what holds now. */
export function since(metrics: HostMetrics, steps: TuningRecord, now: number): HostMetrics {
  const changedAt = steps.filter(({ written }) => written !== true)
    .flatMap(({ at, undoneAt = at }) => [at, undoneAt])
    .filter((at) => at <= now);
  const last = Math.max(...changedAt, -Infinity);
  return { ...metrics, periods: metrics.periods.filter(({ startMs }) => startMs >= last) };
}

/** Why advice is not to be followed so soon after the same was undone, or found to be too much. */
export function whyNotAgain(
  { rule, parameter, role }: Advice,
  steps: TuningRecord,
  now: number,
): string | undefined {
  const isRecent = (at: number) => now - at < NOT_AGAIN_MS;
  const undone = steps.some((step) =>
    step.undoneAt !== undefined && isRecent(step.undoneAt) &&
    step.rule === rule && step.parameter === parameter && step.role === role
  );
  if (undone) return "the same was undone within the last 24 hours";
  if (rule !== "pace_up") return undefined;
  const trimmed = steps.some((step) =>
    step.rule === "pace_trim" && step.role === role && isRecent(step.at)
  );
  return trimmed ? "the host answered 429 at a faster pace within the last 24 hours" : undefined;
}

/** Why a rate is not raised any further: what somebody configured may be what the host's owner asks for. */
export function aboveConfigured(
  { rule, role, to }: Advice,
  configured: BreakerPolicy,
): string | undefined {
  const most = ownRate(configured, role);
  if (rule !== "pace_up" || most === undefined) return undefined;
  if (callsPerSecond(String(to))! <= callsPerSecond(most)!) return undefined;
  return `the configuration allows ${most}`;
}
