/**
 * A short slice of the simulation, and whether the simulation itself can be trusted: that a seed is one
 * history, and that mutants are caught. The long run is `deno task simulate`.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { checkMutants } from "./mutants.ts";
import { MUTANTS } from "./mutant_list.ts";
import { runSeed } from "./run.ts";
import { drawScenario } from "./scenario.ts";
import { describeSummary, describeViolation, runSeeds, STEPS_PER_SEED } from "./seeds.ts";

const SEEDS = 40;

Deno.test("in a slice of the simulation no promise is broken", async () => {
  const summary = await runSeeds(1, SEEDS);
  assertEquals(summary.violations.map(describeViolation), []);
  // Both kinds of trouble must have been there, or nothing was shown.
  assert(summary.conflicts > 0 && summary.degraded > 0 && summary.crashes > 0);
  assert(describeSummary(summary).includes(`${SEEDS} seeds`));
});

Deno.test("a seed is one history, and another seed another", async () => {
  const digest = async (seed: number) => (await runSeed(seed, { steps: STEPS_PER_SEED })).digest;
  const first = await digest(7);
  assertEquals(await digest(7), first);
  assertNotEquals(await digest(9), first);
});

Deno.test("a trace begins with the world that it shows, and tells every time from its beginning", async () => {
  const lines: string[] = [];
  await runSeed(7, { steps: STEPS_PER_SEED, trace: (line) => lines.push(line) });
  const { config, freshnessMs, skewsMs, exact } = drawScenario(7);
  const worlds = lines.findIndex((line) => !line.startsWith("world "));
  for (const [name, value] of Object.entries({ config, freshnessMs, skewsMs, exact })) {
    const line = `world ${name} ${JSON.stringify(value)}`;
    assert(lines.slice(0, worlds).includes(line), line);
  }
  const told = lines.slice(worlds).map((line) => /^(\S+) .* asked at (\S+)/.exec(line));
  const times = told.flatMap((found) => found ? [[Number(found[2]), Number(found[1])]] : []);
  assert(times.length > 0);
  for (const [asked, answered] of times) assert(asked! <= answered!, `${asked}, ${answered}`);
});

Deno.test("a violation names its seed and the command that repeats it", () => {
  const result = {
    seed: 12,
    steps: 345,
    requests: 0,
    crashes: 0,
    degraded: 0,
    conflicts: 0,
    virtualMs: 0,
    digest: 0,
  };
  const text = describeViolation(result);
  assert(text.includes("Seed 12") && text.includes("deno task simulate --seed 12 --trace"), text);
});

Deno.test("the text that each mutant replaces stands exactly once in its file", async () => {
  const wrong: string[] = [];
  for (const { name, file, find } of MUTANTS) {
    const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    if (text.split(find).length !== 2) wrong.push(`${name}: ${file}`);
  }
  assertEquals(wrong, []);
});

/** Few, since each one costs a process; `deno task simulate --mutants` tries all. */
const QUICK = [
  "an outcome of an older generation counts",
  "one probe more than the budget",
  "a conflict is taken for a success",
  "a merge keeps the earlier deadline",
];

Deno.test("mutants of machine, merge and writer are caught", async () => {
  const told: string[] = [];
  const tell = (line: string) => void told.push(line);
  assert(await checkMutants(tell, ({ name }) => QUICK.includes(name)), told.join("\n"));
  assertEquals(told.length, QUICK.length + 1);
});
