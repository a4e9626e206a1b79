/**
 * The event log in SQLite: what stands in the rows, when they are written, what bounds them, and that a file in
 * trouble costs rows but never a request. Rows are read past the log, as a person would.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type AllowedVerdict, BreakerRegistry, type RegistryOptions } from "../../mod.ts";
import { openSqliteLog, type SqliteLogOptions } from "../../src/telemetry/sqlite_log.ts";
import { openEventFile } from "../../src/tuning/event_file.ts";
import { lockFile } from "../support/file_lock.ts";
import { ManualTimers } from "../support/manual_timers.ts";

const START = 1_800_000_000_000;
const HOST = "api.example.org";

/** A directory for one test, and what it is removed with. */
async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "breakwater-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

function query(path: string, statement: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path);
  try {
    return database.prepare(statement).all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

function counts(path: string): unknown {
  const [row] = query(
    path,
    `SELECT (SELECT count(*) FROM http_events) AS events,
       (SELECT count(*) FROM breaker_transitions) AS transitions`,
  );
  return row;
}

/** A registry with a log, on a clock of its own. */
async function start(
  path: string,
  options: SqliteLogOptions = {},
  config: RegistryOptions["config"] = {},
) {
  const timers = new ManualTimers();
  const registry = new BreakerRegistry({ now: timers.now, timers, config });
  const log = await openSqliteLog(registry, path, options);
  /** Asks and tells; the store answers at once. */
  const request = (host: string, status: number, role?: string) => {
    const verdict = registry.allow({ host, role }) as AllowedVerdict; // safe: told only where it was
    if (verdict.allowed) registry.record(verdict.permit, { status });
    return verdict.allowed;
  };
  return { timers, registry, log, request };
}

Deno.test("an outcome is a row with all that was told of it", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { registry, log } = await start(path, { runId: "monday" });
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
  assertEquals(query(path, "SELECT * FROM http_events ORDER BY rowid"), [
    { ...row, status: 200, latency_ms: 12.5 },
    { ...row, status: 200, from_cache: 1 },
    { ...row, error: "TimeoutError", latency_ms: 10_000 },
    { ...row, error: "failure" },
    row,
    { ...row, status: 429, retry_after_s: 30, breaker_state: "open" },
  ]);
});

Deno.test("a request denied is a row without outcome, and each change of state is one", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { timers, log, request } = await start(path, {}, {
    defaults: { failMax: 1, resetTimeoutMs: 45_000 },
  });
  request(HOST, 500);
  request(HOST, 500);
  await timers.advance(45_000);
  request(HOST, 200);
  log.close();
  const told = "SELECT ts, status, breaker_state, breaker_recorded FROM http_events";
  assertEquals(query(path, told), [
    { ts: START, status: 500, breaker_state: "open", breaker_recorded: 1 },
    { ts: START, status: null, breaker_state: "open", breaker_recorded: null },
    { ts: START + 45_000, status: 200, breaker_state: "closed", breaker_recorded: 1 },
  ]);
  const row = { host: HOST, scope: "host", role: null, reset_timeout_s: null };
  assertEquals(query(path, "SELECT * FROM breaker_transitions"), [
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
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { registry, log } = await start(path);
  await registry.open({ resolver: "wayback" });
  log.close();
  assertEquals(
    query(path, "SELECT host, scope, new_state, reason, reset_timeout_s FROM breaker_transitions"),
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
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { log, request } = await start(path, {}, { mode: "observe", defaults: { failMax: 1 } });
  request(HOST, 500);
  request(HOST, 200);
  log.close();
  assertEquals(query(path, "SELECT status, breaker_recorded FROM http_events"), [
    { status: 500, breaker_recorded: 1 },
    { status: 200, breaker_recorded: 0 },
  ]);
});

Deno.test("what a caller without types tells does not hold up the rows of others", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { registry, log, request } = await start(path);
  const { permit } = registry.allow({ host: HOST }) as AllowedVerdict; // safe: the host is healthy
  registry.record(permit, { status: 200, latencyMs: { ms: 3 } as unknown as number }); // not safe
  request(HOST, 204);
  assertEquals(log.flush(), true);
  log.close();
  assertEquals(query(path, "SELECT status, latency_ms FROM http_events"), [
    { status: 200, latency_ms: null },
    { status: 204, latency_ms: null },
  ]);
});

Deno.test("a latency that a clock set back made negative is none, and every row can be read again", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { registry, log } = await start(path);
  for (const latencyMs of [-5, 0, Infinity]) {
    const { permit } = registry.allow({ host: HOST }) as AllowedVerdict; // safe: the host is healthy
    registry.record(permit, { status: 200, latencyMs });
  }
  log.close();
  using file = await openEventFile(path);
  assertEquals([...file.events()].map(({ latencyMs }) => latencyMs), [undefined, 0, undefined]);
});

