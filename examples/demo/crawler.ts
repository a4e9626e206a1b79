/**
 * One crawler of the demonstration, a process of its own: walks a list of URLs until its time is up, and prints
 * what it met as one line of JSON. With `--edge` it asks the edge API before each request, without it never.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { breakerFetch, BreakerOpenError, EdgeClient, type Gate } from "@breakwater/breakwater";
import { TIMEOUT_MS } from "./script.ts";

/** What a crawler met at one host. */
export interface Tally {
  /** Requests not sent, since the gate said no. */
  denied: number;
  /** Requests sent to see whether the host is back. */
  probes: number;
  /** Answers of use. */
  pages: number;
  /** Milliseconds spent on requests that came to nothing. */
  lostMs: number;
}

/** What a crawler met, by host. */
export type Tallies = Record<string, Tally>;

/** Requests that a crawler has out at once. */
const LANES = 4;
/** Milliseconds between two requests of a lane. */
const PAUSE_MS = 100;

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      urls: { type: "string", default: "examples/urls.txt" },
      first: { type: "string", default: "0" },
      seconds: { type: "string", default: "10" },
      origin: { type: "string", default: "http://127.0.0.1:8080" },
      edge: { type: "string" },
    },
  });
  const urls = readList(await Deno.readTextFile(values.urls));
  const tallies: Tallies = {};
  const send = fetchFrom(values.origin);
  const get = values.edge === undefined ? plain(send) : gated(send, values.edge, tallies);
  print("ready");
  await startSignal();
  await crawl(urls, Number(values.first), Number(values.seconds) * 1_000, get, tallies);
  print(JSON.stringify(tallies));
  Deno.exit(0); // the read of standard input is still out
}

/** Fetches a URL. */
type Get = (url: string) => Promise<Response>;

/** Stands in for DNS: every name leads to the demonstration's own server, which finds the host in the path. */
function fetchFrom(origin: string): typeof fetch {
  return (input, init) => {
    const { hostname, pathname } = new URL(input instanceof Request ? input.url : input);
    return fetch(new URL(`/${hostname}${pathname}`, origin), init);
  };
}

/** Without breakers: all there is between a crawler and a host that hangs is the timeout. */
function plain(send: typeof fetch): Get {
  return (url) => send(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/** With breakers: the wrapper asks the edge before, and tells it afterwards. */
function gated(send: typeof fetch, edge: string, tallies: Tallies): Get {
  const gate = countingProbes(new EdgeClient({ url: edge }), tallies);
  return breakerFetch(gate, { timeoutMs: TIMEOUT_MS, fetch: send });
}

/** A gate is two functions, so whatever wants to look on wraps them. */
function countingProbes(gate: Gate, tallies: Tallies): Gate {
  return {
    async allow(request) {
      const verdict = await gate.allow(request);
      const isProbe = verdict.allowed && verdict.state === "half_open";
      if (isProbe && request.url !== undefined) {
        tallyOf(tallies, new URL(request.url).hostname).probes++;
      }
      return verdict;
    },
    record: (permit, outcome) => gate.record(permit, outcome),
  };
}

async function crawl(
  urls: readonly string[],
  first: number,
  forMs: number,
  get: Get,
  tallies: Tallies,
): Promise<void> {
  const endsAt = Date.now() + forMs;
  let next = first;
  /** The next URL that may be fetched: one that is denied costs no pause, since nobody was asked. */
  const fetchNext = async () => {
    for (let tries = 0; tries < urls.length; tries++) {
      const url = urls[next++ % urls.length]!;
      if (await isSent(url, get, tallyOf(tallies, new URL(url).hostname))) return;
    }
  };
  const lane = async () => {
    while (Date.now() < endsAt) {
      await fetchNext();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** Fetches, and counts what came of it; false where the gate said no. */
async function isSent(url: string, get: Get, tally: Tally): Promise<boolean> {
  const startedAt = Date.now();
  try {
    const response = await get(url);
    await response.body?.cancel();
    if (response.ok) tally.pages++;
    else tally.lostMs += Date.now() - startedAt;
    return true;
  } catch (error) {
    if (error instanceof BreakerOpenError) {
      tally.denied++;
      return false;
    }
    tally.lostMs += Date.now() - startedAt;
    return true;
  }
}

function tallyOf(tallies: Tallies, host: string): Tally {
  return tallies[host] ??= { denied: 0, probes: 0, pages: 0, lostMs: 0 };
}

function readList(text: string): string[] {
  const urls = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (urls.length === 0) throw new TypeError("The list of URLs is empty: write one URL a line");
  return urls;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Waits for a line on standard input, so that all crawlers start together; ends when whoever started it is gone. */
async function startSignal(): Promise<void> {
  const input = Deno.stdin.readable.getReader();
  if ((await input.read()).done) Deno.exit(1);
  input.read().then(({ done }) => done && Deno.exit(1));
}
