/**
 * Records in an SQLite file, for the processes of one machine: one table that a person can query. Knows
 * nothing of breakers; runs on Deno and on Node 22 and later.
 *
 * @example
 * ```ts
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { sqliteStore } from "@breakwater/breakwater/stores/sqlite";
 *
 * // A path such as "./breakers.sqlite" to share it between processes.
 * await using store = sqliteStore(":memory:");
 * await using registry = new BreakerRegistry({ store });
 * await registry.allow({ url: "https://api.example.org/works" });
 * ```
 *
 * @module
 */
import { openFile, type RecordsFile } from "./sqlite_records.ts";
import { reasonOf } from "./sqlite_database.ts";
import {
  checkWrite,
  disposedError,
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

/** The most entries on a page: the event loop stands still while they are read. */
const MAX_PAGE = 1_000;
/** The first write of a handle sweeps, then one in so many: fewer than the rows that a sweep removes. */
const WRITES_PER_SWEEP = 50;

/** What {@linkcode sqliteStore} may be told. */
export interface SqliteStoreOptions {
  /**
   * How long a call waits while another process has the file locked, in milliseconds. It blocks the event
   * loop meanwhile: other processes of this store hold the lock for well under a millisecond.
   *
   * @default {5000}
   */
  busyTimeoutMs?: number;
  /** The clock that entries expire by, in epoch milliseconds. @default {Date.now} */
  now?: () => number;
}

/**
 * A store in an SQLite file that the processes of one machine share, or in `:memory:`. It answers at once,
 * without a promise. The file is made at the first call, its directory must exist; it must not lie on a
 * network file system.
 *
 * The records stand in the table `breakwater_records (key, value, version, written_at, expires_at)`.
 *
 * @throws {TypeError} where `path` is empty
 * @throws {RangeError} where `busyTimeoutMs` is not 0 or above
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const { busyTimeoutMs = 5_000, now = () => Date.now() } = options;
  if (typeof path !== "string" || path === "") {
    throw new TypeError(`Cannot open SQLite: 'path' must name a file or be ':memory:'`);
  }
  if (!(busyTimeoutMs >= 0 && busyTimeoutMs < 2 ** 31)) {
    throw new RangeError(
      `Cannot open SQLite: 'busyTimeoutMs' must be 0 or above and below 2^31: received ${busyTimeoutMs}`,
    );
  }
  return new SqliteStore(path, Math.ceil(busyTimeoutMs), now);
}

class SqliteStore implements Store {
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  readonly #now: () => number;
  /** Versions are this handle's name and a count, so that none is ever given out twice. */
  readonly #name = crypto.randomUUID().slice(0, 18);
  #writes = 0;
  #opened: RecordsFile | undefined;
  #disposed = false;

  constructor(path: string, busyTimeoutMs: number, now: () => number) {
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#now = now;
  }

  read(keys: readonly string[]): (Versioned | undefined)[] {
    const now = this.#now();
    return this.#run(
      "read",
      (file) => keys.map((key) => isStorableKey(key) ? file.get(key, now) : undefined),
    );
  }

  write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): WriteResult {
    checkWrite(key, value, ttlMs);
    const now = this.#now();
    return this.#run("write", (file) => {
      if (this.#writes % WRITES_PER_SWEEP === 0) file.sweep(now);
      this.#writes++;
      if (value === undefined) return remove(file, key, expected, now);
      const version = `${this.#name}-${this.#writes.toString(36)}`;
      const row = { key, value, version, now, expiresAt: expiry(now, ttlMs) };
      const written = expected === undefined ? file.insert(row) : file.replace(row, expected);
      if (written) return { ok: true, version };
      return { ok: false, current: file.get(key, now) };
    });
  }

  list(prefix: string, options?: ListOptions): Page {
    const limit = Math.min(pageLimit(options), MAX_PAGE);
    const cursor = keyCursor(prefix, options);
    const now = this.#now();
    return this.#run("list", (file) => {
      if (prefix !== "" && !isStorableKey(prefix)) return { entries: [] };
      const rows = file.list(prefix, cursor, now, limit + 1);
      // Keys with one prefix stand together: the first without it ends them.
      const after = rows.findIndex((entry) => !entry.key.startsWith(prefix));
      const entries = after === -1 ? rows : rows.slice(0, after);
      if (entries.length <= limit) return { entries };
      entries.pop();
      return { entries, cursor: entries.at(-1)!.key };
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.close();
    return Promise.resolve();
  }

  #run<T>(operation: StoreOperation, run: (file: RecordsFile) => T): T {
    if (this.#disposed) throw disposedError(operation);
    // Opened once for all; after a failure the next call tries again.
    this.#opened ??= openFile(this.#path, this.#busyTimeoutMs);
    try {
      return run(this.#opened);
    } catch (error) {
      throw new Error(`Cannot ${operation} '${this.#path}': ${reasonOf(error)}`);
    }
  }
}

function remove(
  file: RecordsFile,
  key: string,
  expected: string | undefined,
  now: number,
): WriteResult {
  if (expected !== undefined && file.remove(key, expected, now)) {
    return { ok: true, version: undefined };
  }
  const current = file.get(key, now);
  if (current === undefined && expected === undefined) return { ok: true, version: undefined };
  return { ok: false, current };
}

/** Whole milliseconds; null: never. */
function expiry(now: number, ttlMs: number): number | null {
  return ttlMs > LONGEST_TTL_MS ? null : Math.ceil(now + ttlMs);
}
