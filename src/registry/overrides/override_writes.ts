/**
 * How a change of an override gets into a store that others write to as well, and how they learn of it.
 *
 * @module
 */
import type { Versioned, WriteResult } from "../../stores/store.ts";
import { drawIdPrefix } from "../id_prefix.ts";
import { EPOCH_KEY } from "./override_codec.ts";
import { type StoreGuard, StoreUnavailableError } from "../engine/store_guard.ts";

/** Conflicts in a row before a change is given up. */
const MAX_CONFLICTS = 20;

/**
 * Writes, or removes where `text` is undefined. The last who says something is right: a conflict is written over.
 *
 * @throws {StoreUnavailableError} where the store could not be told
 */
export async function writeOver(
  store: StoreGuard,
  key: string,
  text: string | undefined,
): Promise<void> {
  let stored = await readOne(store, key);
  for (let conflicts = 0;; conflicts++) {
    const result = await store.write(key, text, stored?.version, Infinity);
    if (result.ok) return;
    if (conflicts === MAX_CONFLICTS) throw new StoreUnavailableError();
    stored = await currentOf(store, key, result);
  }
}

/**
 * Gives the epoch another value, after the change is stored. Read after that, so that whoever overtakes
 * this twice has announced the change as well.
 *
 * @throws {StoreUnavailableError} where the store could not be told
 */
export async function announce(store: StoreGuard): Promise<void> {
  let stored = await readOne(store, EPOCH_KEY);
  for (let attempt = 0; attempt < 2; attempt++) {
    const result = await store.write(EPOCH_KEY, drawIdPrefix(), stored?.version, Infinity);
    if (result.ok) return;
    stored = await currentOf(store, EPOCH_KEY, result);
  }
}

/**
 * What stands under one key.
 *
 * @throws {StoreUnavailableError} where the store cannot be asked
 */
export async function readOne(store: StoreGuard, key: string): Promise<Versioned | undefined> {
  const [stored] = await store.read([key]);
  return stored;
}

function currentOf(store: StoreGuard, key: string, result: Extract<WriteResult, { ok: false }>) {
  return "current" in result ? result.current : readOne(store, key);
}
