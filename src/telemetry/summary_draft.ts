/**
 * A summary that still counts: what one process sees of one host and role in one minute, event by event. Which
 * minute that is, and whether anybody wants it, stands in `summary_book.ts`.
 *
 * @module
 */
import type { DenialReason } from "../breaker/state.ts";
import type { OutcomeEvent } from "../breaker/events.ts";
import { countInto, roundedTo } from "./histogram.ts";
import { EMPTY_SUMMARY, mergeSummaries, type Summary } from "./summary.ts";

/** A summary that can be changed. */
export type Draft = {
  -readonly [Name in keyof Summary]: Summary[Name] extends number ? number
    : { -readonly [Value in keyof Summary[Name]]: Summary[Name][Value] };
};

/** Nothing was counted yet. */
export function newDraft(): Draft {
  return {
    ...EMPTY_SUMMARY,
    denials: {},
    retryAfterS: {},
    latencyMs: {},
    openS: {},
    runs: {},
  };
}

/** Counts an outcome. Runs are the breaker's, and so for whoever knows that. */
export function addOutcome(draft: Draft, event: OutcomeEvent): void {
  draft.calls++;
  if (event.fromCache) draft.fromCache++;
  else if (event.kind === "cancelled") draft.cancelled++;
  else addNetworkCall(draft, event);
  if (!event.recorded || !event.probe || event.kind === "cancelled") return;
  if (event.kind === "failure") draft.probeFailures++;
  else draft.probeSuccesses++;
}

function addNetworkCall(draft: Draft, event: OutcomeEvent): void {
  const { kind, status, latencyMs, retryAfterMs } = event;
  draft.network++;
  if (kind === "success") draft.successes++;
  else if (kind === "neutral") draft.neutral++;
  else draft.failures++;
  if (status === undefined) {
    if (kind === "failure") {
      if (event.error === "TimeoutError") draft.timeouts++;
      else draft.otherErrors++;
    }
  } else if (status >= 429) {
    if (status === 429) draft.status429++;
    else if (status >= 500 && status <= 599) draft.status5xx++;
    if (status === 503) draft.status503++;
  }
  if (latencyMs !== undefined) countInto(draft.latencyMs, roundedTo(latencyMs, 1));
  if (retryAfterMs !== undefined) countInto(draft.retryAfterS, retryAfterMs / 1_000);
}

/** Counts a request that was denied. */
export function addDenial(draft: Draft, reason: DenialReason): void {
  draft.denials[reason] = (draft.denials[reason] ?? 0) + 1;
}

/** Adds what is not counted one by one. */
export function addNumbers(draft: Draft, numbers: Partial<Summary>): void {
  Object.assign(draft, mergeSummaries(draft, { ...EMPTY_SUMMARY, ...numbers }));
}
