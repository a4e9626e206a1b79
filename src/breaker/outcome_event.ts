/**
 * What listeners are told of an outcome.
 *
 * @module
 */
import type { OutcomeEvent } from "./events.ts";
import type { Outcome, RecordResult } from "./gate.ts";
import { retryAfterOf } from "./retry_after.ts";
import type { OutcomeKind } from "./state.ts";

/** Longest name of an error that is told. */
const MAX_ERROR = 64;

/** What is told of an outcome, once it was taken. */
export function outcomeEvent(
  names: Pick<OutcomeEvent, "host" | "role" | "resolver">,
  outcome: Outcome,
  kind: OutcomeKind,
  { recorded, state }: Pick<RecordResult, "recorded" | "state">,
  at: number,
  probe: boolean,
): OutcomeEvent {
  return {
    type: "outcome",
    at,
    ...names,
    kind,
    recorded,
    state,
    status: "status" in outcome ? outcome.status : undefined,
    ...("error" in outcome && { error: nameOf(outcome.error) }),
    ...("fromCache" in outcome && outcome.fromCache === true && { fromCache: true }),
    ...(probe && { probe }),
    latencyMs: outcome.latencyMs,
    retryAfterMs: retryAfterOf(outcome, at),
  };
}

/** The name alone: a message may hold what nobody should log. */
function nameOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("name" in error)) return "Error";
  return typeof error.name === "string" ? error.name.slice(0, MAX_ERROR) : "Error";
}
