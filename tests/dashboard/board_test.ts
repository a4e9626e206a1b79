/**
 * What the dashboard asks of the server: status, trouble, history.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { createApp } from "../../src/edge/app.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { call, createEdge, post, START, tellOutcome } from "../edge/calls.ts";

Deno.test("the status counts breakers by state and verdicts by what they were", async () => {
  const { app, registry } = createEdge();
  await registry.open("a.example.org", { forMs: 60_000 });
  await registry.halfOpen("b.example.org");
  await tellOutcome(app, { host: "c.example.org" }, { status: 503 });
  await post(app, "/v1/allow", { host: "a.example.org" });
  const { body } = await call(app, "GET", "/v1/status");
  assertEquals(body, {
    at: START,
    mode: "enforce",
    counts: { open: 1, half_open: 1, closed: 1 },
    complete: true,
    store: { up: true, outages: 0, down_ms: 0, unsaved: 0 },
    verdicts: { allowed: 1, denied: 1, would_deny: 0, degraded: 0 },
  });
});

Deno.test("what would have been denied counts as allowed, since it was", async () => {
  const { app, registry } = createEdge({ mode: "observe" });
  await registry.open("a.example.org");
  await post(app, "/v1/allow", { host: "a.example.org" });
  const { body } = await call(app, "GET", "/v1/status");
  assertEquals(body.verdicts, { allowed: 1, denied: 0, would_deny: 1, degraded: 0 });
  assertEquals(body.mode, "observe");
});

Deno.test("trouble is listed worst first with the requests of the last ten minutes, and since when", async () => {
  const { app, registry, advance } = createEdge({
    defaults: { roles: { metadata: { failMax: 1 } } },
  });
  await tellOutcome(app, { host: "old.example.org" }, { status: 503 });
  advance(11 * 60_000);
  await tellOutcome(app, { host: "counts.example.org" }, { status: 503 });
  await registry.halfOpen("half.example.org");
  await tellOutcome(app, { host: "role.example.org", role: "metadata" }, { status: 503 });
  await post(app, "/v1/allow", { host: "role.example.org", role: "metadata" });
  await registry.open({ resolver: "crossref" });
  advance(5_000);
  const { body } = await call(app, "GET", "/v1/trouble");
  const at = START + 11 * 60_000;
  assertEquals(
    body.rows.map((
      { scope, key, since, requests, failed, denied }: Record<string, unknown>,
    ) => [scope, key, since, requests, failed, denied]),
    [
      ["host", "role.example.org", at, 1, 1, 1],
      ["resolver", "crossref", at, 0, 0, 0],
      ["host", "half.example.org", at, 0, 0, 0],
      ["host", "counts.example.org", undefined, 1, 1, 0],
      ["host", "old.example.org", undefined, 0, 0, 0],
    ],
  );
});

Deno.test("since when is told from the first open on, over probes that fail, until it is closed", async () => {
  const { app, registry, advance } = createEdge();
  const since = async () => (await call(app, "GET", "/v1/trouble")).body.rows[0]?.since;
  for (let i = 0; i < 2; i++) await tellOutcome(app, { host: "a.example.org" }, { status: 503 });
  assertEquals(await since(), START);
  advance(30_000);
  await tellOutcome(app, { host: "a.example.org" }, { status: 503 });
  assertEquals(await since(), START);
  await registry.close("a.example.org");
  advance(1_000);
  await registry.open("a.example.org");
  assertEquals(await since(), START + 31_000);
});

Deno.test("the history tells an operator's act once, with who and why, and other changes beside it", async () => {
  const { app, registry, advance } = createEdge();
  for (let i = 0; i < 2; i++) await tellOutcome(app, { host: "a.example.org" }, { status: 503 });
  advance(1_000);
  await registry.open("b.example.org", { forMs: 1_000, reason: "maintenance", by: "ada" });
  advance(1_000);
  await registry.close("a.example.org", { by: "grace" });
  advance(1_000);
  await registry.setPolicy("a.example.org", { failMax: 9 }, { by: "ada", reason: "too strict" });
  const told = async (query: string) => {
    const { body } = await call(app, "GET", `/v1/history${query}`);
    return body.events.map(({ type, key, to, action, by, note, reason }: Record<string, string>) =>
      [type, key, to ?? action, by, note ?? reason].filter((word) => word !== undefined).join(" ")
    );
  };
  const set = "policy a.example.org set ada too strict";
  const close = "operator a.example.org close grace";
  const open = "operator b.example.org open ada maintenance";
  const opened = "transition a.example.org open open";
  assertEquals(await told(""), [set, close, open, opened]);
  assertEquals(await told("?kind=acts"), [set, close, open]);
  assertEquals(await told("?host=A.example.org."), [set, close, opened]);
  assertEquals(await told("?limit=1"), [set]);
});

Deno.test("a name is cut after 64 characters, and stands with acts of every kind", async () => {
  const { app, registry } = createEdge();
  const by = "x".repeat(65);
  await registry.open("a.example.org", { by });
  await registry.halfOpen("a.example.org", { by });
  await registry.close({ resolver: "crossref" }, { by });
  const { body } = await call(app, "GET", "/v1/history?kind=acts");
  assertEquals(body.events.map(({ by }: { by: string }) => by), Array(3).fill("x".repeat(64)));
});

Deno.test("the history of another process on the same store is told too", async () => {
  const store = memoryStore();
  await using one = new BreakerRegistry({ store });
  await using other = new BreakerRegistry({ store });
  const [app, elsewhere] = [createApp({ registry: one }), createApp({ registry: other })];
  await call(elsewhere, "PUT", "/v1/breakers/a.example.org", { state: "open", reason: "there" });
  await elsewhere.request("/v1/history");
  let events: { note?: string }[] = [];
  const deadline = performance.now() + 5_000;
  while (events.length === 0 && performance.now() < deadline) {
    events = (await call(app, "GET", "/v1/history?kind=acts")).body.events;
  }
  assertEquals(events.map(({ note }) => note), ["there"]);
});

Deno.test("while the store is down the lists say that they are not complete", async () => {
  const timers = new ManualTimers();
  const store = new ScriptedStore(timers.now);
  await using registry = new BreakerRegistry({ store, now: timers.now, timers });
  const app = createApp({ registry, now: timers.now });
  const complete = async () => {
    const answers = [await call(app, "GET", "/v1/trouble"), await call(app, "GET", "/v1/status")];
    return answers.map(({ body }) => body.complete);
  };
  assertEquals(await complete(), [true, true]);
  store.failure = "reject";
  await timers.advance(10_000);
  assertEquals(await complete(), [false, false]);
  store.failure = undefined;
  await timers.advance(10_000);
  assertEquals(await complete(), [true, true]);
});

Deno.test("what a query says wrongly is named", async () => {
  const { app } = createEdge();
  for (
    const [path, field] of [
      ["/v1/history?limit=0", "limit"],
      ["/v1/history?kind=none", "kind"],
      ["/v1/history?host=a%20b", "host"],
      ["/v1/hosts/a%20b/history", "host"],
      ["/v1/hosts/example.org/history?window_s=5", "window_s"],
    ]
  ) {
    const { status, body } = await call(app, "GET", path!);
    assertEquals([status, body.errors?.[0]?.field], [400, field], path);
  }
});

Deno.test("a store with thousands in trouble is looked at once for all who ask at the same time", async () => {
  const { app, registry } = createEdge();
  for (let i = 0; i < 1_500; i++) await registry.open(`h${i}.example.org`, { forMs: 60_000 });
  const before = registry.stats().commands.list;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => call(app, "GET", "/v1/trouble")),
  );
  for (const { body } of answers) assertEquals(body.rows.length, 1_500);
  // A page of 1,000 and one of the rest, of hosts and of resolvers.
  assertEquals(registry.stats().commands.list - before <= 4, true);
});
