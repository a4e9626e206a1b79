/**
 * Every contender before every host, the sums, and whether they are what was set as a goal.
 *
 * @module
 */
import { COCKATIEL, OPOSSUM } from "./peers.ts";
import { crawl, type CrawlOptions, type Tally } from "./crawl.ts";
import { DEFAULTS } from "./breakwater_gate.ts";
import { type Contender, NO_BREAKER, ORACLE } from "./gate.ts";
import { type Model, MODELS } from "./models.ts";
import { TUNED } from "./tuned_gate.ts";

/** The columns of the table. */
export const CONTENDERS: readonly Contender[] = [
  ORACLE,
  NO_BREAKER,
  OPOSSUM,
  COCKATIEL,
  DEFAULTS,
  TUNED,
];

/** One model: what each contender came to, all its hosts together. */
export interface Row {
  model: string;
  tallies: Record<string, Tally>;
}

/** What is run. */
export interface EvaluateOptions extends CrawlOptions {
  /** One host per model for each. */
  seeds: readonly number[];
  /** @default all */
  models?: Readonly<Record<string, Model>>;
  /** Hears of each row when it is done. */
  onRow?: (row: Row) => void;
}

/** Runs everybody everywhere. */
export async function evaluate(options: EvaluateOptions): Promise<Row[]> {
  const { seeds, models = MODELS, onRow } = options;
  const rows: Row[] = [];
  for (const [name, model] of Object.entries(models)) {
    const row: Row = { model: name, tallies: {} };
    for (const contender of CONTENDERS) {
      const each: Tally[] = [];
      for (const seed of seeds) {
        const workload = model(seed, options.learnMs + options.measureMs);
        each.push(await crawl(workload, contender, options));
      }
      row.tallies[contender.name] = sumOf(each);
    }
    rows.push(row);
    onRow?.(row);
  }
  return rows;
}

/** Several crawls as one. */
export function sumOf(tallies: readonly Tally[]): Tally {
  const sum: Tally = { wanted: 0, sent: 0, wasted: 0, missed: 0, done: 0, opens: 0, hours: 0 };
  const names = Object.keys(sum) as (keyof Tally)[]; // safe: the literal above has no other keys
  for (const tally of tallies) {
    for (const name of names) sum[name] += tally[name];
  }
  return sum;
}

/** Each contender over all models. */
export function totals(rows: readonly Row[]): Record<string, Tally> {
  return Object.fromEntries(
    CONTENDERS.map(({ name }) => [name, sumOf(rows.map((row) => row.tallies[name]!))]),
  );
}

/** What counts against a gate: wasted and missed together. */
export function costOf({ wasted, missed }: Tally): number {
  return wasted + missed;
}

/** By what share the cost rose from one to the other; falls are negative. */
export function rise(from: Tally, to: Tally): number {
  const before = costOf(from);
  const after = costOf(to);
  if (before === after) return 0;
  return before === 0 ? Infinity : (after - before) / before;
}

/** One goal and what became of it. */
export interface Goal {
  text: string;
  reached: boolean;
}

const MUST_OPEN_LESS = ["flapping", "limited, Retry-After", "limited, bare 429"];

/** The goals of the evaluation, over these rows. */
export function goals(rows: readonly Row[]): Goal[] {
  const sum = totals(rows);
  const { defaults, tuned } = sum;
  const total = rise(defaults!, tuned!);
  const list: Goal[] = [{
    text: `after tuning, wasted and missed fall by 30 % in the sum: ${percent(total)}`,
    reached: total <= -0.3,
  }];
  for (const { model, tallies } of rows) {
    const change = rise(tallies.defaults!, tallies.tuned!);
    list.push({
      text: `${model}: rises by no more than 5 %: ${percent(change)}`,
      reached: change <= 0.05,
    });
    if (!MUST_OPEN_LESS.includes(model)) continue;
    const [before, after] = [tallies.defaults!.opens, tallies.tuned!.opens];
    list.push({
      text: `${model}: opens fall: ${before} to ${after}`,
      reached: after < before,
    });
  }
  for (const peer of [OPOSSUM.name, COCKATIEL.name]) {
    const [theirs, ours] = [costOf(sum[peer]!), costOf(tuned!)];
    list.push({
      text: `tuned is better in the sum than ${peer}: ${ours} to ${theirs}`,
      reached: ours < theirs,
    });
  }
  return list;
}

/** A change in percent, with its sign. */
export function percent(change: number): string {
  if (change === Infinity) return "from nothing";
  return `${change > 0 ? "+" : ""}${(100 * change).toFixed(1)} %`;
}
