/**
 * The gate over HTTP: the same answers as a registry's, and what becomes of them while the edge is away.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Outcome, Verdict } from "../../src/breaker/gate.ts";
import { createApp } from "../../src/edge/app.ts";
import { EdgeClient, EdgeError } from "../../src/fetch/edge_client.ts";
import type { EdgeClientOptions } from "../../src/fetch/edge_client_options.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";

const HOST = "api.example.org";
const CONFIG = { defaults: { failMax: 2, resetTimeoutMs: 60_000 } };

/** A client of a real app without a socket, whose line can be cut. */
class Line implements AsyncDisposable {
  nowMs = Date.UTC(2026, 0, 1);
  readonly now = () => this.nowMs;
  readonly registry = new BreakerRegistry({ config: CONFIG, now: this.now, random: () => 0.5 });
  readonly app = createApp({ registry: this.registry, now: this.now });
  /** What came over the line. */
  readonly sent: { path: string; body: Record<string, unknown>; headers: Headers }[] = [];
  /** Answers in the edge's place, where set. */
  instead: ((signal: AbortSignal) => Response | Promise<Response>) | undefined;
  readonly client: EdgeClient;

  constructor(options: Partial<EdgeClientOptions> = {}) {
    this.client = new EdgeClient({
      url: "http://edge.test",
      config: CONFIG,
      now: this.now,
      monotonic: this.now,
      random: () => 0.5,
      fetch: (input, init) => this.#fetch(new Request(input, init)),
      ...options,
    });
  }

  cut(): void {
    this.instead = () => Promise.reject(new TypeError("connection refused"));
  }

  async tell(outcome: Outcome, host = HOST) {
    const verdict = await this.client.allow({ host });
    return await this.client.record(permitOf(verdict), outcome);
  }

  async #fetch(request: Request): Promise<Response> {
    const { pathname: path } = new URL(request.url);
    this.sent.push({ path, body: await request.clone().json(), headers: request.headers });
    return await (this.instead?.(request.signal) ?? this.app.fetch(request));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.registry[Symbol.asyncDispose]();
  }
}

function permitOf(verdict: Verdict): string {
  assert(verdict.allowed, "the request is allowed");
  return verdict.permit;
}

Deno.test("verdicts and results are those of the edge's registry", async () => {
  await using line = new Line();
  const verdict = await line.client.allow({ host: HOST });
  assertEquals({ ...verdict, permit: "" }, {
    allowed: true,
    permit: "",
    state: "closed",
    waitMs: 0,
  });
  assertEquals(await line.client.record(permitOf(verdict), { status: 503 }), {
    recorded: true,
    state: "closed",
    retryAfterMs: 0,
  });
  assertEquals((await line.tell({ status: 503 })).state, "open");
  const denied = await line.client.allow({ url: `https://${HOST}/works` });
  assertEquals(denied, {
    allowed: false,
    reason: "open",
    scope: "host",
    key: HOST,
    state: "open",
    retryAfterMs: 60_000,
  });
  line.nowMs += 60_000;
  const probe = await line.client.allow({ host: HOST });
  assert(probe.allowed);
  assertEquals([probe.state, probe.waitMs], ["half_open", 75]);
  const again = await line.client.record(probe.permit, { status: 200 });
  assertEquals([again.recorded, again.state], [true, "closed"]);
  assertEquals((await line.client.record(probe.permit, { status: 200 })).recorded, false);
});

Deno.test("of a URL only the host is sent, with the token, role and resolver", async () => {
  await using line = new Line({ token: "crawl-token-000001" });
  const url = `https://me:hunter2@${HOST}/private?key=s3cret`;
  await line.client.allow({ url, role: "metadata", resolver: "crossref" });
  await line.client.allow({ url: new URL("https://b.example.org:8443/x") });
  const [first, second] = line.sent;
  assertEquals(first!.path, "/v1/allow");
  assertEquals(first!.body, { host: HOST, role: "metadata", resolver: "crossref" });
  assertEquals(first!.headers.get("authorization"), "Bearer crawl-token-000001");
  assertEquals(second!.body, { host: "b.example.org:8443" });
});

