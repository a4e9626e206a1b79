/**
 * Summaries add up whatever the order in which processes, minutes and roles come.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { EMPTY_SUMMARY, mergeSummaries } from "../../src/telemetry/summary.ts";
import { Random } from "../support/random.ts";
import { randomSummary } from "./random_summaries.ts";

const ROUNDS = 500;

function forAll(seed: number, check: (random: Random, place: string) => void): void {
  const random = new Random(seed);
  for (let round = 0; round < ROUNDS; round++) check(random, `seed ${seed}, round ${round}`);
}

Deno.test("merging summaries is associative", () => {
  forAll(11, (random, place) => {
    const [a, b, c] = [randomSummary(random), randomSummary(random), randomSummary(random)];
    const left = mergeSummaries(mergeSummaries(a, b), c);
    assertEquals(left, mergeSummaries(a, mergeSummaries(b, c)), place);
  });
});

Deno.test("merging summaries is commutative", () => {
  forAll(12, (random, place) => {
    const [a, b] = [randomSummary(random), randomSummary(random)];
    assertEquals(mergeSummaries(a, b), mergeSummaries(b, a), place);
  });
});

Deno.test("the empty summary changes nothing", () => {
  forAll(13, (random, place) => {
    const summary = randomSummary(random);
    assertEquals(mergeSummaries(summary, EMPTY_SUMMARY), summary, place);
    assertEquals(mergeSummaries(EMPTY_SUMMARY, summary), summary, place);
  });
});

Deno.test("merging leaves both as they were", () => {
  forAll(14, (random, place) => {
    const [a, b] = [randomSummary(random), randomSummary(random)];
    const before = structuredClone([a, b]);
    mergeSummaries(a, b);
    assertEquals([a, b], before, place);
  });
});

Deno.test("everything adds up, but the longest run is the longer of the two", () => {
  const a = {
    ...EMPTY_SUMMARY,
    calls: 3,
    failures: 2,
    longestRun: 2,
    runs: { 2: 1 },
    denials: { open: 1 },
  };
  const b = {
    ...EMPTY_SUMMARY,
    calls: 4,
    failures: 1,
    longestRun: 5,
    runs: { 1: 1, 2: 1 },
    denials: { rate: 2 },
  };
  assertEquals(mergeSummaries(a, b), {
    ...EMPTY_SUMMARY,
    calls: 7,
    failures: 3,
    longestRun: 5,
    runs: { 1: 1, 2: 2 },
    denials: { open: 1, rate: 2 },
  });
});
