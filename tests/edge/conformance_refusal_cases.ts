/**
 * What the contract says of errors and tokens.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { problemFields } from "./calls.ts";
import {
  authorization,
  call,
  type Caller,
  type Cases,
  crawl,
  freshHost,
  TOKENS,
} from "./conformance_edge.ts";

const HOST = "refused.example.org";
const BREAKER = `/v1/breakers/${HOST}`;
const RESOLVER = "/v1/resolvers/refused";
const POLICY = `/v1/policies/${HOST}`;
const PAST = `/v1/hosts/${HOST}/history`;

/** Every call that takes a token, a body that it takes, and who may make it. */
const CALLS: readonly [method: string, path: string, body: unknown, mayCall: readonly Caller[]][] =
  [
    ["POST", "/v1/allow", { host: HOST }, ["crawl", "admin"]],
    ["POST", "/v1/record", { permit: "p", status: 200 }, ["crawl", "admin"]],
    ["POST", "/v1/batch", {}, ["crawl", "admin"]],
    ["GET", "/v1/breakers", undefined, ["read", "admin"]],
    ["GET", BREAKER, undefined, ["read", "admin"]],
    ["PUT", BREAKER, { state: "closed" }, ["admin"]],
    ["DELETE", BREAKER, undefined, ["admin"]],
    ["GET", RESOLVER, undefined, ["read", "admin"]],
    ["PUT", RESOLVER, { state: "closed" }, ["admin"]],
    ["DELETE", RESOLVER, undefined, ["admin"]],
    ["GET", POLICY, undefined, ["read", "admin"]],
    ["PUT", POLICY, { fail_max: 3 }, ["admin"]],
    ["DELETE", POLICY, undefined, ["admin"]],
    ["HEAD", "/v1/events", undefined, ["read", "admin"]], // a GET would never end
    ["GET", "/v1/advice", undefined, ["read", "admin"]],
    ["GET", "/v1/advice?window_s=86400", undefined, ["read", "admin"]],
    ["POST", "/v1/advice/apply", { advice: [] }, ["admin"]],
    ["GET", "/v1/mode", undefined, ["read", "admin"]],
    ["PUT", "/v1/mode", { mode: "enforce" }, ["admin"]],
    ["DELETE", "/v1/mode", undefined, ["admin"]],
    ["GET", "/v1/status", undefined, ["read", "admin"]],
    ["GET", "/v1/trouble", undefined, ["read", "admin"]],
    ["GET", "/v1/history", undefined, ["read", "admin"]],
    ["GET", PAST, undefined, ["read", "admin"]],
    ["GET", "/metrics", undefined, ["read", "admin"]],
  ];
const WITH_BODY: typeof CALLS = [
  ...CALLS.filter(([, , body]) => body !== undefined),
  ["POST", "/session", { token: TOKENS.read[0] }, ["nobody"]],
];
const OPEN_TO_ALL = ["/", "/healthz", "/readyz", "/openapi.json"];

/** A `Host` header that no URL can be made with; and what else may come. */
const NO_HOSTS = ["a b", "[", "<>", "x:99999", "exa%mple"];
const ODD_HOSTS = ["", "a/b", "a@b", "http://x", "x/healthz?"];

const MEMBERS = new Set(["type", "title", "status", "detail", "errors"]);

