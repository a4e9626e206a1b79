/**
 * Starts and ends the demonstration's processes: the edge API and the crawlers. Knows nothing of what they do.
 *
 * @module
 */
import type { Tallies } from "./crawler.ts";

/** An edge API. */
export interface Edge extends AsyncDisposable {
  /** Where it listens, once it does. */
  url: Promise<string>;
}

/** A crawler. */
export interface Crawler extends AsyncDisposable {
  /** Resolves once it has loaded; then it waits. */
  ready: Promise<void>;
  /** Starts it. Resolves with what it met once its time is up. */
  run(): Promise<Tallies>;
}

/** How to start a crawler. */
export interface CrawlerOptions {
  /** Who stands in for every host. */
  origin: string;
  seconds: number;
  /** With which URL of the list it begins. */
  first: number;
  /** Whom it asks; absent: nobody. */
  edge?: string;
}

const ROOT = new URL("../../", import.meta.url);
const GRACE_MS = 6_000;

/** Starts the edge API with a Deno KV file in `folder`, as `deno task start` does. */
export function startEdge(folder: string): Edge {
  const rights = ["--allow-net", "--allow-env", "--allow-read", "--allow-write"];
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", ...rights, entry("src/edge/main.ts")],
    clearEnv: true,
    env: {
      ...plainEnvironment(),
      PORT: "0",
      HOST: "127.0.0.1",
      BREAKWATER_STORE: `deno-kv:${folder}/breakers.kv`,
      BREAKWATER_CONFIG: entry("examples/demo/breakers.yaml"),
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines = linesOf(process.stderr);
  const url = readAddress(lines);
  return {
    url,
    async [Symbol.asyncDispose]() {
      await end(process);
      await Promise.allSettled([url]);
      await drain(lines);
    },
  };
}

async function readAddress(lines: AsyncGenerator<string>): Promise<string> {
  const said: string[] = [];
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const [, url] = /^Listening on (http:\S+)/.exec(line.value) ?? [];
    if (url !== undefined) return url;
    said.push(line.value);
  }
  throw new Error(`The edge API did not start. It said:\n${said.join("\n")}`);
}

/** Starts a crawler; it loads, then waits until told to run. */
export function startCrawler({ origin, seconds, first, edge }: CrawlerOptions): Crawler {
  const list = ["--urls", entry("examples/urls.txt"), "--first", String(first)];
  const asks = edge === undefined ? [] : ["--edge", edge];
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", entry("examples/demo/crawler.ts")],
      ...["--origin", origin, "--seconds", String(seconds), ...list, ...asks],
    ],
    clearEnv: true,
    env: plainEnvironment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = linesOf(process.stdout);
  const input = process.stdin.getWriter();
  const next = async () => {
    const { value } = await lines.next();
    if (value !== undefined) return value;
    throw new Error(`A crawler ended early, with code ${(await process.status).code}`);
  };
  const ready = next();
  return {
    ready: ready.then(() => {}),
    async run() {
      await input.write(new TextEncoder().encode("go\n"));
      // Safe: crawler.ts wrote the line from a value of this type.
      return JSON.parse(await next()) as Tallies;
    },
    async [Symbol.asyncDispose]() {
      await end(process);
      await Promise.allSettled([ready, input.abort()]);
      await drain(lines);
    },
  };
}

function entry(path: string): string {
  return decodeURIComponent(new URL(path, ROOT).pathname);
}

/** This process's environment without what would change the demonstration. */
function plainEnvironment(): Record<string, string> {
  const odd = /^(BREAKWATER_.*|PORT|HOST|(HTTP|HTTPS|ALL|NO)_PROXY|DENO_DEPLOY.*)$/i;
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !odd.test(name)),
  );
}

/** Asks a process to end, and sees to it that it does. */
async function end(process: Deno.ChildProcess): Promise<void> {
  const signal = (name: Deno.Signal) => {
    try {
      process.kill(name);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  signal("SIGTERM");
  const timer = setTimeout(() => signal("SIGKILL"), GRACE_MS);
  await process.status;
  clearTimeout(timer);
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** Reads to the end, so that the writer never has to wait. */
async function drain(lines: AsyncGenerator<string>): Promise<void> {
  while (!(await lines.next()).done);
}
