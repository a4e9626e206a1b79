/**
 * An edge API as commands see it: its calls, with each refusal turned into words for whoever typed the command.
 *
 * @module
 */
import type { Mode } from "../breaker/state.ts";
import type { PolicyYaml } from "../config/mod.ts";
import type { WireAdviceList, WireApplied } from "../edge/advice_wire.ts";
import type { WireMode } from "../edge/mode_routes.ts";
import type { WirePolicy } from "../edge/policy_wire.ts";
import type { WireSnapshot } from "../edge/wire.ts";
import type {
  Backend,
  BreakerPage,
  NamedAdvice,
  TailEvent,
  Target,
  WantedState,
} from "./backend.ts";
import { Refusal, UsageError } from "./command.ts";
import { readEventStream } from "./event_stream.ts";
import { pause } from "./pause.ts";
import { unreachable, whatToDo } from "./reason.ts";

/** Longest wait for an answer. */
const TIMEOUT_MS = 10_000;
/** Longest wait before a stream of events is opened once more. */
const RETRY_MS = 1_000;
/** Of what was sent, in a refusal; in characters. */
const LONGEST_FOUND = 80;

/** Where the API is. */
interface EdgeAddress {
  url: string;
  token?: string;
  /** For people. @default the address */
  name?: string;
  /** Told when a stream of events is lost, once for each time. */
  log?: (line: string) => void;
  /** Carries a request there. @default {fetch} */
  send?: (url: string, init: RequestInit) => Response | Promise<Response>;
}

/** What is used of a problem document (RFC 9457), as far as it is one. */
interface ProblemBody {
  detail?: unknown;
  errors?: unknown;
}

/**
 * An edge API; nothing is asked yet.
 *
 * @throws {UsageError} where the address is none
 */
export function edgeBackend(address: EdgeAddress): Backend {
  return new EdgeBackend(address);
}

/**
 * The address without a slash at its end.
 *
 * @throws {UsageError} where it is none
 */
export function baseOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new UsageError(`--url must be like http://127.0.0.1:8000: found '${url}'`);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new UsageError("--url must not carry credentials: give --token, or set BREAKWATER_TOKEN");
  }
  return parsed.href.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

class EdgeBackend implements Backend {
  readonly name: string;
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #carry: NonNullable<EdgeAddress["send"]>;
  readonly #log: (line: string) => void;

  constructor({ url, token, name, send = fetch, log = () => {} }: EdgeAddress) {
    this.#log = log;
    this.#base = baseOf(url);
    this.name = name ?? this.#base;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#carry = send;
  }

  list({ state, limit, cursor }: Parameters<Backend["list"]>[0]): Promise<BreakerPage> {
    const query = new URLSearchParams({
      limit: String(limit),
      ...(state !== undefined && { state }),
      ...(cursor !== undefined && { cursor }),
    });
    return this.#call<BreakerPage>("GET", `/v1/breakers?${query}`);
  }

  inspect(target: Target): Promise<WireSnapshot> {
    return this.#call("GET", pathOf(target));
  }

  setState(target: Target, wanted: WantedState): Promise<WireSnapshot> {
    return this.#call("PUT", pathOf(target), wanted);
  }

  policy(host: string): Promise<WirePolicy> {
    return this.#call("GET", policyPath(host));
  }

  setPolicy(host: string, patch: PolicyYaml, reason?: string): Promise<WirePolicy> {
    return this.#call("PUT", policyPath(host, reason), patch);
  }

  clearPolicy(host: string, reason?: string): Promise<WirePolicy> {
    return this.#call("DELETE", policyPath(host, reason));
  }

  mode(): Promise<WireMode> {
    return this.#call("GET", "/v1/mode");
  }

  setMode(mode: Mode | undefined, reason?: string): Promise<WireMode> {
    if (mode === undefined) return this.#call("DELETE", "/v1/mode");
    return this.#call("PUT", "/v1/mode", { mode, reason });
  }

