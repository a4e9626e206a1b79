/**
 * Requests that no honest client would send, drawn from a seed. Nothing here knows what the answers should be.
 *
 * @module
 */
import type { Random } from "../support/random.ts";
import {
  HEADERS,
  HOSTS,
  KEYS,
  METHODS,
  NAMES,
  ODD_HOSTS,
  PATHS,
  QUERIES,
  RETRY_AFTERS,
} from "./fuzz_words.ts";

/** A request as it is drawn. */
export interface FuzzRequest {
  method: string;
  /** Path and query, as they stand in the first line. */
  target: string;
  headers: [string, string][];
  body?: string;
  /** The body breaks off after it was begun. */
  breaksOff?: boolean;
}

/** What was learned from answers, so that forgeries start from what is real. */
export interface Corpus {
  permits: string[];
  cursors: string[];
}

/** Draws requests from a seed and from what answers taught. */
export class RequestFuzzer {
  readonly #random: Random;
  readonly #corpus: Corpus;

  constructor(random: Random, corpus: Corpus) {
    this.#random = random;
    this.#corpus = corpus;
  }

  /** The next one. */
  draw(): FuzzRequest {
    const random = this.#random;
    const request = this.#aimed();
    if (random.chance(0.06)) request.method = random.pick(METHODS);
    if (random.chance(0.05)) request.target = random.pick(PATHS) + random.pick(QUERIES);
    if (random.chance(0.04)) request.target += random.pick(QUERIES);
    while (random.chance(0.12)) request.headers.push(random.pick(HEADERS));
    if (request.body !== undefined) {
      if (random.chance(0.35)) request.body = this.#spoilt(request.body);
      if (random.chance(0.02)) request.breaksOff = true;
    }
    return request;
  }

