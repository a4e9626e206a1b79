/**
 * `deno task bench`: every figure in one run, as ratios beside absolute values, since machines are noisy. What it
 * takes stands in `options.ts`.
 *
 * @module
 */
import { cliStart } from "./cli_start.ts";
import { coldStart } from "./cold_start.ts";
import { edge } from "./edge.ts";
import { dashboard } from "./dashboard.ts";
import { growth } from "./growth.ts";
import { groupCommit } from "./group_commit.ts";
import { healthyHost } from "./healthy_host.ts";
import { fetchWrapper, inProcess, registries } from "./in_process.ts";
import { garbage, memory } from "./memory.ts";
import type { Figure, Group } from "./figure.ts";
import { readOptions, USAGE } from "./options.ts";
import { outage } from "./outage.ts";
import { pacing } from "./pacing.ts";
import { taskOptions } from "../support/task_options.ts";
import { storeCost } from "./store_cost.ts";
import { summaries } from "./summaries.ts";
import { replays } from "./replay.ts";
import { telemetry } from "./telemetry.ts";

const GROUPS: Group[] = [
  inProcess,
  registries,
  fetchWrapper,
  garbage,
  memory,
  healthyHost,
  groupCommit,
  outage,
  telemetry,
  edge,
  replays,
  summaries,
  cliStart,
  coldStart,
  storeCost,
  growth,
  pacing,
  dashboard,
];

function valueOf({ value, unit }: Figure): string {
  const text = value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  return `${text.padStart(10)} ${unit}`;
}

function show(figure: Figure): string {
  const goal = figure.goal === undefined ? "" : `   goal: ${figure.goal}`;
  const from = (figure.from ?? []).map((part) =>
    `\n      ${part.name.padEnd(54)} ${valueOf(part)}`
  );
  return `  ${figure.name.padEnd(58)} ${valueOf(figure)}${goal}${from.join("")}`;
}

const options = taskOptions(USAGE, readOptions);
const all: Record<string, Figure[]> = {};
for (const group of GROUPS) {
  if (!group.name.includes(options.word)) continue;
  const figures = await group.run(options);
  all[group.name] = figures;
  console.info([`\n${group.name}`, ...figures.map(show)].join("\n"));
}
if (options.jsonFile !== undefined) {
  const machine = {
    runtime: `Deno ${Deno.version.deno}`,
    cores: navigator.hardwareConcurrency,
    at: new Date().toISOString(),
  };
  const text = JSON.stringify({ machine, figures: all }, undefined, 2);
  await Deno.writeTextFile(options.jsonFile, `${text}\n`);
}
