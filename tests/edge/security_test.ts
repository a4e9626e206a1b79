/**
 * What nobody may get out of the app or into it: headers, ids, log lines, names that are more than names.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import type { Hono } from "hono";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";
import { type Answered, call, createEdge, post, problemFields, tellOutcome } from "./calls.ts";

const TOKENS = { crawl: ["crawl-token-000001"], admin: ["admin-token-000001"] };
const CRAWLER = { authorization: `Bearer ${TOKENS.crawl[0]}` };

// ---- headers ----------------------------------------------------------------------------------------------

/** A call of every kind of answer: verdicts, states, texts, refusals. */
const CALLS: [string, string, unknown][] = [
  ["POST", "/v1/batch", {}],
  ["GET", "/v1/breakers", undefined],
  ["GET", "/v1/breakers/example.org", undefined],
  ["PUT", "/v1/breakers/example.org", { state: "open" }],
  ["DELETE", "/v1/resolvers/crossref", undefined],
  ["GET", "/v1/policies/example.org", undefined],
  ["GET", "/v1/events", undefined],
  ["HEAD", "/v1/events", undefined],
  ["GET", "/metrics", undefined],
  ["GET", "/healthz", undefined],
  ["GET", "/readyz", undefined],
  ["HEAD", "/readyz", undefined],
  ["GET", "/openapi.json", undefined],
  ["POST", "/v1/allow", "{"],
  ["GET", "/v1/allow", undefined],
  ["GET", "/nothing", undefined],
];

for (const [method, path, body] of CALLS) {
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  Deno.test(`the answer to ${method} ${path} ${sent ?? ""} is neither guessed at nor kept`, async () => {
    const { app, registry } = createEdge();
    registry.open("down.example.org");
    const headers = { "content-type": "application/json" };
    const response = await app.request(path, { method, headers, body: sent });
    await response.body?.cancel();
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    assertEquals(response.headers.get("referrer-policy"), "no-referrer");
    const kept = path === "/openapi.json" ? /^public, max-age=300$/ : /^no-store\b/;
    assertMatch(response.headers.get("cache-control") ?? "", kept);
  });
}

Deno.test("what a crawler is answered each time has no header that it does not need", async () => {
  const { app, registry } = createEdge();
  registry.open("down.example.org", { forMs: 30_000 });
  const denied = await post(app, "/v1/allow", { host: "down.example.org" });
  const kept = [...denied.headers];
  assertEquals(kept, [["content-type", "application/json"], ["retry-after", "30"]]);
  const allowed = await post(app, "/v1/allow", { host: "example.org" });
  const recorded = await post(app, "/v1/record", { permit: allowed.body.permit, status: 200 });
  for (const { headers } of [allowed, recorded]) {
    assertEquals([...headers], [["content-type", "application/json"]]);
  }
});

// ---- request ids ------------------------------------------------------------------------------------------

for (const id of ["crawl-7f3a", "A.b_c-9", "x", "x".repeat(64)]) {
  Deno.test(`the request id ${id.slice(0, 12)} is the client's, and comes back`, async () => {
    const { app } = createEdge();
    const answer = await call(app, "GET", "/nothing", undefined, { "x-request-id": id });
    assertEquals(answer.headers.get("x-request-id"), id);
  });
}

for (const id of ["", "x".repeat(65), "a b", "a,b", '{"a":1}', "a;b", "\u00e9", "../etc"]) {
  Deno.test(`the request id '${id.slice(0, 12)}' is none, and another one is drawn`, async () => {
    const { app } = createEdge();
    const seen = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const answer = await call(app, "GET", "/nothing", undefined, { "x-request-id": id });
      const drawn = answer.headers.get("x-request-id") ?? "";
      assertMatch(drawn, /^[a-z0-9]{9,12}$/);
      seen.add(drawn);
    }
    assertEquals(seen.size, 3);
  });
}

Deno.test("answers that are no refusal have a request id with debug only", async () => {
  const headers = { "x-request-id": "mine" };
  const quiet = await call(createEdge().app, "POST", "/v1/allow", { host: "x.org" }, headers);
  assertEquals(quiet.headers.get("x-request-id"), null);
  const { app } = createEdge({}, { debug: true });
  const answer = await call(app, "POST", "/v1/allow", { host: "x.org" }, headers);
  assertEquals(answer.headers.get("x-request-id"), "mine");
});

