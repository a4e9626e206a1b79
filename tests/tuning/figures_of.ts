/**
 * Figures of a replay, written down as far as a judgement looks at them.
 *
 * @module
 */
import { type Figures, sumOf } from "../../src/tuning/report.ts";

/** Blocks that cost so much each, all of it wasted; the first of them with so many opens. */
export function blocksOf(costs: readonly number[], opens = 0): Figures[] {
  return costs.map((failuresSent, i) => {
    return { ...sumOf([]), requests: 100, failuresSent, opens: i === 0 ? opens : 0 };
  });
}
