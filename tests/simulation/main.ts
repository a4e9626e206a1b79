/**
 * `deno task simulate`: many seeds and a summary (`--seeds N`), one seed again (`--seed S`, with `--trace`
 * its world and every answer), what sharing costs (`--cost`), or whether mutants are caught (`--mutants`).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { costTable } from "./cost.ts";
import { checkMutants } from "./mutants.ts";
import { runSeed } from "./run.ts";
import { describeSummary, describeViolation, runSeeds, STEPS_PER_SEED } from "./seeds.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    first: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    cost: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    "stop-at-first": { type: "boolean", default: false },
  },
});

/** A whole number from the command line. */
function whole(name: "seeds" | "first" | "seed"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`--${name} must be a whole number from 0: current value is ${values[name]}`);
}

/** False where something is wrong. */
async function run(): Promise<boolean> {
  if (values.cost) {
    console.info(await costTable());
    return true;
  }
  if (values.mutants) return await checkMutants((line) => console.info(line));
  if (values.seed !== undefined) {
    const trace = values.trace ? (line: string) => console.info(line) : undefined;
    const result = await runSeed(whole("seed"), { steps: STEPS_PER_SEED, trace });
    console.info(
      result.violation
        ? describeViolation(result)
        : `Seed ${result.seed}: ${result.steps} steps, no violation, digest ${result.digest}`,
    );
    return result.violation === undefined;
  }
  const stop = values["stop-at-first"];
  const summary = await runSeeds(
    whole("first"),
    whole("seeds"),
    ({ violations }) => stop && violations.length > 0,
  );
  for (const result of summary.violations) console.info(describeViolation(result));
  console.info(describeSummary(summary));
  return summary.violations.length === 0;
}

if (!await run()) Deno.exitCode = 1;