Deno.test("an origin that no bare host names keeps its port", async () => {
  await using line = new Line();
  for (const url of ["http://example.org:443/x", "https://example.org:80/x"]) {
    const there = await line.client.allow({ url });
    await line.client.record(permitOf(there), { status: 503, retryAfter: "60" });
    const { key } = await line.registry.inspect({ host: url });
    const denied = await line.client.allow({ url });
    assert(!denied.allowed);
    assertEquals(denied.key, key);
  }
  assertEquals((await line.client.allow({ host: "example.org" })).allowed, true);
});

const WIRE: [string, Outcome, Record<string, unknown>][] = [
  ["a status", { status: 200, latencyMs: 5 }, { status: 200, latency_ms: 5 }],
  ["a cached answer", { status: 200, fromCache: true }, { status: 200, from_cache: true }],
  ["a Retry-After", { status: 503, retryAfter: "7" }, { status: 503, retry_after: "7" }],
  ["no Retry-After", { status: 503, retryAfter: null }, { status: 503 }],
  [
    "a Retry-After among headers, as it came",
    { status: 503, headers: new Headers({ "retry-after": "Fri, 02 Jan 2026 00:00:00 GMT" }) },
    { status: 503, retry_after: "Fri, 02 Jan 2026 00:00:00 GMT" },
  ],
  [
    "rate-limit headers, in seconds rounded up",
    { status: 429, headers: new Headers({ "ratelimit-reset": "41" }) },
    { status: 429, retry_after: 41 },
  ],
  ["headers that say nothing", { status: 429, headers: new Headers() }, { status: 429 }],
  ["an error by its name", { error: new TypeError("to https://x/?key=s3") }, {
    error: "TypeError",
  }],
  ["an abort", { error: new DOMException("", "AbortError") }, { error: "AbortError" }],
  ["something thrown that is no error", { error: "text" }, { error: "Error" }],
  [
    "a result",
    { result: "failure", retryAfterMs: 1_500 },
    { result: "failure", retry_after_ms: 1_500 },
  ],
  ["a wait without end", { result: "failure", retryAfterMs: Infinity }, { result: "failure" }],
  ["a clock that was set back", { status: 200, latencyMs: -3 }, { status: 200 }],
];

for (const [what, outcome, body] of WIRE) {
  Deno.test(`the outcome with ${what} goes over the wire`, async () => {
    await using line = new Line();
    assertEquals((await line.tell(outcome)).recorded, true);
    const { permit, ...rest } = line.sent[1]!.body;
    assertEquals(typeof permit, "string");
    assertEquals(rest, body);
  });
}

Deno.test("in mode observe the verdict says what would have been denied", async () => {
  const registry = new BreakerRegistry({ config: { mode: "observe" } });
  const app = createApp({ registry });
  await using client = new EdgeClient({
    url: "http://edge.test",
    fetch: (input, init) => Promise.resolve(app.fetch(new Request(input, init))),
  });
  await registry.open(HOST, { forMs: 5_000 });
  const verdict = await client.allow({ host: HOST });
  assert(verdict.allowed);
  assertEquals([verdict.wouldDeny?.reason, verdict.wouldDeny?.key], ["manual", HOST]);
});

Deno.test("a permit that nobody knows is no error", async () => {
  await using line = new Line();
  for (const permit of ["", "nonsense", "edge:{}", "edge:[null,5]", "local:x", "nobody:"]) {
    assertEquals((await line.client.record(permit, { status: 200 })).recorded, false, permit);
  }
});

