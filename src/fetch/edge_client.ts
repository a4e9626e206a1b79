/**
 * A gate whose breakers live in an edge API. Answers from this process while the edge cannot be reached.
 * What goes over the wire is in `edge_wire.ts`.
 *
 * @module
 */
import type {
  AllowRequest,
  Gate,
  Outcome,
  Permit,
  RecordResult,
  Verdict,
} from "../breaker/gate.ts";
import { hostKey } from "../breaker/host_key.ts";
import { parseRetryAfter } from "../breaker/retry_after.ts";
import { BreakerRegistry } from "../registry/registry.ts";
import { Breaker } from "../registry/single_breaker.ts";
import { startDeadline } from "./deadline.ts";
import { baseUrl, checkOptions, type EdgeClientOptions } from "./edge_client_options.ts";
import {
  type Asked,
  askedOf,
  edgePermit,
  outcomeBody,
  parseJson,
  problemOf,
  readEdgePermit,
  readRecordResult,
  readVerdict,
} from "./edge_wire.ts";

/** The edge refused the call itself: a wrong token, address or argument. Asking again does not help. */
export class EdgeError extends Error {
  /** Always `"EdgeError"`. */
  override readonly name = "EdgeError";
  /** HTTP status of the answer. */
  readonly status: number;

  /** The message is the title and detail that the edge gave. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Calls in a row that failed before the edge is left alone. */
const FAIL_MAX = 3;

/** How long it is left alone before one call tries again, in milliseconds. */
const RESET_TIMEOUT_MS = 3_000;

/** What callers are told to wait where everything is denied and nothing better is known, in milliseconds. */
const DENY_RETRY_MS = 1_000;

/** Permits of this process say so: an outcome goes back to the gate that allowed the request. */
const LOCAL = "local:";

/** Issued by no gate: `onUnavailable` is `allow`. */
const NOBODY = "nobody:";

const UNRECORDED: RecordResult = Object.freeze({
  recorded: false,
  state: "closed",
  retryAfterMs: 0,
});

/** Nothing came back from the edge that could be used; `undefined` from a call says the same. */
type Unavailable = undefined;

/**
 * The gate of an edge API. While that cannot be reached, verdicts say `degraded: true` and come from a registry in this
 * process, and after a few failed calls the edge is left alone for some seconds at a time.
 *
 * Only host, role and resolver are sent, never a path or query. Dispose it when done.
 *
 * @example
 * ```ts
 * import { EdgeClient } from "@breakwater/breakwater";
 *
 * await using gate = new EdgeClient({ url: "http://127.0.0.1:8000" });
 * const verdict = await gate.allow({ url: "https://api.example.org/works", role: "metadata" });
 * if (verdict.allowed) await gate.record(verdict.permit, { status: 200 });
 * ```
 */
export class EdgeClient implements Gate {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #onUnavailable: "local" | "allow" | "deny";
  readonly #fetch: typeof fetch;
  readonly #now: () => number;
  readonly #edge: Breaker;
  readonly #local: BreakerRegistry;

