/**
 * A host's policy over HTTP: what holds and where it comes from, overrides within bounds, and what they leave alone.
 *
 * @module
 */
import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import {
  overlayFromEnv,
  overlayFromFlags,
  parseConfig,
  resolveConfig,
} from "../../src/config/mod.ts";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { call, createEdge, post, problemFields, START, tellOutcome } from "./calls.ts";

const HOST = "api.example.org";
const PATH = `/v1/policies/${HOST}`;

Deno.test("a host without a word of its own has the defaults, value by value with their source", async () => {
  const { app } = createEdge();
  const answer = await call(app, "GET", PATH);
  assertEquals([answer.status, answer.headers.get("cache-control")], [200, "no-store"]);
  assertEquals(answer.body.host, HOST);
  assertEquals(answer.body.policy, {
    fail_max: 2,
    reset_timeout_s: 30,
    success_threshold: 1,
    trial_calls: 1,
    retry_after_cap_s: 900,
    probe_lease_s: 30,
    permit_ttl_s: 300,
    forget_s: 3_600,
    backoff: { factor: 1, max_s: 900 },
    classify: {
      failure_statuses: [408, 429, 500, 502, 503, 504],
      neutral_statuses: [401, 403, 404, 410, 451],
    },
    half_open: { jitter_ms: 150 },
    rolling: { enabled: false, threshold_failures: 6, window_s: 30, cooldown_s: 60 },
    roles: {},
  });
  const { sources } = answer.body;
  assertEquals([sources["fail_max"], sources["backoff.factor"]], ["config", "default"]);
  assertEquals([answer.body.override, answer.body.overridden_at], [undefined, undefined]);
});

Deno.test("each value names its source: default, file, environment, flags or override", async () => {
  const { breakers, sources } = resolveConfig({
    file: parseConfig(`
defaults: { success_threshold: 2, roles: { metadata: { fail_max: 4 } } }
hosts:
  ${HOST}: { fail_max: 6, probe_lease_s: 7, classify: { failure_statuses: [404, 500] } }
  "http://example.org:443": { fail_max: 9 }
`),
    env: overlayFromEnv({ BREAKWATER_DEFAULTS: "permit_ttl_s:200" }),
    flags: overlayFromFlags(["--breaker", `${HOST}=reset:11`]),
  });
  const app = createApp({ registry: new BreakerRegistry({ config: breakers }), sources });
  await call(app, "PUT", PATH, { probe_lease_s: 7, roles: { meta: { trial_calls: 2 } } });
  const { body } = await call(app, "GET", PATH);
  const told = Object.fromEntries(
    Object.entries(body.sources).filter(([, source]) => source !== "default"),
  );
  assertEquals(told, {
    fail_max: "file",
    success_threshold: "file",
    "roles.metadata.fail_max": "file",
    "classify.failure_statuses": "file",
    "classify.neutral_statuses": "file", // what the other list left of it
    permit_ttl_s: "environment",
    reset_timeout_s: "flags",
    probe_lease_s: "override", // though it says the same
    "roles.metadata.trial_calls": "override",
  });
  assertEquals(body.policy.roles, { metadata: { fail_max: 4, trial_calls: 2 } });
  const odd = await call(app, "GET", "/v1/policies/http%3A%2F%2Fexample.org%3A443");
  assertEquals([odd.body.policy.fail_max, odd.body.sources.fail_max], [9, "file"]);
  const other = await call(app, "GET", "/v1/policies/other.example");
  assertEquals([other.body.sources.fail_max, other.body.sources.permit_ttl_s], [
    "default",
    "environment",
  ]);
});

Deno.test("what the program changed for itself is told apart from what is stored for all", async () => {
  const { app, registry } = createEdge();
  registry.updatePolicy(HOST, { failMax: 8, trialCalls: 3 });
  const { body } = await call(app, "PUT", PATH, { fail_max: 4 });
  assertEquals([body.sources.fail_max, body.sources.trial_calls], ["override", "process"]);
});

