/**
 * `fetch` behind a gate: asks before each request and tells each outcome exactly once. What a redirect, a body
 * or a deadline means in detail lives in the files beside this one; what an outcome means is the gate's.
 *
 * @module
 */
import { outcomeOfResponse } from "../breaker/classify.ts";
import { BreakerOpenError } from "../breaker/errors.ts";
import type { AllowRequest, Gate, Outcome } from "../breaker/gate.ts";
import { answered, type Debt, settle } from "./attribution.ts";
import { withCountedBody } from "./counted_body.ts";
import { type Deadline, MAX_DELAY_MS, pause, startDeadline } from "./deadline.ts";
import { deniedResponse } from "./denied_response.ts";
import {
  callerSignal,
  describeRequest,
  gatedUrl,
  isMalformed,
  isSpent,
  type RequestTarget,
  withSignal,
} from "./request_target.ts";

/** A name that is fixed, or worked out from each request. The request that is passed in may lack its body. */
export type RequestLabel = string | ((request: Request) => string | undefined);

/** How {@linkcode breakerFetch} behaves. */
export interface BreakerFetchOptions {
  /** What requests are for. None by default. */
  role?: RequestLabel;
  /** The named service that requests are made for. None by default. */
  resolver?: RequestLabel;
  /**
   * What sends the request. Name it where something else wraps the global `fetch` after this one became it: the
   * two would call each other. Do not make this one global over a store in Upstash Redis, which calls the global
   * `fetch` too: its requests would be gated as well. @default {globalThis.fetch}, looked up at each call
   */
  fetch?: typeof fetch;
  /**
   * Milliseconds from sending until a `TimeoutError`, which counts as a failure: to the headers, or with
   * `body: "full"` to the end of the body. None by default.
   */
  timeoutMs?: number;
  /**
   * When the outcome is told: `headers`, as soon as the status is known; `full`, for a 2xx only when its body
   * has been read to the end, so that one which breaks off is a failure and one that the caller cancels is
   * cancelled. With `full`, read or cancel every 2xx body: until then its permit is out, and a probe's slot
   * taken until the lease runs out, which should be longer than a body takes. @default {"headers"}
   */
  body?: "headers" | "full";
  /**
   * Whether a denied request throws {@linkcode BreakerOpenError} or is answered with a 503 made here, with
   * Retry-After, problem details and the header `Breakwater: denied`. @default {"throw"}
   */
  onDenied?: "throw" | "respond";
  /** The clock that latency is measured with, in milliseconds. @default {Date.now} */
  now?: () => number;
  /** Waits before a probe or a paced request; rejects when the signal aborts. A timer by default. */
  wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** `RequestInit` with role and resolver of this one request, before those of the options. */
export interface BreakerRequestInit extends RequestInit {
  /** What the gate is to know of this request. */
  breaker?: { role?: string; resolver?: string };
}

/** `fetch` that also takes a {@linkcode BreakerRequestInit}, and whatever else the platform's `fetch` takes. */
export type BreakerFetch = (
  input: string | URL | Request,
  init?: BreakerRequestInit & Parameters<typeof fetch>[1],
) => Promise<Response>;

/**
 * Wraps `fetch` in a gate. It never retries. The outcome has been told by the time the response is there.
 *
 * An abort by the caller is cancelled, a timeout (the caller's `AbortSignal.timeout` too) is a failure. After a
 * redirect to another host, the host that redirected is told a success, and the outcome goes to the host that
 * answered, if the gate gives a permit for it then: a host that is denied already learns nothing new. Hosts in
 * between, and which of them it was where no answer comes, cannot be seen through `fetch`. URLs that are not HTTP
 * go straight to `fetch`.
 *
 * @example
 * ```ts
 * import { breakerFetch, BreakerOpenError, BreakerRegistry } from "@breakwater/breakwater";
 *
 * const fetch = breakerFetch(new BreakerRegistry(), {
 *   role: "metadata",
 *   fetch: () => Promise.resolve(Response.json({})), // leave out to send over the network
 * });
 * try {
 *   const response = await fetch("https://example.org/1", { breaker: { resolver: "crossref" } });
 *   console.log(response.status); // 200
 * } catch (error) {
 *   if (!(error instanceof BreakerOpenError)) throw error;
 *   console.log(`again in ${error.retryAfterMs} ms`);
 * }
 * ```
 *
 * @throws {RangeError} where `timeoutMs` is not a number of milliseconds that a timer can hold
 */
export function breakerFetch(gate: Gate, options: BreakerFetchOptions = {}): BreakerFetch {
  checkTimeout(options.timeoutMs);
  const { onDenied = "throw", wait = pause } = options;
  const platformFetch = globalThis.fetch;

  const gated: BreakerFetch = async (input, init) => {
    // Installed as the global fetch it must not call itself.
    const send = options.fetch ?? (globalThis.fetch === gated ? platformFetch : globalThis.fetch);
    const target = typeof input === "string" || "url" in input ? input : String(input);
    const url = gatedUrl(target);
    if (url === undefined || isSpent(target, init)) return send(input, init);
    const caller = callerSignal(target, init);
    caller?.throwIfAborted();

    const ask = question(url, target, init, options);
    const answer = gate.allow(ask);
    const verdict = "then" in answer ? await answer : answer;
    if (!verdict.allowed) {
      caller?.throwIfAborted();
      if (onDenied === "throw") throw new BreakerOpenError(verdict);
      return deniedResponse(verdict);
    }
    const debt: Debt = { gate, ask, permit: verdict.permit };
    if (verdict.waitMs > 0 || caller?.aborted) await awaitTurn(debt, verdict.waitMs, caller, wait);
    return await exchange(debt, send, target, init, caller, options);
  };
  return gated;
}

function checkTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || timeoutMs > 0 && timeoutMs <= MAX_DELAY_MS) return;
  throw new RangeError(
    `Cannot wrap fetch as 'timeoutMs' must be above 0 and at most ${MAX_DELAY_MS}: ` +
      `current value is ${timeoutMs}`,
  );
}

