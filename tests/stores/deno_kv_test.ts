/**
 * The store in Deno KV: the contract, and the quirks of Deno KV that must not reach a caller.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { testStore } from "../contract/store_contract.ts";
import { lockFile } from "../support/file_lock.ts";
import { startStoreWorker } from "../support/store_worker_process.ts";

/** A directory for one test, and what it is removed with. */
async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "breakwater-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Puts a value under a key of the store, as another program would. */
function leave(path: string, value: unknown): (key: string) => Promise<unknown> {
  return async (key) => {
    using kv = await Deno.openKv(path);
    return await kv.set(["breakwater", key], value);
  };
}

testStore("deno kv in a file", async () => {
  const directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.db`;
  return {
    store: denoKvStore(path),
    second: () => Promise.resolve(denoKvStore(path)),
    worker: { backend: "deno-kv", target: path },
    plant: {
      "a number": leave(path, 9007199254740993n),
      "bytes that are no UTF-8": leave(path, new Uint8Array([0xff, 0x41, 0xe4])),
      "an object": leave(path, { state: "open" }),
      "an empty text": leave(path, ""),
    },
    outage: {
      hasty: () => denoKvStore(path, { retryForMs: 20 }),
      begin: () => lockFile(path),
    },
    cleanUp: () => directory[Symbol.asyncDispose](),
  };
});

Deno.test("deno kv: a path is opened at the first call, not before", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.db`;
  await using store = denoKvStore(path);
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  await Promise.all([store.read(["a"]), store.read(["a"]), store.list("")]);
  assert((await Deno.stat(path)).isFile);
});

Deno.test("deno kv: a path that cannot be opened fails each call until it can be", async () => {
  await using directory = await temporaryDirectory();
  await using store = denoKvStore(`${directory.path}/later/breakers.db`);
  await assertRejects(async () => await store.read(["a"]));
  await assertRejects(async () => await store.read(["a"]));
  await Deno.mkdir(`${directory.path}/later`);
  assertEquals(await store.read(["a"]), [undefined]);
});

Deno.test("deno kv: a store that could not be opened is disposed without an error", async () => {
  await using directory = await temporaryDirectory();
  const store = denoKvStore(`${directory.path}/never/breakers.db`);
  const read = assertRejects(async () => await store.read(["a"]));
  await store[Symbol.asyncDispose]();
  await read;
});

Deno.test("deno kv: to dispose waits for the calls under way", async () => {
  const store = denoKvStore(":memory:");
  const calls = Array.from(
    { length: 20 },
    (_, at) => store.write(`key:${at}`, "one", undefined, 1e6),
  );
  await store[Symbol.asyncDispose]();
  for (const result of await Promise.all(calls)) assert(result.ok);
});

Deno.test("deno kv: a given Kv is used and left open", async () => {
  const kv = await Deno.openKv(":memory:");
  const store = denoKvStore(kv);
  await store.write("a", "one", undefined, 60_000);
  await store[Symbol.asyncDispose]();
  await assertRejects(async () => await store.read(["a"]), TypeError, "disposed");
  assertEquals((await kv.get(["breakwater", "a"])).value, "one");
  kv.close();
});

Deno.test("deno kv: what others keep in the database is neither listed nor touched", async () => {
  const kv = await Deno.openKv(":memory:");
  const foreign: Deno.KvKey[] = [
    ["a"],
    ["breakwate", "a"],
    ["breakwater"],
    ["breakwater", "a", "b"],
    ["breakwater", "a\0b"],
    ["breakwater", ""],
    ["breakwater", 1],
    ["breakwater", true],
    ["breakwater", new Uint8Array([97])],
    ["breakwaters", "a"],
  ];
  for (const key of foreign) await kv.set(key, "foreign");
  const store = denoKvStore(kv);
  await store.write("a", "one", undefined, 60_000);
  await store.write("b", "two", undefined, 60_000);
  for (const limit of [1, 2, 3, 100]) {
    const keys: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list("", { limit, cursor });
      keys.push(...page.entries.map((entry) => entry.key));
      cursor = page.cursor;
    } while (cursor !== undefined);
    assertEquals(keys, ["a", "b"], `pages of ${limit}`);
  }
  assertEquals(await store.read([""]), [undefined]);
  for (const key of foreign) assertEquals((await kv.get(key)).value, "foreign");
  kv.close();
});

Deno.test("deno kv: a value that is no string reads as an empty one and can be overwritten", async () => {
  const kv = await Deno.openKv(":memory:");
  const store = denoKvStore(kv);
  for (const odd of [{ state: "open" }, 5, null, true, new Deno.KvU64(5n), new Date(0)]) {
    await kv.set(["breakwater", "a"], odd);
    const [found] = await store.read(["a"]);
    assertEquals(found?.value, "");
    assertEquals((await store.list("a")).entries, [{ key: "a", ...found! }]);
    assert((await store.write("a", "one", found?.version, 60_000)).ok);
    assertEquals((await store.read(["a"]))[0]?.value, "one");
  }
  kv.close();
});

Deno.test("deno kv: a record of ordinary length is a plain string to other tools", async () => {
  const kv = await Deno.openKv(":memory:");
  const value = `{"text":"${"世".repeat(10_000)}"}`;
  await denoKvStore(kv).write("a", value, undefined, 60_000);
  assertEquals((await kv.get(["breakwater", "a"])).value, value);
  kv.close();
});

Deno.test("deno kv: a write waits until another process unlocks the file", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/breakers.db`;
  const kv = await Deno.openKv(path);
  const patient = denoKvStore(kv);
  const hasty = denoKvStore(kv, { retryForMs: 0 });
  const written = await patient.write("a", "one", undefined, 60_000);
  assert(written.ok);
  let pending;
  {
    await using _lock = await lockFile(path);
    const error = await assertRejects(
      async () => await hasty.write("a", "two", written.version, 60_000),
      Error,
      "locked by another process for 0 ms",
    );
    assertInstanceOf(error.cause, TypeError);
    assertStringIncludes(error.cause.message, "database is locked");
    pending = patient.write("a", "three", written.version, 60_000);
    assertEquals((await patient.read(["a"]))[0], { value: "one", version: written.version });
  }
  const result = await pending;
  assert(result.ok);
  assertNotEquals(result.version, written.version);
  assertEquals((await patient.read(["a"]))[0]?.value, "three");
  kv.close();
});

Deno.test("deno kv: two processes that create one file at the same moment see no error", async () => {
  await using directory = await temporaryDirectory();
  await using one = await startStoreWorker("deno-kv");
  await using two = await startStoreWorker("deno-kv");
  for (let round = 0; round < 20; round++) {
    const target = `${directory.path}/${round}.db`;
    const order = { target, key: "a", times: 5 };
    await Promise.all([one.count(order), two.count(order)]);
    await using store = denoKvStore(target);
    assertEquals((await store.read(["a"]))[0]?.value, "10", `round ${round}`);
  }
});

Deno.test("deno kv: retryForMs below 0 is refused with RangeError", () => {
  for (const retryForMs of [-1, NaN]) {
    assertThrows(() => denoKvStore(":memory:", { retryForMs }), RangeError, String(retryForMs));
  }
});
