/**
 * What commands know of the terminal they run in, as an argument: nothing else writes, asks or reads a clock. The real
 * one is made in `main.ts`.
 *
 * @module
 */
import type { Environment } from "../config/mod.ts";

/** See the module's description. */
export interface Terminal {
  /** Variables by name. */
  readonly env: Environment;
  /** True where a person reads standard output. */
  readonly isInteractive: boolean;
  /** True where standard output takes colours, and nobody asked for none. */
  readonly hasColours: boolean;
  /** How much a person sees at once; undefined where that is not known. */
  size(): { columns: number; rows: number } | undefined;
  /** Epoch milliseconds. */
  now(): number;
  /** What was asked for. */
  write(text: string): void;
  /** What goes beside it: problems, notes, questions. One line. */
  note(line: string): void;
  /** The next line of standard input; undefined where nobody is there to type one. */
  ask(question: string): string | undefined;
  /** Aborted by Ctrl-C, or when somebody else ends the process. Only asked for by what runs until then. */
  interrupted(): AbortSignal;
}