Deno.test("its calls never go through a fetch that becomes the global one later", async () => {
  const app = createApp({ registry: new BreakerRegistry() });
  const before = globalThis.fetch;
  try {
    globalThis.fetch = (input, init) => Promise.resolve(app.fetch(new Request(input, init)));
    await using client = new EdgeClient({ url: "http://edge.test" });
    // Such as one behind this gate: its calls would ask whether they may go out, and so on without end.
    globalThis.fetch = () => Promise.reject(new Error("behind the gate"));
    const verdict = await client.allow({ host: HOST });
    assertEquals([verdict.allowed, verdict.degraded], [true, undefined]);
  } finally {
    globalThis.fetch = before;
  }
});

Deno.test("what the edge refuses is thrown with its words, and never answered by this process", async () => {
  const registry = new BreakerRegistry();
  const app = createApp({ registry, tokens: { crawl: ["crawl-token-000001"] } });
  const connect = (token?: string, path = "") =>
    new EdgeClient({
      url: `http://edge.test${path}`,
      token,
      fetch: (input, init) => Promise.resolve(app.fetch(new Request(input, init))),
    });
  await using stranger = connect();
  const unauthorized = await assertRejects(() => stranger.allow({ host: HOST }), EdgeError);
  assertEquals([unauthorized.name, unauthorized.status], ["EdgeError", 401]);
  assertStringIncludes(unauthorized.message, "Unauthorized: Send a token");
  // However often: a wrong token is no outage.
  for (let i = 0; i < 10; i++) await assertRejects(() => stranger.allow({ host: HOST }), EdgeError);

  await using crawler = connect("crawl-token-000001");
  const invalid = await assertRejects(() => crawler.allow({ host: HOST, role: "A B" }), EdgeError);
  assertEquals(invalid.status, 400);
  assertStringIncludes(invalid.message, "role must match");
  await using lost = connect("crawl-token-000001", "/nowhere/");
  assertEquals((await assertRejects(() => lost.allow({ host: HOST }), EdgeError)).status, 404);
});

Deno.test("a redirect is refused: it would take the token elsewhere", async () => {
  await using line = new Line({ token: "crawl-token-000001" });
  line.instead = () => Response.redirect("http://elsewhere.test/", 307);
  const error = await assertRejects(() => line.client.allow({ host: HOST }), EdgeError);
  assertEquals(error.status, 307);
  assertEquals(line.sent.length, 1);
});

Deno.test("a request without a host, or with two, is a TypeError, as with a registry", async () => {
  await using line = new Line();
  for (const request of [{}, { host: HOST, url: `https://${HOST}/` }, { host: "a b" }]) {
    await assertRejects(() => line.client.allow(request), TypeError);
  }
  assertEquals(line.sent, []);
});

const OUTAGES: [string, NonNullable<Line["instead"]>][] = [
  ["refuses connections", () => Promise.reject(new TypeError("connection refused"))],
  ["answers 500", () => new Response("oops", { status: 500 })],
  ["answers 503", () => new Response(null, { status: 503 })],
  ["answers 429", () => new Response(null, { status: 429 })],
  ["answers 408", () => new Response(null, { status: 408 })],
  ["answers with a page", () => new Response("<html>")],
  ["answers something else", () => Response.json({ ok: true })],
  ["breaks off", () => new Response(brokenBody())],
];

function brokenBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.error(new Error("reset")) });
}

for (const [what, instead] of OUTAGES) {
  Deno.test(`while the edge ${what}, this process answers, degraded`, async () => {
    await using line = new Line();
    line.instead = instead;
    const verdict = await line.client.allow({ host: HOST });
    assert(verdict.allowed);
    assertEquals([verdict.degraded, verdict.state], [true, "closed"]);
    assertEquals((await line.client.record(verdict.permit, { status: 503 })).recorded, true);
    const result = await line.tell({ status: 503 });
    assertEquals([result.recorded, result.state], [true, "open"]);
    const denied = await line.client.allow({ host: HOST });
    assertEquals([denied.allowed, denied.degraded], [false, true]);
  });
}

