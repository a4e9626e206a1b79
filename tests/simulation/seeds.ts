/**
 * Many seeds in a row, and what is said of them.
 *
 * @module
 */
import { type RunResult, runSeed } from "./run.ts";

/** Steps of trouble in each seed; healing takes about as many again. */
export const STEPS_PER_SEED = 6_000;

/** All seeds together. */
export interface Summary {
  seeds: number;
  steps: number;
  requests: number;
  crashes: number;
  conflicts: number;
  degraded: number;
  virtualMs: number;
  violations: RunResult[];
}

/** Runs the seeds from `first` on; stops early where `enough` says so. */
export async function runSeeds(
  first: number,
  seeds: number,
  enough: (summary: Summary) => boolean = () => false,
): Promise<Summary> {
  const summary: Summary = {
    seeds: 0,
    steps: 0,
    requests: 0,
    crashes: 0,
    conflicts: 0,
    degraded: 0,
    virtualMs: 0,
    violations: [],
  };
  for (let seed = first; seed < first + seeds && !enough(summary); seed++) {
    const result = await runSeed(seed, { steps: STEPS_PER_SEED });
    summary.seeds++;
    for (
      const name of ["steps", "requests", "crashes", "conflicts", "degraded", "virtualMs"] as const
    ) {
      summary[name] += result[name];
    }
    if (result.violation) summary.violations.push(result);
  }
  return summary;
}

/** What broke, where, and the command that repeats it. */
export function describeViolation({ seed, steps, violation }: RunResult): string {
  return `Seed ${seed}, step ${steps}: ${violation?.message}\n` +
    `  Repeat it: deno task simulate --seed ${seed} --trace`;
}

/** The summary in words. */
export function describeSummary(summary: Summary): string {
  const count = (value: number) => Math.round(value).toLocaleString("en");
  return [
    `${count(summary.seeds)} seeds, ${count(summary.steps)} steps, ` +
    `${count(summary.virtualMs / 3_600_000)} hours of virtual time`,
    `${count(summary.requests)} requests let through, ${count(summary.crashes)} crashes, ` +
    `${count(summary.conflicts)} conflicts, ${
      count(summary.degraded)
    } events answered without the store`,
    `${count(summary.violations.length)} violations`,
  ].join("\n");
}
