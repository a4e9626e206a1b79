/**
 * The store in memory: the contract, its clock, its sweep, and what its listing costs.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { memoryStore } from "../../src/stores/memory.ts";
import { OF_ONE_HANDLE, testStore } from "../contract/store_contract.ts";

testStore("memory", () => Promise.resolve({ store: memoryStore() }), {
  skip: [OF_ONE_HANDLE],
});

Deno.test("memory: answers stand at once, without a promise", () => {
  const store = memoryStore();
  assertEquals(store.write("a", "one", undefined, 1_000), { ok: true, version: "1" });
  assertEquals(store.read(["a", "b"]), [{ value: "one", version: "1" }, undefined]);
  assertEquals(store.list(""), { entries: [{ key: "a", value: "one", version: "1" }] });
});

Deno.test("memory: versions differ across the whole store", () => {
  const store = memoryStore();
  const versions = new Set<string | undefined>();
  for (let at = 0; at < 100; at++) {
    const result = store.write(`key:${at}`, "one", undefined, 1_000);
    versions.add(result.ok ? result.version : undefined);
  }
  assertEquals(versions.size, 100);
  assert(!versions.has(undefined));
});

Deno.test("memory: an entry is there 1 ms before its expiry and gone when now equals it", () => {
  let now = 5_000;
  const store = memoryStore({ now: () => now });
  store.write("a", "one", undefined, 1_000);
  now = 5_999;
  assertEquals(store.read(["a"]), [{ value: "one", version: "1" }]);
  assertEquals(store.list("").entries.length, 1);
  now = 6_000;
  assertEquals(store.read(["a"]), [undefined]);
  assertEquals(store.list(""), { entries: [] });
});

Deno.test("memory: an expired entry conflicts with its version and gives way to a new one", () => {
  let now = 0;
  const store = memoryStore({ now: () => now });
  store.write("a", "one", undefined, 1_000);
  now = 1_000;
  assertEquals(store.write("a", "two", "1", 1_000), { ok: false, current: undefined });
  assertEquals(store.write("a", "two", undefined, 1_000), { ok: true, version: "2" });
  assertEquals(store.list(""), { entries: [{ key: "a", value: "two", version: "2" }] });
});

Deno.test("memory: a conflict tells what stands there", () => {
  const store = memoryStore();
  store.write("a", "one", undefined, 1_000);
  assertEquals(store.write("a", "two", undefined, 1_000), {
    ok: false,
    current: { value: "one", version: "1" },
  });
});

Deno.test("memory: an entry without end outlives every clock", () => {
  let now = 0;
  const store = memoryStore({ now: () => now });
  store.write("a", "one", undefined, Infinity);
  now = Number.MAX_SAFE_INTEGER;
  assertEquals(store.read(["a"])[0]?.value, "one");
});

Deno.test("memory: the size follows what is alive while writes go on, without a timer", () => {
  let now = 0;
  const store = memoryStore({ now: () => now });
  // One key a millisecond, each alive for a second: 1,000 are alive at any time.
  for (; now < 100_000; now++) {
    store.write(`key:${now}`, "one", undefined, 1_000);
    assertLessOrEqual(store.size, 2_000);
  }
  assertEquals(store.list("", { limit: 5_000 }).entries.length, 999);
});

Deno.test("memory: a write that conflicts sweeps too", () => {
  let now = 0;
  const store = memoryStore({ now: () => now });
  for (let at = 0; at < 100; at++) store.write(`key:${at}`, "one", undefined, 1_000);
  store.write("kept", "one", undefined, Infinity);
  now = 1_000;
  for (let at = 0; at < 100; at++) store.write("kept", "two", undefined, 1_000);
  assertEquals(store.size, 1);
});

Deno.test("memory: to dispose lets go of every entry", async () => {
  const store = memoryStore();
  store.write("a", "one", undefined, 1_000);
  await store[Symbol.asyncDispose]();
  assertEquals(store.size, 0);
});

Deno.test("memory: a listing is in key order", () => {
  const store = memoryStore();
  for (const key of ["b", "a:2", "a:10", "c", "a:1"]) store.write(key, "one", undefined, 1_000);
  assertEquals(store.list("").entries.map((entry) => entry.key), ["a:1", "a:10", "a:2", "b", "c"]);
});

Deno.test("memory: 100,000 keys are listed by hundreds within seconds, though keys come and go", () => {
  const store = memoryStore();
  for (let at = 0; at < 100_000; at++) {
    store.write(`key:${(at * 7_919) % 100_000}`, "one", undefined, Infinity);
  }
  const startedAt = performance.now();
  const seen = new Set<string>();
  let listed = 0;
  let cursor: string | undefined;
  for (let page = 0; page === 0 || cursor !== undefined; page++) {
    const answer = store.list("key:", { cursor });
    for (const { key } of answer.entries) seen.add(key);
    listed += answer.entries.length;
    cursor = answer.cursor;
    // Before every tenth page the order is out of date.
    if (page % 10 === 0) store.write(`other:${page}`, "one", undefined, Infinity);
  }
  assertEquals([listed, seen.size], [100_000, 100_000]);
  assertLess(performance.now() - startedAt, 20_000);
});
