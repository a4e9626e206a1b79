/**
 * What a store is: three things, and no knowledge of breakers. Every store passes `tests/contract`.
 *
 * @module
 */

/** A value, or a promise of it: a store in memory answers at once. */
export type MaybePromise<T> = T | Promise<T>;

/** A stored value with the version that a later compare-and-set names. */
export interface Versioned {
  /** What was written, character by character. */
  value: string;
  /** Opaque; differs after every write of the key. */
  version: string;
}

/** The answer to a compare-and-set. */
export type WriteResult =
  /** Written (or removed: then `version` is undefined). */
  | { ok: true; version: string | undefined }
  /** Another write came first; nothing was changed. `current` where the store knows it without another round trip. */
  | { ok: false; current?: Versioned | undefined };

/** One key of a {@linkcode Page}. */
export interface Entry extends Versioned {
  /** The key. */
  key: string;
}

/** A part of a listing. */
export interface Page {
  /** In the store's own, stable order. May be empty though more pages follow. */
  entries: Entry[];
  /** Where to go on; absent on the last page. */
  cursor?: string;
}

/** How much of a listing. */
export interface ListOptions {
  /** Entries on a page; a store may return fewer, or a few more where it scans. @default {100} */
  limit?: number;
  /** The `cursor` of the page before. */
  cursor?: string;
}

/** Longest key in UTF-8 bytes that every store takes. */
export const MAX_KEY_BYTES = 1_024;

/** Longest value in UTF-8 bytes that every store takes (the limit of Deno KV, less its envelope). */
export const MAX_VALUE_BYTES = 60_000;

/**
 * Where records live. Keys and values are strings. Errors are thrown or rejected as they come: whoever
 * calls a store must not pass them on to a client, since some name the whole command.
 */
export interface Store {
  /** One round trip for all keys; the answers stand in the order of the keys. Undefined: absent. */
  read(keys: readonly string[]): MaybePromise<(Versioned | undefined)[]>;
  /**
   * Compare-and-set: writes only where the stored version is still `expected` (undefined: absent).
   * `value` undefined removes. `ttlMs` collects rubbish, at that time or some time later; Infinity: never.
   *
   * @throws {RangeError} where key or value are longer than every store can take, or `ttlMs` is not above 0
   */
  write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): MaybePromise<WriteResult>;
  /** Every key that starts with `prefix`, page by page, each once. */
  list(prefix: string, options?: ListOptions): MaybePromise<Page>;
  /** Closes what the store opened. */
  [Symbol.asyncDispose](): Promise<void>;
}
