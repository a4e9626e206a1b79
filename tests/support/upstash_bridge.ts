/**
 * The REST API of Upstash before a Redis of the test's own: commands, pipelines, transactions, bearer token,
 * base64; and troubles on demand.
 *
 * @module
 */
import { Hono } from "hono";
import { Redis } from "npm:ioredis@^5.11";
import { startRedis } from "./redis_server.ts";

/** What the bridge takes for its token. */
export const BRIDGE_TOKEN = "AXyzASQg-bridge-token";

/** What goes wrong with every answer until it is taken back. Commands are carried out all the same. */
export interface Trouble {
  /** Answers with this, without asking Redis. */
  instead?: { status: number; body: string };
  /** Answers so many milliseconds later. */
  delayMs?: number;
  /** Breaks the connection off in the middle of the answer. */
  cut?: boolean;
}

/** A request as it came. */
export interface SeenRequest {
  /** `/`, `/pipeline` or `/multi-exec`. */
  path: string;
  headers: Headers;
  /** One command, or several. */
  body: unknown[];
}

/** An endpoint that speaks as Upstash does. */
export interface UpstashBridge extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** Every request with the right token, the latest last. */
  seen: SeenRequest[];
  /** What goes wrong from now on. */
  trouble: Trouble;
  /** A command to Redis itself, past the bridge. */
  redis(command: string, ...args: (string | Uint8Array)[]): Promise<unknown>;
}

/** After a Redis that is gone is looked for again, in milliseconds; a request waits for twenty of these. */
const RECONNECT_MS = 50;

type Answer = { result: unknown } | { error: string };

/** Starts the endpoint before the Redis on this port. */
export async function startUpstashBridge(redisPort: number): Promise<UpstashBridge> {
  const redis = new Redis({
    host: "127.0.0.1",
    port: redisPort,
    lazyConnect: true,
    retryStrategy: () => RECONNECT_MS,
  });
  await redis.connect();
  redis.on("error", () => {}); // told by the commands that fail
  const stopping = new AbortController();
  const seen: SeenRequest[] = [];
  const app = new Hono();

  app.use(async (context, next) => {
    if (context.req.header("authorization") !== `Bearer ${BRIDGE_TOKEN}`) {
      return context.json({ error: "WRONGPASS invalid or missing auth token" }, 401);
    }
    const { path, raw } = context.req;
    seen.push({ path, headers: raw.headers, body: await context.req.json() });
    const { instead, delayMs, cut } = bridge.trouble;
    if (instead !== undefined) return new Response(instead.body, { status: instead.status });
    await next();
    if (delayMs !== undefined) await waitFor(delayMs, stopping.signal);
    if (cut) context.res = brokenOff(await context.res.text());
    return undefined;
  });

  app.post("/", async (context) => {
    const [answer] = await carryOut(redis, [await context.req.json()]);
    return context.json(encoded(answer!, context.req.raw), "error" in answer! ? 400 : 200);
  });

  app.post("/pipeline", async (context) => {
    const answers = await carryOut(redis, await context.req.json());
    return context.json(answers.map((answer) => encoded(answer, context.req.raw)));
  });

  app.post("/multi-exec", async (context) => {
    const answers = await carryOut(redis, [["MULTI"], ...await context.req.json(), ["EXEC"]]);
    const last = answers.at(-1)!;
    if ("error" in last) return context.json(last, 400);
    const results = Array.isArray(last.result) ? last.result : [];
    return context.json(results.map((result) => encoded({ result }, context.req.raw)));
  });

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
  const bridge: UpstashBridge = {
    url: `http://127.0.0.1:${server.addr.port}`,
    seen,
    trouble: {},
    redis: (command, ...args) => redis.call(command, args.map(bytesOrText)),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      // Not QUIT: a Redis that stands still would never answer it, nor would the requests that wait for one.
      const ended = new Promise((resolve) => redis.once("end", resolve));
      redis.disconnect();
      await Promise.all([server.shutdown(), ended]);
    },
  };
  return bridge;
}

/** A Redis with its bridge; both end together. */
export async function startBridgedRedis(): Promise<UpstashBridge> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis());
  const bridge = stack.use(await startUpstashBridge(redis.port));
  const both = stack.move();
  return Object.assign(bridge, { [Symbol.asyncDispose]: () => both.disposeAsync() });
}

/** On one connection, without waiting for each other. */
async function carryOut(redis: Redis, commands: unknown[][]): Promise<Answer[]> {
  return await Promise.all(commands.map(async ([command, ...args]) => {
    try {
      return { result: await redis.call(String(command), args.map(String)) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }));
}

function bytesOrText(value: string | Uint8Array): string | Buffer {
  return typeof value === "string" ? value : Buffer.from(value);
}

/** Upstash encodes every string but "OK", at any depth, where it is asked to. */
function encoded(answer: Answer, request: Request): Answer {
  if ("error" in answer || request.headers.get("upstash-encoding") !== "base64") return answer;
  return { result: base64(answer.result) };
}

function base64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(base64);
  return typeof value === "string" && value !== "OK"
    ? Buffer.from(value).toString("base64")
    : value;
}

/** Half of what it promises, and then the end of the connection. */
function brokenOff(text: string): Response {
  const half = new TextEncoder().encode(text.slice(0, text.length / 2));
  return new Response(ReadableStream.from([half]), {
    headers: { "content-length": String(2 * text.length) },
  });
}

/** Waits, but no longer than the bridge stands. */
async function waitFor(delayMs: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
