/**
 * Counting by compare-and-set: what every race for a store's key does. A lost update shows in the sum.
 *
 * @module
 */
import type { Store } from "../../src/stores/store.ts";

/** Adds 1 to the number under `key`, `times` times over, each until no other write came first. */
export async function countInStore(store: Store, key: string, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const [found] = await store.read([key]);
    const next = String(Number(found?.value ?? "0") + 1);
    const result = await store.write(key, next, found?.version, 600_000);
    if (result.ok) done++;
  }
}