Deno.test("an odd Host header is refused with the request's id", async () => {
  const { app } = createEdge();
  // As a server makes it of such a header: no constructor would.
  const request = new Request("http://example.org/healthz", { headers: { "x-request-id": "odd" } });
  Object.defineProperty(request, "url", { value: "http://a b/healthz" });
  for (let i = 0; i < 2; i++) {
    const response = await app.fetch(request);
    assertEquals([response.status, response.headers.get("x-request-id")], [400, "odd"]);
    assertEquals((await app.request("/healthz")).status, 200);
  }
});

// ---- the log ----------------------------------------------------------------------------------------------

const TS = "2026-01-01T00:00:00.000Z";

/** The one line of a call, without the time it took. */
async function lineOf(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const { app, lines } = createEdge({}, { debug: true, tokens: TOKENS });
  await call(app, "PUT", "/v1/breakers/down.example.org", { state: "open" }, {
    authorization: `Bearer ${TOKENS.admin[0]}`,
  });
  lines.length = 0;
  await call(app, method, path, body, { "x-request-id": "r1", ...CRAWLER, ...headers });
  assertEquals(lines.length, 1, lines.join("\n"));
  assertNotMatch(lines[0]!, /token-0|bearer|secret|\n/i);
  const { ms, ...line } = JSON.parse(lines[0]!);
  assert(typeof ms === "number" && ms >= 0, lines[0]);
  return line;
}

Deno.test("with debug each call is a line of JSON with its verdict", async () => {
  const common = { ts: TS, method: "POST", path: "/v1/allow", status: 200, request_id: "r1" };
  const ask = (host: string) => lineOf("POST", "/v1/allow", { host, role: "secret" });
  assertEquals(await ask("example.org"), { ...common, verdict: "allowed" });
  assertEquals(await ask("down.example.org"), { ...common, verdict: "manual" });
});

Deno.test("the line of a batch counts its verdicts", async () => {
  const hosts = ["example.org", "other.example.org", "down.example.org"];
  const line = await lineOf("POST", "/v1/batch", { allow: hosts.map((host) => ({ host })) });
  assertEquals(line["verdicts"], { allowed: 2, manual: 1 });
});

Deno.test("the line of a call tells its route, and neither its query nor what stood in its path", async () => {
  const line = await lineOf("GET", "/v1/breakers/secret.example.org?token=secret");
  assertEquals([line["path"], line["status"]], ["/v1/breakers/:host", 403]);
  const nothing = await lineOf("GET", "/secret/path");
  assertEquals([nothing["path"], nothing["status"]], [null, 404]);
  const odd = await lineOf("GET", "/v1/breakers", undefined, { "x-request-id": 'a"\tb' });
  assertMatch(String(odd["request_id"]), /^[a-z0-9]+$/);
  const method = await lineOf("M".repeat(60), "/v1/allow");
  assertEquals(method["method"], "M".repeat(20));
});

Deno.test("without debug nothing is logged, whatever clients do", async () => {
  const { app, lines } = createEdge({}, { tokens: TOKENS });
  for (const [method, path, body] of CALLS) {
    if (path !== "/v1/events") await call(app, method, path, body, CRAWLER).catch(() => {});
  }
  assertEquals(lines, []);
});

/** A store whose errors repeat the command, as those of a client library do. */
function talkativeStore(): Store {
  const fail = () =>
    Promise.reject(
      new Error(
        'ERR: command was: ["SET","breakwater:host:x","s3cr3t"]\n    at send (client.ts:1:1)',
      ),
    );
  return { ...memoryStore(), read: fail, write: fail, list: fail };
}

