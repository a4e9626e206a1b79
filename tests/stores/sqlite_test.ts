/**
 * The store in an SQLite file: the contract, what a person sees in the table, and what must not be left behind.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { OF_ONE_HANDLE, testStore } from "../contract/store_contract.ts";
import { lockFile } from "../support/file_lock.ts";
import { startStoreWorker } from "../support/store_worker_process.ts";

/** A directory for one test, and what it is removed with. */
async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "breakwater-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Runs one statement past the store, as a person at a prompt would. */
function query(path: string, statement: string, ...values: (string | number)[]): unknown[] {
  const database = new DatabaseSync(path);
  try {
    return database.prepare(statement).all(...values).map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

/** Puts the SQL expression `value` under a key. */
function leave(path: string, value: string): (key: string) => Promise<unknown> {
  const statement = `INSERT INTO breakwater_records VALUES (?, ${value}, 'mine', 0, NULL)
    ON CONFLICT DO UPDATE SET value = excluded.value`;
  return (key) => Promise.resolve(query(path, statement, key));
}

testStore("sqlite in a file", async () => {
  const directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.sqlite`;
  const store = sqliteStore(path);
  await store.read([]);
  return {
    store,
    second: () => Promise.resolve(sqliteStore(path)),
    worker: { backend: "sqlite", target: path },
    plant: {
      "a number": leave(path, "9007199254740993"),
      "bytes": leave(path, "x'00ff41'"),
      "text that is no UTF-8": leave(path, "CAST(x'ff41' AS TEXT)"),
      "an empty text": leave(path, "''"),
    },
    outage: {
      hasty: () => sqliteStore(path, { busyTimeoutMs: 20 }),
      begin: () => lockFile(path),
    },
    cleanUp: () => directory[Symbol.asyncDispose](),
  };
});

testStore("sqlite in memory", () => Promise.resolve({ store: sqliteStore(":memory:") }), {
  skip: [OF_ONE_HANDLE],
});

Deno.test("sqlite: answers stand at once, without a promise", async () => {
  await using store = sqliteStore(":memory:");
  for (
    const answer of [store.read(["a"]), store.write("a", "one", undefined, 1_000), store.list("")]
  ) {
    assert(!(answer instanceof Promise));
  }
});

Deno.test("sqlite: a path is opened at the first call, not before", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.sqlite`;
  await using store = sqliteStore(path);
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  await store.read(["a"]);
  assert((await Deno.stat(path)).isFile);
});

Deno.test("sqlite: the file is in WAL mode, and to dispose leaves one file behind", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.sqlite`;
  const store = sqliteStore(path);
  await store.write("a", "one", undefined, 60_000);
  assertEquals(query(path, "PRAGMA journal_mode"), [{ journal_mode: "wal" }]);
  await store[Symbol.asyncDispose]();
  assertEquals(Array.from(Deno.readDirSync(directory.path), (file) => file.name), [
    "breakers.sqlite",
  ]);
});

Deno.test("sqlite: a person can query the table, the JSON in it and the times", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.sqlite`;
  await using store = sqliteStore(path, { now: () => 1_700_000_000_000 });
  await store.write("host:a", `{"state":"open"}`, undefined, 60_000.5);
  await store.write("host:b", `{"state":"closed"}`, undefined, Infinity);
  const statement = `SELECT key, json_extract(value, '$.state') AS state, written_at,
    datetime(expires_at / 1000, 'unixepoch') AS expires, typeof(expires_at) AS type
    FROM breakwater_records ORDER BY key`;
  const written_at = 1_700_000_000_000;
  assertEquals(query(path, statement), [
    { key: "host:a", state: "open", written_at, expires: "2023-11-14 22:14:20", type: "integer" },
    { key: "host:b", state: "closed", written_at, expires: null, type: "null" },
  ]);
});

Deno.test("sqlite: an entry is there 1 ms before its expiry and gone when now equals it", async () => {
  let now = 5_000;
  await using store = sqliteStore(":memory:", { now: () => now });
  const written = await store.write("a", "one", undefined, 1_000);
  assert(written.ok);
  now = 5_999;
  assertEquals((await store.read(["a"]))[0]?.value, "one");
  assertEquals((await store.list("")).entries.length, 1);
  now = 6_000;
  assertEquals(await store.read(["a"]), [undefined]);
  assertEquals(await store.list(""), { entries: [] });
  assertEquals(await store.write("a", "two", written.version, 1_000), {
    ok: false,
    current: undefined,
  });
  assertEquals((await store.write("a", undefined, undefined, 1)).ok, true);
  assertEquals((await store.write("a", undefined, written.version, 1)).ok, false);
  assert((await store.write("a", "three", undefined, 1_000)).ok);
  assertEquals((await store.read(["a"]))[0]?.value, "three");
});

Deno.test("sqlite: a conflict tells what stands there", async () => {
  await using store = sqliteStore(":memory:");
  await store.write("a", "one", undefined, 1_000);
  const [current] = await store.read(["a"]);
  assertEquals(current?.value, "one");
  for (const value of ["two", undefined]) {
    assertEquals(await store.write("a", value, undefined, 1_000), { ok: false, current });
    assertEquals(await store.write("a", value, "stale", 1_000), { ok: false, current });
  }
});

Deno.test("sqlite: the table follows what is alive while writes go on", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.sqlite`;
  let now = 0;
  await using store = sqliteStore(path, { now: () => now });
  // One key a millisecond, each alive for 100: with at most 50 since the last sweep.
  for (; now < 2_000; now++) await store.write(`key:${now}`, "one", undefined, 100);
  assertEquals((await store.list("")).entries.length, 99);
  const [row] = query(path, "SELECT count(*) <= 150 AS few FROM breakwater_records");
  assertEquals(row, { few: 1 });
});

Deno.test("sqlite: the first write of a process sweeps, for processes that make only a few", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.sqlite`;
  for (let now = 0; now < 10; now++) {
    await using store = sqliteStore(path, { now: () => now });
    await store.write(`key:${now}`, "one", undefined, 1);
  }
  assertEquals(query(path, "SELECT key FROM breakwater_records"), [{ key: "key:9" }]);
});

