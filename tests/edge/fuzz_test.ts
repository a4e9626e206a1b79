/**
 * Whatever is sent: no 5xx, no hang, nothing of the inside in an answer, and memory that stays where it is. On failure
 * the message names the seed; SEED=n plays it again.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertMatch, assertNotMatch } from "@std/assert";
import type { Hono } from "hono";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { Random } from "../support/random.ts";
import { START } from "./calls.ts";
import { type Corpus, type FuzzRequest, rawBytes, RequestFuzzer } from "./fuzz_requests.ts";
import { TOKENS } from "./fuzz_words.ts";
import { ServerProcess } from "./server_process.ts";

const SEED = Number(Deno.env.get("SEED") ?? 20_260_101);
const IN_PROCESS = 19_000;
const OVER_SOCKETS = 1_000;
const SOCKETS = 8;
const DEADLINE_MS = 5_000;
const MAX_HOSTS = 500;
/** What the second half of the requests may leave behind; a kept request each would be several times that. */
const MOST_GROWTH_BYTES = 4_000_000;
const LEARNED = 200;
/** What only the inside knows: stacks, files, commands, the words of the engine. */
const INSIDE =
  /^\s+at .+:\d+|\.ts:\d|file:\/\/|node_modules|is not a function|Cannot read prop|undefined \(reading/m;

function collectGarbage(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  return Deno.memoryUsage().heapUsed;
}

/** Names the seed and the request where the check fails. */
async function named(nth: number, request: unknown, check: () => unknown): Promise<void> {
  try {
    await check();
  } catch (error) {
    const shown = JSON.stringify(request).slice(0, 2_000);
    throw new Error(`SEED=${SEED}, request ${nth}: ${shown}`, { cause: error });
  }
}

async function inTime<T>(promise: Promise<T> | T): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer in ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Undefined where the runtime itself makes no request of it. */
function asRequest({ method, target, headers, body, breaksOff }: FuzzRequest): Request | undefined {
  const hasBody = body !== undefined && method !== "GET" && method !== "HEAD";
  try {
    return new Request(`http://127.0.0.1${target}`, {
      method,
      headers,
      body: !hasBody ? undefined : breaksOff ? brokenBody(body) : body,
    });
  } catch {
    return undefined;
  }
}

function brokenBody(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.error(new Error("connection reset"));
    },
  });
}

async function checkAnswer(app: Hono, request: Request, corpus: Corpus): Promise<number> {
  const response = await inTime(app.fetch(request));
  const { status, headers } = response;
  assertLess(status, 500);
  const type = headers.get("content-type") ?? "";
  if (type === "text/event-stream") {
    await response.body?.cancel();
    return status;
  }
  const text = await inTime(response.text());
  assertNotMatch(text, INSIDE);
  if (status >= 400) {
    assertEquals(type, "application/problem+json");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertMatch(headers.get("x-request-id") ?? "", /^[A-Za-z0-9._-]{1,64}$/);
    assertLess(text.length, 50_000);
  }
  if (type.endsWith("json") && text !== "") learn(JSON.parse(text), status, corpus);
  return status;
}

// deno-lint-ignore no-explicit-any -- whatever JSON came back
function learn(answer: any, status: number, { permits, cursors }: Corpus): void {
  if (status >= 400) {
    assertEquals([answer.type, answer.status], ["about:blank", status]);
    return;
  }
  if (typeof answer.permit === "string") permits.push(answer.permit);
  if (typeof answer.next_cursor === "string") cursors.push(answer.next_cursor);
  for (const learned of [permits, cursors]) if (learned.length > LEARNED) learned.shift();
}

