/**
 * Counts by value, small enough to be stored: values are rounded as they are added, so that two histograms
 * join by adding their counts. What is counted stands in `summary.ts`.
 *
 * @module
 */

/**
 * Counts by value. A value is a whole number from 0 to {@linkcode MAX_VALUE}, rounded to two significant
 * digits: 15, 30, 60, 120 and 900 stay exact. So there are at most 551 values: 0 to 99, 90 for each further power
 * of ten, and the highest.
 */
export type Histogram = Readonly<Record<string, number>>;

/** The highest value; what is above counts as this: 115 days in seconds, 2.7 hours in milliseconds. */
export const MAX_VALUE = 10_000_000;

/** Nothing was counted. */
export const EMPTY_HISTOGRAM: Histogram = Object.freeze({});

/** The nearest value with so many significant digits; 0: the power of ten below. */
export function roundedTo(value: number, digits: 0 | 1 | 2): number {
  const whole = Math.min(Math.round(value), MAX_VALUE);
  const most = digits === 2 ? 100 : 10;
  let step = 1;
  while (whole >= step * most) step *= 10;
  if (digits === 0) return Math.min(whole, step);
  return Math.round(whole / step) * step;
}

/** Counts a value into a histogram that nobody else holds. What is no number, or negative, is not counted. */
export function countInto(counts: Record<string, number>, value: number): void {
  if (!(value >= 0)) return;
  const key = roundedTo(value, 2);
  counts[key] = (counts[key] ?? 0) + 1;
}

/** The histogram with one more value. */
export function addSample(histogram: Histogram, value: number): Histogram {
  const counts = { ...histogram };
  countInto(counts, value);
  return counts;
}

/** Both together. Neither the order nor the grouping of several makes a difference. */
export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const [inA, inB] = [Object.keys(a), Object.keys(b)];
  if (inB.length === 0) return a;
  if (inA.length === 0) return b;
  const counts: Record<string, number> = {};
  // The highest first: an object that learns late that its numbers lie far apart is rebuilt on the way.
  counts[inA.at(-1)!] = 0;
  for (const value of inA) counts[value] = a[value]!;
  for (const value of inB) counts[value] = (counts[value] ?? 0) + b[value]!;
  return counts;
}

/** The same counts by fewer values: one significant digit, or with 0 the power of ten below. */
export function coarser(histogram: Histogram, digits: 0 | 1): Histogram {
  const counts: Record<string, number> = {};
  for (const value in histogram) {
    const key = roundedTo(Number(value), digits);
    counts[key] = (counts[key] ?? 0) + histogram[value]!;
  }
  return counts;
}

/** How many values were counted. */
export function countOf(histogram: Histogram): number {
  let count = 0;
  for (const value in histogram) count += histogram[value]!;
  return count;
}

/**
 * The lowest value with at least the share `q` of all at or below it: of an even number, the median is the
 * lower one. Undefined where nothing was counted.
 *
 * @param q 0 to 1
 */
export function quantile(histogram: Histogram, q: number): number | undefined {
  const values = Object.keys(histogram).map(Number).sort((a, b) => a - b);
  // Without the allowance, 0.95 of 20 would be a hair more than 19.
  const needed = countOf(histogram) * q - 1e-9;
  let seen = 0;
  for (const value of values) {
    seen += histogram[value]!;
    if (seen >= needed) return value;
  }
  return values.at(-1);
}
