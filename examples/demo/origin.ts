/**
 * The hosts of the demonstration: one real server on loopback that follows the script and counts what it receives.
 * The first part of the path names the host, so that hosts have names without any DNS.
 *
 * @module
 */
import { type Behaviour, behaviourAt, RETRY_AFTER_S, type Script, SLOW_MS } from "./script.ts";

/** What one host received. */
export interface Received {
  requests: number;
  /** Of those: answered 429 or 503, not at all, or slowly. */
  failures: number;
}

/** A running origin. */
export interface Origin extends AsyncDisposable {
  /** Where it listens. */
  url: string;
  /** Starts the script; until then every host answers. */
  start(): void;
  /** What a host received so far. */
  received(host: string): Received;
}

/** Listens on a free port of this machine. */
export function startOrigin(script: Script): Origin {
  const counts = new Map<string, Received>();
  const closing = new AbortController();
  let startedAt = Infinity;

  const handle = (request: Request): Response | Promise<Response> => {
    const host = new URL(request.url).pathname.split("/", 2)[1]!;
    const count = received(host);
    count.requests++;
    const behaviour = effective(behaviourAt(script, host, Date.now() - startedAt), count);
    if (behaviour !== "answer") count.failures++;
    return answer(behaviour, closing.signal);
  };
  const received = (host: string): Received => {
    const count = counts.get(host) ?? { requests: 0, failures: 0 };
    counts.set(host, count);
    return count;
  };

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    start: () => startedAt = Date.now(),
    received,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await server.shutdown();
    },
  };
}

/** A host that flaps fails every third request. */
function effective(behaviour: Behaviour, { requests }: Received): Behaviour {
  if (behaviour !== "flap") return behaviour;
  return requests % 3 === 0 ? "fail" : "answer";
}

async function answer(behaviour: Behaviour, closing: AbortSignal): Promise<Response> {
  if (behaviour === "fail") return new Response("Down\n", { status: 503 });
  if (behaviour === "limit") {
    const headers = { "retry-after": String(RETRY_AFTER_S) };
    return new Response("Too many\n", { status: 429, headers });
  }
  if (behaviour === "hang") await pause(closing);
  if (behaviour === "slow") await pause(closing, SLOW_MS);
  return new Response("A page\n");
}

/** Ends after the time, or when the origin closes. */
function pause(closing: AbortSignal, ms?: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      closing.removeEventListener("abort", end);
      resolve();
    };
    const timer = ms === undefined ? undefined : setTimeout(end, ms);
    if (closing.aborted) end();
    else closing.addEventListener("abort", end);
  });
}
