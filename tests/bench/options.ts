/**
 * What the command line of `deno task bench` may say.
 *
 * @module
 */
import { parseArgs } from "node:util";

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
    rounds: wholeNumber("rounds", values.rounds),
    seconds: wholeNumber("seconds", values.seconds),
    connections: wholeNumber("connections", values.connections),
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`--${name} must be a whole number above 0: current value is '${text}'`);
}