/** What to ask the gate: only keys that have a value. */
function question(
  url: string,
  target: RequestTarget,
  init: BreakerRequestInit | undefined,
  options: BreakerFetchOptions,
): AllowRequest & { url: string } {
  const ask: AllowRequest & { url: string } = { url };
  const given = init?.breaker;
  let role = given?.role ?? options.role;
  let resolver = given?.resolver ?? options.resolver;
  if (typeof role === "function" || typeof resolver === "function") {
    const request = describeRequest(target, init);
    if (typeof role === "function") role = role(request);
    if (typeof resolver === "function") resolver = resolver(request);
  }
  if (role !== undefined) ask.role = role;
  if (resolver !== undefined) ask.resolver = resolver;
  return ask;
}

/** Waits as long as the verdict says; a caller who gives up meanwhile gives the permit back. */
async function awaitTurn(
  debt: Debt,
  waitMs: number,
  caller: AbortSignal | undefined,
  wait: NonNullable<BreakerFetchOptions["wait"]>,
): Promise<void> {
  try {
    caller?.throwIfAborted();
    await wait(waitMs, caller);
    caller?.throwIfAborted();
  } catch (error) {
    await settle(debt, { result: "cancelled" });
    throw error;
  }
}

/** Sends the request and sees to it that its outcome is told. */
async function exchange(
  debt: Debt,
  send: typeof fetch,
  target: RequestTarget,
  init: RequestInit | undefined,
  caller: AbortSignal | undefined,
  { timeoutMs, body, now = Date.now }: BreakerFetchOptions,
): Promise<Response> {
  const startedAt = now();
  const latency = () => Math.max(0, now() - startedAt);
  let signal = caller;
  let deadline: Deadline | undefined;
  let response: Response;
  try {
    if (timeoutMs !== undefined) {
      deadline = startDeadline(timeoutMs, caller);
      signal = deadline.signal;
    }
    response = await send(target, deadline ? withSignal(init, deadline.signal) : init);
  } catch (error) {
    deadline?.clear();
    const isOurs = error instanceof TypeError && isMalformed(debt.ask.url, init);
    await settle(debt, isOurs ? { result: "cancelled" } : errorOutcome(error, signal, latency()));
    throw error;
  }
  const stream = body === "full" ? bodyToAwait(response) : null;
  if (stream === null) deadline?.clear();
  const owed = response.redirected ? await answered(debt, response) : debt;
  if (stream !== null) return awaitBody(owed, response, stream, latency, signal, deadline);
  const told = settle(owed, outcomeOfResponse(response, latency()));
  if (told !== undefined) await told;
  return response;
}

/** The body that decides the outcome; null where the status alone does. Callers seldom read what is not a 2xx. */
function bodyToAwait(response: Response): ReadableStream<Uint8Array> | null {
  if (!response.ok || response.headers.get("content-length") === "0") return null;
  // A body that is locked has a reader already, so nobody here can see its end.
  return response.body?.locked ? null : response.body;
}

/** The response with a body that settles the debt when it ends, or when the signal ends it unread. */
function awaitBody(
  debt: Debt,
  response: Response,
  stream: ReadableStream<Uint8Array>,
  latency: () => number,
  signal: AbortSignal | undefined,
  deadline: Deadline | undefined,
): Response {
  let isSettled = false;
  const settleOnce = (outcome: Outcome) => {
    if (isSettled) return;
    isSettled = true;
    deadline?.clear();
    signal?.removeEventListener("abort", onAbort);
    return settle(debt, outcome);
  };
  const onAbort = () => {
    settleOnce(errorOutcome(signal?.reason, signal, latency()));
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort);
  return withCountedBody(response, stream, (end) => {
    if (end.how === "complete") return settleOnce(outcomeOfResponse(response, latency()));
    if (end.how === "cancelled") return settleOnce({ result: "cancelled" });
    return settleOnce(errorOutcome(end.error, signal, latency()));
  });
}

/** What an error says: the signal knows best whether the caller gave up, whatever reason was given. */
function errorOutcome(
  error: unknown,
  signal: AbortSignal | undefined,
  latencyMs: number,
): Outcome {
  if (!signal?.aborted) return { error, latencyMs };
  if (isTimeout(signal.reason)) return { error: signal.reason, latencyMs };
  return { result: "cancelled" };
}

function isTimeout(reason: unknown): boolean {
  return typeof reason === "object" && reason !== null && "name" in reason &&
    reason.name === "TimeoutError";
}
