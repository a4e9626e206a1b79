/**
 * Logging in: what a cookie is worth, and for how long.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertMatch, assertNotMatch } from "@std/assert";
import type { Hono } from "hono";
import type { EdgeOptions } from "../../src/edge/app.ts";
import { type Answered, call, createEdge, problemFields, type TestEdge } from "../edge/calls.ts";
import { TOKENS } from "./served_app.ts";

const CSRF = { "x-breakwater-dashboard": "1" };
const HOST = "/v1/breakers/example.org";
const OPEN = { state: "open", seconds: 60 };

function edge(options: Partial<EdgeOptions> = {}): TestEdge {
  return createEdge({}, { tokens: TOKENS, ...options });
}

function logIn(
  app: Hono,
  token: string,
  headers: Record<string, string> = CSRF,
): Promise<Answered> {
  return call(app, "POST", "/session", { token, name: "ada" }, headers);
}

/** The cookie that an answer sets, as a browser sends it. */
function cookieOf({ headers }: Answered): string {
  return headers.get("set-cookie")!.split(";")[0]!;
}

async function sessionOf(app: Hono, token: string): Promise<Record<string, string>> {
  const answer = await logIn(app, token);
  assertEquals(answer.status, 200, JSON.stringify(answer.body));
  return { cookie: cookieOf(answer) };
}

Deno.test("the cookie is out of reach of scripts and other sites, and tells nothing of the token", async () => {
  const { app } = edge();
  const answer = await logIn(app, TOKENS.admin[0]!);
  assertEquals(answer.body, { scope: "admin", name: "ada", until: Date.UTC(2026, 0, 1, 12) });
  const cookie = answer.headers.get("set-cookie")!;
  assertMatch(
    cookie,
    /^breakwater_session=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
  const [payload = ""] = cookieOf(answer).split("=")[1]!.split(".");
  assertNotMatch(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), /token/);
  assertEquals(answer.headers.get("cache-control"), "no-store");
});

Deno.test("over HTTPS the cookie is for HTTPS only, behind a proxy too", async () => {
  const { app } = edge();
  const init = (headers: Record<string, string>) => ({
    method: "POST",
    headers: { "content-type": "application/json", ...CSRF, ...headers },
    body: JSON.stringify({ token: TOKENS.read[0] }),
  });
  const direct = await app.request("https://edge.example/session", init({}));
  const proxied = await app.request(
    "http://edge.example/session",
    init({ "x-forwarded-proto": "https" }),
  );
  for (const { headers } of [direct, proxied]) assertMatch(headers.get("set-cookie")!, /; Secure$/);
});

const REACH: [string, string, unknown, ("read" | "admin")[]][] = [
  ["GET", "/v1/breakers", undefined, ["read", "admin"]],
  ["GET", "/v1/status", undefined, ["read", "admin"]],
  ["GET", "/metrics", undefined, ["read", "admin"]],
  ["PUT", HOST, OPEN, ["admin"]],
  ["DELETE", HOST, undefined, ["admin"]],
  ["PUT", "/v1/mode", { mode: "observe" }, ["admin"]],
  ["POST", "/v1/advice/apply", {}, ["admin"]],
  ["POST", "/v1/allow", { host: "example.org" }, []],
];

