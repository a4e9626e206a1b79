/**
 * What is the same for every call: types and sizes of bodies, methods, paths, errors.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { call, createEdge, post, problemFields } from "./calls.ts";

const ASK = JSON.stringify({ host: "api.example.org" });
const LIMIT = 65_536;
const BATCH_LIMIT = 1_048_576;

for (
  const type of ["application/json", "application/json; charset=utf-8", "Application/JSON;x=y"]
) {
  Deno.test(`a body of type ${type} is read`, async () => {
    const { app } = createEdge();
    const answer = await call(app, "POST", "/v1/allow", ASK, { "content-type": type });
    assertEquals(answer.status, 200);
  });
}

for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonl", ""]) {
  Deno.test(`a body of type '${type}' is refused with 415`, async () => {
    const { app } = createEdge();
    for (const [method, path] of BODY_ROUTES) {
      problemFields(await call(app, method, path, ASK, { "content-type": type }), 415);
    }
  });
}

Deno.test("a body whose type is not said is refused with 415", async () => {
  const { app } = createEdge();
  const response = await app.request("/v1/allow", {
    method: "POST",
    body: new TextEncoder().encode(ASK),
  });
  assertEquals(response.status, 415);
  await response.body?.cancel();
});

const BODY_ROUTES = [
  ["POST", "/v1/allow"],
  ["POST", "/v1/record"],
  ["POST", "/v1/batch"],
  ["PUT", "/v1/breakers/example.org"],
  ["PUT", "/v1/resolvers/crossref"],
] as const;

const MALFORMED = ["", "{", "[1,", "{'host':1}", "undefined", "\u0000", "\ufeff" + ASK];

for (const body of [...MALFORMED, "[".repeat(60_000)]) {
  Deno.test(`the body ${JSON.stringify(body.slice(0, 12))} is refused as malformed`, async () => {
    const { app } = createEdge();
    for (const [method, path] of BODY_ROUTES) {
      assertEquals(problemFields(await call(app, method, path, body), 400), ["body"]);
    }
  });
}

/** JSON of exactly so many bytes, whose only mistake is an unknown key. */
function bodyOfBytes(bytes: number): string {
  const frame = '{"padding":""}';
  return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
}

for (const [method, path] of BODY_ROUTES) {
  const limit = path === "/v1/batch" ? BATCH_LIMIT : LIMIT;
  Deno.test(`${method} ${path} takes ${limit} bytes and refuses one more`, async () => {
    const { app } = createEdge();
    const headers = (body: string) => ({ "content-length": String(body.length) });
    const fits = bodyOfBytes(limit);
    const over = bodyOfBytes(limit + 1);
    problemFields(await call(app, method, path, fits), 400);
    problemFields(await call(app, method, path, fits, headers(fits)), 400);
    problemFields(await call(app, method, path, over), 413);
    problemFields(await call(app, method, path, over, headers(over)), 413);
    // A length that is not true does not help.
    problemFields(await call(app, method, path, over, { "content-length": "10" }), 413);
  });
}

Deno.test("a body without end is given up at the limit", async () => {
  const { app } = createEdge();
  let sent = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1_024;
      controller.enqueue(new Uint8Array(1_024).fill(32));
    },
    cancel: () => void (cancelled = true),
  });
  const response = await app.request("/v1/allow", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  assertEquals(response.status, 413);
  await response.body?.cancel();
  assert(cancelled && sent < 2 * LIMIT, `cancelled: ${cancelled}, sent ${sent}`);
});

Deno.test("a body that breaks off is refused as malformed", async () => {
  const { app } = createEdge();
  const lengths: Record<string, string>[] = [{}, { "content-length": "500" }];
  for (const headers of lengths) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"host":'));
        controller.error(new Error("connection reset"));
      },
    });
    const response = await app.request("/v1/allow", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    assertEquals(response.status, 400);
    assertStringIncludes(await response.text(), "ended before its end");
  }
});

Deno.test("text beyond ASCII is read across chunks", async () => {
  const { app } = createEdge();
  const bytes = new TextEncoder().encode('{"host":"bücher.example"}');
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const response = await app.request("/v1/allow", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  assertStringIncludes((await response.json()).permit, "xn--bcher-kva.example");
});

const METHODS: [string, string][] = [
  ["/v1/allow", "POST"],
  ["/v1/record", "POST"],
  ["/v1/batch", "POST"],
  ["/v1/breakers", "GET, HEAD"],
  ["/v1/breakers/example.org", "GET, HEAD, PUT, DELETE"],
  ["/v1/resolvers/crossref", "GET, HEAD, PUT, DELETE"],
  ["/v1/events", "GET, HEAD"],
  ["/metrics", "GET, HEAD"],
  ["/healthz", "GET, HEAD"],
  ["/readyz", "GET, HEAD"],
];

for (const [path, allow] of METHODS) {
  Deno.test(`${path} takes ${allow} and refuses other methods with 405`, async () => {
    const { app } = createEdge();
    const taken = allow.split(", ");
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]) {
      if (taken.includes(method)) continue;
      const answer = await call(app, method, path);
      problemFields(answer, 405);
      assertEquals(answer.headers.get("allow"), allow);
    }
    const head = await app.request(path, { method: "HEAD" });
    assertEquals(head.status, taken.includes("HEAD") ? 200 : 405);
    assertEquals(await head.text(), "");
  });
}

for (
  const path of ["/v1", "/v1/", "/v1/alow", "/v1/breakers/", "/v1/breakers/a/b", "/v2/allow", "/x"]
) {
  Deno.test(`there is nothing at ${path}`, async () => {
    const { app } = createEdge();
    problemFields(await call(app, "GET", path), 404);
    problemFields(await post(app, path, {}), 404);
  });
}

Deno.test("liveness and readiness say yes, and nothing else", async () => {
  const { app } = createEdge();
  assertEquals((await call(app, "GET", "/healthz")).body, { ok: true });
  assertEquals((await call(app, "GET", "/readyz")).body, { ready: true });
});

Deno.test("readiness says no while the store does not answer", async () => {
  const store = memoryStore();
  await using registry = new BreakerRegistry({ store });
  const app = createApp({ registry });
  await store[Symbol.asyncDispose]();
  const answer = await call(app, "GET", "/readyz");
  assertEquals([answer.status, answer.body], [503, { ready: false }]);
});

/** A registry with a fault that no client can cause. */
class BrokenRegistry extends BreakerRegistry {
  override allow(): never {
    throw new TypeError("secret of the inside");
  }
  override inspect(): Promise<never> {
    return Promise.reject(new RangeError("secret of the inside"));
  }
}

Deno.test("an unexpected error is a 500 that tells the client nothing and the log everything", async () => {
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  await using registry = new BrokenRegistry();
  const app = createApp({ registry, log });
  for (
    const answer of [
      await post(app, "/v1/allow", { host: "example.org" }),
      await call(app, "GET", "/v1/breakers/example.org"),
    ]
  ) {
    problemFields(answer, 500);
    assert(!JSON.stringify(answer.body).includes("secret"));
  }
  assertEquals(lines.map((line) => line.replace(/request \w+/, "request ...")), [
    "POST /v1/allow failed (request ...): TypeError: secret of the inside",
    "GET /v1/breakers/:host failed (request ...): RangeError: secret of the inside",
  ]);
  const debugged = createApp({ registry, log, debug: true });
  await post(debugged, "/v1/allow", { host: "example.org" });
  assertMatch(lines[2]!, / \(at protocol_test\.ts:\d+\)$/);
});
