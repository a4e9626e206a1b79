/**
 * Cases of what a store takes and what it refuses: characters, sizes, times to live.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from "../../src/stores/store.ts";
import type { StoreCase } from "./store_contract.ts";
import { get, put } from "./store_write_cases.ts";

const MINUTE_MS = 60_000;

const oddTexts = [
  " ",
  "0123",
  "null",
  "undefined",
  "true",
  '{"v":1,"name":"a\\"b"}',
  "[1,2]",
  "line\r\nline\ttab",
  "percent %2F plus + slash / colon : star * question ? bracket [a-z] back \\ quote '",
  "Grüße, мир, 世界, 👩‍👩‍👧, e\u0301 is not \u00e9",
];

export const limitCases: Readonly<Record<string, StoreCase>> = {
  "values come back character by character": async ({ store }) => {
    const byteOrderMark = "\ufeff";
    const long = byteOrderMark + "世".repeat(15_000);
    for (const [at, value] of ["", "a\0b", byteOrderMark, long, ...oddTexts].entries()) {
      await put(store, `key:${at}`, value);
      assertEquals(await get(store, `key:${at}`), value);
    }
  },

  "keys are told apart character by character": async ({ store }) => {
    const keys = [...oddTexts, "a", "A", "a ", "\u00e9", "e\u0301", "\uffff", "\u{10ffff}"];
    for (const [at, key] of keys.entries()) await put(store, key, String(at));
    const answers = await store.read(keys);
    assertEquals(answers.map((answer) => answer?.value), keys.map((_, at) => String(at)));
  },

  "a value may have MAX_VALUE_BYTES bytes, whatever its characters": async ({ store }) => {
    const longest = [
      "a".repeat(MAX_VALUE_BYTES),
      "é".repeat(MAX_VALUE_BYTES / 2),
      "世".repeat(MAX_VALUE_BYTES / 3),
      "👩".repeat(MAX_VALUE_BYTES / 4),
      // Many engines keep such a string with two bytes a character.
      "a".repeat(MAX_VALUE_BYTES - 3) + "世",
      ("世" + "a".repeat(MAX_VALUE_BYTES)).slice(1),
    ];
    for (const [at, value] of longest.entries()) {
      const version = await put(store, `key:${at}`, value);
      assert(await get(store, `key:${at}`) === value, `value ${at} came back changed`);
      await put(store, `key:${at}`, "short again", version);
    }
  },

  "a value of one byte more is refused with RangeError and changes nothing": async ({ store }) => {
    const version = await put(store, "a", "one");
    for (const value of ["a".repeat(MAX_VALUE_BYTES + 1), "a" + "世".repeat(MAX_VALUE_BYTES / 3)]) {
      await assertRejects(
        async () => await store.write("a", value, version, MINUTE_MS),
        RangeError,
        String(MAX_VALUE_BYTES + 1),
      );
    }
    assertEquals(await store.read(["a"]), [{ value: "one", version }]);
  },

  "a value with a lone surrogate is refused with RangeError, whatever its length": async (
    { store },
  ) => {
    for (const value of ["\ud800", "\udc00".repeat(10), "a".repeat(50_000) + "\ud800"]) {
      await assertRejects(
        async () => await store.write("a", value, undefined, MINUTE_MS),
        RangeError,
        "surrogate",
      );
    }
    assertEquals(await get(store, "a"), undefined);
  },

  "a key may have MAX_KEY_BYTES bytes, whatever its characters": async ({ store }) => {
    for (const key of ["k".repeat(MAX_KEY_BYTES), "é".repeat(MAX_KEY_BYTES / 2)]) {
      const version = await put(store, key, "one");
      assertEquals(await store.read([key]), [{ value: "one", version }]);
      const page = await store.list(key);
      assertEquals(page.entries, [{ key, value: "one", version }]);
    }
  },

  "a key that no store can hold is refused with RangeError, and reads as absent": async (
    { store },
  ) => {
    const refused = [
      "",
      "k".repeat(MAX_KEY_BYTES + 1),
      "k" + "é".repeat(MAX_KEY_BYTES / 2),
      "k".repeat(100_000),
      "a\0b",
      "\ud800",
    ];
    await put(store, "\ufffd", "what UTF-8 makes of a lone surrogate");
    for (const key of refused) {
      await assertRejects(
        async () => await store.write(key, "one", undefined, MINUTE_MS),
        RangeError,
        "Cannot write",
      );
      assertEquals(await store.read([key]), [undefined]);
    }
  },

  "a time to live that is not above 0 is refused with RangeError": async ({ store }) => {
    for (const ttlMs of [0, -0, -1, -Infinity, NaN]) {
      await assertRejects(
        async () => await store.write("a", "one", undefined, ttlMs),
        RangeError,
        `received ${ttlMs}`,
      );
    }
    assertEquals(await get(store, "a"), undefined);
  },

  "a removal takes no notice of the time to live": async ({ store }) => {
    const version = await put(store, "a", "one");
    assert((await store.write("a", undefined, version, 0)).ok);
  },

  "an entry is there before its time to live is over, however that is given": async ({ store }) => {
    const times = [MINUTE_MS, MINUTE_MS + 0.25, 1e12, 8.64e15, Number.MAX_VALUE, Infinity];
    for (const ttlMs of times) {
      assert((await store.write(`key:${ttlMs}`, "one", undefined, ttlMs)).ok);
    }
    for (const ttlMs of times) assertEquals(await get(store, `key:${ttlMs}`), "one");
  },

  "a write replaces the time to live": async ({ store }) => {
    const first = await store.write("a", "one", undefined, 0.5);
    if (first.ok) await store.write("a", "two", first.version, MINUTE_MS);
    // Where the entry went before it was replaced, that was no mistake.
    if (await get(store, "a") === undefined) await put(store, "a", "two");
    assertEquals(await get(store, "a"), "two");
  },
};