Deno.test("an override holds at once, says what it is and since when, and DELETE removes it", async () => {
  const { app } = createEdge();
  const set = await call(app, "PUT", PATH, { fail_max: 1, reset: 5 });
  assertEquals([set.status, set.body.policy.fail_max, set.body.policy.reset_timeout_s], [
    200,
    1,
    5,
  ]);
  assertEquals(set.body.override, { fail_max: 1, reset_timeout_s: 5 });
  assertEquals(set.body.overridden_at, START);
  assertEquals((await call(app, "GET", PATH)).body, set.body);
  await tellOutcome(app, { host: HOST }, { status: 500 });
  const denied = await post(app, "/v1/allow", { host: HOST });
  assertEquals([denied.body.allowed, denied.body.retry_after_ms], [false, 5_000]);
  const removed = await call(app, "DELETE", PATH);
  assertEquals([removed.status, removed.body.policy.fail_max], [200, 2]);
  assertEquals([removed.body.override, removed.body.sources.fail_max], [undefined, "config"]);
  assertEquals((await call(app, "DELETE", PATH)).status, 200);
});

Deno.test("an override says why it was set, where that was told, until another is set", async () => {
  const { app } = createEdge();
  const why = "fails in short bursts";
  await call(app, "PUT", `${PATH}?reason=${encodeURIComponent(why)}`, { fail_max: 1 });
  assertEquals((await call(app, "GET", PATH)).body.reason, why);
  await call(app, "PUT", PATH, { fail_max: 3 });
  assertEquals((await call(app, "GET", PATH)).body.reason, undefined);
});

Deno.test("a PUT stands in place of the one before", async () => {
  const { app } = createEdge();
  await call(app, "PUT", PATH, { fail_max: 7 });
  const { body } = await call(app, "PUT", PATH, { trial_calls: 2 });
  assertEquals([body.policy.fail_max, body.override], [2, { trial_calls: 2 }]);
});

Deno.test("a host has one policy however it is spelled", async () => {
  const { app } = createEdge();
  await call(app, "PUT", "/v1/policies/API.Example.ORG:443", { fail_max: 7 });
  const { body } = await call(app, "GET", "/v1/policies/api.example.org.");
  assertEquals([body.host, body.policy.fail_max], [HOST, 7]);
});

Deno.test("a running cooldown is left alone by PUT and DELETE", async () => {
  const { app, advance } = createEdge();
  await tellOutcome(app, { host: HOST }, { status: 503, retry_after: 100 });
  const path = `/v1/breakers/${HOST}`;
  const before = (await call(app, "GET", path)).body;
  assertEquals([before.state, before.reason, before.remaining_ms], [
    "open",
    "retry_after",
    100_000,
  ]);
  await call(app, "PUT", PATH, { retry_after_cap_s: 1, reset_timeout_s: 1, forget_s: 1 });
  assertEquals((await call(app, "GET", path)).body, before);
  await call(app, "DELETE", PATH);
  assertEquals((await call(app, "GET", path)).body, before);
  advance(99_999);
  assertEquals((await post(app, "/v1/allow", { host: HOST })).body.retry_after_ms, 1);
});

