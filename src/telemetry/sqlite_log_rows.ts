/**
 * What the event log in SQLite holds of each event. The columns stand in `sqlite_log_file.ts`, what they mean to a
 * reader with `openSqliteLog`.
 *
 * @module
 */
import type {
  BreakerEvent,
  DenialEvent,
  OutcomeEvent,
  TransitionEvent,
} from "../breaker/events.ts";
import type { LogRow } from "./sqlite_log_file.ts";

/** Names of errors are cut here. */
const MAX_ERROR_LENGTH = 100;

/** The event as a row; undefined where it is none of the log's. */
export function rowOf(event: BreakerEvent, runId: string): LogRow | undefined {
  switch (event.type) {
    case "outcome":
      return outcomeRow(event, runId);
    case "denial":
      // One that was only observed went out, and its outcome is told.
      return event.observed ? undefined : denialRow(event, runId);
    case "transition":
      return transitionRow(event);
    default:
      return undefined;
  }
}

function outcomeRow(event: OutcomeEvent, runId: string): LogRow {
  const { at, host, role, resolver, status, kind, fromCache, state, recorded } = event;
  const told = status === undefined && kind !== "success" ? kind : undefined;
  return {
    table: "http_events",
    values: [
      Math.floor(at),
      runId,
      host,
      role ?? null,
      resolver ?? null,
      numberOf(status),
      (event.error ?? told)?.slice(0, MAX_ERROR_LENGTH) ?? null,
      fromCache ? 1 : 0,
      numberOf(event.latencyMs),
      numberOf(secondsOf(event.retryAfterMs)),
      state,
      recorded ? 1 : 0,
    ],
  };
}

function denialRow({ at, host, role, resolver, state }: DenialEvent, runId: string): LogRow {
  const unknown = [null, null, 0, null, null];
  return {
    table: "http_events",
    values: [Math.floor(at), runId, host, role ?? null, resolver ?? null, ...unknown, state, null],
  };
}

function transitionRow(event: TransitionEvent): LogRow {
  const { at, key, scope, role, from, to, reason, until } = event;
  const planned = to === "open" && until !== undefined ? until - at : undefined;
  return {
    table: "breaker_transitions",
    values: [
      Math.floor(at),
      key,
      scope,
      role ?? null,
      from,
      to,
      reason,
      numberOf(secondsOf(planned)),
    ],
  };
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}

/**
 * Nothing here is negative but what a clock that was set back has measured, and callers without types can tell
 * anything: one row that cannot be bound would hold up all others, or be damage to whoever reads it.
 */
function numberOf(value: unknown): number | null {
  return typeof value === "number" && value >= 0 && value < Infinity ? value : null;
}
