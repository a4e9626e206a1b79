/**
 * Records in Deno KV: a local file that several processes share, or the database of Deno Deploy.
 * Knows nothing of breakers; the quirks of Deno KV stay in here.
 *
 * @example
 * ```ts
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { denoKvStore } from "@breakwater/breakwater/stores/deno-kv";
 *
 * // A path such as "./breakers.db" to share it between processes; nothing on Deno Deploy.
 * await using store = denoKvStore(":memory:");
 * await using registry = new BreakerRegistry({ store });
 * await registry.allow({ url: "https://api.example.org/works" });
 * ```
 *
 * @module
 */
import {
  checkWrite,
  disposedError,
  type Entry,
  isStorableKey,
  keyCursor,
  type ListOptions,
  LONGEST_TTL_MS,
  type Page,
  pageLimit,
  type Store,
  type StoreOperation,
  type Versioned,
  type WriteResult,
} from "./store.ts";

/** First part of every key, so that a database can be shared with other programs. */
const SPACE = "breakwater";
/** No key that a store takes: whatever stands there is absent. */
const UNUSED = "";
/** The most keys that `getMany` takes. */
const KEYS_PER_GET = 10;
/** The most entries that a listing fetches in one round trip. */
const MAX_BATCH = 500;
/** Up to here a string fits into a value of 65,536 bytes even where it is kept with two bytes a character. */
const MAX_STRING_LENGTH = 32_000;
/** Takes a byte order mark for the character that it is. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const VERSIONSTAMP = /^[0-9a-f]{20}$/;
const FIRST_RETRY_MS = 2;
const LAST_RETRY_MS = 50;

/** What {@linkcode denoKvStore} may be told. */
export interface DenoKvStoreOptions {
  /**
   * How long a call goes on while other processes keep the database locked, in milliseconds.
   *
   * @default {10000}
   */
  retryForMs?: number;
}

/**
 * A store in Deno KV. Needs `"unstable": ["kv"]` in `deno.json`.
 *
 * A path (absent: the default database, as on Deno Deploy) is opened at the first call and closed when the
 * store is disposed; a `Deno.Kv` is used as it is and left open. Open one per process: handles on one file
 * lock each other out, which costs time, though no update is lost.
 *
 * @throws {RangeError} where `retryForMs` is not 0 or above
 */
export function denoKvStore(pathOrKv?: string | Deno.Kv, options: DenoKvStoreOptions = {}): Store {
  const { retryForMs = 10_000 } = options;
  if (!(retryForMs >= 0)) {
    throw new RangeError(`Cannot open: 'retryForMs' must be 0 or above: received ${retryForMs}`);
  }
  if (pathOrKv === undefined || typeof pathOrKv === "string") {
    return new DenoKvStore(() => openKv(pathOrKv, retryForMs), (kv) => kv.close(), retryForMs);
  }
  return new DenoKvStore(() => Promise.resolve(pathOrKv), () => {}, retryForMs);
}

async function openKv(path: string | undefined, retryForMs: number): Promise<Deno.Kv> {
  if (typeof Deno.openKv !== "function") {
    throw new TypeError(`Cannot open Deno KV: put "unstable": ["kv"] into deno.json`);
  }
  // Two processes that create one file at the same moment lock each other out of that too.
  return await untilUnlocked(() => Deno.openKv(path), retryForMs);
}

class DenoKvStore implements Store {
  readonly #open: () => Promise<Deno.Kv>;
  readonly #close: (kv: Deno.Kv) => void;
  readonly #retryForMs: number;
  readonly #running = new Set<Promise<unknown>>();
  #kv: Promise<Deno.Kv> | undefined;
  #disposal: Promise<void> | undefined;

  constructor(open: () => Promise<Deno.Kv>, close: (kv: Deno.Kv) => void, retryForMs: number) {
    this.#open = open;
    this.#close = close;
    this.#retryForMs = retryForMs;
  }

