/**
 * What a log must say for a policy before it counts, on both sides of each threshold.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Bar, judge } from "../../src/tuning/judgement.ts";
import { blocksOf } from "./figures_of.ts";

const BAR: Bar = { gain: 0.1 };

/** The end of the sentence that says why not; undefined where the log speaks for it. */
function problem(present: number[], candidate: number[], bar = BAR): string | undefined {
  const { withheld } = judge(blocksOf(present), blocksOf(candidate), bar);
  return withheld?.replace(
    /^on the host's own log it would have wasted or missed \d+ requests, and what holds \d+/,
    "",
  );
}

Deno.test("what the log speaks for carries its figures, and no reason against it", () => {
  const judgement = judge(blocksOf([50, 50, 0]), blocksOf([45, 45, 0]), BAR);
  const { comparison, ...rest } = judgement;
  assertEquals(rest, { cost: 90, differing: 2, better: 2 });
  assertEquals([comparison.verdict, comparison.cost], ["better", [100, 90]]);
});

Deno.test("what would have cost more is withheld, with both costs", () => {
  const { withheld } = judge(blocksOf([50, 50]), blocksOf([50, 51]), BAR);
  assertEquals(
    withheld,
    "on the host's own log it would have wasted or missed 101 requests, and what holds 100",
  );
});

Deno.test("the share that is asked for must be saved", () => {
  assertEquals(problem([500, 500], [450, 451]), ": 10 % less is asked for");
  assertEquals(problem([500, 500], [450, 450]), undefined);
});

Deno.test("policies must differ in two blocks", () => {
  const one = ": they differ in 1 blocks of it, and 2 are needed";
  assertEquals(problem([100, 100], [10, 100]), one);
  assertEquals(problem([100, 100], [10, 90]), undefined);
  assertEquals(problem([], []), ": they differ in 0 blocks of it, and 2 are needed");
});

Deno.test("two thirds of the blocks in which they differ must be better", () => {
  const enough = [[100, 100, 100, 7], [50, 50, 101, 7]] as const;
  assertEquals(problem([...enough[0]], [...enough[1]]), undefined);
  assertEquals(
    problem([100, 100, 100, 100, 100], [50, 50, 50, 101, 101]),
    ", but less in only 3 of the 5 blocks in which they differ",
  );
});

Deno.test("one block alone must not make the difference", () => {
  assertEquals(problem([500, 100, 100], [100, 90, 91]), ", but nearly all of that in one block");
  assertEquals(problem([500, 100, 100], [100, 90, 90]), undefined);
});

Deno.test("with no gain asked for it is enough that the sum is no higher", () => {
  assertEquals(problem([100, 100, 100], [50, 125, 125], { gain: 0 }), undefined);
  assertEquals(problem([100, 100, 100], [50, 125, 126], { gain: 0 }), "");
});

Deno.test("where opens are bounded, more of them count against it", () => {
  const withOpens = (opens: number, mostOpens: number) =>
    judge(blocksOf([100, 100], 10), blocksOf([50, 50], opens), { ...BAR, mostOpens }).withheld;
  assertEquals([withOpens(9, 0.9), withOpens(10, 1)], [undefined, undefined]);
  assertEquals(
    withOpens(10, 0.9),
    "on the host's own log it would have wasted or missed 100 requests, and what holds 200, " +
      "but it would have opened 10 times instead of 10, and the host flaps",
  );
});

Deno.test("costs may be weighed otherwise than as they were replayed", () => {
  const [present, candidate] = [blocksOf([100, 100]), blocksOf([50, 50])];
  const { cost, withheld } = judge(present, candidate, BAR, [95, 95]);
  assertEquals([cost, withheld?.endsWith("10 % less is asked for")], [190, true]);
});
