/**
 * Cases of listing: which keys, on how many pages, and what happens to them meanwhile.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Entry, Store } from "../../src/stores/store.ts";
import type { StoreCase } from "./store_contract.ts";
import { get, put } from "./store_write_cases.ts";

/** Every page of a listing; between pages, `meanwhile` may change what is listed. */
async function listAll(
  store: Store,
  prefix: string,
  limit?: number,
  meanwhile?: (page: number) => Promise<void>,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | undefined;
  for (let page = 0; page === 0 || cursor !== undefined; page++) {
    assert(page < 1_000, "The listing does not end");
    const answer = await store.list(prefix, { limit, cursor });
    entries.push(...answer.entries);
    cursor = answer.cursor;
    await meanwhile?.(page);
  }
  return entries;
}

function keysOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => entry.key).sort();
}

export const listCases: Readonly<Record<string, StoreCase>> = {
  "an empty store lists nothing, on one page": async ({ store }) => {
    assertEquals(await store.list(""), { entries: [] });
    assertEquals(await store.list("a:"), { entries: [] });
  },

  "a listing names exactly the keys that start with the prefix": async ({ store }) => {
    const keys = ["a", "a:", "a:\u0001", "a:b", "a:b:c", "a:é", "a:\uffff", "a:👩"];
    const others = ["A:b", "a;", "a9", "b", "b:a:", ":a:", "aa:", "a：b"];
    const last = ["a:\u{10ffff}", "a:\u{10ffff}\u{10ffff}", "\u{10ffff}", "\u{10ffff}b"];
    for (const key of [...keys, ...others, ...last]) await put(store, key, "one");
    const all = [...keys, ...others, ...last];
    const prefixes = ["", "a", "a:", "a:b", "a:b:c", "b:", "c", "a:\uffff", "\u{10ffff}", "\ud7ff"];
    for (const prefix of prefixes) {
      const expected = all.filter((key) => key.startsWith(prefix)).sort();
      assertEquals(keysOf(await listAll(store, prefix)), expected, `prefix '${prefix}'`);
      assertEquals(keysOf(await listAll(store, prefix, 2)), expected, `prefix '${prefix}', by two`);
    }
  },

  "characters that other systems give a meaning mean themselves in a prefix": async ({ store }) => {
    const odd = ["*", "?", "[a-z]", "]", "%", "_", "\\", "'", '"', "^", "$", ".", "{x}", "~"];
    for (const character of odd) await put(store, `${character}:x`, "one");
    await put(store, "a:x", "one");
    await put(store, "ab:x", "one");
    for (const character of odd) {
      assertEquals(keysOf(await listAll(store, character)), [`${character}:x`]);
      assertEquals(await listAll(store, `a${character}`), []);
    }
  },

  "a prefix longer than any key lists nothing": async ({ store }) => {
    await put(store, "a", "one");
    assertEquals(await store.list("a".repeat(5_000)), { entries: [] });
  },

  "many pages name each key once and come to an end": async ({ store }) => {
    const keys = Array.from({ length: 63 }, (_, at) => `key:${at}`).sort();
    await Promise.all(keys.map((key) => put(store, key, `value of ${key}`)));
    await put(store, "other", "one");
    assert((await store.list("key:", { limit: 10 })).cursor !== undefined, "A page holds them all");
    for (const limit of [1, 10, 62, 63, 64, 1_000]) {
      const entries = await listAll(store, "key:", limit);
      assertEquals(keysOf(entries), keys, `pages of ${limit}`);
      for (const { key, value } of entries) assertEquals(value, `value of ${key}`);
    }
    assertEquals(keysOf(await listAll(store, "key:")), keys);
  },

  "the version in a listing is good for a compare-and-set": async ({ store }) => {
    await put(store, "a", "one");
    const { entries: [entry] } = await store.list("a");
    assert(entry !== undefined);
    await put(store, "a", "two", entry.version);
    const { entries: [changed] } = await store.list("a");
    assertEquals(changed?.value, "two");
    assert((await store.write("a", undefined, changed?.version, 1)).ok);
    assertEquals(await store.list("a"), { entries: [] });
  },

  "keys that come and go meanwhile do not hide or repeat the others": async ({ store }) => {
    const name = (at: number) => `key:${String(at).padStart(2, "0")}`;
    for (let at = 0; at < 40; at++) await put(store, name(at), "one");
    const entries = await listAll(store, "key:", 4, async (page) => {
      if (page >= 10) return;
      const at = (page * 3) % 10;
      // Each time one goes and comes back, one goes for good and one is new.
      const [back, gone] = await store.read([name(4 * at), name(4 * at + 1)]);
      await store.write(name(4 * at), undefined, back?.version, 1);
      await put(store, name(4 * at), "again");
      await store.write(name(4 * at + 1), undefined, gone?.version, 1);
      await put(store, `${name(4 * at + 2)}:new`, "new");
    });
    const keys = keysOf(entries);
    assertEquals(keys, [...new Set(keys)], "A key is named twice");
    for (let kept = 3; kept < 40; kept += 4) assert(keys.includes(name(kept)), name(kept));
  },

  "an entry that goes after it was listed is a conflict to who writes it": async ({ store }) => {
    const version = await put(store, "a", "one");
    const { entries: [entry] } = await store.list("a");
    await store.write("a", undefined, version, 1);
    assertEquals((await store.write("a", "two", entry?.version, 60_000)).ok, false);
    assertEquals(await get(store, "a"), undefined);
  },

  "a limit that is not a whole number above 0 is refused with RangeError": async ({ store }) => {
    for (const limit of [0, -1, 1.5, NaN, Infinity]) {
      await assertRejects(async () => await store.list("", { limit }), RangeError, String(limit));
    }
  },

  "a cursor that is not of this listing is refused with RangeError": async ({ store }) => {
    await put(store, "a:1", "one");
    await assertRejects(
      async () => await store.list("a:", { cursor: "nonsense" }),
      RangeError,
      "nonsense",
    );
  },
};
