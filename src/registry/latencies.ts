/**
 * How long calls took, as a histogram. A call that answers at once is not timed each time, since reading the
 * clock would cost more than the call: one in so many is, and stands for those after it.
 *
 * @module
 */

/** Upper bounds of the buckets in milliseconds; what is longer than the last is counted beyond it. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  0.01,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1_000,
];

/** A histogram, as it stands. */
export interface LatencyStats {
  /** Calls by bucket of {@linkcode LATENCY_BOUNDS_MS}, not added up; the last: longer than any. */
  counts: readonly number[];
  /** All calls together, in milliseconds. */
  sumMs: number;
}

/** Of calls that answer at once, one in so many is timed. A power of two. */
const SAMPLED = 64;
/** The first are timed each: they are slower, and say little of those that follow. */
const FIRST = 16;

/** See the module's description. */
export class Latencies {
  readonly #counts: number[] = new Array(LATENCY_BOUNDS_MS.length + 1).fill(0);
  #sumMs = 0;
  #atOnce = 0;
  #sampleBucket = 0;
  #sampleMs = 0;

  /** A call that had to wait. */
  add(ms: number): void {
    this.#counts[bucketOf(ms)]!++;
    this.#sumMs += ms;
  }

  /** Whether the next call that answers at once is one to be timed, for {@linkcode sample}. */
  get isSampleDue(): boolean {
    return this.#atOnce < FIRST || (this.#atOnce & (SAMPLED - 1)) === 0;
  }

  /** A call that answered at once and was timed. */
  sample(ms: number): void {
    this.#sampleBucket = bucketOf(ms);
    this.#sampleMs = ms;
    this.addAtOnce();
  }

  /** A call that answered at once and was not timed. */
  addAtOnce(): void {
    this.#atOnce++;
    this.#counts[this.#sampleBucket]!++;
    this.#sumMs += this.#sampleMs;
  }

  /** As it stands. */
  stats(): LatencyStats {
    return { counts: [...this.#counts], sumMs: this.#sumMs };
  }
}

function bucketOf(ms: number): number {
  let i = 0;
  while (i < LATENCY_BOUNDS_MS.length && ms > LATENCY_BOUNDS_MS[i]!) i++;
  return i;
}
