/**
 * Events from a file: the SQLite log and JSON lines, read piece by piece, sound or damaged.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type AllowedVerdict, BreakerRegistry } from "../../mod.ts";
import { openSqliteLog } from "../../src/telemetry/sqlite_log.ts";
import {
  type EventFile,
  EventFileError,
  type EventFileOptions,
  openEventFile,
} from "../../src/tuning/event_file.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const START = 1_800_000_000_000;

/** A log of a request a second, in turn for `a.example.org` and `b.example.org`, with statuses from 200 on. */
async function writeLog(path: string, count: number): Promise<void> {
  let now = START;
  const registry = new BreakerRegistry({ now: () => now });
  const log = await openSqliteLog(registry, path);
  for (let i = 0; i < count; i++) {
    const verdict = registry.allow({ host: i % 2 === 0 ? "a.example.org" : "b.example.org" });
    // Safe: nothing fails, and the memory store answers at once.
    registry.record((verdict as AllowedVerdict).permit, { status: 200 + i % 100 });
    now += 1_000;
  }
  log.close();
}

function change(path: string, statement: string): void {
  using database = new DatabaseSync(path);
  database.exec(statement);
}

async function statuses(path: string, options?: EventFileOptions): Promise<unknown[]> {
  using file = await openEventFile(path, options);
  return [...file.events()].map(({ status }) => status);
}

function errorOf(file: EventFile): EventFileError {
  return assertThrows(() => [...file.events()], EventFileError);
}

Deno.test("the SQLite log is read in the order of time, from the start each time", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.sqlite`;
  await writeLog(path, 3);
  change(
    path,
    `INSERT INTO http_events (ts, run_id, host, status, from_cache, breaker_state, breaker_recorded)
     VALUES (${START + 500}, 'other', 'c.example.org', 299, 0, 'closed', 1)`,
  );
  using file = await openEventFile(path);
  const [first] = file.events();
  assertEquals(first?.host, "a.example.org");
  assertEquals([...file.events()].map(({ status }) => status), [200, 299, 201, 202]);
  const one = file.events();
  const other = file.events();
  one.next();
  assertEquals(other.next().value?.status, 200);
  assertEquals(one.next().value?.status, 299);
  one.return();
  other.return();
});

Deno.test("only the rows asked for are read, the first moment included", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.sqlite`;
  await writeLog(path, 6);
  const lines = `${folder.path}/events.jsonl`;
  const rows = Array.from({ length: 6 }, (_, i) => ({
    ts: START + i * 1_000,
    host: i % 2 === 0 ? "a.example.org" : "b.example.org",
    status: 200 + i,
  }));
  await Deno.writeTextFile(lines, rows.map((row) => JSON.stringify(row)).join("\n"));
  for (const either of [path, lines]) {
    assertEquals(await statuses(either, { host: "b.example.org" }), [201, 203, 205]);
    assertEquals(await statuses(either, { sinceMs: START + 4_000 }), [204, 205]);
    assertEquals(await statuses(either, { sinceMs: START + 4_001 }), [205]);
  }
});

Deno.test("a log can be read while it is written", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.sqlite`;
  const registry = new BreakerRegistry();
  const log = await openSqliteLog(registry, path, { batchRows: 1 });
  const request = () => {
    const { permit } = registry.allow({ host: "a.example.org" }) as AllowedVerdict; // safe: healthy
    registry.record(permit, { status: 200 });
  };
  request();
  request();
  using file = await openEventFile(path);
  const events = file.events();
  events.next();
  request();
  assertEquals([...events].length, 1);
  assertEquals([...file.events()].length, 3);
  assertEquals(log.stats().failures, 0);
  log.close();
});

Deno.test("a damaged row ends the reading with its number, or is left out and counted", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.sqlite`;
  await writeLog(path, 5);
  const damages: [string, string][] = [
    ["status = 'teapot'", `'status' is "teapot"`],
    ["ts = 'yesterday'", `'ts' is "yesterday"`],
    ["ts = -5", `'ts' is -5`],
    ["ts = 9223372036854775807", `'ts' is "9223372036854775807"`],
    ["breaker_state = 'ajar'", `'breaker_state' is "ajar"`],
    ["host = x'00ff'", `'host' is an object`],
  ];
  for (const [damage, words] of damages) {
    await Deno.remove(path);
    await writeLog(path, 5);
    change(path, `UPDATE http_events SET ${damage} WHERE rowid = 3`);
    using strict = await openEventFile(path);
    const error = errorOf(strict);
    assertEquals(error.row, 3);
    assert(error.message.startsWith(`Cannot read row 3 of '${path}': ${words}`), error.message);
    using lenient = await openEventFile(path, { skipDamaged: true });
    assertEquals([...lenient.events()].map(({ status }) => status), [200, 201, 203, 204]);
    assertEquals(lenient.skipped, 1);
    assertEquals([...lenient.events()].length, 4);
    assertEquals(lenient.skipped, 1);
  }
});

