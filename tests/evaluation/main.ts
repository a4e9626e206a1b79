/**
 * `deno task evaluate`: the workload models under every gate, as a table. `--seeds N` hosts per model in each
 * set, `--json FILE` writes the counts too; a word runs only the models whose name holds it.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { evaluate, type Goal, goals, type Row } from "./evaluate.ts";
import { hours, MODELS } from "./models.ts";
import { header, line, totalLine } from "./table.ts";

const { values, positionals: [word = ""] } = parseArgs({
  options: {
    seeds: { type: "string", default: "4" },
    json: { type: "string" },
  },
  allowPositionals: true,
});

/** Hosts that the rules were looked at with, and hosts that nobody looked at before. */
const SETS = { "tuning set": 1, "held-out set": 1_001 } as const;
const LENGTH = { learnMs: hours(4), measureMs: hours(4) };

function seedsFrom(first: number): number[] {
  const count = Number(values.seeds);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(
      `--seeds must be a whole number above 0: current value is ${values.seeds}`,
    );
  }
  return Array.from({ length: count }, (_, i) => first + i);
}

function show({ text, reached }: Goal): string {
  return `  ${reached ? "reached" : "MISSED "}  ${text}`;
}

const models = Object.fromEntries(Object.entries(MODELS).filter(([name]) => name.includes(word)));
const sets: Record<string, Row[]> = {};
for (const [name, first] of Object.entries(SETS)) {
  const seeds = seedsFrom(first);
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
if (values.json !== undefined) {
  await Deno.writeTextFile(values.json, JSON.stringify(sets, undefined, 2) + "\n");
}
