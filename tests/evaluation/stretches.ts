/**
 * Stretches of trouble along the time line, drawn once from a seed.
 *
 * @module
 */
import type { Random } from "../support/random.ts";

/** A span of time and what holds in it. */
export interface Stretch<T> {
  fromMs: number;
  toMs: number;
  value: T;
}

/** Least and most, both included. */
export type Span = readonly [least: number, most: number];

/** Milliseconds in a minute. */
export const MINUTE_MS = 60_000;

/** Drawn evenly between the two. */
export function within(random: Random, [least, most]: Span): number {
  return least + random.fraction() * (most - least);
}

/** Rest and trouble in turn, in minutes, until the end; `value` is drawn for each stretch of trouble. */
export function stretchesOf<T>(
  random: Random,
  endMs: number,
  restMinutes: Span,
  troubleMinutes: Span,
  value: (random: Random) => T,
): Stretch<T>[] {
  const stretches: Stretch<T>[] = [];
  // The crawl begins somewhere in a rest.
  let atMs = within(random, [0, restMinutes[1]]) * MINUTE_MS;
  while (atMs < endMs) {
    const toMs = atMs + within(random, troubleMinutes) * MINUTE_MS;
    stretches.push({ fromMs: atMs, toMs, value: value(random) });
    atMs = toMs + within(random, restMinutes) * MINUTE_MS;
  }
  return stretches;
}

/** The stretch that holds at a moment, if any; they are in order and do not overlap. */
export function stretchAt<T>(
  stretches: readonly Stretch<T>[],
  atMs: number,
): Stretch<T> | undefined {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (stretches[middle]!.toMs <= atMs) low = middle + 1;
    else high = middle;
  }
  const found = stretches[low];
  return found !== undefined && found.fromMs <= atMs ? found : undefined;
}
