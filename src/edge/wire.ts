/**
 * What the edge answers, in the names of the wire (snake_case). What it reads is in `gate_schemas.ts` and its neighbours.
 *
 * @module
 */
import type { BreakerView, Snapshot } from "../breaker/operators.ts";
import type { Denial, RecordResult, Verdict } from "../breaker/gate.ts";
import type { DenialReason } from "../breaker/state.ts";
import { secured } from "./secure_headers.ts";

/** Why a request is denied, or in mode `observe` would have been. */
export interface WireDenial {
  reason: DenialReason;
  scope: "host" | "resolver";
  key: string;
  state: "open" | "half_open" | "closed";
  /** Milliseconds until it is worth asking again. */
  retry_after_ms: number;
}

/** The answer to an ask. */
export type WireVerdict =
  & { degraded?: boolean }
  & (
    | {
      allowed: true;
      permit: string;
      state: "closed" | "half_open";
      /** Milliseconds to wait before sending. */
      wait_ms: number;
      would_deny?: WireDenial;
    }
    | { allowed: false } & WireDenial
  );

/** The answer to an outcome. */
export interface WireRecordResult {
  recorded: boolean;
  state: "closed" | "open" | "half_open";
  /** Milliseconds until it is worth asking again; 0 where a request may go out now. */
  retry_after_ms: number;
}

/** One breaker, of a host, a resolver or a role. Infinity becomes null on the wire, as JSON has no other way. */
export interface WireView {
  state: "closed" | "open" | "half_open";
  reason?: "open" | "retry_after" | "rolling" | "manual";
  /** An operator's words. */
  note?: string;
  until?: number | null;
  remaining_ms: number | null;
  failures: number;
  successes: number;
  opens: number;
  probes: number;
}

/** A host's or resolver's breaker. */
export interface WireSnapshot extends WireView {
  /** The store could not be reached: what this process knows itself. */
  degraded?: boolean;
  scope: "host" | "resolver";
  key: string;
  roles: Record<string, WireView>;
}

/** The verdict as it goes out. */
export function wireVerdict(verdict: Verdict): WireVerdict {
  if (!verdict.allowed) {
    const { reason, scope, key, state, retryAfterMs: retry_after_ms } = verdict;
    const denied: WireVerdict = { allowed: false, reason, scope, key, state, retry_after_ms };
    if (verdict.degraded) denied.degraded = true;
    return denied;
  }
  const { permit, state, waitMs, degraded, wouldDeny } = verdict;
  const allowed: WireVerdict = { allowed: true, permit, state, wait_ms: waitMs };
  if (degraded) allowed.degraded = true;
  if (wouldDeny !== undefined) allowed.would_deny = wireDenial(wouldDeny);
  return allowed;
}

function wireDenial({ reason, scope, key, state, retryAfterMs }: Denial): WireDenial {
  return { reason, scope, key, state, retry_after_ms: retryAfterMs };
}

/** The answer to an outcome as it goes out. */
export function wireRecordResult(result: RecordResult): WireRecordResult {
  const { recorded, state, retryAfterMs } = result;
  return { recorded, state, retry_after_ms: retryAfterMs };
}

/** The snapshot as it goes out. */
export function wireSnapshot(snapshot: Snapshot): WireSnapshot {
  const { scope, key, roles, degraded } = snapshot;
  return {
    scope,
    key,
    ...wireView(snapshot),
    degraded,
    roles: Object.fromEntries(
      Object.entries(roles).map(([role, view]) => [role, wireView(view)]),
    ),
  };
}

function wireView(view: BreakerView): WireView {
  const { state, reason, note, until, remainingMs, failures, successes, opens, probes } = view;
  return {
    state,
    reason,
    note,
    until,
    remaining_ms: remainingMs,
    failures,
    successes,
    opens,
    probes,
  };
}

/**
 * The answer that a crawler has for each of its requests. Bare: a header beside its type costs such a call 8 % of its
 * time, and it needs none. No cache keeps the answer to a POST (RFC 9111 section 3), no page can show or load it.
 */
export function gateAnswer(body: unknown): Response {
  // Without an init, `Deno.serve` sends what this makes as it is.
  return Response.json(body);
}

/** An answer that says how things stand now, which no cache may keep. */
export function stateAnswer(body: unknown, status = 200): Response {
  return secured(Response.json(body, { status }));
}

/** The answer to `POST /v1/allow`: a denial names its end in a header too (RFC 9110 section 10.2.3). */
export function verdictAnswer(verdict: Verdict): Response {
  const response = gateAnswer(wireVerdict(verdict));
  if (verdict.allowed) return response;
  response.headers.set("retry-after", String(Math.ceil(verdict.retryAfterMs / 1_000)));
  return response;
}
