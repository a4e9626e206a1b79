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
  /**
   * Opaque; differs wherever the value differs, and a value that comes back after another one may bring its
   * version back. Most stores give every write of the key a version of its own; where values stand as they
   * are and nothing beside them (Upstash), a value is its own version. Both are safe for values that mean the
   * same whenever they are the same, as breaker records do.
   */
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

/** What is asked of a store. */
export type StoreOperation = "read" | "write" | "list";

/** Above this, about 100 years in milliseconds, a time to live is as good as none; some stores refuse much longer ones. */
export const LONGEST_TTL_MS = 3e12;

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
   * `value` undefined removes; removing what is absent is a success. `ttlMs` collects rubbish, at that time
   * or some time later; Infinity: never. A removal takes no notice of it.
   *
   * @throws {RangeError} where a store could not hold the key or the value, or `ttlMs` is not above 0
   */
  write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): MaybePromise<WriteResult>;
  /**
   * Every key that starts with `prefix`, page by page, each once.
   *
   * @throws {RangeError} where `limit` is not a whole number above 0, or `cursor` is not of this listing
   */
  list(prefix: string, options?: ListOptions): MaybePromise<Page>;
  /** Closes what the store opened, once the calls under way have ended. A call after that throws `TypeError`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const utf8 = new TextEncoder();

/** Whether `text` takes more than `limit` UTF-8 bytes; counts them only where the length leaves it open. */
function isLongerThan(limit: number, text: string): boolean {
  if (text.length * 3 <= limit) return false;
  return text.length > limit || utf8.encode(text).length > limit;
}

/**
 * Whether every store can hold `key`: 1 to {@linkcode MAX_KEY_BYTES} bytes, no NUL (which some escape
 * and some end at) and no lone surrogate (which UTF-8 cannot say, so that two keys would become one).
 * To read any other key answers "absent".
 */
export function isStorableKey(key: string): boolean {
  return key !== "" && !isLongerThan(MAX_KEY_BYTES, key) && !key.includes("\0") &&
    key.isWellFormed();
}

/**
 * Refuses a write that some store could not hold, so that none takes what another refuses.
 *
 * @throws {RangeError} where key, value or `ttlMs` are out of bounds
 */
export function checkWrite(key: string, value: string | undefined, ttlMs: number): void {
  if (!isStorableKey(key)) {
    throw new RangeError(
      `Cannot write: a key must have 1 to ${MAX_KEY_BYTES} bytes, without NUL and lone surrogates: ` +
        `received ${JSON.stringify(key.slice(0, 80))} of ${key.length} characters`,
    );
  }
  if (value === undefined) return;
  if (isLongerThan(MAX_VALUE_BYTES, value)) {
    throw new RangeError(
      `Cannot write '${key}': a value must have at most ${MAX_VALUE_BYTES} bytes: ` +
        `received ${utf8.encode(value).length}`,
    );
  }
  if (!value.isWellFormed()) {
    throw new RangeError(`Cannot write '${key}': a value must have no lone surrogates`);
  }
  if (!(ttlMs > 0)) {
    throw new RangeError(`Cannot write '${key}': 'ttlMs' must be above 0: received ${ttlMs}`);
  }
}

/**
 * The number of entries that a page may hold.
 *
 * @throws {RangeError} where `limit` is not a whole number above 0
 */
export function pageLimit(options: ListOptions | undefined): number {
  const limit = options?.limit ?? 100;
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`Cannot list: 'limit' must be a whole number above 0: received ${limit}`);
  }
  return limit;
}

/**
 * The key to go on after, for a store whose cursor is the last key of the page before.
 *
 * @throws {RangeError} where the cursor is not of a listing of `prefix`
 */
export function keyCursor(prefix: string, options: ListOptions | undefined): string | undefined {
  const cursor = options?.cursor;
  if (cursor === undefined || (cursor.startsWith(prefix) && isStorableKey(cursor))) return cursor;
  throw new RangeError(
    `Cannot list '${prefix}': 'cursor' must be that of the page before: ` +
      `received ${JSON.stringify(cursor.slice(0, 80))}`,
  );
}

/** What a call throws once its store is disposed. */
export function disposedError(operation: StoreOperation): TypeError {
  return new TypeError(`Cannot ${operation}: the store was disposed; open another one`);
}