Deno.test(`${IN_PROCESS} malicious requests: no 5xx, no hang, no leak, steady memory`, async () => {
  const random = new Random(SEED);
  let nowMs = START;
  const now = () => nowMs;
  await using registry = new BreakerRegistry({
    config: { defaults: { failMax: 2, resetTimeoutMs: 5_000, forgetMs: 60_000 } },
    now,
    random: () => random.fraction(),
    maxHosts: MAX_HOSTS,
  });
  let unexpected = "";
  const log = (line: string) => {
    assertNotMatch(line, /fuzz-\w+-token/);
    if (line.includes("failed")) unexpected = line;
  };
  const open = createApp({ registry, now, log });
  const closed = createApp({
    registry,
    now,
    log,
    debug: true,
    tokens: TOKENS,
    tokenLimit: { perSecond: 0.3, burst: 3 },
  });
  const corpus: Corpus = { permits: [], cursors: [] };
  const fuzzer = new RequestFuzzer(random, corpus);
  const statuses = new Map<number, number>();
  const heap: number[] = [];
  for (let nth = 0; nth < IN_PROCESS; nth++) {
    nowMs += random.whole(0, 200);
    const drawn = fuzzer.draw();
    const request = asRequest(drawn);
    if (request === undefined) {
      nth--;
      continue;
    }
    const app = random.chance(0.8) ? open : closed;
    if (app === closed && random.chance(0.7)) {
      const [token] = random.pick([TOKENS.crawl, TOKENS.read, TOKENS.admin]);
      request.headers.set("authorization", `Bearer ${token}`);
    }
    await named(nth, drawn, async () => {
      const status = await checkAnswer(app, request, corpus);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // Operators' opens are never dropped: there are so many names that they can be of.
      assertLess(registry.stats().cells, 2 * MAX_HOSTS);
    });
    if (nth + 1 === IN_PROCESS / 2 || nth + 1 === IN_PROCESS) heap.push(collectGarbage());
  }
  assertEquals(unexpected, "");
  // It reached what it was meant to reach.
  for (const status of [200, 400, 401, 403, 404, 405, 413, 415, 429]) {
    assert((statuses.get(status) ?? 0) > 10, `${status}: ${[...statuses].join(" ")}`);
  }
  assert(statuses.get(200)! > IN_PROCESS / 5, `${statuses.get(200)} were understood`);
  const { snapshots } = await registry.page({ limit: 1_000 });
  assertLess(snapshots.length, MAX_HOSTS);
  const [half, whole] = heap;
  const grown = whole! - half!;
  assertLess(grown, MOST_GROWTH_BYTES, `SEED=${SEED}: grew by ${grown} bytes`);
  assertEquals(Object.keys(Object.prototype), []);
});

/** Sends bytes, closes the sending side where the server still listens, and reads what comes until the end. */
async function exchange(hostname: string, port: number, bytes: Uint8Array): Promise<string> {
  const connection = await Deno.connect({ hostname, port });
  const send = async () => {
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    await connection.closeWrite();
  };
  // A server may refuse and close before it has read the whole.
  const sent = send().catch(() => {});
  let text = "";
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(16_384);
  try {
    while (!text.includes("text/event-stream")) {
      const read = await connection.read(chunk);
      if (read === null) break;
      text += decoder.decode(chunk.subarray(0, read), { stream: true });
    }
  } catch {
    // Reset by the server: an end like any other.
  }
  // Ends the writing too, where the server stopped reading.
  connection.close();
  await sent;
  return text;
}

Deno.test(`${OVER_SOCKETS} malicious requests over sockets leave the real server as it was`, async () => {
  const random = new Random(SEED + 1);
  const fuzzer = new RequestFuzzer(random, { permits: [], cursors: [] });
  const env = { BREAKWATER_STORE: "memory:" };
  await using server = new ServerProcess({ env });
  const { hostname, port, origin } = new URL(await server.url());
  let drawn = 0;
  let answered = 0;
  await Promise.all(Array.from({ length: SOCKETS }, async () => {
    while (drawn < OVER_SOCKETS) {
      const nth = drawn++;
      const bytes = rawBytes(random, fuzzer);
      await named(nth, new TextDecoder().decode(bytes), async () => {
        const text = await inTime(exchange(hostname, Number(port), bytes));
        assertNotMatch(text, /^HTTP\/1\.[01] 5\d\d /);
        assertNotMatch(text, INSIDE);
        if (/^HTTP\/1\.[01] [1-4]\d\d /.test(text)) answered++;
      });
    }
  }));
  // The others were no requests, or broke off.
  assert(answered > OVER_SOCKETS / 2, `SEED=${SEED}: ${answered} were answered`);
  const response = await fetch(`${origin}/v1/allow`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"host":"well.example.org"}',
  });
  assertEquals((await response.json()).allowed, true);
  server.kill("SIGTERM");
  const { code, output } = await server.ended();
  assertEquals(code, 0, output);
  assertNotMatch(output, /failed|error/i);
});