Deno.test("sqlite: a file that cannot be opened fails each call, with what to do, until it can be", async () => {
  await using directory = await temporaryDirectory();
  await using store = sqliteStore(`${directory.path}/later/breakers.sqlite`);
  for (let times = 0; times < 2; times++) {
    await assertRejects(
      async () => await store.read(["a"]),
      Error,
      `/later/breakers.sqlite' with SQLite: its directory must exist and be writable`,
    );
  }
  await Deno.mkdir(`${directory.path}/later`);
  assertEquals(await store.read(["a"]), [undefined]);
});

Deno.test("sqlite: a file of another kind is refused and left as it is", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/notes.txt`;
  const text = "These are notes and no database. ".repeat(100);
  await Deno.writeTextFile(path, text);
  await using store = sqliteStore(path);
  await assertRejects(async () => await store.read(["a"]), Error, "none of SQLite's");
  assertEquals(await Deno.readTextFile(path), text);
});

Deno.test("sqlite: an error names neither the statement nor a value", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.sqlite`;
  await using store = sqliteStore(path);
  await store.write("a", "one", undefined, 1_000);
  query(path, "DROP TABLE breakwater_records");
  const error = await assertRejects(
    async () => await store.write("a", "the value", undefined, 1_000),
    Error,
    "its table is gone",
  );
  assert(!/INSERT|breakwater_records|the value/.test(Deno.inspect(error)), Deno.inspect(error));
});

Deno.test("sqlite: two processes that create one file at the same moment see no error", async () => {
  await using directory = await temporaryDirectory();
  await using one = await startStoreWorker("sqlite");
  await using two = await startStoreWorker("sqlite");
  for (let round = 0; round < 20; round++) {
    const target = `${directory.path}/${round}.sqlite`;
    const order = { target, key: "a", times: 5 };
    await Promise.all([one.count(order), two.count(order)]);
    await using store = sqliteStore(target);
    assertEquals((await store.read(["a"]))[0]?.value, "10", `round ${round}`);
  }
});

Deno.test("sqlite: options that cannot be right are refused", () => {
  assertThrows(() => sqliteStore(""), TypeError, "'path'");
  for (const busyTimeoutMs of [-1, NaN, Infinity]) {
    assertThrows(
      () => sqliteStore(":memory:", { busyTimeoutMs }),
      RangeError,
      String(busyTimeoutMs),
    );
  }
});
