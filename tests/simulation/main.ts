/**
 * `deno task simulate`: whole worlds from a seed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { taskOptions, wholeNumber } from "../support/task_options.ts";
import { costTable } from "./cost.ts";
import { checkMutants } from "./mutants.ts";
import { runSeed } from "./run.ts";
import { describeSummary, describeViolation, runSeeds, STEPS_PER_SEED } from "./seeds.ts";

const USAGE = `deno task simulate [OPTIONS]

Many seeds and a summary; or one of:

  --seed S         one seed again; with --trace every answer
  --cost           what sharing costs
  --mutants        whether mutants are caught

Of the many seeds:

  --seeds N        how many (100)
  --first S        the first of them (1)
  --stop-at-first  end where one finds something`;

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
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
  const { trace, cost, mutants } = values;
  return {
    seeds: wholeNumber("seeds", values.seeds, 1),
    first: wholeNumber("first", values.first, 0),
    seed: values.seed === undefined ? undefined : wholeNumber("seed", values.seed, 0),
    stopsAtFirst: values["stop-at-first"],
    trace,
    cost,
    mutants,
  };
}

const options = taskOptions(USAGE, readOptions);

/** False where something is wrong. */
async function run(): Promise<boolean> {
  if (options.cost) {
    console.info(await costTable());
    return true;
  }
  if (options.mutants) return await checkMutants((line) => console.info(line));
  if (options.seed !== undefined) {
    const trace = options.trace ? (line: string) => console.info(line) : undefined;
    const result = await runSeed(options.seed, { steps: STEPS_PER_SEED, trace });
    console.info(
      result.violation
        ? describeViolation(result)
        : `Seed ${result.seed}: ${result.steps} steps, no violation, digest ${result.digest}`,
    );
    return result.violation === undefined;
  }
  const summary = await runSeeds(
    options.first,
    options.seeds,
    ({ violations }) => options.stopsAtFirst && violations.length > 0,
  );
  for (const result of summary.violations) console.info(describeViolation(result));
  console.info(describeSummary(summary));
  return summary.violations.length === 0;
}

if (!await run()) Deno.exitCode = 1;
