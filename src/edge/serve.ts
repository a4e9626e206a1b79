/**
 * The life of the server process: listen, drain on a signal, close, end. Knows nothing of what is served.
 *
 * @module
 */
import { StartError } from "./settings.ts";

/** Deno Deploy kills 5 s after the signal: so long for answers, for the sockets, for writing what is queued. */
const DRAIN_MS = 3_000;
const CLOSE_MS = 300;
const FLUSH_MS = 1_000;
/** The same signal twice within this time counts once. */
const REPEAT_MS = 500;

/** A request handler as `Deno.serve` and `deno serve` call it: `info` tells who is at the other end. */
export type Fetch = (request: Request, info: unknown) => Response | Promise<Response>;

/** Resolves when the requests under way have been answered, or have had their time. */
export type Drain = () => Promise<void>;

/**
 * Listens, and says where. What it gives stops listening.
 *
 * @throws {StartError} where the address cannot be had
 */
export function listen(
  fetch: Fetch,
  hostname: string,
  port: number,
  onListen: (address: Deno.Addr) => void,
): () => Promise<void> {
  try {
    const server = Deno.serve({
      hostname,
      port,
      onListen,
    }, fetch);
    // A socket that does not close in time ends with the process.
    return async () => void await endsWithin(CLOSE_MS, server.shutdown());
  } catch (error) {
    throw cannotListen(error, urlOf(hostname, port));
  }
}

/**
 * Lets a handler be drained: what comes late is refused, what is under way is waited for, and answers without end
 * are ended by `endStreams`. Not left to the server's own
 * `shutdown`, which breaks off the bodies that are still on their way.
 */
export function drainable(fetch: Fetch, endStreams: () => void): { fetch: Fetch; drain: Drain } {
  let underWay = 0;
  let drained: (() => void) | undefined;
  const ended = () => {
    if (--underWay === 0) drained?.();
  };
  const leave = () => {
    // At the end the answer still has to leave the process: a turn later.
    if (drained === undefined) underWay--;
    else setTimeout(ended, 0);
  };
  const answered = (response: Response) => {
    leave();
    // `deno serve` shuts its server down itself: that a body was cut off is not the client's fault then.
    return drained !== undefined && response.status === 400 ? goingAway() : response;
  };
  const failed = (error: unknown) => {
    leave();
    throw error;
  };
  return {
    // Not async: an answer that is there at once would cost a promise.
    fetch(request, info) {
      if (drained !== undefined) return goingAway();
      underWay++;
      try {
        const answer = fetch(request, info);
        return answer instanceof Promise ? answer.then(answered, failed) : answered(answer);
      } catch (error) {
        return failed(error);
      }
    },
    async drain() {
      const all = new Promise<void>((resolve) => drained = resolve);
      endStreams();
      if (underWay > 0) await endsWithin(DRAIN_MS, all);
    },
  };
}

function goingAway(): Response {
  return new Response(null, { status: 503, headers: { connection: "close", "retry-after": "1" } });
}

/** Where a server listens, for people. Not always a port: `DENO_SERVE_ADDRESS` can name any socket. */
export function addressText(address: Deno.Addr): string {
  return "hostname" in address
    ? urlOf(address.hostname, address.port)
    : `a ${address.transport} socket`;
}

function urlOf(hostname: string, port: number): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function cannotListen(error: unknown, url: string): unknown {
  if (error instanceof StartError) return error;
  if (error instanceof Deno.errors.AddrInUse) {
    return new StartError(
      `Cannot listen on ${url}: the port is in use. Stop what uses it, or set PORT to another (0: any)`,
    );
  }
  if (!(error instanceof Error)) return error;
  return new StartError(
    `Cannot listen on ${url}: ${error.message}. Set HOST and PORT to an address of this machine`,
  );
}

/** What is done before the process ends. */
export interface Ending {
  drain: Drain;
  close: () => Promise<void>;
  /** Records that are lost if the process ends now. */
  unsaved: () => number;
  log: (line: string) => void;
}

/**
 * Ends the process on SIGINT and SIGTERM: drains, closes, exits with 0, or with 1 where anything is lost. Another one
 * ends it at once.
 */
export function exitOnSignals({ drain, close, unsaved, log }: Ending): void {
  let first: { signal: Deno.Signal; at: number } | undefined;
  const end = async (signal: Deno.Signal) => {
    if (first !== undefined) {
      // Ctrl-C comes twice where a task runner passes it on: that is still one wish.
      if (signal === first.signal && performance.now() - first.at < REPEAT_MS) return;
      Deno.exit(signal === "SIGINT" ? 130 : 143);
    }
    first = { signal, at: performance.now() };
    log(`${signal}: answering what is under way`);
    let closed = false;
    try {
      await drain();
      closed = await endsWithin(CLOSE_MS + FLUSH_MS, close());
      if (!closed) log(closedLate(unsaved()));
    } catch (error) {
      log(`Ended badly: ${error instanceof Error ? error.message : String(error)}`);
    }
    const lost = unsaved();
    if (lost > 0) {
      log(`Lost: the store could not be told of ${lost} record${lost === 1 ? "" : "s"}`);
    }
    Deno.exit(closed && lost === 0 ? 0 : 1);
  };
  // Windows has no SIGTERM to listen for.
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, () => void end(signal));
}

/** Records are written first: where none is left, it was summaries that were on their way. */
function closedLate(unsaved: number): string {
  return unsaved > 0
    ? `The store took longer than ${FLUSH_MS} ms to write what was queued`
    : `All records are saved; some summaries may be missing: closing took longer than ${FLUSH_MS} ms`;
}

/** Whether it ended in time. */
async function endsWithin(ms: number, ended: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), ms));
  const inTime = await Promise.race([ended.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