Deno.test("rows are written when a batch is full, or when the first has waited long enough", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { timers, log, request } = await start(path, { batchRows: 3, flushMs: 1_000 });
  request(HOST, 200);
  request(HOST, 200);
  assertEquals(log.stats(), { written: 0, waiting: 2, dropped: 0, failures: 0 });
  request(HOST, 200);
  assertEquals(log.stats(), { written: 3, waiting: 0, dropped: 0, failures: 0 });
  request(HOST, 200);
  await timers.advance(999);
  assertEquals(log.stats().waiting, 1);
  await timers.advance(1);
  assertEquals(log.stats(), { written: 4, waiting: 0, dropped: 0, failures: 0 });
  assertEquals(timers.waiting, 0);
  log.close();
});

Deno.test("the registry's end is the log's: what waits is written, and nothing afterwards", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { registry, log, request, timers } = await start(path);
  request(HOST, 200);
  await registry[Symbol.asyncDispose]();
  assertEquals(counts(path), { events: 1, transitions: 0 });
  log.close();
  request(HOST, 200);
  assertEquals(log.stats(), { written: 1, waiting: 0, dropped: 0, failures: 0 });
  assertEquals(timers.waiting, 0);
});

Deno.test("the newest rows are kept", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { log, request } = await start(path, { maxRows: 5, batchRows: 1 });
  for (let i = 0; i < 5; i++) request(HOST, 200 + i);
  assertEquals(counts(path), { events: 5, transitions: 0 });
  request(HOST, 205);
  const statuses = query(path, "SELECT status FROM http_events").map(({ status }) => status);
  assertEquals(statuses, [201, 202, 203, 204, 205]);
  log.close();
});

Deno.test("rows go when they are old enough", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { timers, log, request } = await start(path, { maxAgeMs: 60_000, batchRows: 1 });
  request(HOST, 200);
  await timers.advance(59_999);
  request(HOST, 201);
  assertEquals(counts(path), { events: 2, transitions: 0 });
  await timers.advance(1);
  request(HOST, 202);
  const statuses = query(path, "SELECT status FROM http_events").map(({ status }) => status);
  assertEquals(statuses, [201, 202]);
  log.close();
});

Deno.test("a log that is opened with smaller bounds is cut at once", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const first = await start(path);
  for (let i = 0; i < 3_000; i++) first.request(HOST, 200);
  first.log.close();
  assertEquals(counts(path), { events: 3_000, transitions: 0 });
  const second = await start(path, { maxRows: 10 });
  assertEquals(counts(path), { events: 10, transitions: 0 });
  second.log.close();
});

Deno.test("two runs write to one file, each under its name", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const one = await start(path);
  const other = await start(path);
  one.request(HOST, 200);
  other.request(HOST, 200);
  other.request(HOST, 200);
  one.log.close();
  other.log.close();
  const runs = query(path, "SELECT run_id, count(*) AS rows FROM http_events GROUP BY 1");
  assertEquals(
    new Map(runs.map(({ run_id, rows }) => [run_id, rows])),
    new Map([[one.log.runId, 1], [other.log.runId, 2]]),
  );
});

