/**
 * What operators call: listings, and opening and closing by hand.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { call, createEdge, post, problemFields, START, tellOutcome } from "./calls.ts";

const HOST = "api.example.org";
const CLOSED = {
  state: "closed",
  remaining_ms: 0,
  failures: 0,
  successes: 0,
  opens: 0,
  probes: 0,
};

Deno.test("a host without a record is closed", async () => {
  const { app } = createEdge();
  const answer = await call(app, "GET", `/v1/breakers/${HOST}`);
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("cache-control"), "no-store");
  assertEquals(answer.body, { scope: "host", key: HOST, ...CLOSED, roles: {} });
});

Deno.test("an open breaker says why, until when and for how long, its roles besides", async () => {
  const roles = { metadata: { failMax: 1 } };
  const { app } = createEdge({ defaults: { roles } });
  await tellOutcome(app, { host: HOST }, { status: 503 });
  await tellOutcome(app, { host: HOST }, { status: 503 });
  const { body } = await call(app, "GET", `/v1/breakers/${HOST}`);
  assertEquals(body, {
    scope: "host",
    key: HOST,
    state: "open",
    reason: "open",
    until: START + 30_000,
    remaining_ms: 30_000,
    failures: body.failures,
    successes: 0,
    opens: 1,
    probes: 0,
    roles: { metadata: CLOSED },
  });
});

Deno.test("PUT opens for some seconds, and the snapshot is the answer", async () => {
  const { app, registry, advance } = createEdge();
  const notes: unknown[] = [];
  registry.onEvent((event) => event.type === "transition" && notes.push(event.note));
  const answer = await call(app, "PUT", `/v1/breakers/${HOST}`, {
    state: "open",
    seconds: 90,
    reason: "maintenance",
  });
  assertEquals(answer.status, 200);
  assertEquals([answer.body.state, answer.body.reason], ["open", "manual"]);
  assertEquals([answer.body.until, answer.body.remaining_ms], [START + 90_000, 90_000]);
  assertEquals(notes, ["maintenance"]);
  const denied = await post(app, "/v1/allow", { host: HOST });
  assertEquals([denied.body.reason, denied.body.retry_after_ms], ["manual", 90_000]);
  advance(90_000);
  assertEquals((await call(app, "GET", `/v1/breakers/${HOST}`)).body.state, "half_open");
});

Deno.test("the longest reason that is taken comes back whole, a longer one is refused", async () => {
  const { app } = createEdge();
  const path = "/v1/breakers/a.example.org";
  const reason = "r".repeat(256);
  await call(app, "PUT", path, { state: "open", reason });
  assertEquals((await call(app, "GET", path)).body.note, reason);
  const refused = await call(app, "PUT", path, { state: "open", reason: `${reason}r` });
  assertEquals([refused.status, refused.body.errors[0].field], [400, "reason"]);
});

Deno.test("an open without end has null where JSON has no Infinity", async () => {
  const { app } = createEdge();
  const { body } = await call(app, "PUT", `/v1/breakers/${HOST}`, { state: "open" });
  assertEquals([body.state, body.until, body.remaining_ms], ["open", null, null]);
  const denied = await post(app, "/v1/allow", { host: HOST });
  assertEquals(denied.body.retry_after_ms, 30_000, "to ask again after the reset time-out");
});

Deno.test("PUT half_open admits a probe at once, PUT closed and DELETE clear everything", async () => {
  const { app } = createEdge();
  const path = `/v1/breakers/${HOST}`;
  await call(app, "PUT", path, { state: "open" });
  assertEquals((await call(app, "PUT", path, { state: "half_open" })).body.state, "half_open");
  assertEquals((await post(app, "/v1/allow", { host: HOST })).body.state, "half_open");
  const closed = await call(app, "PUT", path, { state: "closed" });
  assertEquals([closed.status, closed.body.state], [200, "closed"]);
  await call(app, "PUT", path, { state: "open" });
  const deleted = await call(app, "DELETE", path);
  assertEquals([deleted.status, deleted.body.state], [200, "closed"]);
  assertEquals((await post(app, "/v1/allow", { host: HOST })).body.allowed, true);
});

Deno.test("a resolver has the same calls", async () => {
  const { app } = createEdge();
  const path = "/v1/resolvers/crossref";
  assertEquals((await call(app, "GET", path)).body.state, "closed");
  const { body } = await call(app, "PUT", path, { state: "open", seconds: 0.5 });
  assertEquals([body.scope, body.key, body.remaining_ms], ["resolver", "crossref", 500]);
  const denied = await post(app, "/v1/allow", { host: HOST, resolver: "crossref" });
  assertEquals([denied.body.allowed, denied.body.scope], [false, "resolver"]);
  assertEquals((await call(app, "DELETE", path)).body.state, "closed");
});

const SPELLINGS: [string, string][] = [
  ["API.Example.ORG", "api.example.org"],
  ["example.org.", "example.org"],
  ["example.org:443", "example.org"],
  ["example.org:8080", "example.org:8080"],
  ["example.org%3A8080", "example.org:8080"],
  ["b%C3%BCcher.example", "xn--bcher-kva.example"],
  ["%5B::1%5D:8080", "[::1]:8080"],
  ["http%3A%2F%2Fexample.org%3A443", "example.org:443"],
];

for (const [written, key] of SPELLINGS) {
  Deno.test(`the path segment ${written} is the host ${key}`, async () => {
    const { app } = createEdge();
    const { status, body } = await call(app, "GET", `/v1/breakers/${written}`);
    assertEquals([status, body.key], [200, key]);
    assertEquals(
      (await call(app, "PUT", `/v1/breakers/${written}`, { state: "open" })).status,
      200,
    );
    const listed = await call(app, "GET", "/v1/breakers");
    assertEquals(listed.body.breakers.map((each: { key: string }) => each.key), [key]);
  });
}

for (
  const written of ["a%20b", "a%2Fb", "%ff", "%zz", "a%00b", "a@b", "-%2F..", "x:0", "%25", "a..b"]
) {
  Deno.test(`the path segment ${written} is no host, whatever the method`, async () => {
    const { app } = createEdge();
    for (const [method, body] of [["GET"], ["PUT", { state: "open" }], ["DELETE"]] as const) {
      const answer = await call(app, method, `/v1/breakers/${written}`, body);
      assertEquals(problemFields(answer, 400), ["host"]);
    }
  });
}

for (const written of ["-x", "a%20b", "a%2Fb", "x".repeat(65), "%ff"]) {
  Deno.test(`the path segment ${written.slice(0, 20)} is no resolver`, async () => {
    const { app } = createEdge();
    const answer = await call(app, "GET", `/v1/resolvers/${written}`);
    assertEquals(problemFields(answer, 400), ["resolver"]);
  });
}

const BAD_STATES: [unknown, string[]][] = [
  [{}, ["state"]],
  [[], ["body"]],
  [{ state: "OPEN" }, ["state"]],
  [{ state: "open", seconds: 0 }, ["seconds"]],
  [{ state: "open", seconds: -1 }, ["seconds"]],
  [{ state: "open", seconds: "60" }, ["seconds"]],
  [{ state: "open", seconds: 31_536_001 }, ["seconds"]],
  [{ state: "open", reason: "" }, ["reason"]],
  [{ state: "open", reason: "r".repeat(257) }, ["reason"]],
  [{ state: "open", for: 60 }, ["for"]],
  [{ state: "closed", seconds: 60 }, ["seconds"]],
  [{ state: "half_open", seconds: 60, reason: "x" }, ["seconds", "reason"]],
];

for (const [body, fields] of BAD_STATES) {
  Deno.test(`PUT ${JSON.stringify(body).slice(0, 50)} is refused, naming ${fields.join()}`, async () => {
    const { app } = createEdge();
    const answer = await call(app, "PUT", `/v1/breakers/${HOST}`, body);
    assertEquals(problemFields(answer, 400), fields);
    assertEquals((await call(app, "GET", `/v1/breakers/${HOST}`)).body.state, "closed");
  });
}

Deno.test("the listing holds what is in trouble, hosts before resolvers, page by page", async () => {
  const { app } = createEdge({ resolvers: { crossref: { failMax: 1 } } });
  await tellOutcome(app, { host: "fine.example.org" }, { status: 200 });
  await tellOutcome(app, { host: "a.example.org" }, { status: 500 });
  for (const host of ["b.example.org", "c.example.org"]) {
    await call(app, "PUT", `/v1/breakers/${host}`, { state: "open" });
  }
  await call(app, "PUT", "/v1/resolvers/crossref", { state: "half_open" });

  const all = await call(app, "GET", "/v1/breakers");
  assertEquals(all.status, 200);
  assertEquals("next_cursor" in all.body, false);
  const keys = ["a.example.org", "b.example.org", "c.example.org", "crossref"];
  assertEquals(keysOf(all.body), keys);

  const paged: string[] = [];
  let query = "limit=1";
  for (let pages = 0; query !== ""; pages++) {
    if (pages > 10) throw new Error("the listing does not end");
    const { status, body } = await call(app, "GET", `/v1/breakers?${query}`);
    assertEquals(status, 200);
    paged.push(...keysOf(body));
    query = body.next_cursor === undefined
      ? ""
      : `limit=1&cursor=${encodeURIComponent(body.next_cursor)}`;
  }
  assertEquals(paged, keys);

  const open = await call(app, "GET", "/v1/breakers?state=open");
  assertEquals(keysOf(open.body), ["b.example.org", "c.example.org"]);
  const half = await call(app, "GET", "/v1/breakers?state=half_open");
  assertEquals(keysOf(half.body), ["crossref"]);
  assertEquals(half.body.breakers[0].scope, "resolver");
});

Deno.test("while the store is down the listing says that it may not be the whole", async () => {
  const store = memoryStore();
  await using registry = new BreakerRegistry({ store });
  const app = createApp({ registry });
  await call(app, "PUT", `/v1/breakers/${HOST}`, { state: "open" });
  assertEquals((await call(app, "GET", "/v1/breakers")).body.degraded, undefined);
  await store[Symbol.asyncDispose]();
  const { status, body } = await call(app, "GET", "/v1/breakers");
  assertEquals([status, keysOf(body), body.degraded], [200, [HOST], true]);
});

const BAD_QUERIES: [string, string][] = [
  ["state=opened", "state"],
  ["state=", "state"],
  ["limit=0", "limit"],
  ["limit=1001", "limit"],
  ["limit=ten", "limit"],
  ["limit=1.5", "limit"],
  ["limit=", "limit"],
  ["cursor=nonsense", "cursor"],
  ["cursor=resolver:zzz", "cursor"],
  ["cursor=", "cursor"],
  ["stat=open", "stat"],
];

for (const [query, field] of BAD_QUERIES) {
  Deno.test(`the query ${query} is refused, naming ${field}`, async () => {
    const { app } = createEdge();
    const answer = await call(app, "GET", `/v1/breakers?${query}`);
    assertEquals(problemFields(answer, 400), [field]);
  });
}

Deno.test("a refused query says what is allowed", async () => {
  const { app } = createEdge();
  const { body } = await call(app, "GET", "/v1/breakers?limit=1001");
  assertEquals(body.errors[0].found, '"1001"');
  assertStringIncludes(body.errors[0].message, "1 to 1000");
  assertEquals((await call(app, "GET", "/v1/breakers?limit=1000")).status, 200);
});

function keysOf(body: { breakers: { key: string }[] }): string[] {
  return body.breakers.map(({ key }) => key);
}
