/**
 * Logging in: which tokens are taken, and the cookie that they are exchanged for.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { call, createEdge, problemFields } from "../edge/calls.ts";
import { cookieOf, CSRF, guardedEdge, logIn } from "./log_in.ts";
import { TOKENS } from "./served_app.ts";

Deno.test("the cookie is out of reach of scripts and other sites, and tells nothing of the token", async () => {
  const { app } = guardedEdge();
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
  const { app } = guardedEdge();
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

const UNFIT: [string, string, number][] = [
  ["a token that may not look", TOKENS.crawl[0]!, 403],
  ["a token that is not known", "nobody-knows-this-1", 401],
  ["a token that no header could carry", "t\u00f6ken\nwith lines", 401],
];

for (const [what, token, status] of UNFIT) {
  Deno.test(`${what} logs nobody in`, async () => {
    const { app } = guardedEdge();
    const answer = await logIn(app, token);
    problemFields(answer, status);
    assertEquals(answer.headers.get("set-cookie"), null);
    assert(!JSON.stringify(answer.body).includes(token));
  });
}

Deno.test("a log-in names what is missing, and repeats no token", async () => {
  const { app } = guardedEdge();
  const missing = await call(app, "POST", "/session", {}, CSRF);
  assertEquals(problemFields(missing, 400), ["token"]);
  const wrong = await call(app, "POST", "/session", { token: 12_345, name: "x".repeat(65) }, CSRF);
  assertEquals(problemFields(wrong, 400), ["token", "name"]);
});

Deno.test("after ten wrong tokens the next ones are told to wait, and whoever has a right one is let in all the same", async () => {
  const { app, advance } = guardedEdge();
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
  const { app } = guardedEdge();
  for (let i = 0; i < 20; i++) problemFields(await logIn(app, TOKENS.crawl[0]!), 403);
});

Deno.test("what no header could carry stands for no token, whatever the tokens are", async () => {
  const { app } = guardedEdge({ tokens: { admin: ["-"] } });
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
