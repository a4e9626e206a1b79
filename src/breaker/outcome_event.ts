/**
 * What listeners are told of an outcome.
 *
 * @module
 */
import type { OutcomeEvent } from "./events.ts";
import type { Outcome, RecordResult } from "./gate.ts";
import type { OutcomeKind } from "./state.ts";

/** Longest name of an error that is told. */
const MAX_ERROR = 64;

/** Of which request an outcome is; a name that is `""` or absent is not told. */
export interface Asked {
  host: string;
  role?: string;
  resolver?: string;
  /** True where the request was a probe of the host. */
  probe: boolean;
}

/**
 * What is told of an outcome, once it was taken. Field by field, since a server tells of each and to spread takes longer.
 *
 * @param retryAfterMs what the outcome asks for, in milliseconds, before the cap
 */
export function outcomeEvent(
  { host, role, resolver, probe }: Asked,
  outcome: Outcome,
  kind: OutcomeKind,
  { recorded, state }: Pick<RecordResult, "recorded" | "state">,
  at: number,
  retryAfterMs: number | undefined,
): OutcomeEvent {
  const event: OutcomeEvent = {
    type: "outcome",
    at,
    host,
    kind,
    recorded,
    state,
    status: "status" in outcome ? outcome.status : undefined,
    latencyMs: outcome.latencyMs,
    retryAfterMs,
  };
  if (role) event.role = role;
  if (resolver) event.resolver = resolver;
  if ("error" in outcome) event.error = nameOf(outcome.error);
  if ("fromCache" in outcome && outcome.fromCache === true) event.fromCache = true;
  if (probe) event.probe = probe;
  return event;
}

/** The name alone: a message may hold what nobody should log. */
function nameOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("name" in error)) return "Error";
  return typeof error.name === "string" ? error.name.slice(0, MAX_ERROR) : "Error";
}
