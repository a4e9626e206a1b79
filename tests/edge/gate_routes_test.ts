/**
 * What crawlers call: allow, record, batch.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { memoryStore } from "../../src/stores/memory.ts";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { call, createEdge, post, problemFields, START, tellOutcome } from "./calls.ts";

const HOST = "api.example.org";

Deno.test("an allowed request gets a permit, a state and a wait", async () => {
  const { app } = createEdge();
  const answer = await post(app, "/v1/allow", { host: HOST });
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("content-type"), "application/json");
  assertEquals(answer.headers.get("retry-after"), null);
  const { permit, ...rest } = answer.body;
  assertEquals(rest, { allowed: true, state: "closed", wait_ms: 0 });
  assertEquals(typeof permit, "string");
});

Deno.test("a host can be named by a URL, of which only the origin matters", async () => {
  const { app } = createEdge();
  for (let i = 0; i < 2; i++) {
    await tellOutcome(app, { url: `https://API.example.org/works/${i}?q=1` }, { status: 503 });
  }
  assertEquals((await post(app, "/v1/allow", { host: HOST })).body.allowed, false);
});

Deno.test("a denied request is answered with 200, why, and when to ask again", async () => {
  const { app, advance } = createEdge();
  await tellOutcome(app, { host: HOST }, { status: 503 });
  await tellOutcome(app, { host: HOST }, { status: 503 });
  advance(1);
  const answer = await post(app, "/v1/allow", { host: HOST });
  assertEquals(answer.status, 200);
  assertEquals(answer.body, {
    allowed: false,
    reason: "open",
    scope: "host",
    key: HOST,
    state: "open",
    retry_after_ms: 29_999,
  });
  assertEquals(answer.headers.get("retry-after"), "30", "whole seconds, rounded up");
  advance(1_000);
  const later = await post(app, "/v1/allow", { host: HOST });
  assertEquals(later.headers.get("retry-after"), "29");
});

Deno.test("a probe waits its jitter, and the next caller is denied for probes", async () => {
  const { app, advance } = createEdge();
  await tellOutcome(app, { host: HOST }, { status: 503 });
  await tellOutcome(app, { host: HOST }, { status: 503 });
  advance(30_000);
  const probe = await post(app, "/v1/allow", { host: HOST, role: "metadata" });
  assertEquals([probe.body.state, probe.body.wait_ms], ["half_open", 75]);
  const second = await post(app, "/v1/allow", { host: HOST, role: "metadata" });
  assertEquals([second.body.reason, second.body.state], ["probes", "half_open"]);
});

Deno.test("a resolver's breaker is named where it denies", async () => {
  const { app } = createEdge({ resolvers: { crossref: { failMax: 1 } } });
  await tellOutcome(app, { host: HOST, resolver: "crossref" }, { status: 500 });
  const { body } = await post(app, "/v1/allow", { host: "b.example.org", resolver: "crossref" });
  assertEquals([body.scope, body.key, body.reason], ["resolver", "crossref", "open"]);
});

Deno.test("in mode observe the verdict says what would have been denied", async () => {
  const { app } = createEdge({ mode: "observe" });
  await tellOutcome(app, { host: HOST }, { status: 503 });
  await tellOutcome(app, { host: HOST }, { status: 503 });
  const answer = await post(app, "/v1/allow", { host: HOST });
  assertEquals(answer.body.allowed, true);
  assertEquals(answer.headers.get("retry-after"), null);
  assertEquals(answer.body.would_deny, {
    reason: "open",
    scope: "host",
    key: HOST,
    state: "open",
    retry_after_ms: 30_000,
  });
});

Deno.test("while the store is down verdicts are degraded, and no answer is a 5xx", async () => {
  const store = memoryStore();
  await using registry = new BreakerRegistry({ store, now: () => START });
  await store[Symbol.asyncDispose]();
  const app = createApp({ registry });
  const verdict = await post(app, "/v1/allow", { host: HOST });
  assertEquals([verdict.status, verdict.body.degraded], [200, true]);
  const told = await post(app, "/v1/record", { permit: verdict.body.permit, status: 500 });
  assertEquals([told.status, told.body.recorded], [200, true]);
  assertEquals((await call(app, "GET", "/readyz")).status, 503);
  assertEquals((await call(app, "GET", "/healthz")).status, 200);
});

Deno.test("an ask that names not exactly one of host and url is refused", async () => {
  const { app } = createEdge();
  const neither = await post(app, "/v1/allow", { role: "metadata" });
  assertEquals(problemFields(neither, 400), ["host"]);
  const both = await post(app, "/v1/allow", { host: HOST, url: `https://${HOST}/` });
  assertEquals(problemFields(both, 400), ["url"]);
  assertStringIncludes(both.body.detail, "exactly one of host and url");
});

const BAD_ASKS: [unknown, string[]][] = [
  [[], ["body"]],
  ["null", ["body"]],
  ["42", ["body"]],
  ['"text"', ["body"]],
  [{ host: 7 }, ["host"]],
  [{ host: null }, ["host"]],
  [{ host: "" }, ["host"]],
  [{ host: "exa mple.org" }, ["host"]],
  [{ host: "example.org/path" }, ["host"]],
  [{ host: "example.org:99999" }, ["host"]],
  [{ host: "a".repeat(20_000) }, ["host"]],
  [{ url: "example.org" }, ["url"]],
  [{ url: "ftp://example.org/" }, ["url"]],
  [{ url: "https://" }, ["url"]],
  [{ host: HOST, role: "Meta Data" }, ["role"]],
  [{ host: HOST, role: "a".repeat(33) }, ["role"]],
  [{ host: HOST, role: "" }, ["role"]],
  [{ host: HOST, resolver: "-x" }, ["resolver"]],
  [{ host: HOST, hots: "x" }, ["hots"]],
  [{ host: "a b", role: "A", resolver: "-" }, ["host", "role", "resolver"]],
  [{ hots: HOST, roles: 1 }, ["hots", "roles"]],
  [{ hots: HOST, role: "Meta!" }, ["hots", "role"]],
  [{ host: 5, role: "Bad Role", resolver: "a b" }, ["host", "role", "resolver"]],
  [{ role: 5 }, ["role", "host"]],
  [`{"host":"${HOST}","__proto__":{"role":"x"}}`, ["__proto__"]],
  [`{"host":"${HOST}","constructor":1}`, ["constructor"]],
];

for (const [body, fields] of BAD_ASKS) {
  const shown = (typeof body === "string" ? body : JSON.stringify(body)).slice(0, 60);
  Deno.test(`the ask ${shown} is refused, naming ${fields.join(" and ")}`, async () => {
    const { app } = createEdge();
    assertEquals(problemFields(await post(app, "/v1/allow", body), 400), fields);
  });
}

Deno.test("a slip of the pen is told what was meant, and a value what was found", async () => {
  const { app } = createEdge();
  const slip = await post(app, "/v1/allow", { hots: HOST });
  assertStringIncludes(slip.body.errors[0].message, "did you mean host?");
  const value = await post(app, "/v1/allow", { host: HOST, role: "Meta" });
  assertEquals(value.body.errors[0].found, '"Meta"');
  assertStringIncludes(value.body.errors[0].message, "[a-z]");
});

Deno.test("a refusal does not repeat the secrets of a URL", async () => {
  const { app } = createEdge();
  const answer = await post(app, "/v1/allow", { url: "https://me:hunter2@ex ample.org/?key=s3" });
  assertEquals(answer.status, 400);
  const text = JSON.stringify(answer.body);
  assert(!text.includes("hunter2") && !text.includes("s3"), text);
});

Deno.test("an outcome is counted, and the answer says where the breaker stands", async () => {
  const { app } = createEdge();
  const first = await tellOutcome(app, { host: HOST }, { status: 200, latency_ms: 12.5 });
  assertEquals(first.status, 200);
  assertEquals(first.body, { recorded: true, state: "closed", retry_after_ms: 0 });
  await tellOutcome(app, { host: HOST }, { status: 500 });
  const second = await tellOutcome(app, { host: HOST }, { error: "TypeError" });
  assertEquals(second.body, { recorded: true, state: "open", retry_after_ms: 30_000 });
});

const KINDS: [Record<string, unknown>, number][] = [
  [{ status: 500 }, 1],
  [{ status: 429 }, 1],
  [{ status: 404 }, 0],
  [{ status: 999 }, 0],
  [{ status: 100 }, 0],
  [{ status: 500, from_cache: true }, 0],
  [{ status: 500, from_cache: false }, 1],
  [{ error: "TimeoutError" }, 1],
  [{ error: "ECONNRESET" }, 1],
  [{ error: "AbortError" }, 0],
  [{ error: "TimeoutError", from_cache: true }, 0],
  [{ result: "failure" }, 1],
  [{ result: "failure", from_cache: true }, 0],
  [{ result: "success" }, 0],
  [{ result: "neutral" }, 0],
  [{ result: "cancelled" }, 0],
];

for (const [outcome, failures] of KINDS) {
  Deno.test(`the outcome ${JSON.stringify(outcome)} counts ${failures} failures`, async () => {
    const { app } = createEdge();
    await tellOutcome(app, { host: HOST }, outcome);
    const { body } = await call(app, "GET", `/v1/breakers/${HOST}`);
    assertEquals(body.failures, failures);
  });
}

const RETRY_AFTERS: [Record<string, unknown>, number][] = [
  [{ status: 503, retry_after: "120" }, 120_000],
  [{ status: 429, retry_after: 120 }, 120_000],
  [{ status: 429, retry_after: 1.2 }, 2_000],
  [{ status: 503, retry_after: "Thu, 01 Jan 2026 00:02:00 GMT" }, 120_000],
  [{ status: 503, retry_after: 1e30 }, 900_000],
  [{ result: "failure", retry_after: 120 }, 120_000],
  [{ result: "failure", retry_after: "120" }, 120_000],
  [{ result: "failure", retry_after: "Thu, 01 Jan 2026 00:02:00 GMT" }, 120_000],
  [{ result: "failure", retry_after_ms: 1_500 }, 1_500],
  [{ status: 503, retry_after: "soon" }, 0],
  [{ status: 503, retry_after: "9".repeat(10_000) }, 0],
  [{ status: 503, retry_after: -5 }, 0],
  [{ status: 503, retry_after: 0 }, 0],
  [{ status: 503, retry_after: null }, 0],
  [{ status: 200, retry_after: "120" }, 0],
];

for (const [outcome, cooldownMs] of RETRY_AFTERS) {
  const shown = JSON.stringify(outcome).slice(0, 60);
  Deno.test(`the outcome ${shown} sets a cooldown of ${cooldownMs} ms`, async () => {
    const { app } = createEdge();
    const { body } = await tellOutcome(app, { host: HOST }, outcome);
    assertEquals(body.retry_after_ms, cooldownMs);
    assertEquals(body.state, cooldownMs > 0 ? "open" : "closed");
  });
}

const BAD_OUTCOMES: [Record<string, unknown>, string[]][] = [
  [{}, ["status"]],
  [{ from_cache: true }, ["status"]],
  [{ status: 200, error: "TypeError" }, ["status", "error"]],
  [{ error: "TypeError", result: "failure" }, ["error", "result"]],
  [{ status: 200, error: "x", result: "success" }, ["status", "error", "result"]],
  [{ status: 99 }, ["status"]],
  [{ status: 1000 }, ["status"]],
  [{ status: "200" }, ["status"]],
  [{ status: 200.5 }, ["status"]],
  [{ error: "" }, ["error"]],
  [{ error: { name: "TypeError" } }, ["error"]],
  [{ result: "failed" }, ["result"]],
  [{ status: 503, retry_after: true }, ["retry_after"]],
  [{ error: "TypeError", retry_after: 3 }, ["retry_after"]],
  [{ status: 503, retry_after_ms: 3 }, ["retry_after_ms"]],
  [{ result: "failure", retry_after: 3, retry_after_ms: 3 }, ["retry_after_ms"]],
  [{ status: 200, latency_ms: -1 }, ["latency_ms"]],
  [{ status: 200, latency_ms: "5" }, ["latency_ms"]],
  [{ status: 200, from_cache: 1 }, ["from_cache"]],
  [{ status: 200, latency: 5 }, ["latency"]],
  [{ permit: 5, status: 200 }, ["permit"]],
  [{ permit: null, status: 200 }, ["permit"]],
];

for (const [outcome, fields] of BAD_OUTCOMES) {
  const shown = JSON.stringify(outcome).slice(0, 60);
  Deno.test(`the outcome ${shown} is refused, naming ${fields.join(" and ")}`, async () => {
    const { app } = createEdge();
    const answer = await post(app, "/v1/record", { permit: "p", ...outcome });
    assertEquals(problemFields(answer, 400), fields);
    assert(!JSON.stringify(answer.body).includes("xxxx"), "a permit is not repeated");
  });
}

Deno.test("an outcome without a permit is refused", async () => {
  const { app } = createEdge();
  assertEquals(problemFields(await post(app, "/v1/record", { status: 200 }), 400), ["permit"]);
});

Deno.test("a permit that cannot be read, is late or used is no error", async () => {
  const { app, advance } = createEdge();
  for (const permit of ["", "nonsense", "\u0000", "x".repeat(20_000)]) {
    const answer = await post(app, "/v1/record", { permit, status: 500 });
    assertEquals([answer.status, answer.body.recorded], [200, false]);
  }
  const { body } = await post(app, "/v1/allow", { host: HOST });
  const told = { permit: body.permit, status: 500 };
  assertEquals((await post(app, "/v1/record", told)).body.recorded, true);
  assertEquals((await post(app, "/v1/record", told)).body.recorded, false);
  const other = await post(app, "/v1/allow", { host: HOST });
  advance(300_000);
  const late = await post(app, "/v1/record", { permit: other.body.permit, status: 500 });
  assertEquals(late.body.recorded, false);
});

Deno.test("a batch is answered in order, and its outcomes count before its asks are decided", async () => {
  const { app } = createEdge();
  const asked = await post(app, "/v1/batch", {
    allow: [{ host: HOST }, { host: "b.example.org" }, { host: HOST }],
  });
  assertEquals(asked.status, 200);
  assertEquals(asked.body.record, []);
  const [first, second, third] = asked.body.allow;
  assertMatch(second.permit, /b\.example\.org/);
  const told = await post(app, "/v1/batch", {
    allow: [{ host: "b.example.org" }, { host: HOST }],
    record: [
      { permit: first.permit, status: 503 },
      { permit: "nonsense", status: 200 },
      { permit: third.permit, status: 503 },
    ],
  });
  assertEquals(
    told.body.record.map((result: { recorded: boolean }) => result.recorded),
    [true, false, true],
  );
  assertEquals(
    told.body.allow.map((verdict: { allowed: boolean }) => verdict.allowed),
    [true, false],
  );
  assertEquals(told.body.record[2].state, "open");
});

Deno.test("an empty batch is answered with nothing", async () => {
  const { app } = createEdge();
  assertEquals((await post(app, "/v1/batch", {})).body, { allow: [], record: [] });
});

Deno.test("one bad item refuses the whole batch, naming it", async () => {
  const { app } = createEdge();
  const good = { host: HOST };
  const answer = await post(app, "/v1/batch", {
    allow: [good, good, good, { host: "a b" }, 5],
    record: [{ permit: "p", status: 200 }, { permit: "p", stats: 1 }],
  });
  assertEquals(problemFields(answer, 400), ["allow[3].host", "allow[4]", "record[1].stats"]);
  assertEquals(
    problemFields(await post(app, "/v1/batch", { allow: {} }), 400),
    ["allow"],
  );
  assertEquals(problemFields(await post(app, "/v1/batch", { alow: [] }), 400), ["alow"]);
});

Deno.test("a batch of 100 of each is taken, one of 101 is too large", async () => {
  const { app } = createEdge();
  const asks = Array.from({ length: 100 }, (_, i) => ({ host: `h${i}.example.org` }));
  const outcomes = asks.map(() => ({ permit: "p", status: 200 }));
  const full = await post(app, "/v1/batch", { allow: asks, record: outcomes });
  assertEquals([full.body.allow.length, full.body.record.length], [100, 100]);
  const more = await post(app, "/v1/batch", { allow: [...asks, { host: "a b" }] });
  assertEquals(problemFields(more, 413), ["allow"]);
  const told = await post(app, "/v1/batch", { record: [...outcomes, outcomes[0]] });
  assertEquals(problemFields(told, 413), ["record"]);
});
