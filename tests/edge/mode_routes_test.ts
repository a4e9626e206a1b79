/**
 * The mode over HTTP: what holds and why, a change for every process, and what is refused.
 *
 * @module
 */
import { assertEquals, assertLess, assertObjectMatch } from "@std/assert";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { call, createEdge, post, problemFields, START } from "./calls.ts";
import { EventStreamReader } from "./event_reader.ts";
import { ServerProcess } from "./server_process.ts";

const PATH = "/v1/mode";
const HOST = "api.example.org";

Deno.test("an app says what mode it is configured with, then what is stored, then the first again", async () => {
  const { app, registry } = createEdge({ mode: "observe" });
  const first = await call(app, "GET", PATH);
  assertEquals([first.status, first.headers.get("cache-control")], [200, "no-store"]);
  assertEquals(first.body, { mode: "observe", configured: "observe" });
  const put = await call(app, "PUT", PATH, { mode: "off", reason: "rollback" });
  const stored = {
    mode: "off",
    configured: "observe",
    override: "off",
    overridden_at: START,
    reason: "rollback",
  };
  assertEquals([put.status, put.body], [200, stored]);
  assertEquals((await call(app, "GET", PATH)).body, stored);
  assertEquals(registry.mode, "off");
  const removed = await call(app, "DELETE", PATH);
  assertEquals([removed.status, removed.body], [200, first.body]);
});

Deno.test("from off to enforce an open host is denied again", async () => {
  const { app } = createEdge({ mode: "off" });
  await call(app, "PUT", `/v1/breakers/${HOST}`, { state: "open" });
  assertEquals((await post(app, "/v1/allow", { host: HOST })).body.allowed, true);
  const other = createEdge();
  await call(other.app, "PUT", `/v1/breakers/${HOST}`, { state: "open" });
  for (const [mode, allowed] of [["off", true], ["enforce", false], ["observe", true]] as const) {
    await call(other.app, "PUT", PATH, { mode });
    assertEquals((await post(other.app, "/v1/allow", { host: HOST })).body.allowed, allowed, mode);
  }
});

const WRONG: [unknown, string[]][] = [
  [{}, ["mode"]],
  [{ mode: "on" }, ["mode"]],
  [{ mode: "off", reason: "" }, ["reason"]],
  [{ mode: "off", reason: "r".repeat(257) }, ["reason"]],
  [{ mode: "off", why: "x" }, ["why"]],
  [[], ["body"]],
  ["{", ["body"]],
];

for (const [body, fields] of WRONG) {
  Deno.test(`a body that says no mode is refused by its field: ${JSON.stringify(body).slice(0, 40)}`, async () => {
    const { app, registry } = createEdge();
    assertEquals(problemFields(await call(app, "PUT", PATH, body), 400), fields);
    assertEquals(registry.mode, "enforce");
  });
}

Deno.test("reading the mode takes a read token, changing it an admin's", async () => {
  const tokens = {
    crawl: ["crawl-token-16ch"],
    read: ["read-token-16-ch"],
    admin: ["admin-token-16ch"],
  };
  const { app } = createEdge({}, { tokens });
  const statusOf = async (method: string, token: string) => {
    const body = method === "PUT" ? { mode: "off" } : undefined;
    return (await call(app, method, PATH, body, { authorization: `Bearer ${token}` })).status;
  };
  const statuses: Record<string, number[]> = {};
  for (const [scope, [token]] of Object.entries(tokens)) {
    statuses[scope] = [];
    for (const method of ["GET", "PUT", "DELETE"]) {
      statuses[scope].push(await statusOf(method, token!));
    }
  }
  assertEquals(statuses, { crawl: [403, 403, 403], read: [200, 403, 403], admin: [200, 200, 200] });
});

Deno.test("readers of events are told of a change, by whom and why", async () => {
  const { app, registry } = createEdge();
  await using reader = new EventStreamReader(await app.request("/v1/events"));
  await reader.block();
  await registry.setMode("off", { by: "ops", reason: "rollback" });
  await registry.setMode(undefined);
  assertObjectMatch((await reader.next())!, {
    event: "mode",
    data: { type: "mode", mode: "off", action: "set", by: "ops", reason: "rollback" },
  });
  assertObjectMatch((await reader.next())!, {
    event: "mode",
    data: { mode: "enforce", action: "remove" },
  });
  await registry[Symbol.asyncDispose]();
});

Deno.test("while the store is down a change is refused with 503, and a look says degraded", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  await using registry = new BreakerRegistry({ store, now: clock.now, timeoutMs: 10_000 });
  const app = createApp({ registry, now: clock.now });
  store.failure = "reject";
  const refused = await call(app, "PUT", PATH, { mode: "off" });
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  assertEquals((await call(app, "DELETE", PATH)).status, 503);
  const seen = await call(app, "GET", PATH);
  assertEquals(seen.body, { mode: "enforce", configured: "enforce", degraded: true });
});

Deno.test("a mode set at one server is enforced by another within 2 s, and by the next one after both were killed", async () => {
  const folder = await Deno.makeTempDir();
  await using clean = new AsyncDisposableStack();
  clean.defer(() => Deno.remove(folder, { recursive: true }));
  const env = { BREAKWATER_STORE: `deno-kv:${folder}/shared.kv` };
  const send = async (method: string, url: string, body?: unknown) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
    return await response.json();
  };
  {
    await using one = new ServerProcess({ env });
    await using two = new ServerProcess({ env });
    const [here, there] = [await one.url(), await two.url()];
    await send("PUT", `${here}/v1/breakers/${HOST}`, { state: "open" });
    for (const [mode, allowed] of [["off", true], ["enforce", false], ["off", true]] as const) {
      await send("PUT", `${here}${PATH}`, { mode });
      const setAt = performance.now();
      while ((await send("POST", `${there}/v1/allow`, { host: HOST })).allowed !== allowed) {
        assertLess(performance.now() - setAt, 2_000, `${mode} took longer than 2 s`);
      }
    }
  }
  await using restarted = new ServerProcess({ env });
  const { mode, override } = await send("GET", `${await restarted.url()}${PATH}`);
  assertEquals([mode, override], ["off", "off"]);
});
