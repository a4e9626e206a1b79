/**
 * Cases of many callers, handles and processes on one key: no update is lost.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { countInStore } from "../support/count_in_store.ts";
import { startStoreWorker } from "../support/store_worker_process.ts";
import type { StoreCase } from "./store_contract.ts";
import { get, need } from "./store_write_cases.ts";

export const raceCases: Readonly<Record<string, StoreCase>> = {
  "of 64 writers that expect a key to be absent one wins": async ({ store }) => {
    const results = await Promise.all(
      Array.from({ length: 64 }, (_, at) => store.write("a", String(at), undefined, 60_000)),
    );
    const winners = results.flatMap((result, at) => result.ok ? [String(at)] : []);
    assertEquals(winners, [await get(store, "a")]);
  },

  "64 callers that count through one handle lose no update": async ({ store }) => {
    await Promise.all(Array.from({ length: 64 }, () => countInStore(store, "a", 1)));
    assertEquals(await get(store, "a"), "64");
  },

  "callers that count through two handles lose no update": async (subject) => {
    const { store } = subject;
    await using other = await need(subject, "second")();
    const handles = [store, other];
    await Promise.all(
      Array.from({ length: 32 }, (_, at) => countInStore(handles[at % 2]!, "a", 2)),
    );
    assertEquals([await get(store, "a"), await get(other, "a")], ["64", "64"]);
  },

  "what one handle writes the other lists, reads and can replace": async (subject) => {
    const { store } = subject;
    await using other = await need(subject, "second")();
    const written = await store.write("a", "one", undefined, 60_000);
    const [found] = await other.read(["a"]);
    assertEquals(written, { ok: true, version: found?.version });
    assertEquals((await other.list("a")).entries.length, 1);
    assertEquals((await other.write("a", "two", found?.version, 60_000)).ok, true);
    assertEquals((await store.write("a", "three", found?.version, 60_000)).ok, false);
    assertEquals(await get(store, "a"), "two");
  },

  "two processes and this one that count at the same time lose no update": async (
    subject,
  ) => {
    const { store } = subject;
    const { backend, target } = need(subject, "worker");
    await using one = await startStoreWorker(backend);
    await using two = await startStoreWorker(backend);
    const order = { target, key: "a", times: 150 };
    await Promise.all([one.count(order), two.count(order), countInStore(store, "a", 50)]);
    assertEquals(await get(store, "a"), "350");
  },
};
