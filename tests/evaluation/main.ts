/**
 * `deno task evaluate`: the workload models under every gate, as a table.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { taskOptions, wholeNumber } from "../support/task_options.ts";
import { evaluate, type Goal, goals, type Row } from "./evaluate.ts";
import { hours, MODELS } from "./models.ts";
import { header, line, totalLine } from "./table.ts";

const USAGE = `deno task evaluate [WORD] [OPTIONS]

Every workload model under every gate, or with a WORD only the models whose name holds it.

  --seeds N    hosts per model in each set (4)
  --json FILE  write the counts there too`;

function readOptions(args: string[]) {
  const { values, positionals: [word = ""] } = parseArgs({
    args,
    options: {
      seeds: { type: "string", default: "4" },
      json: { type: "string" },
    },
    allowPositionals: true,
  });
  return { word, seeds: wholeNumber("seeds", values.seeds, 1), jsonFile: values.json };
}

/** Hosts that the rules were looked at with, and hosts that nobody looked at before. */
const SETS = { "tuning set": 1, "held-out set": 1_001 } as const;
const LENGTH = { learnMs: hours(4), measureMs: hours(4) };

function show({ text, reached }: Goal): string {
  return `  ${reached ? "reached" : "MISSED "}  ${text}`;
}

const options = taskOptions(USAGE, readOptions);
const models = Object.fromEntries(
  Object.entries(MODELS).filter(([name]) => name.includes(options.word)),
);
const sets: Record<string, Row[]> = {};
for (const [name, first] of Object.entries(SETS)) {
  const seeds = Array.from({ length: options.seeds }, (_, i) => first + i);
  console.info(`\n${name}, seeds ${seeds[0]} to ${seeds.at(-1)}: wasted + missed | opens, an hour`);
  console.info(header());
  const onRow = (row: Row) => console.info(line(row));
  const rows = await evaluate({ ...LENGTH, seeds, models, onRow });
  sets[name] = rows;
  console.info(totalLine(rows));
  const reached = goals(rows);
  console.info(reached.map(show).join("\n"));
  if (reached.some((goal) => !goal.reached)) Deno.exitCode = 1;
}
if (options.jsonFile !== undefined) {
  await Deno.writeTextFile(options.jsonFile, JSON.stringify(sets, undefined, 2) + "\n");
}
