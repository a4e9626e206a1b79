/**
 * Advice over HTTP: what it says, what is applied, undone and refused.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { Hono } from "hono";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { replay } from "../../src/tuning/replay.ts";
import { summaryMetrics } from "../../src/tuning/summary_metrics.ts";
import { Tuner } from "../../src/tuning/tuner.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { call, createEdge, post, problemFields, START } from "./calls.ts";

const PATH = "/v1/advice";
const APPLY = "/v1/advice/apply";
const HOST = "api.example.org";
const OTHER = "other.example.org:8080";

/** A host that asks for 120 s each time, and does well after that. */
async function limitRates(app: Hono, advance: (ms: number) => void, host = HOST): Promise<void> {
  for (let i = 0; i < 10; i++) {
    for (const outcome of [{ status: 200 }, { status: 429, retry_after: "120" }]) {
      const { body } = await post(app, "/v1/allow", { host });
      assert(body.allowed);
      await post(app, "/v1/record", { permit: body.permit, ...outcome });
    }
    advance(120_000);
  }
}

async function makeAdvised() {
  const edge = createEdge({ defaults: { failMax: 5, resetTimeoutMs: 60_000 } });
  await limitRates(edge.app, edge.advance);
  return edge;
}

function about(body: { advice: { host: string; rule: string }[] }, rule: string) {
  return body.advice.find((advice) => advice.host === HOST && advice.rule === rule);
}

Deno.test("advice names its numbers, in the names and units of the YAML", async () => {
  const { app } = await makeAdvised();
  const { status, headers, body } = await call(app, "GET", PATH);
  assertEquals([status, headers.get("cache-control"), body.window_s], [200, "no-store", 3_600]);
  const advice = about(body, "retry_after")!;
  const { reason, confidence, ...rest } = advice as unknown as Record<string, unknown>;
  assertEquals(rest, {
    host: HOST,
    rule: "retry_after",
    parameter: "reset_timeout_s",
    from: 60,
    to: 120,
    patch: { reset_timeout_s: 120 },
    evidence: { retry_afters: 10, median_retry_after_s: 120 },
  });
  assertStringIncludes(String(reason), "120 s");
  assertGreater(Number(confidence), 0.5);
});

Deno.test("a window too short to tell, and a host that is well, are given no advice", async () => {
  const { app, advance } = createEdge();
  for (let i = 0; i < 200; i++) {
    const { body } = await post(app, "/v1/allow", { host: HOST });
    await post(app, "/v1/record", { permit: body.permit, status: 200 });
  }
  assertEquals((await call(app, "GET", PATH)).body, { window_s: 3_600, advice: [] });
  await limitRates(app, advance);
  assertEquals((await call(app, "GET", `${PATH}?window_s=60`)).body.advice, []);
});

Deno.test("what is applied holds, is said to be an operator's, and can be undone", async () => {
  const { app } = await makeAdvised();
  const choice = { host: HOST.toUpperCase(), rule: "retry_after" };
  const { status, body } = await post(app, APPLY, { advice: [choice] });
  assertEquals([status, body.refused, body.undone, body.applied.length], [200, [], [], 1]);
  const [{ at, by, host, parameter, from, to }] = body.applied;
  assertEquals([by, host, parameter, from, to], [
    "operator",
    HOST,
    "reset_timeout_s",
    60,
    120,
  ]);
  assertEquals(at, START + 10 * 120_000);
  const policy = await call(app, "GET", `/v1/policies/${HOST}`);
  assertEquals([policy.body.policy.reset_timeout_s, policy.body.overridden_by], [120, "operator"]);
  const undone = await post(app, APPLY, { undo: [HOST] });
  assertEquals([undone.body.applied, undone.body.refused], [[], []]);
  assertEquals(undone.body.undone[0].host, HOST);
  const after = await call(app, "GET", `/v1/policies/${HOST}`);
  assertEquals([after.body.policy.reset_timeout_s, after.body.override], [60, undefined]);
  const again = await post(app, APPLY, { undo: [HOST] });
  assertEquals(again.body.refused.length, 1);
});

Deno.test("without names, each host gets its most urgent advice, one step at a time", async () => {
  const { app, advance } = await makeAdvised();
  await limitRates(app, advance, OTHER);
  const { body: { advice } } = await call(app, "GET", PATH);
  const first = [HOST, OTHER].map((host) =>
    advice.find((one: { host: string }) => one.host === host).rule
  );
  const { body } = await post(app, APPLY, {});
  assertEquals(body.applied.map(({ host, rule }: { host: string; rule: string }) => [host, rule]), [
    [HOST, first[0]],
    [OTHER, first[1]],
  ]);
});

Deno.test("what is not advised is refused, and the rest is done", async () => {
  const { app } = await makeAdvised();
  const wrong = [{ host: OTHER }, { host: HOST, rule: "relax" }, { host: HOST, role: "artifact" }];
  const { status, body } = await post(app, APPLY, {
    advice: [...wrong, { host: HOST, rule: "retry_after" }],
    undo: ["nobody.example.org"],
  });
  assertEquals([status, body.applied.length], [200, 1]);
  assertEquals(
    body.refused.map(({ reason: _, ...what }: Record<string, string>) => what),
    [{ host: "nobody.example.org" }, ...wrong],
  );
});

Deno.test("a list of nothing applies nothing", async () => {
  const { app } = await makeAdvised();
  const { body } = await post(app, APPLY, { advice: [] });
  assertEquals(body, { applied: [], undone: [], refused: [] });
});

