/**
 * From a command line to its command and its exit code. What commands do stands in their own files.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { loadConfig, type LoadedConfig } from "../config/mod.ts";
import { readFlags } from "../config/flags.ts";
import { ConfigError, nearest } from "../config/issues.ts";
import { StartError } from "../edge/settings.ts";
import { VERSION } from "../telemetry/version.ts";
import { type Call, type CommandSpec, OptionValues, Refusal, UsageError } from "./command.ts";
import { COMMANDS, optionsOf } from "./commands.ts";
import { commandHelp, overview } from "./help.ts";
import { placeOf } from "./place.ts";
import type { Terminal } from "./terminal.ts";
import { paintFor } from "./text.ts";

/** Done; refused or failed; a command line that makes no sense. */
const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Runs a command line. Resolves to the exit code; whatever goes wrong is told in words. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal) ?? EXIT.done;
  } catch (error) {
    return told(error, terminal);
  }
}

/** Says what went wrong, to somebody who wants to mend it; a stack is for what only we can. */
function told(error: unknown, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.note(`breakwater: ${error.message}`);
    return EXIT.usage;
  }
  const isExpected = error instanceof Refusal || error instanceof ConfigError ||
    error instanceof StartError || error instanceof Deno.errors.NotCapable;
  if (isExpected) terminal.note(`breakwater: ${error.message}`);
  else terminal.note(error instanceof Error ? error.stack ?? error.message : String(error));
  return EXIT.failed;
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number | void> {
  const paint = paintFor(terminal);
  const { name, rest } = splitCommand(args);
  if (name === undefined) {
    if (rest.includes("--version")) return terminal.write(`breakwater ${VERSION}\n`);
    if (asksHelp(rest)) return terminal.write(overview(paint));
    terminal.note(overview(paint).trimEnd());
    return EXIT.usage;
  }
  if (name === "help") {
    const [asked] = rest;
    terminal.write(asked === undefined ? overview(paint) : commandHelp(specOf(asked), paint));
    return;
  }
  const spec = specOf(name);
  const flags = readFlags(rest);
  if (asksHelp(flags.overlay.rest)) return terminal.write(commandHelp(spec, paint));
  const { values, positionals } = parsed(spec, flags.overlay.rest);
  if (flags.issues.length > 0) throw new UsageError(new ConfigError(flags.issues).message);
  const run = await spec.load();
  return await run(callOf(values, positionals, rest, terminal));
}

function asksHelp(args: readonly string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

/** Options that take no value and may stand before the command. */
const BARE = ["--json", "--help", "-h", "--yes", "--debug", "--version"];

/** The command is the first word that is neither an option nor the value of one. */
function splitCommand(args: readonly string[]): { name?: string; rest: string[] } {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith("-")) return { name: arg, rest: args.toSpliced(i, 1) };
    if (!arg.includes("=") && !BARE.includes(arg)) i++;
  }
  return { rest: [...args] };
}

function specOf(name: string): CommandSpec {
  const spec = COMMANDS.find((each) => each.name === name);
  if (spec !== undefined) return spec;
  const meant = nearest(name, COMMANDS.map(({ name }) => name));
  const hint = meant === undefined ? "breakwater --help names all" : `did you mean ${meant}?`;
  throw new UsageError(`There is no command '${name}': ${hint}`);
}

function parsed(spec: CommandSpec, args: readonly string[]) {
  const known = optionsOf(spec);
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { value, multiple = false }]) => [
      name,
      { type: value === undefined ? "boolean" as const : "string" as const, multiple },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(optionProblem(spec, args, Object.keys(known)) ?? error.message);
  }
}

/** Of an option that is not known, in our own words. */
function optionProblem(
  { name }: CommandSpec,
  args: readonly string[],
  known: readonly string[],
): string | undefined {
  const written = args.filter((arg) => arg.startsWith("--"))
    .map((arg) => arg.slice(2).replace(/=.*$/, ""));
  const unknown = written.find((option) => option !== "" && !known.includes(option));
  if (unknown === undefined) return undefined;
  const meant = nearest(unknown, known);
  const hint = meant === undefined ? `breakwater ${name} --help` : `did you mean --${meant}?`;
  return `${name} does not take --${unknown}: ${hint}`;
}

function callOf(
  values: Readonly<Record<string, unknown>>,
  positionals: readonly string[],
  args: readonly string[],
  terminal: Terminal,
): Call {
  const options = new OptionValues(values);
  const { env } = terminal;
  const load = (): Promise<LoadedConfig> =>
    loadConfig({ env, args, readTextFile: (path) => Deno.readTextFile(path) });
  /** Read here, since what could not be read would be told of a flag that nobody gave. */
  const loadFile = async (file: string): Promise<LoadedConfig> => {
    const { readText } = await import("./files.ts");
    const text = await readText(file);
    const named = [...args, "--breaker-config", file];
    return await loadConfig({ env, args: named, readTextFile: () => text });
  };
  let loading: Promise<LoadedConfig> | undefined;
  const config = (file?: string) => file === undefined ? loading ??= load() : loadFile(file);
  const place = () => {
    const url = options.text("url");
    const token = options.text("token");
    const store = args.some((arg) => /^--store(=|$)/.test(arg));
    return placeOf({ url, token, store }, terminal, () => config());
  };
  return {
    positionals,
    options,
    json: options.flag("json"),
    terminal,
    args,
    config,
    place,
    async connect(wanted) {
      const { connect } = await import("./connect.ts");
      return await connect(await place(), terminal, () => config(), wanted);
    },
  };
}