Deno.test("what a store's error says reaches neither clients nor the log", async () => {
  for (const debug of [false, true]) {
    await using registry = new BreakerRegistry({ store: talkativeStore(), timeoutMs: 50 });
    const lines: string[] = [];
    const app = createApp({ registry, debug, log: (line) => void lines.push(line) });
    const texts: string[] = [];
    const calls: [string, string, unknown][] = [
      ["POST", "/v1/allow", { host: "x.org" }],
      ["GET", "/v1/breakers", undefined],
      ["GET", "/v1/breakers/x.org", undefined],
      ["PUT", "/v1/breakers/x.org", { state: "open" }],
      ["GET", "/v1/policies/x.org", undefined],
      ["PUT", "/v1/policies/x.org", { fail_max: 3 }],
      ["DELETE", "/v1/policies/x.org", undefined],
      ["GET", "/metrics", undefined],
      ["GET", "/readyz", undefined],
    ];
    for (const [method, path, body] of calls) {
      const response = await app.request(path, {
        method,
        headers: { "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const expected = path === "/readyz" || method !== "GET" && path.includes("policies");
      assertEquals(response.status, expected ? 503 : 200, `${method} ${path}`);
      texts.push(await response.text());
    }
    const all = [...texts, ...lines].join("\n");
    assertNotMatch(all, /s3cr3t|SET|command was|client\.ts|^\s+at /m);
  }
});

Deno.test("an error of ours is one line in the log, however many it has", async () => {
  class Broken extends BreakerRegistry {
    override allow(): never {
      throw new TypeError(`first\nPOST /v1/allow 200 forged\r\n${"x".repeat(2_000)}`);
    }
  }
  await using registry = new Broken();
  const lines: string[] = [];
  const app = createApp({ registry, log: (line) => void lines.push(line) });
  const answer = await post(app, "/v1/allow", { host: "example.org" });
  problemFields(answer, 500);
  assertNotMatch(JSON.stringify(answer.body), /first|forged/);
  assertEquals(lines.length, 1);
  assertNotMatch(lines[0]!, /[\r\n]/);
  assert(lines[0]!.length < 700);
  assert(lines[0]!.includes(answer.headers.get("x-request-id")!), "the two can be laid together");
});

// ---- names ------------------------------------------------------------------------------------------------

const PROTOTYPE_NAMES = [
  "constructor",
  "hasOwnProperty",
  "isPrototypeOf",
  "toString",
  "valueOf",
  "toLocaleString",
  "propertyIsEnumerable",
];

for (const name of [...PROTOTYPE_NAMES, "__proto__", "__defineGetter__"]) {
  Deno.test(`a host called ${name} is a host as any other`, async () => {
    const { app } = createEdge();
    const host = name.toLowerCase();
    await tellOutcome(app, { host: name }, { status: 500 });
    const { status, body } = await tellOutcome(app, { host: name }, { status: 500 });
    assertEquals([status, body.state], [200, "open"]);
    const listed = await call(app, "GET", "/v1/breakers");
    assertEquals(listed.body.breakers.map((each: { key: string }) => each.key), [host]);
    const policy = await call(app, "PUT", `/v1/policies/${name}`, { fail_max: 4 });
    assertEquals([policy.status, policy.body.host, policy.body.policy.fail_max], [200, host, 4]);
    assertNothingPolluted();
  });
}

for (const name of PROTOTYPE_NAMES) {
  Deno.test(`a resolver called ${name} is a resolver as any other`, async () => {
    const { app } = createEdge();
    const ask = { host: "example.org", resolver: name };
    assertEquals((await post(app, "/v1/allow", ask)).body.allowed, true);
    await call(app, "PUT", `/v1/resolvers/${name}`, { state: "open" });
    const { body } = await post(app, "/v1/allow", ask);
    assertEquals([body.allowed, body.scope, body.key], [false, "resolver", name]);
    assertNothingPolluted();
  });
}

Deno.test("a role called constructor is a role as any other", async () => {
  const { app } = createEdge({ defaults: { roles: { constructor: { failMax: 1 } } } });
  const { body } = await tellOutcome(app, { host: "example.org", role: "constructor" }, {
    status: 500,
  });
  assertEquals(body.state, "open");
  const snapshot = (await call(app, "GET", "/v1/breakers/example.org")).body;
  assertEquals(Object.keys(snapshot.roles), ["constructor"]);
  // A role that no policy knows shares the host's breaker.
  const other = createEdge();
  const shared = await tellOutcome(other.app, { host: "x.org", role: "constructor" }, {
    status: 500,
  });
  assertEquals(shared.body.state, "closed");
  assertEquals((await call(other.app, "GET", "/v1/breakers/x.org")).body.roles, {});
});

for (const body of ['{"__proto__":{"host":"x"}}', '{"host":"x.org","__proto__":{"role":"y"}}']) {
  Deno.test(`the body ${body} is refused, naming __proto__`, async () => {
    const { app } = createEdge();
    assert(problemFields(await post(app, "/v1/allow", body), 400).includes("__proto__"));
    assertNothingPolluted();
  });
}

function assertNothingPolluted(): void {
  assertEquals(Object.keys(Object.prototype), []);
  for (const name in {}) throw new Error(`Every object has ${name} now`);
  assertEquals(Object.getPrototypeOf({}), Object.prototype);
}

/** Names that would be another key, another store entry or another line, were they taken as they are. */
const SMUGGLERS = [
  "a.org:breakwater:policies",
  "resolver:crossref",
  "../policies",
  "a.org/../b.org",
  "a.org\nb.org",
  "a.org\r\nX-Injected: 1",
  "a.org\u0000b.org",
  "a.org~1",
  "a.org*",
  "a.org%00",
  "{a.org}",
  "a.org\u2028",
  `${"a".repeat(64)}.org`,
  `${"a.".repeat(127)}org`,
  "a".repeat(16_385),
];

for (const host of SMUGGLERS) {
  Deno.test(`the host ${JSON.stringify(host.slice(0, 30))} is refused wherever it stands`, async () => {
    const { app, registry } = createEdge();
    const written = encodeURIComponent(host);
    const answers: Answered[] = [
      await post(app, "/v1/allow", { host }),
      await post(app, "/v1/batch", { allow: [{ host }] }),
      await call(app, "PUT", `/v1/breakers/${written}`, { state: "open" }),
      await call(app, "PUT", `/v1/policies/${written}`, { fail_max: 1 }),
    ];
    for (const answer of answers) {
      if (answer.status !== 404) problemFields(answer, 400);
      assert(JSON.stringify(answer.body).length < 1_000, "long names are not repeated");
    }
    assertEquals((await registry.page()).snapshots, []);
  });
}

Deno.test("a key is the host's alone: no host, resolver or role reaches another's record", async () => {
  const { app } = createEdge();
  await call(app, "PUT", "/v1/resolvers/example.org", { state: "open" });
  assertEquals((await post(app, "/v1/allow", { host: "example.org" })).body.allowed, true);
  await call(app, "PUT", "/v1/breakers/crossref", { state: "open" });
  const { body } = await post(app, "/v1/allow", { host: "x.org", resolver: "crossref" });
  assertEquals(body.allowed, true);
});

// ---- permits ----------------------------------------------------------------------------------------------

async function permitOf(app: Hono): Promise<string> {
  return (await post(app, "/v1/allow", { host: "example.org", role: "metadata" })).body.permit;
}

const FORGERIES: [string, (permit: string) => string][] = [
  ["of another version", (permit) => permit.replace(/^1~/, "2~")],
  ["without its end", (permit) => permit.slice(0, -1) + "\u0000"],
  ["of a host that is none", (permit) => permit.replace("example.org", "a b")],
  ["of a host in capitals", (permit) => permit.replace("example.org", "EXAMPLE.org")],
  ["of a prototype", (permit) => permit.replace("metadata", "__proto__")],
  ["with a field more", (permit) => permit.replace("metadata", "meta~data")],
  ["with a generation beyond numbers", (permit) => permit.replace(/~c0~/, "~czzzzzzzzzzz~")],
  ["that goes on and on", (permit) => permit + "a".repeat(1_000)],
  ["in another encoding", (permit) => btoa(permit)],
  ["empty", () => ""],
];

for (const [what, forge] of FORGERIES) {
  Deno.test(`a permit ${what} counts for nothing and is no error`, async () => {
    const { app, registry } = createEdge();
    const permit = forge(await permitOf(app));
    const { status, body } = await post(app, "/v1/record", { permit, status: 500 });
    assertEquals([status, body.recorded], [200, false]);
    assertEquals((await registry.page()).snapshots, []);
  });
}

Deno.test("a permit of any length is no error, as far as a body goes", async () => {
  const { app } = createEdge();
  const longest = await post(app, "/v1/record", { permit: "s".repeat(60_000), status: 200 });
  assertEquals([longest.status, longest.body.recorded], [200, false]);
});
