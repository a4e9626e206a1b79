/**
 * The command line in a terminal of its own, made by `script` of util-linux.
 *
 * @module
 */
import { commandLine, environment } from "./cli_process.ts";

/** What has not come by then does not come. */
const DEADLINE_MS = 20_000;

/** A process at a terminal, with all that it has drawn so far. */
export class TerminalProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #drawn = "";
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    const words = commandLine(args).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    this.#child = new Deno.Command("script", {
      args: ["-qefc", `exec ${words.join(" ")}`, "/dev/null"],
      env: environment({ TERM: "xterm", ...env }),
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** All that was drawn, with the codes that move and colour it: escapes are shown as `␛`. */
  get drawn(): string {
    return this.#drawn;
  }

  /** Resolves when this stands there. */
  async shows(pattern: RegExp): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = () =>
      reject(new Error(`Nothing like ${pattern} in: ${JSON.stringify(this.#drawn.slice(-2_000))}`));
    const timer = setTimeout(fail, DEADLINE_MS);
    const look = () => void (pattern.test(this.#drawn) && resolve());
    this.#watchers.add(look);
    look();
    this.#reading.then(() => pattern.test(this.#drawn) || fail());
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
  }

  /** Types keys; `\x03` is Ctrl-C. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** The exit code. */
  async ended(): Promise<number> {
    const [{ code }] = await Promise.all([this.#child.status, this.#reading]);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keys.close().catch(() => {}); // it may have ended
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.ended();
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#drawn += text.replaceAll("\x1b", "␛");
      for (const look of this.#watchers) look();
    }
  }
}
