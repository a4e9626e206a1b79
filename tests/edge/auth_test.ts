/**
 * Who may do what.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Hono } from "hono";
import { createApp } from "../../src/edge/app.ts";
import { type Answered, call, createEdge, problemFields } from "./calls.ts";

const TOKENS = {
  crawl: ["crawl-token-000001", "crawl-token-000002"],
  read: ["read-token-0000001"],
  admin: ["admin-token-000001"],
};
const HOST = "/v1/breakers/example.org";

/** Every call there is, and the scopes that may make it. */
const CALLS: [string, string, unknown, string[]][] = [
  ["POST", "/v1/allow", { host: "example.org" }, ["crawl", "admin"]],
  ["POST", "/v1/record", { permit: "p", status: 200 }, ["crawl", "admin"]],
  ["POST", "/v1/batch", {}, ["crawl", "admin"]],
  ["GET", "/v1/breakers", undefined, ["read", "admin"]],
  ["GET", HOST, undefined, ["read", "admin"]],
  ["PUT", HOST, { state: "closed" }, ["admin"]],
  ["DELETE", HOST, undefined, ["admin"]],
  ["GET", "/v1/resolvers/crossref", undefined, ["read", "admin"]],
  ["PUT", "/v1/resolvers/crossref", { state: "closed" }, ["admin"]],
  ["DELETE", "/v1/resolvers/crossref", undefined, ["admin"]],
];

function withToken(
  app: Hono,
  token: string | undefined,
  [method, path, body]: [string, string, unknown, ...unknown[]],
): Promise<Answered> {
  return call(app, method, path, body, token === undefined ? {} : authorization(token));
}