const RATE = { window_s: 10, min_calls: 4, threshold: 0.5 };
const SLOW = { duration_ms: 100, threshold: 0.5 };
const REFUSED: [unknown, string[]][] = [
  [{}, ["body"]],
  [{ half_open: {} }, ["body"]],
  [{ rates: {} }, ["body"]],
  [{ roles: { metadata: {} } }, ["body"]],
  [[], ["body"]],
  ["fail_max:1", ["body"]],
  [null, ["body"]],
  [{ fail_max: 0 }, ["fail_max"]],
  [{ fail_max: 101 }, ["fail_max"]],
  [{ fail_max: 1.5 }, ["fail_max"]],
  [{ fail_max: "3" }, ["fail_max"]],
  [{ fail_max: null }, ["fail_max"]],
  [{ reset_timeout_s: 0 }, ["reset_timeout_s"]],
  [{ reset_timeout_s: 86_401 }, ["reset_timeout_s"]],
  [{ reset: 1, reset_timeout_s: 1 }, ["reset"]],
  [{ success_threshold: 11 }, ["success_threshold"]],
  [{ backoff: { factor: 101 } }, ["backoff.factor"]],
  [{ rolling: { threshold_failures: 101, window: 1 } }, [
    "rolling.threshold_failures",
    "rolling.window",
  ]],
  [{ failMax: 3 }, ["failMax"]],
  [{ host: HOST, fail_max: 3 }, ["host"]],
  [{ slow_call: SLOW }, ["slow_call"]],
  [{ failure_rate: { ...RATE, min_calls: undefined } }, ["failure_rate"]],
  [{ failure_rate: { ...RATE, min_calls: 10_001 } }, ["failure_rate.min_calls"]],
  [{ classify: { failure_statuses: [404], neutral_statuses: [404] } }, ["classify"]],
  [{ roles: { Metadata: { fail_max: 1 }, x: { fail_max: 101 } } }, [
    "roles.x.fail_max",
    "roles.Metadata",
  ]],
  [{ roles: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`r${i}`, {}])) }, ["roles"]],
  ['{"__proto__":{"fail_max":1}}', ["__proto__"]],
  ['{"roles":{"__proto__":{"fail_max":1}}}', ["roles.__proto__"]],
];

for (const [body, fields] of REFUSED) {
  const shown = JSON.stringify(body).slice(0, 60);
  Deno.test(`PUT ${shown} is refused, naming ${fields.join()}, and nothing is changed`, async () => {
    const { app } = createEdge();
    const before = await call(app, "GET", PATH);
    const raw = typeof body === "string" && body.startsWith("{") ? body : JSON.stringify(body);
    assertEquals(problemFields(await call(app, "PUT", PATH, raw), 400), fields);
    assertEquals((await call(app, "GET", PATH)).body, before.body);
  });
}

const TAKEN: Record<string, unknown>[] = [
  { fail_max: 1 },
  { fail_max: 100 },
  { reset_timeout_s: 0.001 },
  { reset_timeout_s: 86_400 },
  { success_threshold: 10 },
  { backoff: { factor: 10, max_s: 86_400 } },
  { failure_rate: RATE, slow_call: SLOW },
  { rolling: { enabled: true, threshold_failures: 100, window_s: 10, cooldown_s: 30 } },
  { classify: { failure_statuses: [], neutral_statuses: [404] } },
  { roles: { constructor: { fail_max: 1 } } },
];

for (const body of TAKEN) {
  Deno.test(`PUT ${JSON.stringify(body)} is taken as it stands`, async () => {
    const { app } = createEdge();
    const answer = await call(app, "PUT", PATH, body);
    assertEquals([answer.status, answer.body.override], [200, body]);
  });
}

Deno.test("slow_call may use a failure_rate that stands below it", async () => {
  const failureRate = { windowMs: 10_000, minCalls: 4, thresholdRatio: 0.5 };
  const { app } = createEdge({ defaults: { failureRate } });
  const { status, body } = await call(app, "PUT", PATH, { slow_call: SLOW });
  assertEquals([
    status,
    body.sources["slow_call.duration_ms"],
    body.sources["failure_rate.window_s"],
  ], [
    200,
    "override",
    "config",
  ]);
});

Deno.test("a refused value is told with what is allowed, and a slip with what was meant", async () => {
  const { app } = createEdge();
  const { body } = await call(app, "PUT", PATH, { fail_max: 101, fail_mx: 3 });
  assertEquals(body.errors[0], {
    field: "fail_max",
    found: "101",
    message: "expects a whole number from 1 to 100",
  });
  assertStringIncludes(body.errors[1].message, "did you mean fail_max?");
});

Deno.test("a huge key is not repeated whole", async () => {
  const { app } = createEdge();
  const answer = await call(app, "PUT", PATH, { ["k".repeat(50_000)]: 1 });
  assertEquals(answer.status, 400);
  assertLess(JSON.stringify(answer.body).length, 2_000);
});

