/**
 * The error of a request that a breaker denied.
 *
 * @module
 */
import type { BreakerState, DenialReason, Scope } from "./state.ts";
import type { Denial } from "./gate.ts";

/** Thrown instead of sending a request that the gate denied. Carries what a caller needs to try later. */
export class BreakerOpenError extends Error {
  /** Always `"BreakerOpenError"`; survives minifiers and realms, unlike `instanceof`. */
  override readonly name = "BreakerOpenError";
  /** The host, where the host's breaker denied. */
  readonly host?: string;
  /** The resolver, where the resolver's breaker denied. */
  readonly resolver?: string;
  /** Which breaker denied. */
  readonly scope: Scope;
  /** Why. */
  readonly reason: DenialReason;
  /** State of that breaker. */
  readonly state: BreakerState;
  /** Milliseconds until it is worth asking again. */
  readonly retryAfterMs: number;

  /** Made from the denial that a verdict carries. */
  constructor(denial: Denial) {
    super(
      `${denial.scope} '${denial.key}' is ${denial.state} (${denial.reason}): ` +
        `ask again in ${Math.ceil(denial.retryAfterMs)} ms`,
    );
    if (denial.scope === "host") this.host = denial.key;
    else this.resolver = denial.key;
    this.scope = denial.scope;
    this.reason = denial.reason;
    this.state = denial.state;
    this.retryAfterMs = denial.retryAfterMs;
  }
}