function authorization(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

for (const each of CALLS) {
  const [method, path, , scopes] = each;
  Deno.test(`${method} ${path} is for ${scopes.join(" and ")}`, async () => {
    const { app } = createEdge({}, { tokens: TOKENS });
    const anonymous = await withToken(app, undefined, each);
    problemFields(anonymous, 401);
    assertMatch(anonymous.headers.get("www-authenticate") ?? "", /^Bearer realm="breakwater"$/);
    const unknown = await withToken(app, "crawl-token-000003", each);
    problemFields(unknown, 401);
    assertStringIncludes(unknown.headers.get("www-authenticate") ?? "", "invalid_token");
    for (const [scope, tokens] of Object.entries(TOKENS)) {
      for (const token of tokens) {
        const answer = await withToken(app, token, each);
        if (scopes.includes(scope)) assertEquals(answer.status, 200, `${scope} is let in`);
        else {
          problemFields(answer, 403);
          const challenge = answer.headers.get("www-authenticate") ?? "";
          assertStringIncludes(challenge, "insufficient_scope");
        }
      }
    }
  });
}

Deno.test("liveness and readiness are open to all", async () => {
  const { app } = createEdge({}, { tokens: TOKENS });
  assertEquals((await call(app, "GET", "/healthz")).status, 200);
  assertEquals((await call(app, "GET", "/readyz")).status, 200);
  problemFields(await call(app, "POST", "/healthz"), 405);
  problemFields(await call(app, "GET", "/nothing"), 404);
});

Deno.test("strangers do not learn which paths there are", async () => {
  const { app } = createEdge({}, { tokens: TOKENS });
  for (const [method, path] of [["GET", "/v1/nothing"], ["GET", "/v1/allow"], ["PATCH", HOST]]) {
    problemFields(await call(app, method!, path!), 401);
  }
  const crawler = authorization(TOKENS.crawl[0]!);
  problemFields(await call(app, "GET", "/v1/nothing", undefined, crawler), 404);
  problemFields(await call(app, "GET", "/v1/allow", undefined, crawler), 405);
});

Deno.test("HEAD needs the scope that GET needs", async () => {
  const { app } = createEdge({}, { tokens: TOKENS });
  const status = async (token: string) => {
    const { status } = await app.request(HOST, { method: "HEAD", headers: authorization(token) });
    return status;
  };
  assertEquals(await status(TOKENS.read[0]!), 200);
  assertEquals(await status(TOKENS.crawl[0]!), 403);
  assertEquals((await app.request(HOST, { method: "HEAD" })).status, 401);
});

Deno.test("the body of a stranger is not read", async () => {
  const { app } = createEdge({}, { tokens: TOKENS });
  problemFields(await call(app, "POST", "/v1/allow", "{"), 401);
});

const HEADERS = [
  "",
  "Bearer",
  "Bearer ",
  "Basic crawl-token-000001",
  "crawl-token-000001",
  "Bearer crawl-token-00000",
  "Bearer crawl-token-0000011",
  "Bearer crawl-token-000001crawl-token-000001",
  "Bearer CRAWL-TOKEN-000001",
  "Bearer crawl-token-000001, crawl-token-000002",
  `Bearer ${"x".repeat(1_025)}`,
  "Bearer \u00e9",
];

for (const header of HEADERS) {
  Deno.test(`the header '${header.slice(0, 50)}' lets nobody in`, async () => {
    const { app } = createEdge({}, { tokens: TOKENS });
    const answer = await call(app, "GET", HOST, undefined, { authorization: header });
    problemFields(answer, 401);
  });
}

Deno.test("the scheme may be in any case", async () => {
  const { app } = createEdge({}, { tokens: TOKENS });
  const headers = { authorization: `bEARER ${TOKENS.read[0]}` };
  assertEquals((await call(app, "GET", HOST, undefined, headers)).status, 200);
});

Deno.test("a token that stands in two lists has both scopes", async () => {
  const both = "both-token-0000001";
  const { app } = createEdge({}, { tokens: { crawl: [both], read: [both] } });
  const [allow, , , listing] = CALLS;
  assertEquals((await withToken(app, both, allow!)).status, 200);
  assertEquals((await withToken(app, both, listing!)).status, 200);
  problemFields(await call(app, "DELETE", HOST, undefined, authorization(both)), 403);
});

Deno.test("one token of any scope closes the app, and empty ones are none", async () => {
  const closed = createEdge({}, { tokens: { read: [TOKENS.read[0]!, ""] } });
  problemFields(await call(closed.app, "POST", "/v1/allow", { host: "example.org" }), 401);
  problemFields(await call(closed.app, "GET", HOST, undefined, { authorization: "Bearer " }), 401);
  const open = createEdge({}, { tokens: { crawl: [], read: [""], admin: undefined } });
  assertEquals((await call(open.app, "DELETE", HOST)).status, 200);
});

Deno.test("a token is rotated: old and new work side by side, then only the new", async () => {
  const [old, fresh] = ["crawl-token-old-01", "crawl-token-new-01"];
  const { registry } = createEdge();
  const status = async (tokens: string[], token: string) => {
    const app = createApp({ registry, tokens: { ...TOKENS, crawl: tokens } });
    const answer = await withToken(app, token, CALLS[0]!);
    return answer.status;
  };
  assertEquals([await status([old], old), await status([old], fresh)], [200, 401]);
  const both = [old, fresh];
  assertEquals([await status(both, old), await status(both, fresh)], [200, 200]);
  assertEquals([await status([fresh], old), await status([fresh], fresh)], [401, 200]);
});

Deno.test("a token that begins, ends or contains a known one is not known", async () => {
  const known = "read-token-0000001";
  const { app } = createEdge({}, { tokens: { read: [known] } });
  const variants = [
    known.slice(1),
    known.slice(0, -1),
    `${known}${known}`,
    `${known} `.repeat(2).trim(),
    known.split("").reverse().join(""),
  ];
  for (const token of variants) {
    problemFields(await call(app, "GET", HOST, undefined, authorization(token)), 401);
  }
  const answer = await call(app, "GET", HOST, undefined, authorization(known));
  assertEquals(answer.status, 200);
});
