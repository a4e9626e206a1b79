/**
 * The demonstration: an edge API, hosts that misbehave by a script, three crawlers that ask the edge and, against
 * hosts of their own that follow the same script, three that do not. All on this machine.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type Origin, startOrigin } from "./origin.ts";
import { type Crawler, startCrawler, startEdge } from "./processes.ts";
import { changeLine, originLine, painter, report, type Run } from "./report.ts";
import { IN_WORDS, type Script, script } from "./script.ts";
import { watch } from "./timeline.ts";

const CRAWLERS = 3;
/** URLs between where one crawler begins and where the next does. */
const FIRST_STEP = 7;
const paint = painter(Deno.stdout.isTerminal() && !Deno.noColor);

const USAGE = `deno task demo [OPTIONS]

Crawlers that ask an edge API before each request, and others that ask nobody, against hosts that misbehave.

  --quick      half as long
  --dashboard  say where to watch, and leave the edge open until Ctrl-C`;

if (import.meta.main) {
  const { quick, dashboard } = readOptions(Deno.args);
  Deno.exit(await demonstrate(script(quick), dashboard, untilSignal()));
}

/** What the command line says. Ends the program where that asks for help, or makes no sense. */
function readOptions(args: string[]): { quick: boolean; dashboard: boolean } {
  if (args.includes("--help") || args.includes("-h")) {
    console.info(USAGE);
    Deno.exit(0);
  }
  try {
    const { values } = parseArgs({
      args,
      options: {
        quick: { type: "boolean", default: false },
        dashboard: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}

/** Runs it all; resolves with the exit code once everything that was started has ended. */
async function demonstrate(
  script: Script,
  withDashboard: boolean,
  interrupted: AbortSignal,
): Promise<number> {
  const started = new AsyncDisposableStack();
  try {
    const gone = new Promise<never>((_, reject) => {
      interrupted.addEventListener("abort", () => reject(interrupted.reason));
    });
    await Promise.race([play(script, withDashboard, started, interrupted), gone]);
    if (withDashboard) {
      say("\nThe dashboard stays open until Ctrl-C.");
      await gone.catch(() => {});
    }
    return 0;
  } catch (error) {
    if (interrupted.aborted) return 130;
    say(`The demonstration failed: ${error instanceof Error ? error.message : error}`);
    return 1;
  } finally {
    await started.disposeAsync();
  }
}

async function play(
  script: Script,
  withDashboard: boolean,
  started: AsyncDisposableStack,
  interrupted: AbortSignal,
): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "breakwater-demo-" });
  started.defer(() => Deno.remove(folder, { recursive: true }));
  const edge = await started.use(startEdge(folder)).url;
  interrupted.throwIfAborted();
  say(`Edge API on ${edge}, its state in a Deno KV file.`);
  if (withDashboard) say(`Dashboard on ${edge}/, open to whoever is on this machine.`);
  say(`${CRAWLERS} crawlers ask it before each request, ${CRAWLERS} others ask nobody.\n`);

  const asking = startSide(script, started, edge);
  const plain = startSide(script, started);
  const crawlers = [...asking.crawlers, ...plain.crawlers];
  await Promise.all(crawlers.map((crawler) => crawler.ready));
  interrupted.throwIfAborted();

  const startedAt = Date.now();
  started.use(announce(script));
  const over = new AbortController();
  const watching = watch(edge, AbortSignal.any([over.signal, interrupted]), (change) => {
    say(changeLine(change, startedAt, paint));
  });
  const runs = await Promise.race([Promise.all([runOf(asking), runOf(plain)]), watching]);
  if (runs === undefined) return; // the watch ended first: interrupted
  over.abort();
  await watching;
  say(`\n${report(...runs, paint)}`);
}

/** Hosts, and the crawlers that fetch from them. */
interface Side {
  origin: Origin;
  crawlers: Crawler[];
}

function startSide(script: Script, started: AsyncDisposableStack, edge?: string): Side {
  const origin = started.use(startOrigin(script));
  const crawlers = Array.from({ length: CRAWLERS }, (_, i) => {
    const options = {
      origin: origin.url,
      seconds: script.lengthMs / 1_000,
      first: i * FIRST_STEP,
      edge,
    };
    return started.use(startCrawler(options));
  });
  return { origin, crawlers };
}

async function runOf({ origin, crawlers }: Side): Promise<Run> {
  origin.start();
  const tallies = await Promise.all(crawlers.map((crawler) => crawler.run()));
  return { tallies, received: (host) => origin.received(host) };
}

/** Says when a host's bad time begins and ends. */
function announce({ badTimes }: Script): Disposable {
  const timers = badTimes.flatMap(({ host, behaviour, fromMs, untilMs }) => [
    setTimeout(() => say(originLine(host, IN_WORDS[behaviour], fromMs, paint)), fromMs),
    setTimeout(() => say(originLine(host, IN_WORDS.answer, untilMs, paint)), untilMs),
  ]);
  return { [Symbol.dispose]: () => timers.forEach((timer) => clearTimeout(timer)) };
}

/** Aborts on Ctrl-C, or when asked to end. `deno task` passes on what the terminal has sent already: once counts. */
function untilSignal(): AbortSignal {
  const interrupted = new AbortController();
  const interrupt = () => {
    if (interrupted.signal.aborted) return;
    interrupted.abort();
    say("\nInterrupted: ending what was started");
  };
  Deno.addSignalListener("SIGINT", interrupt);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", interrupt);
  return interrupted.signal;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