Deno.test("a locked file is told of once, costs no request, and is written when it is free", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const told: string[] = [];
  const { timers, log, request } = await start(path, {
    batchRows: 1,
    busyTimeoutMs: 0,
    onTrouble(message) {
      told.push(message);
      throw new Error("a listener that throws");
    },
  });
  {
    await using _lock = await lockFile(path);
    assertEquals(request(HOST, 200), true);
    assertEquals(request(HOST, 201), true);
    assertEquals(log.stats(), { written: 0, waiting: 2, dropped: 0, failures: 1 });
    await timers.advance(5_000);
    assertEquals(log.stats(), { written: 0, waiting: 2, dropped: 0, failures: 2 });
    for (let i = 0; i < 20; i++) request(HOST, 202);
    assertEquals(log.stats(), { written: 0, waiting: 20, dropped: 2, failures: 2 });
  }
  assertEquals(told.length, 1);
  assertStringIncludes(told[0]!, `Cannot write the event log '${path}': another process kept it`);
  await timers.advance(5_000);
  assertEquals(log.stats(), { written: 20, waiting: 0, dropped: 2, failures: 2 });
  {
    await using _lock = await lockFile(path);
    request(HOST, 200);
  }
  assertEquals(told.length, 2);
  log.close();
  assertEquals(counts(path), { events: 21, transitions: 0 });
});

Deno.test("rows that cannot be written even at the end are counted as dropped", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const told: string[] = [];
  const { log, request } = await start(path, { onTrouble: (message) => told.push(message) });
  request(HOST, 200);
  query(path, "DROP TABLE http_events");
  log.close();
  assertEquals(log.stats(), { written: 0, waiting: 0, dropped: 1, failures: 1 });
  assertMatch(told[0]!, /its table is gone.*; 1 rows are lost/);
});

Deno.test("a file that is no event log is refused as it is", async () => {
  await using directory = await temporaryDirectory();
  const other = `${directory.path}/other.sqlite`;
  query(other, "CREATE TABLE bookmarks (url TEXT)");
  const narrow = `${directory.path}/narrow.sqlite`;
  query(narrow, "CREATE TABLE http_events (ts INTEGER, host TEXT)");
  const text = `${directory.path}/notes.txt`;
  await Deno.writeTextFile(text, "Not a database, but a text that is long enough to be looked at.");
  const missing = `${directory.path}/none/events.sqlite`;
  for (
    const [path, words] of [
      [other, "it has tables of something else (bookmarks); give the log a file of its own"],
      [narrow, "its table 'http_events' has no column 'run_id'; name another file"],
      [text, "the file is none of SQLite's; name another"],
      [missing, "its directory must exist and be writable"],
    ] as const
  ) {
    const before = await Deno.readFile(path).catch(() => undefined);
    const error = await assertRejects(() => start(path), Error);
    assertEquals(error.message, `Cannot open the event log '${path}': ${words}`);
    assertEquals(await Deno.readFile(path).catch(() => undefined), before);
  }
});

Deno.test("a log that was cut short is refused, and says what to do", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  const { log, request } = await start(path);
  for (let i = 0; i < 1_000; i++) request(HOST, 200);
  log.close();
  await Deno.truncate(path, 10_000);
  await Deno.remove(`${path}-wal`).catch(() => {});
  await assertRejects(
    () => start(path),
    Error,
    "the file is damaged; move it away, and a new one is made",
  );
});

Deno.test("an option out of its bounds is refused before the file is touched", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/events.sqlite`;
  await assertRejects(() => start(path, { batchRows: 0 }), RangeError, "'batchRows'");
  await assertRejects(() => start(path, { maxRows: NaN }), RangeError, "'maxRows'");
  await assertRejects(() => start(""), TypeError, "'path' must name a file");
  assertEquals([...Deno.readDirSync(directory.path)], []);
  const { log } = await start(path, { batchRows: 1 });
  log.close();
});