  /** One that is nearly right. */
  #aimed(): FuzzRequest {
    const random = this.#random;
    const headers: [string, string][] = [["content-type", "application/json"]];
    const send = (method: string, target: string, body?: unknown): FuzzRequest => ({
      method,
      target,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const host = encodeURIComponent(this.#host().toWellFormed());
    switch (random.whole(0, 11)) {
      case 0:
      case 1:
      case 2:
        return send("POST", "/v1/allow", this.#mutated(this.#ask()));
      case 3:
      case 4:
      case 5:
        return send("POST", "/v1/record", this.#mutated(this.#told()));
      case 6:
        return send("POST", "/v1/batch", this.#mutated(this.#batch()));
      case 7:
        return send("PUT", `/v1/breakers/${host}`, this.#mutated(this.#state()));
      case 8:
        return send("PUT", `/v1/resolvers/${random.pick(NAMES)}`, this.#mutated(this.#state()));
      case 9:
        return send("PUT", `/v1/policies/${host}`, this.#mutated(this.#policy()));
      case 10:
        return send(random.pick(["GET", "DELETE"]), this.#itemPath(host));
      default:
        return send("GET", `/v1/breakers${this.#listQuery()}`);
    }
  }

  #itemPath(host: string): string {
    return this.#random.pick([
      `/v1/breakers/${host}`,
      `/v1/resolvers/${this.#random.pick(NAMES)}`,
      `/v1/policies/${host}`,
    ]);
  }

  #listQuery(): string {
    const { cursors } = this.#corpus;
    if (cursors.length === 0 || this.#random.chance(0.5)) return this.#random.pick(QUERIES);
    const cursor = this.#random.pick(cursors);
    const sent = this.#random.chance(0.5) ? cursor : this.#spoilt(cursor).toWellFormed();
    return `?limit=${this.#random.whole(1, 5)}&cursor=${encodeURIComponent(sent)}`;
  }

  #host(): string {
    const random = this.#random;
    if (random.chance(0.7)) return random.pick(HOSTS);
    if (random.chance(0.5)) return random.pick(ODD_HOSTS);
    // Never seen before: a name per request must not be kept per request.
    return `${random.whole(0, 1e9).toString(36)}.example.net`;
  }

  #ask(): Record<string, unknown> {
    const random = this.#random;
    const ask: Record<string, unknown> = random.chance(0.7)
      ? { host: this.#host() }
      : { url: `https://${this.#host()}/path?q=1` };
    if (random.chance(0.4)) ask["role"] = random.pick(NAMES);
    if (random.chance(0.2)) ask["resolver"] = random.pick(NAMES);
    return ask;
  }

  #told(): Record<string, unknown> {
    const random = this.#random;
    const told: Record<string, unknown> = { permit: this.#permit() };
    switch (random.whole(0, 2)) {
      case 0:
        told["status"] = random.pick([200, 404, 429, 500, 503, 99, 1_000, 200.5, -1]);
        told["retry_after"] = random.pick([null, 5, 1e300, -3, ...RETRY_AFTERS]);
        break;
      case 1:
        told["error"] = random.pick(["TimeoutError", "AbortError", "", "x".repeat(2_000)]);
        break;
      default:
        told["result"] = random.pick(["success", "failure", "neutral", "cancelled", "maybe"]);
        if (random.chance(0.6)) told["retry_after_ms"] = random.pick([10, 1e15, -1, 0.5]);
    }
    if (random.chance(0.3)) told["latency_ms"] = random.pick([0, 12.5, 1e12, -1]);
    if (random.chance(0.1)) told["from_cache"] = random.pick([true, false, "yes"]);
    return told;
  }

  #permit(): string {
    const random = this.#random;
    const { permits } = this.#corpus;
    if (permits.length === 0 || random.chance(0.1)) return this.#junk(random.whole(0, 80));
    const permit = random.pick(permits);
    if (random.chance(0.5)) return permit;
    const fields = permit.split("~");
    const at = random.whole(0, fields.length - 1);
    fields[at] = random.pick([
      "",
      "0",
      "c0",
      "pzzzzzzzzzz",
      "s1",
      "__proto__",
      "~~~",
      "z".repeat(32),
      this.#host(),
      fields[random.whole(0, fields.length - 1)]!,
      this.#junk(8),
    ]);
    return random.chance(0.1) ? this.#spoilt(permit) : fields.join("~");
  }

  #batch(): Record<string, unknown> {
    const random = this.#random;
    const most = random.chance(0.03) ? 101 : 6;
    const items = (make: () => unknown) => Array.from({ length: random.whole(0, most) }, make);
    return { allow: items(() => this.#ask()), record: items(() => this.#told()) };
  }

  #state(): Record<string, unknown> {
    const random = this.#random;
    const state: Record<string, unknown> = {
      state: random.pick(["open", "half_open", "closed", "closed", "ajar"]),
    };
    if (random.chance(0.5)) {
      state["seconds"] = random.pick([1, 0.001, 1e-9, 31_536_000, 1e9, 0, -1]);
    }
    if (random.chance(0.3)) state["reason"] = this.#junk(random.whole(0, 300));
    return state;
  }

  #policy(): Record<string, unknown> {
    const random = this.#random;
    const patches: Record<string, unknown>[] = [
      { fail_max: random.pick([1, 3, 100, 101, 0, 1.5]) },
      { reset_timeout_s: random.pick([0.001, 30, 86_400, 1e9, -1]) },
      { roles: { [random.pick(NAMES)]: { fail_max: 2 } } },
      { rolling: { enabled: true, threshold_failures: 2, window_s: 5 } },
      { failure_rate: { window_s: 10, min_calls: 2, threshold: 0.5 } },
      { slow_call: { duration_ms: 10, threshold: random.pick([0.5, 0, 2]) } },
      { classify: { failure_statuses: Array(random.whole(0, 600)).fill(500) } },
      { backoff: { factor: 2, max_s: 60 }, half_open: { jitter_ms: 5 } },
      {},
    ];
    return random.pick(patches);
  }

  /** The value, now and then with something else where something was. */
  #mutated(value: Record<string, unknown>): unknown {
    const random = this.#random;
    if (random.chance(0.03)) return this.#odd();
    while (random.chance(0.25)) {
      const keys = Object.keys(value);
      const key = random.chance(0.5) && keys.length > 0 ? random.pick(keys) : random.pick(KEYS);
      // A property of its own, `__proto__` too, as JSON.parse makes it.
      Object.defineProperty(value, key, {
        value: this.#odd(),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return value;
  }

  #odd(): unknown {
    const random = this.#random;
    switch (random.whole(0, 9)) {
      case 0:
        return null;
      case 1:
        return random.pick([0, -0, 1, -1, 0.1, 1e308, -1e308, Number.MAX_SAFE_INTEGER + 2]);
      case 2:
        return random.chance(0.5);
      case 3:
        return this.#junk(random.whole(0, 40));
      case 4:
        return [];
      case 5:
        return {};
      case 6:
        return Array(random.whole(1, 200)).fill(random.pick([null, "x", {}, []]));
      case 7:
        return JSON.parse(`{"${random.pick(["__proto__", "constructor"])}":{"host":"x.org"}}`);
      case 8:
        return this.#host();
      default:
        return random.pick(KEYS);
    }
  }

  /** JSON that is none any more, or says something twice, or too deep, or too much of it. */
  #spoilt(text: string): string {
    const random = this.#random;
    const at = random.whole(0, text.length);
    switch (random.whole(0, 9)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return text.slice(0, at) + this.#junk(3) + text.slice(at + 1);
      case 2:
        return text.slice(0, at) + text.slice(at + random.whole(1, 5));
      case 3:
        return text + random.pick(["}", " ", "\u0000", text, "//x", ","]);
      case 4:
        return text.replace(/^\{/, `{"host":"twice.example.org","state":"closed",`);
      case 5: {
        const depth = random.pick([10, 1_000, 30_000]);
        return random.pick(["[", '{"a":', '{"__proto__":']).repeat(Math.floor(depth / 2));
      }
      case 6: {
        const depth = random.pick([10, 1_000, 5_000]);
        return `{"host":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      }
      case 7:
        return `{"host":"${"x".repeat(random.pick([300, 17_000, 66_000, 100_000]))}"}`;
      case 8:
        return random.pick([
          "NaN",
          "Infinity",
          "'x'",
          "0x10",
          "1e999",
          '"\\ud800"',
          '"\\u0000"',
          "\ufeff{}",
        ]);
      default:
        return text.replaceAll('"', random.pick(["'", "", '""', '\\"']));
    }
  }

  #junk(length: number): string {
    const random = this.#random;
    let text = "";
    for (let i = 0; i < length; i++) {
      const code = random.chance(0.8) ? random.whole(0x20, 0x7e) : random.whole(0, 0xffff);
      text += String.fromCharCode(code);
    }
    return text;
  }
}

/** What goes over a socket where the request is sent byte for byte, and sometimes is none. */
export function rawBytes(random: Random, fuzzer: RequestFuzzer): Uint8Array {
  const bytes = new TextEncoder().encode(rawText(random, fuzzer.draw()));
  if (!random.chance(0.25)) return bytes;
  for (let i = random.whole(1, 8); i > 0 && bytes.length > 0; i--) {
    bytes[random.whole(0, bytes.length - 1)] = random.whole(0, 255);
  }
  return random.chance(0.3) ? bytes.subarray(0, random.whole(1, bytes.length)) : bytes;
}

function rawText(random: Random, { method, target, headers, body = "" }: FuzzRequest): string {
  const version = random.chance(0.95)
    ? "HTTP/1.1"
    : random.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""]);
  const host = random.chance(0.7) ? "127.0.0.1" : random.pick(ODD_HOSTS);
  const length = new TextEncoder().encode(body).length;
  const lines = [`${method} ${target} ${version}`, `Host: ${host}`, "Connection: close"];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (random.chance(0.1)) {
    lines.push("Transfer-Encoding: chunked");
    const size = random.chance(0.7)
      ? length.toString(16)
      : random.pick(["zz", "-1", "ffffffffff", ""]);
    return `${lines.join("\r\n")}\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`;
  }
  const said = random.chance(0.9) ? length : length + random.whole(-5, 50);
  lines.push(`Content-Length: ${said}`);
  const end = random.chance(0.98) ? "\r\n" : random.pick(["\n", "\r", "\r\n\r\n"]);
  return lines.join(end) + end + end + body;
}