/** See the module's description. */
export const REFUSAL_CASES: Cases = {
  "errors are RFC 9457 application/problem+json": async (edge) => {
    const refusals = [
      await call(edge, "POST", "/v1/allow", "{"),
      await call(edge, "GET", "/v1/breakers", undefined, { as: "nobody" }),
      await call(edge, "DELETE", BREAKER, undefined, { as: "read" }),
      await call(edge, "GET", "/v1/nothing"),
      await call(edge, "PATCH", BREAKER),
      await call(edge, "POST", "/v1/allow", "x", { headers: { "content-type": "text/plain" } }),
    ];
    assertEquals(refusals.map(({ status }) => status), [400, 401, 403, 404, 405, 415]);
    for (const refusal of refusals) {
      problemFields(refusal, refusal.status);
      for (const name of Object.keys(refusal.body)) assert(MEMBERS.has(name), name);
    }
  },

  "400: a body that is malformed, whatever takes one": async (edge) => {
    for (const [method, path] of WITH_BODY) {
      for (const body of ["", "{", "undefined", "\u0000"]) {
        assertEquals(problemFields(await call(edge, method, path, body), 400), ["body"]);
      }
    }
  },

  "400: an invalid body, naming each field": async (edge) => {
    const cases: [string, string, unknown, string[]][] = [
      ["POST", "/v1/allow", { host: 5, role: "Bad Role", resolver: "a b" }, [
        "host",
        "role",
        "resolver",
      ]],
      ["POST", "/v1/allow", { hots: HOST }, ["hots"]],
      ["POST", "/v1/allow", [], ["body"]],
      ["POST", "/v1/record", { permit: 1, status: 99, latency_ms: -1 }, [
        "permit",
        "status",
        "latency_ms",
      ]],
      ["POST", "/v1/batch", { allow: [{ host: HOST }, { host: "a b" }], record: [{}] }, [
        "allow[1].host",
        "record[0].permit",
      ]],
      ["POST", "/v1/batch", { allow: 5, record: [{}] }, ["allow", "record[0].permit"]],
      ["PUT", BREAKER, { state: "ajar", seconds: -1 }, ["state", "seconds"]],
      ["PUT", RESOLVER, { state: "closed", seconds: 1 }, ["seconds"]],
      ["PUT", POLICY, { fail_max: 0, rolling: { window_s: -1 } }, ["fail_max", "rolling.window_s"]],
      ["GET", "/v1/breakers?state=ajar&limit=0", undefined, ["state", "limit"]],
      ["GET", "/v1/breakers?cursor=nonsense", undefined, ["cursor"]],
      ["GET", "/v1/breakers/a%20b", undefined, ["host"]],
      ["GET", "/v1/resolvers/a%20b", undefined, ["resolver"]],
      ["GET", "/v1/policies/a%20b", undefined, ["host"]],
      ["GET", "/v1/advice?window_s=59", undefined, ["window_s"]],
      ["GET", "/v1/advice?window_s=86401", undefined, ["window_s"]],
      ["GET", "/v1/advice?window=60", undefined, ["window"]],
      ["POST", "/v1/advice/apply", { advice: [{ host: HOST, rule: "guess" }], window_s: 1 }, [
        "window_s",
        "advice[0].rule",
      ]],
      ["POST", "/v1/advice/apply", { undo: "all" }, ["undo"]],
      ["PUT", "/v1/mode", { mode: "on" }, ["mode"]],
      ["GET", "/v1/history?kind=some&limit=0", undefined, ["kind", "limit"]],
      ["GET", "/v1/hosts/a%20b/history", undefined, ["host"]],
      ["GET", `${PAST}?window_s=1`, undefined, ["window_s"]],
      ["POST", "/session", { name: 5 }, ["token", "name"]],
    ];
    for (const [method, path, body, fields] of cases) {
      const answer = await call(edge, method, path, body);
      assertEquals(problemFields(answer, 400), fields, `${method} ${path}`);
    }
  },

  "401 with WWW-Authenticate: no token, and one that is not known": async (edge) => {
    for (const [method, path, body] of CALLS) {
      if (method === "HEAD") continue;
      const missing = await call(edge, method, path, body, { as: "nobody" });
      problemFields(missing, 401);
      assertMatch(missing.headers.get("www-authenticate") ?? "", /^Bearer\b/);
      const headers = { authorization: "Bearer crawl-token-000003" };
      const wrong = await call(edge, method, path, body, { as: "nobody", headers });
      problemFields(wrong, 401);
      assertStringIncludes(wrong.headers.get("www-authenticate") ?? "", "invalid_token");
    }
    const basic = { authorization: `Basic ${TOKENS.admin[0]}` };
    problemFields(
      await call(edge, "GET", "/metrics", undefined, { as: "nobody", headers: basic }),
      401,
    );
  },

  "403: each scope may do what it is for, admin all, and no scope more": async (edge) => {
    for (const [method, path, body, mayCall] of CALLS) {
      for (const as of ["crawl", "read", "admin"] as const) {
        const answer = await call(edge, method, path, body, { as });
        assertEquals(answer.status, mayCall.includes(as) ? 200 : 403, `${method} ${path} ${as}`);
        if (answer.status === 403 && method !== "HEAD") problemFields(answer, 403);
      }
    }
  },

  "several tokens of a scope work side by side, so that one can be rotated": async (edge) => {
    for (const token of TOKENS.crawl) {
      const headers = { authorization: `Bearer ${token}` };
      const ask = { host: freshHost() };
      const { body } = await call(edge, "POST", "/v1/allow", ask, { as: "nobody", headers });
      assertEquals(body.allowed, true);
    }
  },

  "open to all: /, /healthz, /readyz and /openapi.json; /v1/* and /metrics are not": async (
    edge,
  ) => {
    for (const path of OPEN_TO_ALL) {
      assertEquals((await call(edge, "GET", path, undefined, { as: "nobody" })).status, 200, path);
      for (const as of ["crawl", "read", "admin"] as const) {
        assertEquals((await call(edge, "GET", path, undefined, { as })).status, 200, path);
      }
    }
    for (const path of ["/metrics", "/v1/breakers", "/v1/nothing", "/v1", "/v1/"]) {
      problemFields(await call(edge, "GET", path, undefined, { as: "nobody" }), 401);
    }
  },

  "404: what there is not": async (edge) => {
    for (const path of ["/nothing", "/v1", "/v1/alow", "/v1/breakers/a/b", "/v2/allow"]) {
      problemFields(await call(edge, "GET", path), 404);
    }
  },

  "405 with Allow: another method than a path takes": async (edge) => {
    const methods: [string, string][] = [
      ["/v1/allow", "POST"],
      ["/v1/record", "POST"],
      ["/v1/batch", "POST"],
      ["/v1/breakers", "GET, HEAD"],
      [BREAKER, "GET, HEAD, PUT, DELETE"],
      [RESOLVER, "GET, HEAD, PUT, DELETE"],
      [POLICY, "GET, HEAD, PUT, DELETE"],
      ["/v1/events", "GET, HEAD"],
      ["/v1/advice", "GET, HEAD"],
      ["/v1/advice/apply", "POST"],
      ["/v1/mode", "GET, HEAD, PUT, DELETE"],
      ["/v1/status", "GET, HEAD"],
      ["/v1/trouble", "GET, HEAD"],
      ["/v1/history", "GET, HEAD"],
      [PAST, "GET, HEAD"],
      ["/", "GET, HEAD"],
      ["/session", "GET, HEAD, POST, DELETE"],
      ["/dashboard/app.js", "GET, HEAD"],
      ["/dashboard/style.css", "GET, HEAD"],
      ["/metrics", "GET, HEAD"],
      ["/openapi.json", "GET, HEAD"],
      ["/healthz", "GET, HEAD"],
      ["/readyz", "GET, HEAD"],
    ];
    for (const [path, allow] of methods) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        if (allow.split(", ").includes(method)) continue;
        const answer = await call(edge, method, path);
        problemFields(answer, 405);
        assertEquals(answer.headers.get("allow"), allow, `${method} ${path}`);
      }
    }
  },

  "413: a body beyond its limit, whatever takes one": async (edge) => {
    for (const [method, path] of WITH_BODY) {
      const limit = path === "/v1/batch" ? 1_048_576 : 65_536;
      const body = (bytes: number) => `"${"x".repeat(bytes - 2)}"`;
      problemFields(await call(edge, method, path, body(limit)), 400);
      problemFields(await call(edge, method, path, body(limit + 1)), 413);
    }
  },

  "415: a body that is not said to be JSON, whatever takes one": async (edge) => {
    for (const [method, path, body] of WITH_BODY) {
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "text/json"]) {
        const headers = { "content-type": type };
        problemFields(await call(edge, method, path, body, { headers }), 415);
      }
    }
    const headers = { "content-type": "Application/JSON; charset=utf-8" };
    assertEquals((await call(edge, "POST", "/v1/batch", {}, { headers })).status, 200);
  },

  "never a 5xx for a body that is cut off in the middle": async (edge) => {
    for (const [method, path] of WITH_BODY) {
      if (method !== "POST") continue;
      const status = await edge.sendCutOff(path, TOKENS.admin[0]);
      assert(status === undefined || status === 400, `${path}: ${status}`);
    }
    assertEquals((await crawl(edge, "/v1/allow", { host: freshHost() })).allowed, true);
  },

  "never a 5xx for an odd Host header": async (edge) => {
    const token = TOKENS.crawl[0];
    assertEquals(await edge.sendWithHost("edge.example.org", token), 200);
    for (const host of NO_HOSTS) assertEquals(await edge.sendWithHost(host, token), 400, host);
    for (const host of ODD_HOSTS) {
      const status = await edge.sendWithHost(host, token);
      assert(status < 500, `${host}: ${status}`);
    }
    const after = await edge.send("/v1/breakers", { headers: authorization("read") });
    assertEquals(after.status, 200);
    await after.body?.cancel();
  },
};
