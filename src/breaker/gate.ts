/**
 * What a crawler says to a gate and hears from it: requests, verdicts, outcomes.
 *
 * @module
 */
import type { BreakerState, DenialReason, OutcomeKind, Scope } from "./state.ts";

/** The opaque string that an allowed request carries and that its outcome returns with. */
export type Permit = string;

/** What a crawler asks before a request: exactly one of `host` and `url`. */
export interface AllowRequest {
  /** Host name, with a port where it is not the scheme's default. Goes through {@linkcode hostKey}. */
  host?: string;
  /** URL of the request; only its origin matters. */
  url?: string | URL;
  /** What the request is for: `metadata`, `landing`, `artifact` or any `[a-z][a-z0-9_-]{0,31}`. */
  role?: string;
  /** The named service that the request is made for, with a breaker of its own. */
  resolver?: string;
}

/** Why a request may not go out, and when to ask again. */
export interface Denial {
  /** Why. */
  reason: DenialReason;
  /** Which breaker said no: the host's or the resolver's. */
  scope: Scope;
  /** The host key or resolver name of that breaker. */
  key: string;
  /** The state of that breaker. */
  state: BreakerState;
  /** Milliseconds until it is worth asking again; at least 1. */
  retryAfterMs: number;
}

/** Send the request, tell its outcome with the permit. */
export interface AllowedVerdict {
  /** Tells the two verdicts apart. */
  allowed: true;
  /** Returns with the outcome. */
  permit: Permit;
  /** `half_open` where the request is a probe. */
  state: "closed" | "half_open";
  /** Milliseconds to wait before sending; 0 unless the request is a probe or is paced. */
  waitMs: number;
  /** The store could not be asked in time; this is the process's own answer. */
  degraded?: boolean;
  /** In mode `observe`: what would have been denied. */
  wouldDeny?: Denial;
}

/** Do not send the request. */
export interface DeniedVerdict extends Denial {
  /** Tells the two verdicts apart. */
  allowed: false;
  /** The store could not be asked in time; this is the process's own answer. */
  degraded?: boolean;
}

/** The answer to {@linkcode Gate.allow}. */
export type Verdict = AllowedVerdict | DeniedVerdict;

/** An outcome told by the HTTP status. */
export interface StatusOutcome {
  /** HTTP status of the answer. */
  status: number;
  /** The value of the Retry-After header, as it came. */
  retryAfter?: string | null;
  /** The answer's headers; Retry-After and the rate-limit headers are read from them. */
  headers?: Headers;
  /** Milliseconds from sending to the answer. */
  latencyMs?: number;
  /** The answer came from a cache and the host was never asked: counts as cancelled. */
  fromCache?: boolean;
}

/** An outcome told by what was thrown. */
export interface ErrorOutcome {
  /** What was thrown: `AbortError` is cancelled, anything else a failure. */
  error: unknown;
  /** Milliseconds from sending to the error. */
  latencyMs?: number;
}

/** An outcome the caller has classified already. */
export interface ResultOutcome {
  /** The classification. */
  result: OutcomeKind;
  /** With `failure`: the host asked to be left alone for this many milliseconds. */
  retryAfterMs?: number;
  /** Milliseconds from sending to the answer. */
  latencyMs?: number;
}

/** How a request went. */
export type Outcome = StatusOutcome | ErrorOutcome | ResultOutcome;

/** The answer to {@linkcode Gate.record}. */
export interface RecordResult {
  /** False where the permit was late, unknown, already used or unreadable: nothing was counted. */
  recorded: boolean;
  /** State of the breaker afterwards. */
  state: BreakerState;
  /** Milliseconds until it is worth asking again; 0 where a request may go out now. */
  retryAfterMs: number;
}

/** Anything that can be asked before a request and told afterwards: a registry, or a client of the edge API. */
export interface Gate {
  /** May this request go out? */
  allow(request: AllowRequest): Verdict | Promise<Verdict>;
  /** How the request went. */
  record(permit: Permit, outcome: Outcome): RecordResult | Promise<RecordResult>;
}