Deno.test("a call that takes longer than its deadline counts as an outage", async () => {
  await using line = new Line({ timeoutMs: 20 });
  let aborted = false;
  line.instead = (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        reject(signal.reason);
      });
    });
  assertEquals((await line.client.allow({ host: HOST })).degraded, true);
  assert(aborted, "the call was given up, not left behind");
  // One that does not heed the signal.
  const { promise, resolve } = Promise.withResolvers<Response>();
  line.instead = () => promise;
  assertEquals((await line.client.allow({ host: HOST })).degraded, true);
  resolve(new Response(null));
  // One that stalls in the middle of its body.
  line.instead = () => new Response(new ReadableStream());
  assertEquals((await line.client.allow({ host: HOST })).degraded, true);
});

Deno.test("after three failed calls the edge is left alone for 3 s, then tried by one", async () => {
  await using line = new Line();
  line.cut();
  for (let i = 0; i < 3; i++) await line.client.allow({ host: HOST });
  assertEquals(line.sent.length, 3);
  for (let i = 0; i < 20; i++) await line.client.allow({ host: HOST });
  line.nowMs += 2_999;
  await line.client.allow({ host: HOST });
  assertEquals(line.sent.length, 3, "not asked");
  line.nowMs += 1;
  await Promise.all(Array.from({ length: 5 }, () => line.client.allow({ host: HOST })));
  assertEquals(line.sent.length, 4, "asked by one of five");
  line.instead = undefined;
  line.nowMs += 2_999;
  assertEquals((await line.client.allow({ host: HOST })).degraded, true);
  line.nowMs += 1;
  assertEquals((await line.client.allow({ host: HOST })).degraded, undefined);
  assertEquals((await line.client.allow({ host: HOST })).degraded, undefined);
});

Deno.test("an edge that says when it is back is left alone until then", async () => {
  await using line = new Line();
  line.instead = () => new Response(null, { status: 503, headers: { "retry-after": "20" } });
  await line.client.allow({ host: HOST });
  line.instead = undefined;
  line.nowMs += 19_999;
  assertEquals((await line.client.allow({ host: HOST })).degraded, true);
  assertEquals(line.sent.length, 1);
  line.nowMs += 1;
  assertEquals((await line.client.allow({ host: HOST })).degraded, undefined);
});

Deno.test("each outcome goes back to the gate that issued the permit", async () => {
  await using line = new Line();
  const ofEdge = await line.client.allow({ host: HOST });
  line.cut();
  const ofProcess = await line.client.allow({ host: HOST });
  line.instead = undefined;
  const before = line.sent.length;
  const local = await line.client.record(permitOf(ofProcess), { status: 503 });
  assertEquals(local.recorded, true);
  assertEquals(line.sent.length, before, "the edge is not told of what it did not allow");
  assertEquals((await line.registry.inspect(HOST)).failures, 0);
  assertEquals((await line.client.record(permitOf(ofEdge), { status: 503 })).recorded, true);
  assertEquals((await line.registry.inspect(HOST)).failures, 1);
});

Deno.test("outcomes that cannot be delivered are counted here, so that a dead host is left alone", async () => {
  await using line = new Line();
  const permits = [
    permitOf(await line.client.allow({ url: `https://${HOST}/a`, role: "metadata" })),
    permitOf(await line.client.allow({ url: `https://${HOST}/b`, role: "metadata" })),
  ];
  line.cut();
  const [first, second] = permits;
  const lost = await line.client.record(first!, { status: 503 });
  assertEquals([lost.recorded, lost.state], [false, "closed"]);
  const opened = await line.client.record(second!, { status: 503 });
  assertEquals([opened.recorded, opened.state], [false, "open"]);
  const denied = await line.client.allow({ host: HOST });
  assertEquals([denied.allowed, denied.degraded], [false, true]);
  const late = await line.client.record(first!, { status: 503 });
  assertEquals([late.recorded, late.state, late.retryAfterMs], [false, "open", 60_000]);
});

