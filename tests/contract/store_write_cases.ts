/**
 * Cases of reading and of compare-and-set, one caller at a time, and of the end of a store's life.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { Store } from "../../src/stores/store.ts";
import type { StoreCase, StoreUnderTest } from "./store_contract.ts";

const DAY_MS = 86_400_000;

/** Writes where nothing or `expected` stands, and gives the new version. */
export async function put(
  store: Store,
  key: string,
  value: string,
  expected?: string,
): Promise<string> {
  const result = await store.write(key, value, expected, DAY_MS);
  assert(result.ok, `'${key}' was not written`);
  assert(result.version !== undefined, `'${key}' has no version`);
  return result.version;
}

/** What stands under one key. */
export async function get(store: Store, key: string): Promise<string | undefined> {
  const [found] = await store.read([key]);
  return found?.value;
}

/**
 * What a case cannot do without.
 *
 * @throws {Error} where the store under test lacks it: a case that looks at nothing must not pass
 */
export function need<Name extends "second" | "worker" | "plant" | "outage">(
  subject: StoreUnderTest,
  name: Name,
): NonNullable<StoreUnderTest[Name]> {
  const found = subject[name];
  if (found !== undefined) return found;
  throw new Error(`This store has no '${name}': name the test under 'skip', with the reason`);
}

export const writeCases: Readonly<Record<string, StoreCase>> = {
  "a key that was never written is absent": async ({ store }) => {
    assertEquals(await store.read(["a"]), [undefined]);
  },

  "to read no keys is to get no answers": async ({ store }) => {
    assertEquals(await store.read([]), []);
  },

  "what was written is read back with the version that the write gave": async ({ store }) => {
    const version = await put(store, "a", "one");
    assertEquals(await store.read(["a"]), [{ value: "one", version }]);
  },

  "a write that names the present version replaces the value": async ({ store }) => {
    const first = await put(store, "a", "one");
    const second = await put(store, "a", "two", first);
    assertEquals(await store.read(["a"]), [{ value: "two", version: second }]);
  },

  "a write that expects a key to be absent fails where it is present": async ({ store }) => {
    const version = await put(store, "a", "one");
    const result = await store.write("a", "two", undefined, DAY_MS);
    assertEquals(result.ok, false);
    assertEquals(await store.read(["a"]), [{ value: "one", version }]);
  },

  "a write that names a version fails where the key is absent": async ({ store }) => {
    const version = await put(store, "other", "one");
    assertEquals((await store.write("a", "two", version, DAY_MS)).ok, false);
    assertEquals(await get(store, "a"), undefined);
  },

  "a write that names a stale version changes nothing": async ({ store }) => {
    const first = await put(store, "a", "one");
    const second = await put(store, "a", "two", first);
    assertEquals((await store.write("a", "three", first, DAY_MS)).ok, false);
    assertEquals(await store.read(["a"]), [{ value: "two", version: second }]);
  },

  "a version that no store ever gave out is a conflict, not an error": async ({ store }) => {
    await put(store, "a", "one");
    for (const never of ["", "0", "nonsense", "'; drop", "f".repeat(20)]) {
      assertEquals((await store.write("a", "two", never, DAY_MS)).ok, false, never);
      assertEquals((await store.write("absent", "two", never, DAY_MS)).ok, false, never);
    }
    assertEquals(await get(store, "a"), "one");
  },

  "a conflict that tells the current entry tells the true one": async ({ store }) => {
    const version = await put(store, "a", "one");
    const result = await store.write("a", "two", undefined, DAY_MS);
    assert(!result.ok);
    if (result.current !== undefined) assertEquals(result.current, { value: "one", version });
  },

  "a write gives a new version even where the value is the same": async ({ store }) => {
    const first = await put(store, "a", "one");
    const second = await put(store, "a", "one", first);
    assertNotEquals(second, first);
    assertEquals((await store.write("a", "one", first, DAY_MS)).ok, false);
  },

  "a removal that names the present version makes the key absent": async ({ store }) => {
    const version = await put(store, "a", "one");
    assertEquals(await store.write("a", undefined, version, DAY_MS), {
      ok: true,
      version: undefined,
    });
    assertEquals(await store.read(["a"]), [undefined]);
  },

  "a removal that names a stale version, or none, leaves a present key alone": async (
    { store },
  ) => {
    const first = await put(store, "a", "one");
    await put(store, "a", "two", first);
    assertEquals((await store.write("a", undefined, first, DAY_MS)).ok, false);
    assertEquals((await store.write("a", undefined, undefined, DAY_MS)).ok, false);
    assertEquals(await get(store, "a"), "two");
  },

  "to remove what is absent is a success": async ({ store }) => {
    assertEquals(await store.write("a", undefined, undefined, DAY_MS), {
      ok: true,
      version: undefined,
    });
  },

  "a key that was removed and written again never gets an old version": async ({ store }) => {
    const versions = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const version = await put(store, "a", "one");
      versions.add(version);
      assert((await store.write("a", undefined, version, DAY_MS)).ok);
    }
    assertEquals(versions.size, 5);
    const last = await put(store, "a", "one");
    for (const old of versions) {
      assertEquals((await store.write("a", "two", old, DAY_MS)).ok, false);
    }
    assertEquals(await store.read(["a"]), [{ value: "one", version: last }]);
  },

  "a write of one key leaves the version of another alone": async ({ store }) => {
    const version = await put(store, "a", "one");
    await put(store, "b", "one");
    await put(store, "a", "two", version);
  },

  "many keys are answered in the order asked, absent and repeated ones too": async ({ store }) => {
    const expected: string[] = [];
    for (let at = 0; at < 25; at++) expected.push(await put(store, `key:${at}`, `value ${at}`));
    const asked = Array.from({ length: 25 }, (_, at) => `key:${(at * 7) % 25}`);
    asked.splice(3, 0, "absent");
    asked.push("key:4", "key:4", "also absent");
    const answers = await store.read(asked);
    assertEquals(
      answers,
      asked.map((key) => {
        const at = Number(key.split(":")[1]);
        const version = expected[at];
        return version === undefined ? undefined : { value: `value ${at}`, version };
      }),
    );
  },

  "a call to a store that was disposed throws TypeError, and to dispose twice is harmless": async (
    { store },
  ) => {
    await put(store, "a", "one");
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await assertRejects(async () => await store.read(["a"]), TypeError, "disposed");
    await assertRejects(
      async () => await store.write("a", "b", undefined, 1),
      TypeError,
      "disposed",
    );
    await assertRejects(async () => await store.list(""), TypeError, "disposed");
  },

  "a store that was never used is disposed without a trace": async ({ store }) => {
    await store[Symbol.asyncDispose]();
  },
};
