/**
 * Opens a store by name, so that a process of its own can be told which one to use.
 *
 * @module
 */
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import type { Store } from "../../src/stores/store.ts";

/** Backends that several processes can share, by the name that a worker is told. */
export const openStore: Readonly<Record<string, (target: string) => Store>> = {
  "deno-kv": (target) => denoKvStore(target),
};
