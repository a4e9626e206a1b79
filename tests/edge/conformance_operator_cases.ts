/**
 * What the contract says of breakers, resolvers, policies, events, metrics, and of what is open to all.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import parse from "npm:parse-prometheus-text-format@1.1.1";
import {
  authorization,
  call,
  type Cases,
  crawl,
  type Edge,
  failOpen,
  freshHost,
  freshResolver,
  tell,
} from "./conformance_edge.ts";
import { EventStreamReader } from "./event_reader.ts";

/** The snapshot of what has no record. */
const CLOSED = {
  state: "closed",
  remaining_ms: 0,
  failures: 0,
  successes: 0,
  opens: 0,
  probes: 0,
  roles: {},
};

/** Keys of all that is listed, page by page. */
async function listed(edge: Edge, query: string): Promise<string[]> {
  const keys: string[] = [];
  for (let cursor = "";;) {
    const path = `/v1/breakers?${query}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const { status, body } = await call(edge, "GET", path, undefined, { as: "read" });
    assertEquals(status, 200, JSON.stringify(body));
    keys.push(...body.breakers.map(({ key }: { key: string }) => key));
    if (!("next_cursor" in body)) return keys;
    cursor = body.next_cursor;
  }
}

/** The calls that hosts and resolvers have in common. */
async function exercise(edge: Edge, scope: string, key: string, path: string): Promise<void> {
  const get = async () => (await call(edge, "GET", path, undefined, { as: "read" })).body;
  const put = async (body: unknown) => {
    const answer = await call(edge, "PUT", path, body);
    assertEquals(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  assertEquals(await get(), { scope, key, ...CLOSED });
  const endless = await put({ state: "open" });
  assertEquals([endless.state, endless.reason, endless.until, endless.remaining_ms], [
    "open",
    "manual",
    null,
    null,
  ]);
  const opened = await put({ state: "open", seconds: 600, reason: "maintenance" });
  assertEquals([opened.scope, opened.key, opened.note], [scope, key, "maintenance"]);
  assert(opened.remaining_ms > 590_000 && opened.remaining_ms <= 600_000, opened.remaining_ms);
  assert(Math.abs(opened.until - Date.now() - opened.remaining_ms) < 10_000);
  assertEquals((await get()).state, "open");
  assertEquals((await put({ state: "half_open" })).state, "half_open");
  assertEquals(await put({ state: "closed" }), { scope, key, ...CLOSED });
  await put({ state: "open" });
  const deleted = await call(edge, "DELETE", path);
  assertEquals([deleted.status, deleted.body], [200, { scope, key, ...CLOSED }]);
  assertEquals(await get(), { scope, key, ...CLOSED });
}

/** See the module's description. */
export const OPERATOR_CASES: Cases = {
  "GET /v1/breakers lists every host and resolver in trouble, and nothing else": async (edge) => {
    const [failing, open, healthy] = [freshHost(), freshHost(), freshHost()];
    const resolver = freshResolver();
    await tell(edge, { host: failing }, { status: 500 });
    await failOpen(edge, { host: open });
    await tell(edge, { host: healthy }, { status: 200 });
    await call(edge, "PUT", `/v1/resolvers/${resolver}`, { state: "half_open" });
    const ours = [failing, open, healthy, resolver];
    const found = async (query: string) =>
      (await listed(edge, query)).filter((key) => ours.includes(key));
    for (const query of ["limit=1000", "limit=3", "limit=1"]) {
      assertEquals((await found(query)).sort(), [failing, open, resolver].sort(), query);
    }
    assertEquals(await found("state=open&limit=2"), [open]);
    assertEquals(await found("state=half_open"), [resolver]);
    assertEquals(await found("state=closed"), [failing]);
    assertEquals(await listed(edge, "limit=2"), await listed(edge, ""), "the order is stable");
  },

  "GET, PUT and DELETE of /v1/breakers/{host}: open with seconds and reason, half_open, closed; DELETE is closed":
    async (edge) => {
      const host = freshHost();
      await exercise(edge, "host", host, `/v1/breakers/${host}`);
    },

  "GET, PUT and DELETE of /v1/resolvers/{name} do the same": async (edge) => {
    const name = freshResolver();
    await exercise(edge, "resolver", name, `/v1/resolvers/${name}`);
  },

  "a snapshot shows failures, deadline and roles in snake_case": async (edge) => {
    const host = freshHost();
    await call(edge, "PUT", `/v1/policies/${host}`, { roles: { metadata: { fail_max: 1 } } });
    await tell(edge, { host, role: "metadata" }, { status: 500 });
    await tell(edge, { host }, { status: 500 });
    const { body } = await call(edge, "GET", `/v1/breakers/${host}`);
    assertEquals([body.state, body.failures, body.roles.metadata.state], ["closed", 1, "open"]);
    assertEquals(Object.keys(body.roles.metadata).sort(), [
      "failures",
      "opens",
      "probes",
      "reason",
      "remaining_ms",
      "state",
      "successes",
      "until",
    ]);
  },

  "a host has one breaker however it is spelled": async (edge) => {
    const host = freshHost();
    await call(edge, "PUT", `/v1/breakers/${host.toUpperCase()}.:443`, { state: "open" });
    assertEquals((await crawl(edge, "/v1/allow", { host })).allowed, false);
    assertEquals((await call(edge, "GET", `/v1/breakers/${host}`)).body.key, host);
  },

  "GET, PUT and DELETE of /v1/policies/{host}: the effective policy, a flat patch in the YAML's names":
    async (edge) => {
      const host = freshHost();
      const path = `/v1/policies/${host}`;
      const before = await call(edge, "GET", path, undefined, { as: "read" });
      assertEquals([before.status, before.body.policy.fail_max], [200, 2]);
      const set = await call(edge, "PUT", path, { fail_max: 1, reset_timeout_s: 5 });
      assertEquals([set.status, set.body.policy.fail_max, set.body.policy.reset_timeout_s], [
        200,
        1,
        5,
      ]);
      assertEquals((await tell(edge, { host }, { status: 500 })).state, "open");
      const removed = await call(edge, "DELETE", path);
      assertEquals([removed.status, removed.body.policy], [200, before.body.policy]);
    },

  "GET /v1/events sends transitions, overrides and policy changes as server-sent events": async (
    edge,
  ) => {
    const host = freshHost();
    const response = await edge.send("/v1/events", { headers: authorization("read") });
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    await using reader = new EventStreamReader(response);
    await reader.block(); // connected: what follows is told
    await failOpen(edge, { host });
    await call(edge, "DELETE", `/v1/breakers/${host}`);
    await call(edge, "PUT", `/v1/policies/${host}`, { fail_max: 7 });
    const told: string[] = [];
    while (told.length < 4) {
      const event = await reader.next();
      assert(event !== undefined, `the stream ended after ${told}`);
      if (event.data.key === host) {
        told.push(`${event.event} ${event.data.to ?? event.data.action}`);
      }
    }
    assertEquals(told, ["transition open", "transition closed", "operator close", "policy set"]);
  },

  "GET /metrics is Prometheus text": async (edge) => {
    await crawl(edge, "/v1/allow", { host: freshHost() });
    const { status, headers, body } = await call(edge, "GET", "/metrics", undefined, {
      as: "read",
    });
    assertEquals(status, 200);
    assertStringIncludes(headers.get("content-type")!, "text/plain; version=0.0.4");
    const verdicts = parse(body).find(({ name }: { name: string }) =>
      name === "breakwater_verdicts_total"
    );
    assertEquals(verdicts.type, "COUNTER");
  },

  "GET /openapi.json is OpenAPI 3.1 and names every path": async (edge) => {
    const { status, body } = await call(edge, "GET", "/openapi.json", undefined, { as: "nobody" });
    assertEquals(status, 200);
    assertMatch(body.openapi, /^3\.1\./);
    for (
      const [path, methods] of [
        ["/v1/allow", ["post"]],
        ["/v1/record", ["post"]],
        ["/v1/batch", ["post"]],
        ["/v1/breakers", ["get"]],
        ["/v1/breakers/{host}", ["delete", "get", "put"]],
        ["/v1/resolvers/{name}", ["delete", "get", "put"]],
        ["/v1/policies/{host}", ["delete", "get", "put"]],
        ["/v1/events", ["get"]],
        ["/v1/advice", ["get"]],
        ["/v1/advice/apply", ["post"]],
        ["/v1/mode", ["delete", "get", "put"]],
        ["/v1/status", ["get"]],
        ["/v1/trouble", ["get"]],
        ["/v1/history", ["get"]],
        ["/v1/hosts/{host}/history", ["get"]],
        ["/", ["get"]],
        ["/session", ["delete", "get", "post"]],
        ["/metrics", ["get"]],
        ["/openapi.json", ["get"]],
        ["/healthz", ["get"]],
        ["/readyz", ["get"]],
      ] as const
    ) {
      assertEquals(Object.keys(body.paths[path] ?? {}).sort(), [...methods], path);
    }
  },

  "GET /healthz and /readyz say yes, and nothing else": async (edge) => {
    const ask = async (path: string) => {
      const { status, body } = await call(edge, "GET", path, undefined, { as: "nobody" });
      return [status, body];
    };
    assertEquals(await ask("/healthz"), [200, { ok: true }]);
    assertEquals(await ask("/readyz"), [200, { ready: true }]);
  },
};
