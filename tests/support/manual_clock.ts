/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */
import { REAL_TIMERS, type Timers } from "../../src/registry/timers.ts";

/** Epoch milliseconds by hand. `now` can be passed on as it is. */
export class ManualClock {
  /** What the clock shows. */
  ms = 1_800_000_000_000;

  readonly now = (): number => this.ms;

  /** What runs later runs in real time; how long something has lasted is measured by this clock. */
  readonly timers: Timers = { ...REAL_TIMERS, monotonic: this.now };

  /** Moves on. */
  advance(byMs: number): void {
    this.ms += byMs;
  }
}