Deno.test("onUnavailable allow lets everything through and counts nothing", async () => {
  await using line = new Line({ onUnavailable: "allow" });
  line.cut();
  for (let i = 0; i < 10; i++) {
    const verdict = await line.client.allow({ host: HOST });
    assert(verdict.allowed);
    assertEquals([verdict.degraded, verdict.waitMs], [true, 0]);
    const result = await line.client.record(verdict.permit, { status: 503 });
    assertEquals(result, { recorded: false, state: "closed", retryAfterMs: 0 });
  }
});

Deno.test("onUnavailable deny says until when the edge is left alone", async () => {
  await using line = new Line({ onUnavailable: "deny" });
  const permit = permitOf(await line.client.allow({ host: HOST }));
  line.cut();
  const denied = {
    allowed: false,
    reason: "open",
    scope: "host",
    key: HOST,
    state: "open",
    degraded: true,
  };
  const first = await line.client.allow({ url: `https://${HOST}/x` });
  assertEquals(first, { ...denied, retryAfterMs: 1_000 } as Verdict);
  assertEquals((await line.client.record(permit, { status: 200 })).recorded, false);
  await line.client.allow({ host: HOST });
  const left = await line.client.allow({ host: HOST });
  assertEquals(left, { ...denied, retryAfterMs: 3_000 } as Verdict);
});

Deno.test("a clock that is set back during an outage keeps nobody from an edge that is back", async () => {
  let passedMs = 0;
  await using line = new Line({ monotonic: () => passedMs });
  line.cut();
  for (let i = 0; i < 3; i++) await line.client.allow({ host: HOST });
  line.instead = undefined;
  line.nowMs -= 3_600_000;
  passedMs += 2_999;
  assertEquals((await line.client.allow({ host: HOST })).degraded, true);
  passedMs += 1;
  assertEquals((await line.client.allow({ host: HOST })).degraded, undefined);
});

Deno.test("options that cannot be are refused with what was given", () => {
  for (const url of ["", "edge.test", "ftp://edge.test"]) {
    assertStringIncludes(
      assertThrows(() => new EdgeClient({ url }), TypeError).message,
      `'${url}'`,
    );
  }
  const secret = assertThrows(() => new EdgeClient({ url: "http://a:b3c4@edge.test" }), TypeError);
  assert(!secret.message.includes("b3c4"));
  for (const timeoutMs of [0, -1, NaN, Infinity, 2 ** 31]) {
    const error = assertThrows(() => new EdgeClient({ url: "http://x", timeoutMs }), RangeError);
    assertStringIncludes(error.message, String(timeoutMs));
  }
  assertInstanceOf(new EdgeClient({ url: new URL("https://edge.test/base/") }), EdgeClient);
});

Deno.test("over a real socket, killed in the middle and back again", async () => {
  const registry = new BreakerRegistry({ config: CONFIG });
  const app = createApp({ registry });
  let connections = new Set<string>();
  const listen = (port: number) =>
    Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, (request, info) => {
      connections.add(`${info.remoteAddr.port}`);
      return app.fetch(request);
    });
  let passedMs = 0;
  let server = listen(0);
  const { port } = server.addr;
  await using client = new EdgeClient({
    url: `http://127.0.0.1:${port}`,
    config: CONFIG,
    monotonic: () => passedMs,
  });
  try {
    for (let i = 0; i < 20; i++) {
      const verdict = await client.allow({ host: `h${i}.example.org` });
      assertEquals(verdict.degraded, undefined);
      await client.record(permitOf(verdict), { status: 200 });
    }
    assertEquals(connections.size, 1, "one connection serves all calls in turn");
    const permit = permitOf(await client.allow({ host: HOST }));

    await server.shutdown();
    assertEquals((await client.record(permit, { status: 503 })).recorded, false);
    for (let i = 0; i < 5; i++) assertEquals((await client.allow({ host: HOST })).degraded, true);

    connections = new Set();
    server = listen(port);
    passedMs += 3_000;
    assertEquals((await client.allow({ host: HOST })).degraded, undefined);
    assertGreater(connections.size, 0);
  } finally {
    await server.shutdown();
  }
});
