/**
 * The command line as a process of its own, without a terminal.
 *
 * @module
 */

const MAIN = new URL("../../src/cli/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** How a process is started. */
export interface CliOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Permissions. @default {["-A"]} */
  allow?: string[];
}

/** How it ended. */
export interface CliEnded {
  code: number;
  out: string;
  err: string;
}

/** What is run, for whoever starts the process in his own way. */
export function commandLine(args: readonly string[], allow = ["-A"]): string[] {
  const flags = ["--cached-only", "--no-prompt", "--config", CONFIG];
  return [Deno.execPath(), "run", ...allow, ...flags, MAIN, ...args];
}

/** Nothing of the machine's own environment but what the runtime needs. */
export function environment(env: Record<string, string> = {}): Record<string, string> {
  const kept = ["PATH", "HOME", "DENO_DIR", "TMPDIR", "NPM_CONFIG_REGISTRY"];
  const own = kept.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(own), ...env };
}

/** Runs a command line to its end. */
export async function breakwater(
  args: readonly string[],
  { env, cwd, allow }: CliOptions = {},
): Promise<CliEnded> {
  const [program, ...rest] = commandLine(args, allow);
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args: rest,
    env: environment(env),
    clearEnv: true,
    cwd,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** The answer of a command that was to end well, as JSON. */
// deno-lint-ignore no-explicit-any -- tests look into whatever JSON came back
export function jsonOf({ code, out, err }: CliEnded, expected = 0): any {
  if (code !== expected) throw new Error(`Ended with ${code}, not ${expected}: ${err}${out}`);
  try {
    return JSON.parse(out);
  } catch {
    throw new Error(`No JSON: ${out}`);
  }
}