  async read(keys: readonly string[]): Promise<(Versioned | undefined)[]> {
    const chunks: Deno.KvKey[][] = [];
    for (let from = 0; from < keys.length; from += KEYS_PER_GET) {
      chunks.push(keys.slice(from, from + KEYS_PER_GET).map(readKey));
    }
    const answers = await this.#ask(
      "read",
      (kv) => Promise.all(chunks.map((chunk) => kv.getMany<unknown[]>(chunk))),
    );
    return answers.flat().map((entry) =>
      entry.versionstamp === null || entry.key[1] === UNUSED
        ? undefined
        : { value: decode(entry.value), version: entry.versionstamp }
    );
  }

  async write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): Promise<WriteResult> {
    checkWrite(key, value, ttlMs);
    return await this.#ask("write", async (kv) => {
      // A version that this store never gave out; Deno KV would throw.
      if (expected !== undefined && !VERSIONSTAMP.test(expected)) return { ok: false };
      const at = [SPACE, key];
      const change = kv.atomic().check({ key: at, versionstamp: expected ?? null });
      if (value === undefined) change.delete(at);
      else change.set(at, encode(value), { expireIn: expireIn(ttlMs) });
      const result = await change.commit();
      if (!result.ok) return { ok: false };
      return { ok: true, version: value === undefined ? undefined : result.versionstamp };
    });
  }

  async list(prefix: string, options?: ListOptions): Promise<Page> {
    const limit = pageLimit(options);
    const cursor = keyCursor(prefix, options);
    return await this.#ask("list", async (kv) => {
      if (prefix !== "" && !isStorableKey(prefix)) return { entries: [] };
      const entries: Entry[] = [];
      const batchSize = Math.min(limit, MAX_BATCH);
      for await (const entry of kv.list(rangeOf(prefix, cursor), { batchSize })) {
        const key = entry.key[1];
        // What others keep among our keys is none of our business.
        if (typeof key !== "string" || !isStorableKey(key) || entry.key.length > 2) continue;
        entries.push({ key, value: decode(entry.value), version: entry.versionstamp });
        if (entries.length === limit) return { entries, cursor: key };
      }
      return { entries };
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled(this.#running);
    const kv = await this.#kv;
    if (kv !== undefined) this.#close(kv);
  }

  async #ask<T>(
    operation: StoreOperation,
    ask: (kv: Deno.Kv) => Promise<T>,
  ): Promise<T> {
    if (this.#disposal !== undefined) throw disposedError(operation);
    const running = this.#opened().then((kv) => untilUnlocked(() => ask(kv), this.#retryForMs));
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Opens once for all; after a failure the next call tries again. */
  #opened(): Promise<Deno.Kv> {
    if (this.#kv === undefined) {
      const kv = this.#open();
      this.#kv = kv;
      kv.catch(() => this.#kv = undefined);
    }
    return this.#kv;
  }
}

/** A key that cannot have been written, and that Deno KV might not take, is asked for by another name. */
function readKey(key: string): Deno.KvKey {
  return [SPACE, isStorableKey(key) ? key : UNUSED];
}

/** A plain string, readable by other tools, wherever that is sure to fit; UTF-8 where it may not. */
function encode(value: string): string | Uint8Array {
  return value.length <= MAX_STRING_LENGTH ? value : new TextEncoder().encode(value);
}

/** What somebody else has put there reads as an empty string: no record, but one with a version to overwrite. */
function decode(stored: unknown): string {
  if (typeof stored === "string") return stored;
  return stored instanceof Uint8Array ? utf8.decode(stored) : "";
}

/** Whole milliseconds, as Deno KV wants them; undefined: never. */
function expireIn(ttlMs: number): number | undefined {
  return ttlMs > LONGEST_TTL_MS ? undefined : Math.ceil(ttlMs);
}

/** Exactly the keys that start with `prefix` and come after `cursor`. Deno KV orders strings by code point. */
function rangeOf(prefix: string, cursor: string | undefined): Deno.KvListSelector {
  const start = cursor === undefined ? prefix : `${cursor}\0`;
  // Where no string comes after them all, a boolean does.
  return { start: [SPACE, start], end: [SPACE, successor(prefix) ?? false] };
}

/** The first string, by code point, after all those that start with `prefix`; undefined where there is none. */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // The surrogates, 0xd800 to 0xdfff, are no characters.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

/** Asks again, at growing and uneven intervals, for as long as another handle has the file locked. */
async function untilUnlocked<T>(ask: () => Promise<T>, retryForMs: number): Promise<T> {
  const deadline = performance.now() + retryForMs;
  for (let waitMs = FIRST_RETRY_MS;; waitMs = Math.min(2 * waitMs, LAST_RETRY_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (!isLocked(error)) throw error;
      if (performance.now() >= deadline) {
        throw new Error(`Deno KV was locked by another process for ${retryForMs} ms`, {
          cause: error,
        });
      }
    }
    const jitteredMs = waitMs * (0.5 + Math.random());
    await new Promise((resolve) => setTimeout(resolve, jitteredMs));
  }
}

/**
 * Nothing has been written where this is thrown: it is safe to ask again. Calls throw it as a `TypeError`,
 * `Deno.openKv` as a plain `Error`.
 */
function isLocked(error: unknown): boolean {
  return error instanceof Error && error.message.includes("database is locked");
}
