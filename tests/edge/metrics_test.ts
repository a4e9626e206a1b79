/**
 * `GET /metrics`, read by a parser that others use.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import type { Hono } from "hono";
import parse from "npm:parse-prometheus-text-format@1.1.1";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { VERSION } from "../../src/telemetry/version.ts";
import deno from "../../deno.json" with { type: "json" };
import { ManualClock } from "../support/manual_clock.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { failTimes, send } from "../support/verdicts.ts";
import { call, createEdge, problemFields } from "./calls.ts";

const host = "api.example.org";

/** What the parser makes of a metric. */
interface Parsed {
  name: string;
  help: string;
  type: "COUNTER" | "GAUGE" | "HISTOGRAM";
  metrics: {
    labels?: Record<string, string>;
    value?: string;
    buckets?: Record<string, string>;
    count?: string;
    sum?: string;
  }[];
}

/** Metrics by name. */
async function scrape(app: Hono): Promise<Map<string, Parsed>> {
  const response = await app.request("/metrics");
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const families = parse(await response.text()) as Parsed[]; // safe: as the parser documents it
  return new Map(families.map((family) => [family.name, family]));
}

/** The value with exactly these labels. */
function value(
  metrics: Map<string, Parsed>,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const found = metrics.get(name)?.metrics.find((metric) =>
    JSON.stringify(Object.entries(metric.labels ?? {}).sort()) === wanted
  );
  return found?.value === undefined ? undefined : Number(found.value);
}

Deno.test("every metric has a help, a type and a name of its own, by the rules of the format", async () => {
  const { app } = createEdge();
  const text = await (await app.request("/metrics")).text();
  assert(text.endsWith("\n") && !text.includes("\n\n"));
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => ({
    name,
    type,
  }));
  assertEquals(new Set(names.map(({ name }) => name)).size, names.length);
  for (const { name, type } of names) {
    assertMatch(name!, /^(breakwater|process)_[a-z_]+$/);
    assertEquals(type === "counter", name!.endsWith("_total"), name);
  }
  const metrics = await scrape(app);
  assertGreaterOrEqual(metrics.size, 25);
  for (const { help } of metrics.values()) assertMatch(help, /\S.*\.$/);
  assertEquals(metrics.size, names.length);
});

Deno.test("verdicts are counted by outcome and reason, outcomes by kind, transitions by states", async () => {
  const { app, registry, advance } = createEdge();
  await send(registry, { host }, { status: 200 });
  await failTimes(registry, { host }, 2);
  await registry.allow({ host });
  advance(30_000);
  const probe = await registry.allow({ host });
  await registry.allow({ host });
  assert(probe.allowed);
  await registry.record(probe.permit, { status: 200 });
  await registry.record(probe.permit, { status: 200 });
  await registry.record("no permit", { status: 200 });
  const metrics = await scrape(app);
  const verdicts = (outcome: string, reason: string) =>
    value(metrics, "breakwater_verdicts_total", { outcome, reason });
  assertEquals(verdicts("allowed", "closed"), 3);
  assertEquals(verdicts("allowed", "probe"), 1);
  assertEquals(verdicts("denied", "open"), 1);
  assertEquals(verdicts("denied", "probes"), 1);
  assertEquals(verdicts("denied", "manual"), 0);
  const outcomes = (result: string) => value(metrics, "breakwater_outcomes_total", { result });
  assertEquals([outcomes("success"), outcomes("failure"), outcomes("unreadable")], [3, 2, 1]);
  assertEquals(value(metrics, "breakwater_outcomes_late_total"), 1);
  for (const [from, to] of [["closed", "open"], ["open", "half_open"], ["half_open", "closed"]]) {
    const labels = { scope: "host", from: from!, to: to! };
    assertEquals(value(metrics, "breakwater_transitions_total", labels), 1, `${from} ${to}`);
  }
});