  advice(windowS: number): Promise<WireAdviceList> {
    return this.#call("GET", `/v1/advice?window_s=${windowS}`);
  }

  applyAdvice(wanted: readonly NamedAdvice[], windowS: number): Promise<WireApplied> {
    return this.#call("POST", "/v1/advice/apply", { advice: wanted, window_s: windowS });
  }

  /** Opens the stream once more where it ends, after the last event seen. */
  async *events(signal: AbortSignal): AsyncIterable<TailEvent> {
    let lastEventId: string | undefined;
    let isLost = false;
    for (let opened = 0; !signal.aborted; opened++) {
      try {
        const headers: Record<string, string> = {};
        if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
        const response = await this.#send("GET", "/v1/events", undefined, { headers, signal });
        if (isLost) this.#log(`${this.name} answers again`);
        isLost = false;
        for await (const { id, data } of readEventStream(response)) {
          lastEventId = id ?? lastEventId;
          yield JSON.parse(data);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (opened === 0) throw error;
        if (!isLost) this.#log(`${error instanceof Error ? error.message : error} Trying again`);
        isLost = true;
      }
      await pause(RETRY_MS, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await this.#send(method, path, body, { signal });
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new Refusal(`${this.name} does not answer as an edge API does: is the address right?`);
    }
  }

  /** An answer of 2xx. */
  async #send(
    method: string,
    path: string,
    body: unknown,
    init: { headers?: Record<string, string>; signal: AbortSignal },
  ): Promise<Response> {
    const headers = { ...this.#headers, ...init.headers };
    if (body !== undefined) headers["content-type"] = "application/json";
    let response: Response;
    try {
      response = await this.#carry(this.#base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: init.signal,
        redirect: "error",
      });
    } catch (error) {
      const reason = unreachable(error);
      throw new Refusal(`Cannot reach ${this.name}: ${reason}. ${whatToDo(reason)}`);
    }
    if (response.ok) return response;
    throw await this.#refusal(response);
  }

  async #refusal(response: Response): Promise<Refusal> {
    const { status } = response;
    const text = await response.text();
    if (status === 401) {
      const given = "authorization" in this.#headers;
      return new Refusal(
        `${this.name} ${given ? "does not know this token" : "asks for a token"}: ` +
          "give --token, or set BREAKWATER_TOKEN, to one of the server's",
      );
    }
    const said = problemText(text);
    if (said === undefined) {
      const hint = "it does not answer as an edge API does: is the address right?";
      return new Refusal(`${this.name} answered ${status}; ${hint}`);
    }
    if (status === 403) {
      return new Refusal(
        `${this.name} refused this: ${said}. Use one of the tokens in BREAKWATER_ADMIN_TOKENS of the server`,
      );
    }
    return new Refusal(`${this.name} refused this: ${said}`);
  }
}

function pathOf({ scope, name }: Target): string {
  const folder = scope === "host" ? "breakers" : "resolvers";
  return `/v1/${folder}/${encodeURIComponent(name)}`;
}

function policyPath(host: string, reason?: string): string {
  const query = reason === undefined ? "" : `?${new URLSearchParams({ reason })}`;
  return `/v1/policies/${encodeURIComponent(host)}${query}`;
}

/** What a problem document says, mistake by mistake; undefined where it is none. */
function problemText(text: string): string | undefined {
  let body: ProblemBody;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined; // not JSON: no answer of an edge API
  }
  if (typeof body?.detail !== "string") return undefined;
  if (!Array.isArray(body.errors) || body.errors.length === 0) return body.detail;
  return body.errors.map(({ field, found, message }) =>
    `${field}${found === undefined ? "" : ` (${shortened(String(found))})`} ${message}`
  ).join("; ");
}

function shortened(text: string): string {
  return text.length <= LONGEST_FOUND ? text : `${text.slice(0, LONGEST_FOUND)}...`;
}
