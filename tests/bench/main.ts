/**
 * `deno task bench`: every figure in one run, as ratios beside absolute values, since machines are noisy.
 * `--json FILE` writes them too; a word runs only the groups whose name holds it.
 *
 * @module
 */
import { groupCommit } from "./group_commit.ts";
import { healthyHost } from "./healthy_host.ts";
import type { Figure, Group } from "./figure.ts";
import { outage } from "./outage.ts";
import { telemetry } from "./telemetry.ts";

const GROUPS: Group[] = [healthyHost, groupCommit, outage, telemetry];

function show(figure: Figure): string {
  const value = figure.value >= 100
    ? Math.round(figure.value).toLocaleString("en")
    : figure.value.toPrecision(3);
  const goal = figure.goal === undefined ? "" : `   goal: ${figure.goal}`;
  return `  ${figure.name.padEnd(58)} ${value.padStart(10)} ${figure.unit}${goal}`;
}

const args = [...Deno.args];
const at = args.indexOf("--json");
const file = at === -1 ? undefined : args.splice(at, 2)[1];
const [word = ""] = args;
const all: Record<string, Figure[]> = {};
for (const group of GROUPS) {
  if (!group.name.includes(word)) continue;
  const figures = await group.run();
  all[group.name] = figures;
  console.info([`\n${group.name}`, ...figures.map(show)].join("\n"));
}
if (file !== undefined) {
  const machine = {
    runtime: `Deno ${Deno.version.deno}`,
    cores: navigator.hardwareConcurrency,
    at: new Date().toISOString(),
  };
  await Deno.writeTextFile(file, JSON.stringify({ machine, figures: all }, undefined, 2) + "\n");
}
