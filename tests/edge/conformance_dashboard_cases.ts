/**
 * What the contract says of advice, of the mode, and of the dashboard with what it asks.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertMatch, assertNotMatch } from "@std/assert";
import { problemFields } from "./calls.ts";
import { call, type Cases, crawl, failOpen, freshHost, TOKENS } from "./conformance_edge.ts";

const FROM_PAGE = { "x-breakwater-dashboard": "1" };

/** See the module's description. */
export const DASHBOARD_CASES: Cases = {
  "GET /v1/advice?window_s= proposes, and POST /v1/advice/apply applies it and undoes it": async (
    edge,
  ) => {
    const host = freshHost();
    for (let i = 0; i < 12; i++) {
      const { permit } = await crawl(edge, "/v1/allow", { host });
      await crawl(edge, "/v1/record", { permit, status: 429, retry_after: "120" });
      await call(edge, "DELETE", `/v1/breakers/${host}`);
    }
    const { status, body } = await call(edge, "GET", "/v1/advice?window_s=600", undefined, {
      as: "read",
    });
    assertEquals([status, body.window_s], [200, 600]);
    const advice = body.advice.find((one: { host: string }) => one.host === host);
    assertEquals(
      [advice.rule, advice.parameter, advice.from, advice.to, advice.patch],
      ["retry_after", "reset_timeout_s", 30, 120, { reset_timeout_s: 120 }],
    );
    const apply = (wanted: unknown) => call(edge, "POST", "/v1/advice/apply", wanted);
    const policy = async () => (await call(edge, "GET", `/v1/policies/${host}`)).body;
    const { body: applied } = await apply({ advice: [{ host, rule: "retry_after" }] });
    assertEquals([applied.applied.length, applied.undone, applied.refused], [1, [], []]);
    assertEquals((await policy()).override, { reset_timeout_s: 120 });
    const { body: undone } = await apply({ undo: [host] });
    assertEquals([undone.applied, undone.undone.length, undone.refused], [[], 1, []]);
    assertEquals("override" in await policy(), false);
    const { body: refused } = await apply({ advice: [{ host: freshHost() }] });
    assertEquals([refused.applied, refused.refused.length], [[], 1]);
  },

  "GET, PUT and DELETE of /v1/mode: what holds, with who and why": async (edge) => {
    const before = await call(edge, "GET", "/v1/mode", undefined, { as: "read" });
    assertEquals([before.status, before.body], [200, { mode: "enforce", configured: "enforce" }]);
    const set = await call(edge, "PUT", "/v1/mode", { mode: "observe", reason: "a trial" });
    assertEquals([set.status, set.body.mode, set.body.override, set.body.reason], [
      200,
      "observe",
      "observe",
      "a trial",
    ]);
    const removed = await call(edge, "DELETE", "/v1/mode");
    assertEquals([removed.status, removed.body], [200, before.body]);
  },

  "GET /v1/status, /v1/trouble, /v1/history and /v1/hosts/{host}/history tell of a host that opens":
    async (edge) => {
      const host = freshHost();
      await failOpen(edge, { host });
      const get = async (path: string) => {
        const { status, body } = await call(edge, "GET", path, undefined, { as: "read" });
        assertEquals(status, 200, JSON.stringify(body));
        return body;
      };
      const deadline = Date.now() + 10_000;
      const row = async () =>
        (await get("/v1/trouble")).rows.find(({ key }: { key: string }) => key === host);
      let found = await row();
      while (found === undefined && Date.now() < deadline) found = await row();
      assertEquals([found.state, found.reason, found.failures], ["open", "open", 2]);
      const { mode, counts, store } = await get("/v1/status");
      assertEquals([mode, store.up], ["enforce", true]);
      assertGreater(counts.open, 0);
      const { events } = await get(`/v1/history?host=${host}`);
      assertEquals(
        events.map(({ type, to, key }: Record<string, string>) => [type, to, key]),
        [["transition", "open", host]],
      );
      const past = await get(`/v1/hosts/${host}/history?window_s=3600`);
      assertEquals(past.lanes[0].bands.at(-1).state, "open");
      assertEquals(past.outcomes.status_503, 2);
    },

  "GET / is an empty page that asks for a token before it shows anything": async (edge) => {
    const host = freshHost();
    await failOpen(edge, { host });
    for (const as of ["nobody", "crawl", "read", "admin"] as const) {
      const { status, headers, body } = await call(edge, "GET", "/", undefined, { as });
      assertEquals([status, headers.get("content-type")], [200, "text/html; charset=utf-8"]);
      assertMatch(
        headers.get("content-security-policy")!,
        /^default-src 'none'; script-src 'self';/,
      );
      assertEquals(headers.get("cache-control"), "no-store");
      assertMatch(body, /<input id="token" type="password"/);
      assertNotMatch(body, /\.example\.org|id="rows"|id="change-mode"/);
    }
    for (const path of ["/dashboard/app.js", "/dashboard/style.css"]) {
      const { status, body } = await call(edge, "GET", path, undefined, { as: "nobody" });
      assertEquals(status, 200);
      assertNotMatch(body, /\.example\.org\b/);
    }
  },

  "a session stands for its token: it looks and, as an admin's, changes, and asks no gate": async (
    edge,
  ) => {
    const host = freshHost();
    await failOpen(edge, { host });
    const path = `/v1/breakers/${host}`;
    for (const scope of ["read", "admin"] as const) {
      const logIn = { token: TOKENS[scope][0], name: "ada" };
      const options = { as: "nobody" as const, headers: FROM_PAGE };
      const begun = await call(edge, "POST", "/session", logIn, options);
      assertEquals([begun.status, begun.body.scope], [200, scope]);
      const cookie = begun.headers.get("set-cookie")!;
      assertMatch(cookie, /; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
      const headers = { cookie: cookie.split(";")[0]! };
      const withCookie = (more: Record<string, string> = {}) => ({
        as: "nobody" as const,
        headers: { ...headers, ...more },
      });
      assertEquals((await call(edge, "GET", path, undefined, withCookie())).status, 200);
      const page = await call(edge, "GET", "/", undefined, withCookie());
      assert(page.body.includes('id="rows"'));
      assertEquals(page.body.includes('id="change-mode"'), scope === "admin");
      const change = { state: "half_open" };
      problemFields(await call(edge, "PUT", path, change, withCookie()), 403);
      const foreign = withCookie({ ...FROM_PAGE, origin: "https://evil.example" });
      problemFields(await call(edge, "PUT", path, change, foreign), 403);
      const put = await call(edge, "PUT", path, change, withCookie(FROM_PAGE));
      assertEquals(put.status, scope === "admin" ? 200 : 403);
      problemFields(await call(edge, "POST", "/v1/allow", { host }, withCookie(FROM_PAGE)), 401);
      const ended = await call(edge, "DELETE", "/session", undefined, withCookie(FROM_PAGE));
      assertEquals(ended.body, { scope: "none" });
      const after = await call(edge, "GET", path, undefined, withCookie());
      problemFields(after, 401);
      assertMatch(after.headers.get("www-authenticate") ?? "", /^Bearer\b/);
    }
  },
};
