/**
 * What a command is: its words for help and completion, and what it is given when it runs. Commands themselves live in
 * files of their own, read only when they are called.
 *
 * @module
 */
import type { LoadedConfig } from "../config/mod.ts";
import type { Backend } from "./backend.ts";
import type { Place } from "./place.ts";
import type { Terminal } from "./terminal.ts";

/** An option of a command. */
export interface OptionSpec {
  /** What its value is called: `N`; absent: it takes none. */
  value?: string;
  /** True where it may be given several times. */
  multiple?: boolean;
  /** What it does, in a line. */
  help: string;
}

/** A command, described. */
export interface CommandSpec {
  /** What is typed: `half-open`. */
  name: string;
  /** What follows the name: `HOST [--resolver]`; empty: nothing need follow. */
  usage: string;
  /** What it does, in a line. */
  summary: string;
  /** What else there is to know. */
  details?: string;
  options?: Readonly<Record<string, OptionSpec>>;
  /** Whole command lines. */
  examples: readonly string[];
  /** True where it takes a store or an edge API. */
  connects: boolean;
  /** True where its help lists the flags of the configuration, which is what it is about. */
  readsConfig?: boolean;
  /** The code. Resolves to the exit code; nothing: 0. */
  load(): Promise<(call: Call) => Promise<number | void>>;
}

/** How a store is opened. */
export interface ConnectOptions {
  /** True where a file that is not there yet is made, since something will be written. */
  creates: boolean;
}

/** One call of a command. */
export interface Call {
  /** Arguments that are no options. */
  positionals: readonly string[];
  options: OptionValues;
  /** True where answers are JSON. */
  json: boolean;
  terminal: Terminal;
  /** All arguments but the command's name, for whoever reads them anew. */
  args: readonly string[];
  /** The configuration that file, environment and command line make. */
  config(file?: string): Promise<LoadedConfig>;
  /** Which store or edge API is named. */
  place(): Promise<Place>;
  /** The same, opened. Whoever asks disposes it. */
  connect(options: ConnectOptions): Promise<Backend>;
}

/** A command line that makes no sense; exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What was asked for was refused or failed, for a reason that the reader can mend; exit code 1. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

const LONGEST_REASON = 256;

/** Options as they were given, read with their types. */
export class OptionValues {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** Whether it was given. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** Its value, where it was given. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /**
   * Why something is done, in the length that an edge API takes too.
   *
   * @throws {UsageError} where it is longer
   */
  reason(): string | undefined {
    const text = this.text("reason");
    if (text === undefined || text.length <= LONGEST_REASON) return text;
    throw new UsageError(
      `--reason may have ${LONGEST_REASON} characters: these are ${text.length}`,
    );
  }

  /** Its values, in their order. */
  texts(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
  }

  /**
   * Its value as a number above 0.
   *
   * @throws {UsageError} where it is none, or above `most`
   */
  number(name: string, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : NaN;
    if (value > 0 && value <= most) return value;
    throw new UsageError(`--${name} must be a number above 0 and up to ${most}: found '${text}'`);
  }

  /**
   * Its value, where it is one of these words.
   *
   * @throws {UsageError} where it is another
   */
  word<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const word = words.find((known) => known === text);
    if (word !== undefined) return word;
    throw new UsageError(`--${name} must be one of ${words.join(", ")}: found '${text}'`);
  }
}
