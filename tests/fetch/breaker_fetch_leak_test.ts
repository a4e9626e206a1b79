/** A seeded mix of everything that can happen to a request: each permit is told exactly once. */
import { assertEquals } from "@std/assert";
import { breakerFetch, type BreakerFetchOptions } from "../../src/fetch/breaker_fetch.ts";
import { CUT_OFF, endlessBody, serve, serveRaw } from "./origins.ts";
import { denial, RecordingGate, SlowRecordingGate } from "./recording_gate.ts";
import { mulberry32 } from "../support/random.ts";

const SEEDS = [1, 2, 3, 4];
const REQUESTS = 120;

/** Two origins that do what the path says; the second is where redirects lead. */
function misbehavingOrigins() {
  const cut = serveRaw(CUT_OFF);
  const landing = serve((request) => new Response("x", { status: statusOf(request) }));
  const origin = serve(async (request, { closing }) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/hang") await closing;
    if (pathname === "/endless") return new Response(endlessBody());
    if (pathname === "/to-cut") return Response.redirect(cut.url);
    if (pathname.startsWith("/to/")) return Response.redirect(landing.url + pathname.slice(3));
    return new Response("x", { status: statusOf(request) });
  });
  return {
    origin,
    cut,
    async [Symbol.asyncDispose]() {
      for (const each of [origin, landing, cut]) await each[Symbol.asyncDispose]();
    },
  };
}

function statusOf(request: Request): number {
  return Number(new URL(request.url).pathname.slice(1)) || 200;
}

const PATHS = ["/200", "/404", "/503", "/hang", "/endless", "/to/200", "/to/503", "/to-cut"];
const READINGS = ["text", "cancel", "abort", "break", "clone"] as const;

/** Reads the answer in one of the ways that callers have, or leaves half way. */
async function read(
  response: Response,
  how: typeof READINGS[number],
  controller: AbortController,
): Promise<void> {
  if (how === "cancel") return await response.body?.cancel();
  if (how === "abort") controller.abort("during the body");
  if (how === "clone") {
    const copy = response.clone();
    await Promise.all([response.text(), copy.text()]);
    return;
  }
  if (how === "break") {
    for await (const _ of response.body ?? []) break;
    return;
  }
  await response.text();
}

for (const seed of SEEDS) {
  Deno.test(`every permit is told exactly once (seed ${seed})`, async () => {
    const random = mulberry32(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const decide = () => {
      const draw = random();
      return draw < 0.1 ? denial() : draw < 0.3 ? { waitMs: random() * 4 } : undefined;
    };
    await using origins = misbehavingOrigins();
    const gate = seed % 2 === 0 ? new RecordingGate(decide) : new SlowRecordingGate(decide);

    const once = async () => {
      const options: BreakerFetchOptions = {
        // A hang and an endless body end by this or by an abort.
        timeoutMs: 20 + random() * 40,
        body: pick(["headers", "full"]),
        resolver: pick([undefined, "crossref"]),
        onDenied: pick(["throw", "respond"]),
        role: () => {
          if (random() < 0.05) throw new Error("role");
          return "landing";
        },
        fetch: random() < 0.1
          ? () => {
            throw new Error("fetch");
          }
          : undefined,
      };
      const url = random() < 0.1 ? origins.cut.url : origins.origin.url + pick(PATHS);
      const controller = new AbortController();
      const abort = pick([
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        "before",
        "soon",
        "later",
      ]);
      const timer = abort === "later" ? setTimeout(() => controller.abort(), random() * 10) : 0;
      const reading = options.body === "headers"
        ? pick(["cancel", "abort"] as const)
        : pick(READINGS);
      if (abort === "before") controller.abort("before");
      const input = random() < 0.5 ? url : new Request(url, { signal: controller.signal });
      const pending = breakerFetch(gate, options)(input, { signal: controller.signal });
      if (abort === "soon") controller.abort("soon");
      try {
        await read(await pending, reading, controller);
      } catch {
        // How it ended is the gate's to say.
      } finally {
        clearTimeout(timer);
      }
    };
    for (let sent = 0; sent < REQUESTS; sent += 8) {
      await Promise.all(Array.from({ length: 8 }, once));
    }

    const toldWrongly = gate.lines.filter((line) => line.outcomes.length !== 1);
    assertEquals(toldWrongly, [], `seed ${seed}`);
    assertEquals(gate.outcomes.length, gate.lines.length, `seed ${seed}`);
  });
}
