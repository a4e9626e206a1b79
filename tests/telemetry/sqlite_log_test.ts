/**
 * The event log in SQLite: when rows are written, what bounds them, and that a file in trouble costs rows but never
 * a request.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { lockFile } from "../support/file_lock.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { counts, HOST, logFile, query, start } from "./logged_registry.ts";

Deno.test("rows are written when a batch is full, or when the first has waited long enough", async () => {
  await using file = await logFile();
  const { timers, log, request } = await start(file.path, { batchRows: 3, flushMs: 1_000 });
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
  await using file = await logFile();
  const { registry, log, request, timers } = await start(file.path);
  request(HOST, 200);
  await registry[Symbol.asyncDispose]();
  assertEquals(counts(file.path), { events: 1, transitions: 0 });
  log.close();
  request(HOST, 200);
  assertEquals(log.stats(), { written: 1, waiting: 0, dropped: 0, failures: 0 });
  assertEquals(timers.waiting, 0);
});

Deno.test("the newest rows are kept", async () => {
  await using file = await logFile();
  const { log, request } = await start(file.path, { maxRows: 5, batchRows: 1 });
  for (let i = 0; i < 5; i++) request(HOST, 200 + i);
  assertEquals(counts(file.path), { events: 5, transitions: 0 });
  request(HOST, 205);
  const statuses = query(file.path, "SELECT status FROM http_events").map(({ status }) => status);
  assertEquals(statuses, [201, 202, 203, 204, 205]);
  log.close();
});

Deno.test("rows go when they are old enough", async () => {
  await using file = await logFile();
  const { timers, log, request } = await start(file.path, { maxAgeMs: 60_000, batchRows: 1 });
  request(HOST, 200);
  await timers.advance(59_999);
  request(HOST, 201);
  assertEquals(counts(file.path), { events: 2, transitions: 0 });
  await timers.advance(1);
  request(HOST, 202);
  const statuses = query(file.path, "SELECT status FROM http_events").map(({ status }) => status);
  assertEquals(statuses, [201, 202]);
  log.close();
});

Deno.test("a log that is opened with smaller bounds is cut at once", async () => {
  await using file = await logFile();
  const first = await start(file.path);
  for (let i = 0; i < 3_000; i++) first.request(HOST, 200);
  first.log.close();
  assertEquals(counts(file.path), { events: 3_000, transitions: 0 });
  const second = await start(file.path, { maxRows: 10 });
  assertEquals(counts(file.path), { events: 10, transitions: 0 });
  second.log.close();
});

Deno.test("two runs write to one file, each under its name", async () => {
  await using file = await logFile();
  const one = await start(file.path);
  const other = await start(file.path);
  one.request(HOST, 200);
  other.request(HOST, 200);
  other.request(HOST, 200);
  one.log.close();
  other.log.close();
  const runs = query(file.path, "SELECT run_id, count(*) AS rows FROM http_events GROUP BY 1");
  assertEquals(
    new Map(runs.map(({ run_id, rows }) => [run_id, rows])),
    new Map([[one.log.runId, 1], [other.log.runId, 2]]),
  );
});

Deno.test("a locked file is told of once, costs no request, and is written when it is free", async () => {
  await using file = await logFile();
  const told: string[] = [];
  const { timers, log, request } = await start(file.path, {
    batchRows: 1,
    busyTimeoutMs: 0,
    onTrouble(message) {
      told.push(message);
      throw new Error("a listener that throws");
    },
  });
  {
    await using _lock = await lockFile(file.path);
    assertEquals(request(HOST, 200), true);
    assertEquals(request(HOST, 201), true);
    assertEquals(log.stats(), { written: 0, waiting: 2, dropped: 0, failures: 1 });
    await timers.advance(5_000);
    assertEquals(log.stats(), { written: 0, waiting: 2, dropped: 0, failures: 2 });
    for (let i = 0; i < 20; i++) request(HOST, 202);
    assertEquals(log.stats(), { written: 0, waiting: 20, dropped: 2, failures: 2 });
  }
  assertEquals(told.length, 1);
  assertStringIncludes(
    told[0]!,
    `Cannot write the event log '${file.path}': another process kept it`,
  );
  await timers.advance(5_000);
  assertEquals(log.stats(), { written: 20, waiting: 0, dropped: 2, failures: 2 });
  {
    await using _lock = await lockFile(file.path);
    request(HOST, 200);
  }
  assertEquals(told.length, 2);
  log.close();
  assertEquals(counts(file.path), { events: 21, transitions: 0 });
});

Deno.test("rows that cannot be written even at the end are counted as dropped", async () => {
  await using file = await logFile();
  const told: string[] = [];
  const { log, request } = await start(file.path, { onTrouble: (message) => told.push(message) });
  request(HOST, 200);
  query(file.path, "DROP TABLE http_events");
  log.close();
  assertEquals(log.stats(), { written: 0, waiting: 0, dropped: 1, failures: 1 });
  assertMatch(told[0]!, /its table is gone.*; 1 rows are lost/);
});

Deno.test("a file that is no event log is refused as it is", async () => {
  await using folder = await temporaryFolder();
  const other = `${folder.path}/other.sqlite`;
  query(other, "CREATE TABLE bookmarks (url TEXT)");
  const narrow = `${folder.path}/narrow.sqlite`;
  query(narrow, "CREATE TABLE http_events (ts INTEGER, host TEXT)");
  const text = `${folder.path}/notes.txt`;
  await Deno.writeTextFile(text, "Not a database, but a text that is long enough to be looked at.");
  const missing = `${folder.path}/none/events.sqlite`;
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
  await using file = await logFile();
  const { log, request } = await start(file.path);
  for (let i = 0; i < 1_000; i++) request(HOST, 200);
  log.close();
  await Deno.truncate(file.path, 10_000);
  await Deno.remove(`${file.path}-wal`).catch(() => {});
  await assertRejects(
    () => start(file.path),
    Error,
    "the file is damaged; move it away, and a new one is made",
  );
});

Deno.test("an option out of its bounds is refused before the file is touched", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.sqlite`;
  await assertRejects(() => start(path, { batchRows: 0 }), RangeError, "'batchRows'");
  await assertRejects(() => start(path, { maxRows: NaN }), RangeError, "'maxRows'");
  await assertRejects(() => start(""), TypeError, "'path' must name a file");
  assertEquals([...Deno.readDirSync(folder.path)], []);
  const { log } = await start(path, { batchRows: 1 });
  log.close();
});
