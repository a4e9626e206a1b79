/**
 * Sessions: what a cookie is worth, and for how long.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { EdgeOptions } from "../../src/edge/app.ts";
import { call, problemFields } from "../edge/calls.ts";
import { cookieOf, CSRF, guardedEdge, logIn, sessionOf } from "./log_in.ts";
import { TOKENS } from "./served_app.ts";

const HOST = "/v1/breakers/example.org";
const OPEN = { state: "open", seconds: 60 };

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
    const { app } = guardedEdge();
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
  const { app, registry } = guardedEdge();
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
  const { app, registry } = guardedEdge();
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
    const { app, registry } = guardedEdge();
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
  const { app } = guardedEdge();
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
  const { app, advance } = guardedEdge();
  const session = await sessionOf(app, TOKENS.read[0]!);
  advance(12 * 3_600_000 - 1);
  assertEquals((await call(app, "GET", "/v1/breakers", undefined, session)).status, 200);
  advance(1);
  problemFields(await call(app, "GET", "/v1/breakers", undefined, session), 401);
  assertEquals((await call(app, "GET", "/session", undefined, session)).body, { scope: "none" });
});

Deno.test("whoever logs out is out, even with the cookie; others stay in", async () => {
  const { app } = guardedEdge();
  const one = await sessionOf(app, TOKENS.admin[0]!);
  const other = await sessionOf(app, TOKENS.admin[0]!);
  const answer = await call(app, "DELETE", "/session", undefined, { ...one, ...CSRF });
  assertEquals([answer.status, cookieOf(answer)], [200, "breakwater_session="]);
  assertMatch(answer.headers.get("set-cookie")!, /Max-Age=0/);
  problemFields(await call(app, "GET", "/v1/breakers", undefined, one), 401);
  assertEquals((await call(app, "GET", "/v1/breakers", undefined, other)).status, 200);
});

Deno.test("another process takes the cookie while it knows the token, and not when the token is gone or has less scope", async () => {
  const session = await sessionOf(guardedEdge().app, TOKENS.admin[0]!);
  const headers = { ...session, ...CSRF };
  const put = (tokens: EdgeOptions["tokens"]) =>
    call(guardedEdge({ tokens }).app, "PUT", HOST, OPEN, headers);
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
    const { app } = guardedEdge();
    const { cookie } = await sessionOf(app, TOKENS.admin[0]!);
    const [name, value] = cookie!.split("=");
    const headers = { cookie: `${name}=${forge(value!)}` };
    problemFields(await call(app, "GET", "/v1/breakers", undefined, headers), 401);
    const page = await app.request("/", { headers });
    assertMatch(await page.text(), /id="log-in"/);
  });
}

Deno.test("a token counts where both are sent: a stale cookie does not keep a program out", async () => {
  const { app } = guardedEdge();
  const headers = { cookie: "breakwater_session=x.y", authorization: `Bearer ${TOKENS.admin[0]}` };
  assertEquals((await call(app, "PUT", HOST, OPEN, headers)).status, 200);
});

Deno.test("a session's requests count against the limit of its token", async () => {
  const { app } = guardedEdge({ tokenLimit: { perSecond: 0.1, burst: 4 } });
  const session = await sessionOf(app, TOKENS.read[0]!);
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    statuses.push((await call(app, "GET", "/v1/breakers", undefined, session)).status);
  }
  assert(statuses.includes(429), statuses.join(" "));
});
