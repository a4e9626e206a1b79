/**
 * Whether a host's own log speaks for a policy: in the sum of its blocks, and in most of them. Pure; the figures
 * come from `evidence.ts`.
 *
 * @module
 */
import { percent } from "./breaker_advice.ts";
import { compareReports, type Comparison, costOf, type Figures, sumOf } from "./report.ts";

/** What a policy must do better than the present one. */
export interface Bar {
  /**
   * Share of the present cost that it must save: in the sum of all blocks, and of all but the one that speaks most
   * for it; and it must cost less in two thirds of them. With 0 it is enough that the sum is no higher.
   */
  gain: number;
  /** How often it may open at most, as a share of how often the present one would. @default as often as it likes */
  mostOpens?: number;
}

/** What the log says of a policy. */
export interface Judgement {
  comparison: Comparison;
  /** What it would have cost, as far as it was told to weigh that. */
  cost: number;
  /** Blocks in which both cost different. */
  differing: number;
  /** Of these, those in which it would have cost less. */
  better: number;
  /** Why the log does not speak for it; absent where it does. */
  withheld?: string;
}

/** Blocks in which policies must differ: what one block shows may be one outage. */
export const LEAST_BLOCKS = 2;
/** Share of these in which the new one must be better: more than a toss of a coin would give. */
const BETTER_RATIO = 2 / 3;

/**
 * Judges a policy by what it would have cost in each block.
 *
 * @param costs what the candidate cost in each block, where that is not to be taken as replayed
 */
export function judge(
  present: readonly Figures[],
  candidate: readonly Figures[],
  bar: Bar,
  costs: readonly number[] = candidate.map(costOf),
): Judgement {
  const blocks = present.map((figures, i) => ({ from: costOf(figures), to: costs[i]! }));
  const judgement = {
    comparison: compareReports(sumOf(present), sumOf(candidate)),
    cost: costs.reduce((sum, cost) => sum + cost, 0),
    differing: blocks.filter(({ from, to }) => to !== from).length,
    better: blocks.filter(({ from, to }) => to < from).length,
  };
  const problem = problemOf(judgement, blocks, bar);
  if (problem === undefined) return judgement;
  const [from, to] = judgement.comparison.cost;
  const withheld = `on the host's own log it would have wasted or missed ${to} requests, ` +
    `and what holds ${from}${problem}`;
  return { ...judgement, withheld };
}

interface BlockCost {
  from: number;
  to: number;
}

/** Why what the log says is not enough, as the end of a sentence. */
function problemOf(
  { comparison: { opens: [opensFrom, opensTo] }, differing, better }: Judgement,
  blocks: readonly BlockCost[],
  { gain, mostOpens = Infinity }: Bar,
): string | undefined {
  const isSaved = (share: number, some: readonly BlockCost[]) =>
    sumBy(some, ({ to }) => to) <= sumBy(some, ({ from }) => from) * (1 - share);
  if (!isSaved(0, blocks)) return "";
  if (differing < LEAST_BLOCKS) {
    return `: they differ in ${differing} blocks of it, and ${LEAST_BLOCKS} are needed`;
  }
  if (!isSaved(gain, blocks)) return `: ${percent(gain)} less is asked for`;
  if (gain > 0 && better < differing * BETTER_RATIO) {
    return `, but less in only ${better} of the ${differing} blocks in which they differ`;
  }
  const [, ...others] = blocks.toSorted((a, b) => (b.from - b.to) - (a.from - a.to));
  if (gain > 0 && !isSaved(gain, others)) return ", but nearly all of that in one block";
  if (opensTo > opensFrom * mostOpens) {
    return `, but it would have opened ${opensTo} times instead of ${opensFrom}, and the host flaps`;
  }
  return undefined;
}

function sumBy<T>(items: readonly T[], number: (item: T) => number): number {
  return items.reduce((sum, item) => sum + number(item), 0);
}
