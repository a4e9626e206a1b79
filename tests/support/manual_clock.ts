/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

/** Epoch milliseconds by hand. `now` can be passed on as it is. */
export class ManualClock {
  /** What the clock shows. */
  ms = 1_800_000_000_000;

  readonly now = (): number => this.ms;

  /** Moves on. */
  advance(byMs: number): void {
    this.ms += byMs;
  }
}
