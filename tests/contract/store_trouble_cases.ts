/**
 * Cases of what goes wrong around a store: what other programs put there, and answers that do not come.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { StoreCase } from "./store_contract.ts";
import { get, need, put } from "./store_write_cases.ts";

export const troubleCases: Readonly<Record<string, StoreCase>> = {
  "what another program left under a key can be read, listed and overwritten": async (subject) => {
    const { store } = subject;
    for (const [name, leave] of Object.entries(need(subject, "plant"))) {
      const key = `left:${name}`;
      await leave(key);
      const [found] = await store.read([key]);
      const { entries } = await store.list(key);
      assertEquals(entries, found === undefined ? [] : [{ key, ...found }], name);
      const version = await put(store, key, "one", found?.version);
      assertEquals(await store.read([key]), [{ value: "one", version }], name);
    }
  },

  "what another program left under a key can be removed": async (subject) => {
    const { store } = subject;
    for (const [name, leave] of Object.entries(need(subject, "plant"))) {
      const key = `left:${name}`;
      await leave(key);
      const [found] = await store.read([key]);
      assert((await store.write(key, undefined, found?.version, 1)).ok, name);
      assertEquals(await get(store, key), undefined, name);
    }
  },

  "a write that is not answered fails, names no value, and leaves the old value or the new": async (
    subject,
  ) => {
    const outage = need(subject, "outage");
    await using store = outage.hasty();
    const version = await put(store, "a", "first-content");
    {
      await using _outage = await outage.begin();
      const error = await assertRejects(
        async () => await store.write("a", "second-content", version, 60_000),
        Error,
      );
      assert(!`${error.stack} ${error.cause}`.includes("-content"), error.stack);
    }
    const [found] = await store.read(["a"]);
    assert(["first-content", "second-content"].includes(found?.value ?? ""), found?.value);
    await put(store, "a", "another", found?.version);
    assertEquals(await get(store, "a"), "another");
  },
};