for (const written of ["a%20b", "a%2Fb", "%00", "x:0", "..a"]) {
  Deno.test(`the path segment ${written} has no policy, whatever the method`, async () => {
    const { app } = createEdge();
    for (const [method, body] of [["GET"], ["PUT", { fail_max: 1 }], ["DELETE"]] as const) {
      const answer = await call(app, method, `/v1/policies/${written}`, body);
      assertEquals(problemFields(answer, 400), ["host"]);
    }
  });
}

Deno.test("reading takes a read token, changing an admin token", async () => {
  const tokens = {
    crawl: ["crawl-token-16ch"],
    read: ["read-token-16chr"],
    admin: ["admin-token-16ch"],
  };
  const { app } = createEdge({}, { tokens });
  const statuses = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return [
      (await call(app, "GET", PATH, undefined, headers)).status,
      (await call(app, "PUT", PATH, { fail_max: 3 }, headers)).status,
      (await call(app, "DELETE", PATH, undefined, headers)).status,
    ];
  };
  assertEquals(await statuses("crawl-token-16ch"), [403, 403, 403]);
  assertEquals(await statuses("read-token-16chr"), [200, 403, 403]);
  assertEquals(await statuses("admin-token-16ch"), [200, 200, 200]);
  assertEquals(await statuses("none"), [401, 401, 401]);
});

Deno.test("other methods are refused with those that are there", async () => {
  const { app } = createEdge();
  const answer = await call(app, "POST", PATH, { fail_max: 3 });
  assertEquals([answer.status, answer.headers.get("allow")], [405, "GET, HEAD, PUT, DELETE"]);
});

Deno.test("while the store is down a change is refused with 503, and a look says degraded", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  await using registry = new BreakerRegistry({ store, now: clock.now });
  const app = createApp({ registry, now: clock.now });
  store.failure = "reject";
  const refused = await call(app, "PUT", PATH, { fail_max: 3 });
  assertEquals(problemFields(refused, 503), []);
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals((await call(app, "DELETE", PATH)).status, 503);
  const { status, body } = await call(app, "GET", PATH);
  assertEquals([status, body.degraded, body.policy.fail_max], [200, true, 5]);
});

Deno.test("two servers on one Deno KV: the other answers with the override at once, and enforces it within 2 s", async () => {
  await using file = await temporaryDatabase();
  const clock = new ManualClock();
  await using one = server(file.path, clock);
  await using two = server(file.path, clock);
  await post(two.app, "/v1/allow", { host: HOST });
  await call(one.app, "PUT", PATH, { fail_max: 1 });
  clock.advance(1_000);
  const deadline = performance.now() + 5_000;
  while (two.registry.policy(HOST).failMax !== 1) {
    assertLess(performance.now(), deadline, "the other server never took it up");
    await call(two.app, "GET", `/v1/breakers/${HOST}`);
  }
  await tellOutcome(two.app, { host: HOST }, { status: 500 });
  assertEquals((await post(two.app, "/v1/allow", { host: HOST })).body.allowed, false);
  await call(two.app, "DELETE", PATH);
  assertEquals((await call(one.app, "GET", PATH)).body.policy.fail_max, 5);
});

Deno.test("an override is kept across a restart", async () => {
  await using file = await temporaryDatabase();
  const clock = new ManualClock();
  {
    await using before = server(file.path, clock);
    await call(before.app, "PUT", PATH, { fail_max: 3 });
  }
  await using after = server(file.path, clock);
  const { body } = await call(after.app, "GET", PATH);
  assertEquals([body.policy.fail_max, body.sources.fail_max, body.overridden_at], [
    3,
    "override",
    clock.ms,
  ]);
});

function server(path: string, clock: ManualClock) {
  const store = denoKvStore(path);
  const registry = new BreakerRegistry({ store, now: clock.now, timeoutMs: 5_000 });
  const app = createApp({ registry, now: clock.now });
  return {
    app,
    registry,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

async function temporaryDatabase() {
  const folder = await Deno.makeTempDir();
  return {
    path: `${folder}/policies.kv`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