Deno.test("advice that the host's own log speaks against is withheld, unless it is named", async () => {
  const timers = new ManualTimers();
  const registry = new BreakerRegistry({ now: timers.now, timers });
  const nothing = replay([], registry.policy(HOST));
  const tuner = new Tuner({
    registry,
    metrics: summaryMetrics(registry),
    evidence: (_host, [_present, ...others]) => [
      [nothing],
      ...others.map(() => [{ ...nothing, goodDenied: 7 }]),
    ],
  });
  const app = createApp({ registry, tuner, now: timers.now });
  for (let i = 0; i < 10; i++) {
    const { body } = await post(app, "/v1/allow", { host: HOST });
    await post(app, "/v1/record", { permit: body.permit, status: 429, retry_after: "120" });
    await timers.advance(120_000);
  }
  const { body } = await call(app, "GET", PATH);
  const advice = about(body, "retry_after") as unknown as Record<string, unknown>;
  assertStringIncludes(String(advice["withheld"]), "7 requests");
  const figures = { cost: 0, wasted: 0, missed: 0, estimated_cost: 0, opens: 0, open_s: 0 };
  assertEquals(advice["replay"], {
    verdict: "worse",
    present: figures,
    candidate: { ...figures, cost: 7, missed: 7 },
  });
  const all = await post(app, APPLY, {});
  assert(all.body.refused.some(({ rule }: { rule: string }) => rule === "retry_after"));
  const named = await post(app, APPLY, { advice: [{ host: HOST, rule: "retry_after" }] });
  assertEquals(named.body.applied.length, 1);
  await registry[Symbol.asyncDispose]();
});

const WRONG: [unknown, string[]][] = [
  ["{", ["body"]],
  [[], ["body"]],
  [{ advise: [] }, ["advise"]],
  [{ advice: {} }, ["advice"]],
  [{ advice: [{}] }, ["advice[0].host"]],
  [{ advice: ["x"] }, ["advice[0]"]],
  [{ advice: [{ host: "a b" }, { host: HOST, rule: "none" }] }, [
    "advice[0].host",
    "advice[1].rule",
  ]],
  [{ advice: [{ host: HOST, role: "No" }] }, ["advice[0].role"]],
  [{ advice: [{ host: HOST, to: 5 }] }, ["advice[0].to"]],
  [{ undo: [HOST, 7, "a b"] }, ["undo[1]", "undo[2]"]],
  [{ undo: HOST }, ["undo"]],
  [{ window_s: 59 }, ["window_s"]],
  [{ window_s: 60.5 }, ["window_s"]],
];

for (const [body, fields] of WRONG) {
  Deno.test(`a body that says nothing to apply is refused by its field: ${JSON.stringify(body)}`, async () => {
    const { app } = createEdge();
    assertEquals(problemFields(await call(app, "POST", APPLY, body), 400), fields);
  });
}

Deno.test("too many items are refused with 413", async () => {
  const { app } = createEdge();
  const many = Array(101).fill(HOST);
  assertEquals(problemFields(await post(app, APPLY, { undo: many }), 413), ["undo"]);
  const advice = many.map((host) => ({ host }));
  assertEquals(problemFields(await post(app, APPLY, { advice }), 413), ["advice"]);
});

for (const window of ["59", "86401", "1h", "", "60&x=1"]) {
  Deno.test(`a window of '${window}' is refused by its field`, async () => {
    const { app } = createEdge();
    const answer = await call(app, "GET", `${PATH}?window_s=${window}`);
    assertEquals(problemFields(answer, 400), [window.includes("&") ? "x" : "window_s"]);
  });
}

Deno.test("looking takes a read token, applying an admin's", async () => {
  const tokens = {
    crawl: ["crawl-token-16ch"],
    read: ["read-token-16-ch"],
    admin: ["admin-token-16ch"],
  };
  const { app } = createEdge({}, { tokens });
  const statuses: Record<string, number[]> = {};
  for (const [scope, [token]] of Object.entries(tokens)) {
    const authorization = `Bearer ${token}`;
    const got = await call(app, "GET", PATH, undefined, { authorization });
    const applied = await call(app, "POST", APPLY, {}, { authorization });
    statuses[scope] = [got.status, applied.status];
  }
  assertEquals(statuses, { crawl: [403, 403], read: [200, 403], admin: [200, 200] });
});

Deno.test("while the store is down a change is refused with 503, and what is answered says that not all was seen", async () => {
  const timers = new ManualTimers();
  const store = new ScriptedStore(timers.now);
  const registry = new BreakerRegistry({ store, now: timers.now, timers });
  const app = createApp({ registry, now: timers.now });
  for (let i = 0; i < 10; i++) {
    const { body } = await post(app, "/v1/allow", { host: HOST });
    await post(app, "/v1/record", { permit: body.permit, status: 429, retry_after: "120" });
    await timers.advance(120_000);
  }
  store.failure = "reject";
  const look = await call(app, "GET", PATH);
  assertEquals([look.status, look.body.complete], [200, false]);
  const missed = await post(app, APPLY, { advice: [{ host: OTHER }] });
  assertEquals([missed.status, missed.body.refused.length, missed.body.complete], [200, 1, false]);
  const refused = await post(app, APPLY, { undo: [HOST] });
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
  store.failure = undefined;
  await timers.advance(10_000);
  const { body } = await call(app, "GET", PATH);
  assert(about(body, "retry_after"));
  assertEquals(body.complete, undefined);
  const seen = await post(app, APPLY, { advice: [{ host: OTHER }] });
  assertEquals([seen.body.refused.length, "complete" in seen.body], [1, false]);
  await registry[Symbol.asyncDispose]();
});
