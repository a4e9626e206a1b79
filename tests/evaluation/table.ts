/**
 * The evaluation as text: a row for each model, a column for each contender.
 *
 * @module
 */
import type { Tally } from "./crawl.ts";
import { CONTENDERS, costOf, percent, rise, type Row, totals } from "./evaluate.ts";

const WIDTH = 18;
const NAME_WIDTH = 22;

/** The names of the columns. */
export function header(): string {
  const names = CONTENDERS.map(({ name }) => name.padStart(WIDTH)).join("");
  return `${"".padEnd(NAME_WIDTH)}${names}${"tuned to defaults".padStart(WIDTH + 2)}`;
}

/** One row: wasted and missed requests per host and hour, and opens per host and hour after the stroke. */
export function line({ model, tallies }: Row): string {
  const cells = CONTENDERS.map(({ name }) => cell(tallies[name]!).padStart(WIDTH)).join("");
  const change = percent(rise(tallies.defaults!, tallies.tuned!));
  return `${model.padEnd(NAME_WIDTH)}${cells}${change.padStart(WIDTH + 2)}`;
}

/** The last row: all models together. */
export function totalLine(rows: readonly Row[]): string {
  return line({ model: "all", tallies: totals(rows) });
}

function cell(tally: Tally): string {
  const perHour = Math.round(costOf(tally) / tally.hours).toLocaleString("en");
  return `${perHour} | ${(tally.opens / tally.hours).toFixed(1)}`;
}
