/**
 * What the evaluation makes of its counts: sums, goals, and the table.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Tally } from "./crawl.ts";
import {
  CONTENDERS,
  type Goal,
  goals,
  percent,
  rise,
  type Row,
  sumOf,
  totals,
} from "./evaluate.ts";
import { header, line, totalLine } from "./table.ts";

function tally(wasted: number, missed: number, opens = 0): Tally {
  return { wanted: 100, sent: 50, wasted, missed, done: 40, opens, hours: 2 };
}

/** A row in which everybody costs 100 but those named. */
function row(model: string, named: Record<string, Tally>): Row {
  const tallies = Object.fromEntries(CONTENDERS.map(({ name }) => [name, tally(50, 50, 4)]));
  return { model, tallies: { ...tallies, ...named } };
}

function missedGoals(rows: readonly Row[]): string[] {
  return goals(rows).filter(({ reached }: Goal) => !reached).map(({ text }) => text);
}

Deno.test("tallies add up", () => {
  assertEquals(sumOf([tally(1, 2, 3), tally(10, 20, 30)]), {
    wanted: 200,
    sent: 100,
    wasted: 11,
    missed: 22,
    done: 80,
    opens: 33,
    hours: 4,
  });
  assertEquals(totals([row("a", {}), row("b", {})]).tuned?.missed, 100);
});

Deno.test("a rise is a share of what was before, and nothing of nothing is none", () => {
  assertEquals(rise(tally(10, 10), tally(10, 11)), 0.05);
  assertEquals(rise(tally(0, 0), tally(0, 0)), 0);
  assertEquals(rise(tally(0, 0), tally(0, 1)), Infinity);
  assertEquals([percent(0.051), percent(-0.3), percent(Infinity)], [
    "+5.1 %",
    "-30.0 %",
    "from nothing",
  ]);
});

Deno.test("all goals are reached at 30 % less, 5 % more on a model, and fewer opens", () => {
  const rows = [
    row("brownout", { tuned: tally(0, 35, 4) }),
    row("hard down", { tuned: tally(0, 105, 4) }),
    row("flapping", { tuned: tally(0, 70, 3) }),
  ];
  assertEquals(missedGoals(rows), []);
});

Deno.test("each goal is missed by a hair", () => {
  assertEquals(missedGoals([row("brownout", { tuned: tally(0, 71) })]), [
    "after tuning, wasted and missed fall by 30 % in the sum: -29.0 %",
  ]);
  const risen = [
    row("brownout", { tuned: tally(0, 0) }),
    row("slow", { tuned: tally(0, 106) }),
  ];
  assertEquals(missedGoals(risen), ["slow: rises by no more than 5 %: +6.0 %"]);
  assertEquals(missedGoals([row("flapping", { tuned: tally(0, 10, 4) })]), [
    "flapping: opens fall: 4 to 4",
  ]);
  const beaten = row("brownout", { tuned: tally(0, 10), cockatiel: tally(0, 10) });
  assertEquals(missedGoals([beaten]), [
    "tuned is better in the sum than cockatiel: 10 to 10",
  ]);
});

Deno.test("the table has a column for everybody, by the hour", () => {
  const one = row("hard down", { tuned: tally(10, 20, 3) });
  for (const { name } of CONTENDERS) assertStringIncludes(header(), name);
  assertStringIncludes(line(one), "15 | 1.5");
  assertStringIncludes(line(one), "-70.0 %");
  assertStringIncludes(totalLine([one, one]), "15 | 1.5");
});
