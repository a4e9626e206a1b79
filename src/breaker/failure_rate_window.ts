/**
 * Outcomes of the last so many milliseconds, for the failure rate and slow calls. Lives in a process's
 * memory and is never stored. Changed in place, unlike a record: a copy per success would cost more than the
 * rest of the machine. Still no clock: every call is told the time.
 *
 * @module
 */

/** What the window holds, or one outcome that comes to it. */
export interface WindowCounts {
  calls: number;
  failures: number;
  /** Successes that took longer than `slowCall.durationMs`. */
  slow: number;
}

/** One outcome that was counted. */
export interface WindowSample {
  failure: boolean;
  slow: boolean;
}

interface Bucket extends WindowCounts {
  at: number;
}

/** Most buckets that a window keeps. */
const MAX_BUCKETS = 1_024;

/** A window of outcomes of one breaker in one generation. Exact up to 1,024 distinct milliseconds, above it to half a percent of its length. */
export class FailureRateWindow {
  /** Generation of the breaker whose outcomes these are. */
  #generation = 0;
  #buckets: Bucket[] = [];
  /** Buckets before this index are over. */
  #first = 0;
  #total: WindowCounts = { calls: 0, failures: 0, slow: 0 };

  /** When the latest outcome came, in epoch milliseconds; 0 where there is none. */
  get latestAt(): number {
    return this.#buckets.at(-1)?.at ?? 0;
  }

  /** What came in the last `windowMs`; empty where the breaker has changed its state since. */
  counts(generation: number, windowMs: number, now: number): WindowCounts {
    this.#enter(generation);
    this.#expire(now - windowMs);
    return this.#total;
  }

  /** Counts one outcome. */
  add(generation: number, sample: WindowSample, now: number): void {
    this.#enter(generation);
    let bucket = this.#buckets.at(-1);
    if (bucket === undefined || bucket.at < now || this.#first === this.#buckets.length) {
      if (this.#buckets.length - this.#first >= MAX_BUCKETS) this.#coarsen();
      bucket = { at: now, calls: 0, failures: 0, slow: 0 };
      this.#buckets.push(bucket);
    }
    for (const counts of [bucket, this.#total]) {
      counts.calls++;
      if (sample.failure) counts.failures++;
      if (sample.slow) counts.slow++;
    }
  }

  /** A generation is left for good; 0 (no record) goes on with what the tombstone's window held. */
  #enter(generation: number): void {
    if (generation === 0 || generation === this.#generation) return;
    this.#generation = generation;
    this.#buckets = [];
    this.#first = 0;
    this.#total = { calls: 0, failures: 0, slow: 0 };
  }

  #expire(start: number): void {
    const buckets = this.#buckets;
    while (this.#first < buckets.length && buckets[this.#first]!.at <= start) {
      const over = buckets[this.#first++]!;
      this.#total.calls -= over.calls;
      this.#total.failures -= over.failures;
      this.#total.slow -= over.slow;
    }
    if (this.#first > 64 && this.#first * 2 > buckets.length) {
      this.#buckets = buckets.slice(this.#first);
      this.#first = 0;
    }
  }

  /**
   * Joins what falls into one slot; the slot takes its latest time. Slots are powers of two wide and stand on
   * one grid, so that to join again moves nothing: otherwise the oldest would run ahead of the window for ever.
   */
  #coarsen(): void {
    const live = this.#buckets.slice(this.#first);
    const spanMs = live.at(-1)!.at - live[0]!.at;
    const slotMs = 2 ** Math.ceil(Math.log2(Math.max(1, (2 * spanMs) / MAX_BUCKETS)));
    const joined: Bucket[] = [];
    for (const bucket of live) {
      const last = joined.at(-1);
      if (last === undefined || Math.floor(last.at / slotMs) !== Math.floor(bucket.at / slotMs)) {
        joined.push(bucket);
        continue;
      }
      last.at = bucket.at;
      last.calls += bucket.calls;
      last.failures += bucket.failures;
      last.slow += bucket.slow;
    }
    this.#buckets = joined;
    this.#first = 0;
  }
}
