/**
 * How many requests a token may make: a bucket that fills by itself, worked out when somebody takes from it. Knows
 * neither clock nor tokens.
 *
 * @module
 */

/** A limit on the requests of each token, whatever they ask for. Counted by each process for itself. */
export interface TokenLimit {
  /** Requests per second in the long run; above 0, may be a fraction. */
  perSecond: number;
  /** Requests at once after a pause; at least 1. @default a second's worth, and at least 1 */
  burst?: number;
}

/** What rounding may take from a bucket, in milliseconds. */
const ROUNDING_MS = 1e-6;

/** What one token has left, in the time that it takes to flow in. */
export class TokenBucket {
  /** One request. */
  readonly #priceMs: number;
  readonly #fullMs: number;
  #leftMs: number;
  #at = -Infinity;

  /**
   * A full bucket.
   *
   * @throws {RangeError} where the limit is none
   */
  constructor({ perSecond, burst = Math.max(1, perSecond) }: TokenLimit) {
    check("perSecond", perSecond, perSecond > 0, "above 0");
    check("burst", burst, burst >= 1, "at least 1");
    this.#priceMs = 1_000 / perSecond;
    this.#fullMs = burst * this.#priceMs;
    this.#leftMs = this.#fullMs;
  }

  /** Takes one: 0 where there was one, else the milliseconds until there is. */
  take(nowMs: number): number {
    // A clock that was set back gives nothing and takes nothing.
    const passedMs = Math.max(0, nowMs - this.#at);
    this.#leftMs = Math.min(this.#fullMs, this.#leftMs + passedMs);
    this.#at = nowMs;
    const missingMs = this.#priceMs - this.#leftMs;
    if (missingMs > ROUNDING_MS) return Math.ceil(missingMs);
    this.#leftMs -= this.#priceMs;
    return 0;
  }
}

function check(name: string, value: number, holds: boolean, allowed: string): void {
  if (holds && Number.isFinite(value)) return;
  throw new RangeError(
    `Token limit '${name}' must be a number ${allowed}: current value is ${value}`,
  );
}
