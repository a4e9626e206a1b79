/**
 * What the command line of `deno task bench` may say.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { wholeNumber } from "../support/task_options.ts";

/** What `--help` prints. */
export const USAGE = `deno task bench [WORD] [OPTIONS]

Every figure, or with a WORD only the groups whose name holds it.

  --json FILE      write the figures there too, as JSON
  --plot FOLDER    draw how they grow
  --rounds N       how often contenders take turns (3): all takes some six minutes, with 1 about half
  --only WORD      of the edge and the growth, only what holds this word
  --store NAMES    of the edge, only these stores
  --seconds N      of the edge, how long each load lasts (1)
  --connections N  of the edge, from how many connections (64)`;

/** Which figures are wanted, and how long to take over each. */
export interface BenchOptions {
  /** Only groups whose name holds this word. */
  word: string;
  /** Where the figures are written as JSON besides. */
  jsonFile?: string;
  /** Where drawings of the growth are written. */
  plotFolder?: string;
  /** Stores by name; empty: all. */
  stores: readonly string[];
  /** Only what holds this word, within a group that asks. */
  only: string;
  /** How often each load is repeated. */
  rounds: number;
  /** How long each of them lasts. */
  seconds: number;
  /** How many connections it comes from. */
  connections: number;
}

/**
 * Reads the command line.
 *
 * @throws {TypeError} where it has an option that there is not
 * @throws {RangeError} where a number is none above 0
 */
export function readOptions(args: string[]): BenchOptions {
  const { values, positionals: [word = ""] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "string" },
      plot: { type: "string" },
      store: { type: "string", multiple: true, default: [] },
      only: { type: "string", default: "" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "1" },
      connections: { type: "string", default: "64" },
    },
  });
  return {
    word,
    jsonFile: values.json,
    plotFolder: values.plot,
    stores: values.store.flatMap((names) => names.split(",")),
    only: values.only,
    rounds: wholeNumber("rounds", values.rounds, 1),
    seconds: wholeNumber("seconds", values.seconds, 1),
    connections: wholeNumber("connections", values.connections, 1),
  };
}
