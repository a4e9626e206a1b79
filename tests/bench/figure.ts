/**
 * What a benchmark gives.
 *
 * @module
 */
import type { BenchOptions } from "./options.ts";

/** One measured value. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** What it should be, in words. */
  goal?: string;
  /** What it was worked out from. */
  from?: readonly Figure[];
}

/** Figures that belong together, measured in one go. */
export interface Group {
  name: string;
  run(options: BenchOptions): Promise<Figure[]>;
}

/** Nanoseconds per call: the median of several rounds, after a warm-up. */
export async function nanoseconds(
  calls: number,
  fn: (i: number) => unknown,
  rounds = 7,
): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) {
      const answer = fn(i);
      if (answer instanceof Promise) await answer;
    }
    if (round > 0) times.push((performance.now() - start) * 1e6 / calls);
  }
  return median(times);
}

/** The one in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Events per second that so many callers, each one after the other, get through in a time. */
export async function throughput(
  callers: number,
  forMs: number,
  fn: () => Promise<unknown>,
): Promise<number> {
  const end = performance.now() + forMs;
  let events = 0;
  const start = performance.now();
  await Promise.all(Array.from({ length: callers }, async () => {
    while (performance.now() < end) {
      await fn();
      events++;
    }
  }));
  return events / (performance.now() - start) * 1_000;
}