for (const [method, path, body, scopes] of REACH) {
  Deno.test(`a session reaches ${method} ${path} with ${scopes.join(" and ") || "no scope"}`, async () => {
    const { app } = edge();
    const reached: string[] = [];
    for (const scope of ["read", "admin"] as const) {
      const session = await sessionOf(app, TOKENS[scope][0]!);
      const response = await app.request(path, {
        method,
        headers: { ...session, ...CSRF, "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      await response.body?.cancel();
      assert([200, 401, 403].includes(response.status), String(response.status));
      if (response.status === 200) reached.push(scope);
    }
    assertEquals(reached, scopes);
  });
}

/** A path with its parameters filled in. */
function filled(path: string): string {
  return path.replaceAll(/\{\w+\}/g, "example.org");
}

Deno.test("whatever changes something is out of reach of a session to read, and of one of an admin from another site", async () => {
  const { app, registry } = edge();
  const reader = await sessionOf(app, TOKENS.read[0]!);
  const admin = await sessionOf(app, TOKENS.admin[0]!);
  const { body: { paths } } = await call(app, "GET", "/openapi.json");
  const writes = Object.entries<Record<string, unknown>>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).filter((method) => method !== "get")
      .map((method) => [method.toUpperCase(), filled(path)] as const)
  ).filter(([, path]) => path.startsWith("/v1/"));
  assertGreater(writes.length, 10);
  for (const [method, path] of writes) {
    const body = method === "DELETE" ? undefined : {};
    const read = await call(app, method, path, body, { ...reader, ...CSRF });
    const isCrawl = ["/v1/allow", "/v1/record", "/v1/batch"].includes(path);
    problemFields(read, isCrawl ? 401 : 403);
    assertMatch(read.headers.get("www-authenticate") ?? "", /^Bearer realm=/);
    problemFields(await call(app, method, path, body, admin), isCrawl ? 401 : 403);
  }
  assertEquals((await registry.inspectMode()).override, undefined);
});

Deno.test("no other method hides in one that a session may use", async () => {
  const { app, registry } = edge();
  registry.open("example.org");
  const admin = await sessionOf(app, TOKENS.admin[0]!);
  for (const method of ["GET", "POST", "PATCH", "OPTIONS"]) {
    for (const path of [HOST, `${HOST}?_method=DELETE`]) {
      const headers = { ...admin, ...CSRF, "x-http-method-override": "DELETE" };
      await call(app, method, path, undefined, headers);
    }
  }
  assertEquals((await registry.inspect("example.org")).state, "open");
});

Deno.test("what a session is answered is kept by no cache, refusals too", async () => {
  const { app } = edge();
  const session = await sessionOf(app, TOKENS.read[0]!);
  const paths = ["/", "/session", "/v1/status", "/v1/trouble", "/v1/history", "/metrics", HOST];
  for (const headers of [session, {}] as Record<string, string>[]) {
    for (const path of paths) {
      const response = await app.request(path, { headers });
      await response.body?.cancel();
      assertEquals(response.headers.get("cache-control"), "no-store", path);
      assertEquals(response.headers.get("x-content-type-options"), "nosniff", path);
    }
  }
});

const FOREIGN: [string, Record<string, string>][] = [
  ["without the header", {}],
  ["from another site", { ...CSRF, "sec-fetch-site": "cross-site" }],
  ["from a neighbour on the same site", { ...CSRF, "sec-fetch-site": "same-site" }],
  ["from another origin, by a browser that says no more", {
    ...CSRF,
    origin: "https://evil.example",
  }],
  ["from a page without an origin", { ...CSRF, origin: "null" }],
];

for (const [what, headers] of FOREIGN) {
  Deno.test(`a change by cookie ${what} is refused, and so is a log-in`, async () => {
    const { app, registry } = edge();
    const session = await sessionOf(app, TOKENS.admin[0]!);
    problemFields(await call(app, "PUT", HOST, OPEN, { ...session, ...headers }), 403);
    problemFields(
      await call(app, "DELETE", "/session", undefined, { ...session, ...headers }),
      403,
    );
    problemFields(await logIn(app, TOKENS.admin[0]!, headers), 403);
    assertEquals((await registry.inspect("example.org")).state, "closed");
    // To look is harmless: what comes back cannot be read from elsewhere.
    assertEquals((await call(app, "GET", HOST, undefined, session)).status, 200);
  });
}

Deno.test("a change by cookie from a page of the server is made, in the name of who logged in", async () => {
  const { app } = edge();
  const session = await sessionOf(app, TOKENS.admin[0]!);
  const pages: Record<string, string>[] = [
    { "sec-fetch-site": "same-origin" },
    { origin: "http://localhost" },
    {},
  ];
  for (const from of pages) {
    const headers = { ...session, ...CSRF, ...from, host: "localhost" };
    assertEquals((await call(app, "PUT", HOST, OPEN, headers)).status, 200);
  }
  const { body } = await call(app, "GET", "/v1/history?kind=acts", undefined, session);
  assertEquals(body.events.map(({ by, action }: Record<string, string>) => [by, action]), [
    ["ada", "open"],
    ["ada", "open"],
    ["ada", "open"],
  ]);
});

Deno.test("a session ends after 12 hours, and not before", async () => {
  const { app, advance } = edge();
  const session = await sessionOf(app, TOKENS.read[0]!);
  advance(12 * 3_600_000 - 1);
  assertEquals((await call(app, "GET", "/v1/breakers", undefined, session)).status, 200);
  advance(1);
  problemFields(await call(app, "GET", "/v1/breakers", undefined, session), 401);
  assertEquals((await call(app, "GET", "/session", undefined, session)).body, { scope: "none" });
});

Deno.test("whoever logs out is out, even with the cookie; others stay in", async () => {
  const { app } = edge();
  const one = await sessionOf(app, TOKENS.admin[0]!);
  const other = await sessionOf(app, TOKENS.admin[0]!);
  const answer = await call(app, "DELETE", "/session", undefined, { ...one, ...CSRF });
  assertEquals([answer.status, cookieOf(answer)], [200, "breakwater_session="]);
  assertMatch(answer.headers.get("set-cookie")!, /Max-Age=0/);
  problemFields(await call(app, "GET", "/v1/breakers", undefined, one), 401);
  assertEquals((await call(app, "GET", "/v1/breakers", undefined, other)).status, 200);
});

Deno.test("another process takes the cookie while it knows the token, and not when the token is gone or has less scope", async () => {
  const session = await sessionOf(edge().app, TOKENS.admin[0]!);
  const headers = { ...session, ...CSRF };
  const put = (tokens: EdgeOptions["tokens"]) =>
    call(edge({ tokens }).app, "PUT", HOST, OPEN, headers);
  assertEquals((await put({ admin: ["another-token-0001", TOKENS.admin[0]!] })).status, 200);
  problemFields(await put({ admin: ["another-token-0001"] }), 401);
  problemFields(await put({ admin: ["another-token-0001"], read: TOKENS.admin }), 403);
});

const FORGED: [string, (value: string) => string][] = [
  ["another payload", (value) => `${btoa('["x",9999999999999,"eve"]')}.${value.split(".")[1]}`],
  ["another signature", (value) => `${value.split(".")[0]}.${"A".repeat(43)}`],
  ["no signature", (value) => `${value.split(".")[0]}`],
  ["what is no base64", () => "%%%.%%%"],
  ["something long", (value) => value + "A".repeat(2_000)],
  ["nothing", () => ""],
];

for (const [what, forge] of FORGED) {
  Deno.test(`a cookie with ${what} is none`, async () => {
    const { app } = edge();
    const { cookie } = await sessionOf(app, TOKENS.admin[0]!);
    const [name, value] = cookie!.split("=");
    const headers = { cookie: `${name}=${forge(value!)}` };
    problemFields(await call(app, "GET", "/v1/breakers", undefined, headers), 401);
    const page = await app.request("/", { headers });
    assertMatch(await page.text(), /id="log-in"/);
  });
}

Deno.test("a token counts where both are sent: a stale cookie does not keep a program out", async () => {
  const { app } = edge();
  const headers = { cookie: "breakwater_session=x.y", authorization: `Bearer ${TOKENS.admin[0]}` };
  assertEquals((await call(app, "PUT", HOST, OPEN, headers)).status, 200);
});

const UNFIT: [string, string, number][] = [
  ["a token that may not look", TOKENS.crawl[0]!, 403],
  ["a token that is not known", "nobody-knows-this-1", 401],
  ["a token that no header could carry", "t\u00f6ken\nwith lines", 401],
];

for (const [what, token, status] of UNFIT) {
  Deno.test(`${what} logs nobody in`, async () => {
    const { app } = edge();
    const answer = await logIn(app, token);
    problemFields(answer, status);
    assertEquals(answer.headers.get("set-cookie"), null);
    assert(!JSON.stringify(answer.body).includes(token));
  });
}

Deno.test("a log-in names what is missing, and repeats no token", async () => {
  const { app } = edge();
  const missing = await call(app, "POST", "/session", {}, CSRF);
  assertEquals(problemFields(missing, 400), ["token"]);
  const wrong = await call(app, "POST", "/session", { token: 12_345, name: "x".repeat(65) }, CSRF);
  assertEquals(problemFields(wrong, 400), ["token", "name"]);
});

Deno.test("after ten wrong tokens the next ones are told to wait, and whoever has a right one is let in all the same", async () => {
  const { app, advance } = edge();
  for (let i = 0; i < 10; i++) problemFields(await logIn(app, `wrong-token-${i}-000`), 401);
  const answer = await logIn(app, "wrong-token-10-000");
  problemFields(answer, 429);
  assertEquals(answer.headers.get("retry-after"), "2");
  // Who guesses locks nobody out, however long he goes on.
  for (let i = 0; i < 5; i++) {
    problemFields(await logIn(app, `wrong-token-${i}-000`), 429);
    assertEquals((await logIn(app, TOKENS.admin[0]!)).status, 200);
  }
  advance(2_000);
  problemFields(await logIn(app, "wrong-token-11-000"), 401);
  problemFields(await logIn(app, "wrong-token-12-000"), 429);
});

Deno.test("a token that is known but may not look is no guess, and counts for nothing", async () => {
  const { app } = edge();
  for (let i = 0; i < 20; i++) problemFields(await logIn(app, TOKENS.crawl[0]!), 403);
});

Deno.test("what no header could carry stands for no token, whatever the tokens are", async () => {
  const { app } = edge({ tokens: { admin: ["-"] } });
  problemFields(await logIn(app, "t\u00f6ken"), 401);
  assertEquals((await logIn(app, "-")).status, 200);
});

Deno.test("where the server asks for no token everybody is an admin, and no cookie is set", async () => {
  const { app } = createEdge();
  assertEquals((await call(app, "GET", "/session")).body, { scope: "admin" });
  const answer = await logIn(app, "whatever");
  assertEquals([answer.status, answer.headers.get("set-cookie")], [200, null]);
  assertNotMatch(await (await app.request("/")).text(), /id="log-in"/);
});

Deno.test("a session's requests count against the limit of its token", async () => {
  const { app } = edge({ tokenLimit: { perSecond: 0.1, burst: 4 } });
  const session = await sessionOf(app, TOKENS.read[0]!);
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    statuses.push((await call(app, "GET", "/v1/breakers", undefined, session)).status);
  }
  assert(statuses.includes(429), statuses.join(" "));
});

// ---- the page ---------------------------------------------------------------------------------------------

Deno.test("the page allows no script or style but its own files, and no frame around it", async () => {
  for (const app of [createEdge().app, edge().app]) {
    const response = await app.request("/");
    const policy = response.headers.get("content-security-policy")!;
    assertEquals(policy.split("; "), [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
    const html = await response.text();
    assertNotMatch(html, /\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<style/);
    // Sent without the script, a form with names would put the token into the address.
    assertNotMatch(html, /<input[^>]*\sid="(token|name)"[^>]*\sname=/);
  }
});
