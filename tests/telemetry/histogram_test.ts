/**
 * Values are rounded once, when they are added: everything after that is addition.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import {
  addSample,
  coarser,
  countOf,
  EMPTY_HISTOGRAM,
  type Histogram,
  MAX_VALUE,
  mergeHistograms,
  quantile,
} from "../../src/telemetry/histogram.ts";
import { Random } from "../support/random.ts";
import { randomHistogram } from "./random_summaries.ts";

function of(...values: number[]): Histogram {
  return values.reduce(addSample, EMPTY_HISTOGRAM);
}

Deno.test("a value keeps two significant digits", () => {
  assertEquals(of(0, 0.4, 9, 15, 30, 60, 99), { 0: 2, 9: 1, 15: 1, 30: 1, 60: 1, 99: 1 });
  assertEquals(of(120, 900, 604, 605, 1_449, 1_450), {
    120: 1,
    900: 1,
    600: 1,
    610: 1,
    1400: 1,
    1500: 1,
  });
  assertEquals(of(99.5, 994, 995, 9_950), { 100: 1, 990: 1, 1000: 1, 10000: 1 });
});

Deno.test("what is above the highest value counts as that, and what is no number not at all", () => {
  assertEquals(of(MAX_VALUE + 1, 1e300, Infinity), { [MAX_VALUE]: 3 });
  assertEquals(of(-1, NaN), {});
});

Deno.test("there are never more values than the bound says", () => {
  const all: Record<string, number> = {};
  for (let value = 0; value < 100_000; value++) Object.assign(all, of(value));
  for (let value = 100_000; value <= MAX_VALUE + 100_000; value += 997) {
    Object.assign(all, of(value));
  }
  assertEquals(Object.keys(all).length, 551);
});

Deno.test("the median of an even number is the lower one", () => {
  assertEquals(quantile(of(30, 60), 0.5), 30);
  assertEquals(quantile(of(30, 60, 90), 0.5), 60);
  assertEquals(quantile(of(900, 15, 120, 60), 0.5), 60);
});

Deno.test("a quantile is the lowest value that has that share at or below it", () => {
  const runs = of(...Array(19).fill(2), 7);
  assertEquals(quantile(runs, 0.95), 2);
  assertEquals(quantile(runs, 0.951), 7);
  assertEquals([quantile(runs, 0), quantile(runs, 1)], [2, 7]);
  assertEquals(quantile(EMPTY_HISTOGRAM, 0.5), undefined);
});

Deno.test("fewer digits keep the count and what was counted about where", () => {
  const fine = of(0, 7, 15, 95, 104, 1_200, 94_000);
  assertEquals(coarser(fine, 1), { 0: 1, 7: 1, 20: 1, 100: 2, 1000: 1, 90000: 1 });
  assertEquals(coarser(fine, 0), { 0: 1, 1: 1, 10: 2, 100: 1, 1000: 1, 10000: 1 });
  const seed = 7;
  const random = new Random(seed);
  for (let round = 0; round < 200; round++) {
    const histogram = randomHistogram(random, 50);
    for (const digits of [0, 1] as const) {
      const coarse = coarser(histogram, digits);
      assertEquals(countOf(coarse), countOf(histogram), `seed ${seed}, round ${round}`);
      assertLessOrEqual(Object.keys(coarse).length, digits === 1 ? 65 : 9);
    }
  }
});

Deno.test("merging adds, and leaves both as they were", () => {
  const a = of(15, 15, 60);
  const b = of(15, 900);
  assertEquals(mergeHistograms(a, b), { 15: 3, 60: 1, 900: 1 });
  assertEquals([a, b], [of(15, 15, 60), of(15, 900)]);
  assert(countOf(mergeHistograms(a, b)) === 5);
});