Deno.test("rows without a sound time are found wherever pages end", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.sqlite`;
  change(
    path,
    `CREATE TABLE http_events (ts, host, role, resolver, status, error, from_cache, latency_ms,
       retry_after_s, breaker_state, breaker_recorded)`,
  );
  const bad = ["NULL", "-1", "9223372036854775807", "'later'", "x'00'", "1e999"];
  for (const ts of [String(START), ...bad]) {
    change(
      path,
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
       INSERT INTO http_events (ts, host, status) SELECT ${ts}, 'a.example.org', 200 FROM n`,
    );
  }
  using file = await openEventFile(path, { skipDamaged: true });
  assertEquals([...file.events()].length, 1_100);
  assertEquals(file.skipped, 1_100 * bad.length);
});

Deno.test("a file with damaged pages never passes for a shorter log", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.sqlite`;
  await writeLog(path, 5_000);
  const { size } = await Deno.stat(path);
  const whole = await Deno.readFile(path);
  let read = 0;
  for (let from = 4_096; from < size; from += 16 * 4_096) {
    const damaged = whole.slice();
    damaged.fill(0x5a, from, from + 4_096);
    const other = `${folder.path}/damaged.sqlite`;
    await Deno.writeFile(other, damaged);
    try {
      using file = await openEventFile(other, { skipDamaged: true });
      const { length } = [...file.events()];
      read++;
      assertEquals(length, 5_000, `page at ${from}`);
    } catch (error) {
      assert(error instanceof EventFileError, String(error));
      assert(error.message.includes("the file is damaged"), error.message);
    }
    await Deno.remove(other);
  }
  assert(read < 5, `${read} files were read as if nothing were wrong`);
});

Deno.test("lines that are no event are told by their number, or left out and counted", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  const line = JSON.stringify({ ts: START, host: "a.example.org", status: 200 });
  const cases: [string, string][] = [
    ['{"ts": 18000', `it is "{\\"ts\\": 18000": must be an object of columns`],
    ['{"ts": 1, "host": ""}', `'host' is "": must be a host of up to 300 characters`],
    ["null", "it is missing: must be an object of columns"],
  ];
  for (const [damaged, words] of cases) {
    await Deno.writeTextFile(path, `${line}\r\n\n${damaged}\n${line}`);
    using strict = await openEventFile(path);
    const error = errorOf(strict);
    assertEquals(error.row, 3);
    assert(error.message.startsWith(`Cannot read line 3 of '${path}': ${words}`), error.message);
    using lenient = await openEventFile(path, { skipDamaged: true });
    assertEquals([...lenient.events()].length, 2);
    assertEquals(lenient.skipped, 1);
  }
});

Deno.test("lines are put together again wherever the pieces of a file end", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  const hosts = Array.from({ length: 9_000 }, (_, i) => `${"ü".repeat(i % 50)}${i}.example.org`);
  const lines = hosts.map((host) => JSON.stringify({ ts: START, host, status: 200 }));
  await Deno.writeTextFile(path, lines.join("\n"));
  using file = await openEventFile(path);
  assertEquals([...file.events()].map(({ host }) => host), hosts);
});

Deno.test("an endless line is not held, and is one damaged line", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  const line = JSON.stringify({ ts: START, host: "a.example.org", status: 200 });
  await Deno.writeTextFile(path, `${line}\n${'{"a":'.repeat(500_000)}\n${line}\n`);
  using file = await openEventFile(path, { skipDamaged: true });
  assertEquals([...file.events()].length, 2);
  assertEquals(file.skipped, 1);
});

Deno.test("an empty file holds no events", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/empty`;
  await Deno.writeTextFile(path, "");
  assertEquals(await statuses(path), []);
  const log = `${folder.path}/events.sqlite`;
  await writeLog(log, 0);
  assertEquals(await statuses(log), []);
});

Deno.test("what is no log at all is refused in words", async () => {
  await using folder = await temporaryFolder();
  const other = `${folder.path}/other.sqlite`;
  change(other, "CREATE TABLE bookmarks (url TEXT)");
  for (
    const [path, words] of [
      [`${folder.path}/none`, "there is no such file"],
      [folder.path, "it is a directory"],
      [other, "it has no table 'http_events' as openSqliteLog makes it"],
    ] as const
  ) {
    const error = await assertRejects(() => openEventFile(path), EventFileError);
    assert(error.message.endsWith(`'${path}': ${words}`), error.message);
    assertEquals(error.path, path);
  }
});
