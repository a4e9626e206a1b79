/**
 * The command line in this process, without a terminal: what it answers is the same, and nothing has to start.
 *
 * @module
 */
import { run } from "../../src/cli/run.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import type { CliEnded } from "./cli_process.ts";

/** Runs a command line to its end. */
export async function here(
  args: readonly string[],
  { env = {}, ...terminal }: { env?: Record<string, string> } & Partial<Terminal> = {},
): Promise<CliEnded> {
  let out = "";
  let err = "";
  const code = await run(args, {
    env,
    isInteractive: false,
    hasColours: false,
    size: () => undefined,
    now: Date.now,
    write: (text) => void (out += text),
    note: (line) => void (err += `${line}\n`),
    ask: () => undefined,
    interrupted: () => new AbortController().signal,
    ...terminal,
  });
  return { code, out, err };
}
