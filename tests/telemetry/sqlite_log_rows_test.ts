/**
 * What stands in the rows of the event log in SQLite.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { AllowedVerdict } from "../../mod.ts";
import { openEventFile } from "../../src/tuning/event_file.ts";
import { HOST, logFile, query, START, start } from "./logged_registry.ts";

Deno.test("an outcome is a row with all that was told of it", async () => {
  await using file = await logFile();
  const { registry, log } = await start(file.path, { runId: "monday" });
  const asked = { host: HOST, role: "metadata", resolver: "crossref" };
  const permit = () => (registry.allow(asked) as AllowedVerdict).permit; // safe: the host is healthy
  registry.record(permit(), { status: 200, latencyMs: 12.5 });
  registry.record(permit(), { status: 200, fromCache: true });
  registry.record(permit(), { error: new DOMException("late", "TimeoutError"), latencyMs: 10_000 });
  registry.record(permit(), { result: "failure" });
  registry.record(permit(), { result: "success" });
  registry.record(permit(), { status: 429, retryAfter: "30" });
  log.close();
  const rest = { ts: START, run_id: "monday", ...asked };
  const row = {
    ...rest,
    status: null,
    error: null,
    from_cache: 0,
    latency_ms: null,
    retry_after_s: null,
    breaker_state: "closed",
    breaker_recorded: 1,
  };
  assertEquals(query(file.path, "SELECT * FROM http_events ORDER BY rowid"), [
    { ...row, status: 200, latency_ms: 12.5 },
    { ...row, status: 200, from_cache: 1 },
    { ...row, error: "TimeoutError", latency_ms: 10_000 },
    { ...row, error: "failure" },
    row,
    { ...row, status: 429, retry_after_s: 30, breaker_state: "open" },
  ]);
});

Deno.test("a request denied is a row without outcome, and each change of state is one", async () => {
  await using file = await logFile();
  const { timers, log, request } = await start(file.path, {}, {
    defaults: { failMax: 1, resetTimeoutMs: 45_000 },
  });
  request(HOST, 500);
  request(HOST, 500);
  await timers.advance(45_000);
  request(HOST, 200);
  log.close();
  const told = "SELECT ts, status, breaker_state, breaker_recorded FROM http_events";
  assertEquals(query(file.path, told), [
    { ts: START, status: 500, breaker_state: "open", breaker_recorded: 1 },
    { ts: START, status: null, breaker_state: "open", breaker_recorded: null },
    { ts: START + 45_000, status: 200, breaker_state: "closed", breaker_recorded: 1 },
  ]);
  const row = { host: HOST, scope: "host", role: null, reset_timeout_s: null };
  assertEquals(query(file.path, "SELECT * FROM breaker_transitions"), [
    {
      ...row,
      ts: START,
      old_state: "closed",
      new_state: "open",
      reason: "open",
      reset_timeout_s: 45,
    },
    {
      ...row,
      ts: START + 45_000,
      old_state: "open",
      new_state: "half_open",
      reason: "open",
    },
    {
      ...row,
      ts: START + 45_000,
      old_state: "half_open",
      new_state: "closed",
      reason: "probes",
    },
  ]);
});

Deno.test("an open without end has no planned duration, and a resolver's name stands in host", async () => {
  await using file = await logFile();
  const { registry, log } = await start(file.path);
  await registry.open({ resolver: "wayback" });
  log.close();
  assertEquals(
    query(
      file.path,
      "SELECT host, scope, new_state, reason, reset_timeout_s FROM breaker_transitions",
    ),
    [{
      host: "wayback",
      scope: "resolver",
      new_state: "open",
      reason: "manual",
      reset_timeout_s: null,
    }],
  );
});

Deno.test("a request that mode observe would have denied is one row, that of its outcome", async () => {
  await using file = await logFile();
  const { log, request } = await start(file.path, {}, {
    mode: "observe",
    defaults: { failMax: 1 },
  });
  request(HOST, 500);
  request(HOST, 200);
  log.close();
  assertEquals(query(file.path, "SELECT status, breaker_recorded FROM http_events"), [
    { status: 500, breaker_recorded: 1 },
    { status: 200, breaker_recorded: 0 },
  ]);
});

Deno.test("what a caller without types tells does not hold up the rows of others", async () => {
  await using file = await logFile();
  const { registry, log, request } = await start(file.path);
  const { permit } = registry.allow({ host: HOST }) as AllowedVerdict; // safe: the host is healthy
  registry.record(permit, { status: 200, latencyMs: { ms: 3 } as unknown as number }); // not safe
  request(HOST, 204);
  assertEquals(log.flush(), true);
  log.close();
  assertEquals(query(file.path, "SELECT status, latency_ms FROM http_events"), [
    { status: 200, latency_ms: null },
    { status: 204, latency_ms: null },
  ]);
});

Deno.test("a latency that a clock set back made negative is none, and every row can be read again", async () => {
  await using file = await logFile();
  const { registry, log } = await start(file.path);
  for (const latencyMs of [-5, 0, Infinity]) {
    const { permit } = registry.allow({ host: HOST }) as AllowedVerdict; // safe: the host is healthy
    registry.record(permit, { status: 200, latencyMs });
  }
  log.close();
  using read = await openEventFile(file.path);
  assertEquals([...read.events()].map(({ latencyMs }) => latencyMs), [undefined, 0, undefined]);
});