Deno.test("in mode observe, what would have been denied is counted apart", async () => {
  const { app, registry } = createEdge({ mode: "observe" });
  await failTimes(registry, { host }, 2);
  await registry.allow({ host });
  const metrics = await scrape(app);
  const would = { outcome: "would_deny", reason: "open" };
  assertEquals(value(metrics, "breakwater_verdicts_total", would), 1);
  assertEquals(
    value(metrics, "breakwater_verdicts_total", { outcome: "allowed", reason: "closed" }),
    2,
  );
});

Deno.test("latencies are histograms: each bucket holds those below it, the last all", async () => {
  const { app, registry } = createEdge();
  for (let i = 0; i < 200; i++) {
    await send(registry, { host: `h${i}.example.org` }, { status: 200 });
  }
  const metrics = await scrape(app);
  for (const call of ["allow", "record"]) {
    const family = metrics.get(`breakwater_${call}_duration_seconds`)!;
    assertEquals([family.type, family.metrics.length], ["HISTOGRAM", 1]);
    const { buckets = {}, count, sum } = family.metrics[0]!;
    const counts = Object.entries(buckets)
      .map(([le, n]) => [le === "+Inf" ? Infinity : Number(le), Number(n)] as const)
      .sort(([a], [b]) => a - b).map(([, n]) => n);
    assertEquals(counts, [...counts].sort((a, b) => a - b));
    assertEquals([counts.at(-1), Number(count)], [200, 200]);
    assert(Number(sum) > 0 && Number(sum) < 10);
  }
});

Deno.test("hosts are named only while they are open, the longest first, a hundred at most, and never more than once", async () => {
  const { app, registry } = createEdge();
  for (let i = 0; i < 150; i++) await registry.open(`h${i}.example.org`, { forMs: 60_000 + i });
  await registry.open({ resolver: "crossref" });
  await failTimes(registry, { host: "failing.example.org" }, 1);
  await send(registry, { host: "healthy.example.org" }, { status: 200 });
  const metrics = await scrape(app);
  const hosts = metrics.get("breakwater_host_open")!.metrics.map(({ labels }) => labels?.["host"]);
  assertEquals([hosts.length, new Set(hosts).size], [100, 100]);
  assertEquals([hosts[0], hosts.at(-1)], ["h149.example.org", "h50.example.org"]);
  assertEquals(value(metrics, "breakwater_resolver_open", { resolver: "crossref" }), 1);
  const breakers = (scope: string, state: string) =>
    value(metrics, "breakwater_breakers", { scope, state });
  assertEquals([breakers("host", "open"), breakers("host", "closed")], [150, 1]);
  assertEquals(breakers("resolver", "open"), 1);
  assertEquals(value(metrics, "breakwater_breakers_complete"), 1);
});

Deno.test("what is in trouble is counted every five seconds at most, and no further than ten thousand", async () => {
  const clock = new ManualClock();
  const timers = new ManualTimers();
  const store = new ScriptedStore(clock.now);
  await using registry = new BreakerRegistry({ store, now: clock.now, timers });
  const filler = new BreakerRegistry({ store: store.inner, now: clock.now });
  for (let i = 0; i < 10_500; i++) await filler.open(`h${i}.example.org`);
  const app = createApp({ registry, now: clock.now });
  const [metrics] = await Promise.all([scrape(app), scrape(app)]);
  const lists = store.count("list");
  assertLessOrEqual(lists, 25);
  const open = { scope: "host", state: "open" };
  assertEquals(value(metrics!, "breakwater_breakers", open), 10_000);
  assertEquals(value(metrics!, "breakwater_breakers_complete"), 0);
  await timers.advance(4_999);
  await scrape(app);
  assertEquals(store.count("list"), lists);
  await timers.advance(1);
  await scrape(app);
  assertEquals(store.count("list"), 2 * lists);
});

