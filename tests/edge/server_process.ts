/**
 * The real server as a process of its own, on a free port.
 *
 * @module
 */

const MAIN = new URL("../../src/edge/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** A process that has said nothing by then is stuck. */
const DEADLINE_MS = 30_000;

/** How a process is started. */
export interface ServerOptions {
  /** The file to run. @default the edge server */
  main?: string;
  /** `run` or `serve`, with flags of Deno's own; `task`: as operators start it. @default {["run"]} */
  command?: string[];
  /** Arguments of the server. */
  args?: string[];
  env?: Record<string, string>;
  cwd?: string;
}

/** How a process ended. */
export interface Ended {
  code: number;
  output: string;
}

/** A process with what it has written so far. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** What ends it for good. A task passes SIGTERM on to the server, and SIGKILL would leave that behind. */
  readonly #end: Deno.Signal;
  readonly #ended: Promise<Ended>;
  #output = "";
  #onOutput = () => {};

  constructor({ main = MAIN, command = ["run"], args = [], env = {}, cwd }: ServerOptions) {
    const isTask = command[0] === "task";
    this.#end = isTask ? "SIGTERM" : "SIGKILL";
    this.#child = new Deno.Command(Deno.execPath(), {
      args: isTask
        ? [...command, "--config", CONFIG, "start", ...args]
        : [...command, "-A", "--cached-only", "--config", CONFIG, main, ...args],
      env: { PORT: "0", HOST: "", NO_COLOR: "1", ...env },
      cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#watch();
  }

  /** Of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The URL it says it listens on. */
  async url(): Promise<string> {
    await this.said(/Listening on http:\S+\s/);
    return /Listening on (http:\S+)\s/.exec(this.#output)![1]!;
  }

  /** Resolves when it has written this. */
  said(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        reject(new Error(`${why} without ${pattern}:\n${this.#output}`));
      };
      const timer = setTimeout(() => fail("Timed out"), DEADLINE_MS);
      this.#onOutput = () => {
        if (!pattern.test(this.#output)) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onOutput();
      this.#ended.then(() => pattern.test(this.#output) || fail("Ended"));
    });
  }

  /** What became of it. */
  ended(): Promise<Ended> {
    return this.#ended;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill(this.#end);
    } catch {
      // It has ended already.
    }
    await this.#ended;
  }

  async #watch(): Promise<Ended> {
    const [{ code }] = await Promise.all([
      this.#child.status,
      this.#read(this.#child.stdout),
      this.#read(this.#child.stderr),
    ]);
    return { code, output: this.#output };
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output += decoder.decode(chunk, { stream: true });
      this.#onOutput();
    }
  }
}

/**
 * Sends bytes as they are, and gives the status line that comes back; the request asks for the connection to be closed.
 * Where it is cut off, the sending side is closed first: `Deno.serve` may then give up even on a whole request.
 */
export async function rawStatus(
  url: string,
  text: string,
  { isCutOff = false } = {},
): Promise<string> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(text));
  if (isCutOff) await connection.closeWrite();
  const answer = await new Response(connection.readable).text();
  return answer.split("\r\n", 1)[0]!;
}
