/**
 * The rate windows of this process: one per breaker that a policy with `failureRate` has seen lately.
 *
 * @module
 */
import {
  FailureRateWindow,
  type WindowCounts,
  type WindowSample,
} from "../breaker/failure_rate_window.ts";

/** Windows by store key and name of the breaker. Bounded; windows that ran empty are let go. */
export class FailureRateWindows {
  readonly #windows = new Map<string, FailureRateWindow>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** What a window holds. */
  counts(id: string, generation: number, windowMs: number, now: number): WindowCounts | undefined {
    return this.#windows.get(id)?.counts(generation, windowMs, now);
  }

  /** Counts one outcome. */
  add(id: string, generation: number, sample: WindowSample, windowMs: number, now: number): void {
    let window = this.#windows.get(id);
    if (window === undefined) this.#windows.set(id, window = new FailureRateWindow());
    window.add(generation, sample, now);
    this.#sweep(windowMs, now);
  }

  /** Each outcome pays for a look at the two that were made first. */
  #sweep(windowMs: number, now: number): void {
    let looked = 0;
    for (const [id, window] of this.#windows) {
      const over = window.latestAt + windowMs <= now;
      if (over || this.#windows.size > this.#most) this.#windows.delete(id);
      else {
        // Behind the others, so that the next look meets another one.
        this.#windows.delete(id);
        this.#windows.set(id, window);
      }
      if (++looked === 2) return;
    }
  }
}
