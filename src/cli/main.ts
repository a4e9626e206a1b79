/**
 * The command line: `breakwater`. Reads arguments and environment, and is the only file here that touches the
 * terminal; every command stands in a file of its own. It exports nothing: it is a program.
 *
 * @example
 * ```sh
 * deno install -g -A --unstable-kv -n breakwater jsr:@breakwater/breakwater/cli
 * breakwater show --store sqlite:breakers.sqlite
 * ```
 *
 * @module
 */
import { run } from "./run.ts";
import type { Terminal } from "./terminal.ts";

const utf8 = new TextEncoder();

function writeAll(to: typeof Deno.stdout | typeof Deno.stderr, text: string): void {
  let bytes = utf8.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
  } catch (error) {
    // Whoever reads has seen enough: `breakwater show | head`.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    throw error;
  }
}

/** One line of standard input, without its end; undefined where there is none. */
function readLine(): string | undefined {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  while (Deno.stdin.readSync(byte) === 1 && byte[0] !== 10) bytes.push(byte[0]!);
  const text = new TextDecoder().decode(new Uint8Array(bytes)).trim();
  return bytes.length === 0 ? undefined : text;
}

/** A terminal that does not know its size says that it is 0. */
function screenSize(): { columns: number; rows: number } | undefined {
  try {
    const { columns, rows } = Deno.consoleSize();
    return columns > 0 && rows > 0 ? { columns, rows } : undefined;
  } catch {
    return undefined; // no terminal
  }
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, () => controller.abort());
  return controller.signal;
}

/** Without the permission there is none, which `breakwater doctor` tells. */
function environment(): Record<string, string> {
  try {
    return Deno.env.toObject();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return {};
    throw error;
  }
}

function realTerminal(): Terminal {
  const env = environment();
  const isInteractive = Deno.stdout.isTerminal();
  return {
    env,
    isInteractive,
    hasColours: isInteractive && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    size: screenSize,
    now: Date.now,
    write: (text) => writeAll(Deno.stdout, text),
    note: (line) => writeAll(Deno.stderr, `${line}\n`),
    ask(question) {
      if (!Deno.stdin.isTerminal()) return undefined;
      writeAll(Deno.stderr, question);
      return readLine();
    },
    interrupted,
  };
}

if (import.meta.main) Deno.exit(await run(Deno.args, realTerminal()));