Deno.test("trouble with the store is counted: commands, errors, outages, degraded answers, what waits", async () => {
  const clock = new ManualClock();
  const timers = new ManualTimers();
  const store = new ScriptedStore(clock.now);
  await using registry = new BreakerRegistry({
    store,
    now: clock.now,
    timers,
    config: { defaults: { failMax: 1 } },
  });
  const app = createApp({ registry, now: clock.now });
  await registry.allow({ host });
  let metrics = await scrape(app);
  const commands = (operation: string) =>
    value(metrics, "breakwater_store_commands_total", { operation });
  assertEquals([value(metrics, "breakwater_store_up"), commands("write")], [1, 0]);
  assertGreaterOrEqual(commands("read")!, 1);
  store.failure = "reject";
  for (let i = 0; i < 5; i++) {
    await failTimes(registry, { host: `h${i}.example.org` }, 1);
  }
  await timers.advance(1_000);
  clock.advance(6_000);
  await timers.advance(5_000);
  metrics = await scrape(app);
  assertEquals(value(metrics, "breakwater_store_up"), 0);
  assertEquals(value(metrics, "breakwater_store_outages_total"), 1);
  assertEquals(value(metrics, "breakwater_breakers_complete"), 0);
  assertEquals(value(metrics, "breakwater_degraded_seconds_total"), 6);
  assertEquals(value(metrics, "breakwater_degraded_answers_total", { call: "allow" }), 5);
  assertEquals(value(metrics, "breakwater_degraded_answers_total", { call: "record" }), 5);
  assertGreaterOrEqual(value(metrics, "breakwater_records_unsaved")!, 5);
  assertGreaterOrEqual(
    value(metrics, "breakwater_store_errors_total", { operation: "read" })!,
    3,
  );
  store.failure = undefined;
  await timers.advance(1_000); // else the end would wait for it to pass
  assertEquals(value(await scrape(app), "breakwater_records_unsaved"), 0);
});

Deno.test("what is learned is counted: hosts, shares that wait, readings that saw not all", async () => {
  const timers = new ManualTimers();
  const store = new ScriptedStore(timers.now);
  await using registry = new BreakerRegistry({ store, now: timers.now, timers });
  const app = createApp({ registry, now: timers.now });
  const learned = async () => {
    const metrics = await scrape(app);
    return ["hosts", "waiting", "dropped_total", "incomplete_total"]
      .map((name) => value(metrics, `breakwater_summaries_${name}`));
  };
  assertEquals(await learned(), [0, 0, 0, 0]);
  await failTimes(registry, { host }, 1);
  store.failure = "reject";
  await call(app, "GET", "/v1/advice");
  assertEquals(await learned(), [1, 1, 0, 1]);
  store.failure = undefined;
  await timers.advance(30_000);
  assertEquals(await learned(), [1, 0, 0, 1]);
});

Deno.test("steps of the tuner are counted, an operator's and those of other processes are not", async () => {
  const timers = new ManualTimers();
  const store = new ScriptedStore(timers.now);
  await using registry = new BreakerRegistry({ store, now: timers.now, timers });
  await using other = new BreakerRegistry({ store, now: timers.now, timers });
  const app = createApp({ registry, now: timers.now });
  await registry.setPolicy(host, { failMax: 3 }, { by: "tuner" });
  await registry.setPolicy(host, { failMax: 4 }, { by: "operator" });
  await other.setPolicy(host, { failMax: 2 }, { by: "tuner" });
  await registry.inspectPolicy(host);
  assertEquals(registry.policy(host).failMax, 2);
  assertEquals(value(await scrape(app), "breakwater_tuner_steps_total"), 1);
});

Deno.test("the version is that of the package", async () => {
  assertEquals(VERSION, deno.version);
  const metrics = await scrape(createEdge().app);
  assertEquals(value(metrics, "breakwater_build_info", { version: VERSION }), 1);
});

Deno.test("metrics are for tokens that may read", async () => {
  const tokens = { crawl: ["crawl-token-000001"], read: ["read-token-0000001"] };
  const { app } = createEdge({}, { tokens });
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  problemFields(await call(app, "GET", "/metrics"), 401);
  problemFields(await call(app, "GET", "/metrics", undefined, as(tokens.crawl[0]!)), 403);
  const response = await app.request("/metrics", { headers: as(tokens.read[0]!) });
  assertEquals(response.status, 200);
  await response.text();
});