  /**
   * A client that has not called yet.
   *
   * @throws {TypeError} where `url` is no http or https URL, or holds credentials
   * @throws {RangeError} where another option or `config` has a value out of its bounds
   */
  constructor(options: EdgeClientOptions) {
    const { timeoutMs = 1_000, onUnavailable = "local", token, config, random } = options;
    const { monotonic = () => performance.now() } = options;
    this.#base = baseUrl(options.url);
    checkOptions(timeoutMs, onUnavailable);
    this.#headers = { "content-type": "application/json", accept: "application/json" };
    if (token !== undefined) this.#headers["authorization"] = `Bearer ${token}`;
    this.#timeoutMs = timeoutMs;
    this.#onUnavailable = onUnavailable;
    // One that becomes the global fetch later may be behind this gate, whose calls it would then ask about.
    const send = options.fetch ?? fetch;
    // Never as a method of this client: a platform's own fetch may refuse that.
    this.#fetch = (input, init) => send(input, init);
    this.#now = options.now ?? Date.now;
    this.#edge = new Breaker({
      failMax: FAIL_MAX,
      resetTimeoutMs: RESET_TIMEOUT_MS,
      probeLeaseMs: timeoutMs + RESET_TIMEOUT_MS,
      retryAfterCapMs: 60_000,
      halfOpen: { jitterMs: 0 },
    }, { name: "edge", now: monotonic });
    this.#local = new BreakerRegistry({ config, now: this.#now, random });
  }

  /**
   * May this request go out?
   *
   * @throws {TypeError} where the request names neither or both of host and url, or no host
   * @throws {EdgeError} where the edge refuses the call itself, such as for a wrong token
   */
  async allow(request: AllowRequest): Promise<Verdict> {
    const asked = askedOf(request);
    const verdict = await this.#call("/v1/allow", asked, readVerdict);
    if (verdict === undefined) return await this.#allowWithoutEdge(asked);
    return verdict.allowed ? { ...verdict, permit: edgePermit(asked, verdict.permit) } : verdict;
  }

  /**
   * Tells how a request went, to the gate that issued the permit. Where that is the edge and it cannot be reached,
   * the answer is `recorded: false`, and the registry in this process counts the outcome instead.
   *
   * @throws {EdgeError} where the edge refuses the call itself, such as for a wrong token
   */
  async record(permit: Permit, outcome: Outcome): Promise<RecordResult> {
    if (typeof permit !== "string") return UNRECORDED;
    if (permit.startsWith(LOCAL)) {
      return await this.#local.record(permit.slice(LOCAL.length), outcome);
    }
    if (permit.startsWith(NOBODY)) return UNRECORDED;
    const { asked, permit: issued } = readEdgePermit(permit);
    const body = { permit: issued, ...outcomeBody(outcome, this.#now()) };
    const result = await this.#call("/v1/record", body, readRecordResult);
    return result ?? await this.#learn(asked, outcome);
  }

  /** Ends the registry in this process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#local[Symbol.asyncDispose]();
  }

  async #call<T>(
    path: string,
    body: unknown,
    read: (answer: unknown) => T | undefined,
  ): Promise<T | Unavailable> {
    const admitted = this.#edge.allow();
    if (!admitted.allowed) return undefined;
    const tell = (outcome: Outcome) => void this.#edge.record(admitted.permit, outcome);
    let answer: { response: Response; text: string };
    try {
      answer = await this.#send(path, JSON.stringify(body));
    } catch {
      tell({ result: "failure" });
      return undefined;
    }
    const { response, text } = answer;
    const { status } = response;
    if (status === 200) {
      const value = read(parseJson(text));
      tell({ result: value === undefined ? "failure" : "success" });
      return value;
    }
    if (status === 408 || status === 429 || status >= 500) {
      const retryAfter = response.headers.get("retry-after");
      const retryAfterMs = parseRetryAfter(retryAfter, this.#now());
      tell({ result: "failure", retryAfterMs });
      return undefined;
    }
    tell({ result: "success" });
    throw new EdgeError(status, problemOf(status, parseJson(text), this.#base));
  }

  /** One call within the deadline, its body read to the end so that the connection can serve again. */
  async #send(path: string, body: string): Promise<{ response: Response; text: string }> {
    const deadline = startDeadline(this.#timeoutMs, undefined);
    const { signal } = deadline;
    try {
      // A fetch that does not heed the signal must not hold the crawler up.
      return await Promise.race([aborted(signal), this.#exchange(path, body, signal)]);
    } finally {
      deadline.clear();
    }
  }

  async #exchange(path: string, body: string, signal: AbortSignal) {
    const response = await this.#fetch(this.#base + path, {
      method: "POST",
      headers: this.#headers,
      body,
      signal,
      // An edge does not redirect; following would take the token and the question elsewhere.
      redirect: "manual",
    });
    return { response, text: await response.text() };
  }

  async #allowWithoutEdge(asked: Asked): Promise<Verdict> {
    if (this.#onUnavailable === "allow") {
      return { allowed: true, permit: NOBODY, state: "closed", waitMs: 0, degraded: true };
    }
    if (this.#onUnavailable === "deny") {
      return {
        allowed: false,
        reason: "open",
        scope: "host",
        key: hostKey((asked.host ?? asked.url)!),
        state: "open",
        retryAfterMs: Math.max(DENY_RETRY_MS, this.#edge.remainingMs),
        degraded: true,
      };
    }
    const verdict = await this.#local.allow(asked);
    return verdict.allowed
      ? { ...verdict, permit: LOCAL + verdict.permit, degraded: true }
      : { ...verdict, degraded: true };
  }

  /** Counts what the edge could not be told, so that a dead host is left alone during an outage too. */
  async #learn(asked: Asked | undefined, outcome: Outcome): Promise<RecordResult> {
    if (this.#onUnavailable !== "local" || asked === undefined) return UNRECORDED;
    const verdict = await this.#local.allow(asked);
    if (!verdict.allowed) {
      return { recorded: false, state: verdict.state, retryAfterMs: verdict.retryAfterMs };
    }
    const result = await this.#local.record(verdict.permit, outcome);
    return { ...result, recorded: false };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
