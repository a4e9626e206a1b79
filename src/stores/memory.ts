/**
 * A store in this process's memory. It answers at once, never with a promise, and has no timer: what has
 * expired goes a little with every write.
 *
 * @module
 */
import {
  checkWrite,
  disposedError,
  type Entry,
  keyCursor,
  type ListOptions,
  type Page,
  pageLimit,
  type Store,
  type Versioned,
  type WriteResult,
} from "./store.ts";

/** Entries that each write looks at for rubbish. Above 1, so that the sweep is faster than growth. */
const SWEPT_PER_WRITE = 4;

/** A store that answers without a promise. */
export interface MemoryStore extends Store {
  /** Entries held, those that have expired and are not swept yet included. */
  readonly size: number;
  /** Whether it holds an entry of a key, though that may have expired. Costs less than to read it. */
  has(key: string): boolean;
  /** As {@linkcode Store.read}, at once. */
  read(keys: readonly string[]): (Versioned | undefined)[];
  /** As {@linkcode Store.write}, at once. */
  write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): WriteResult;
  /** As {@linkcode Store.list}, at once. */
  list(prefix: string, options?: ListOptions): Page;
}

/** What {@linkcode memoryStore} may be told. */
export interface MemoryStoreOptions {
  /** The clock that entries expire by, in epoch milliseconds. @default {Date.now} */
  now?: () => number;
}

/** A store in this process's memory, for one process or for several registries in it. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { now = () => Date.now() } = options;
  return new MapStore(now);
}

/** Whether a store is one of these: to ask it costs no more than to remember what it said. */
export function isMemoryStore(store: Store): boolean {
  return store instanceof MapStore;
}

interface Kept extends Versioned {
  expiresAt: number;
}

class MapStore implements MemoryStore {
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  #order = new KeyOrder(this.#kept);
  #sweep = this.#kept.entries();
  #writes = 0;
  #disposed = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#kept.size;
  }

  has(key: string): boolean {
    return this.#kept.has(key);
  }

  read(keys: readonly string[]): (Versioned | undefined)[] {
    if (this.#disposed) throw disposedError("read");
    return keys.map((key) => {
      // A healthy host has no record: the clock is not read for what is not there.
      const kept = this.#kept.get(key);
      if (kept === undefined || kept.expiresAt <= this.#now()) return undefined;
      return { value: kept.value, version: kept.version };
    });
  }

  write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): WriteResult {
    if (this.#disposed) throw disposedError("write");
    checkWrite(key, value, ttlMs);
    const now = this.#now();
    this.#sweepSome(now);
    const held = this.#kept.get(key);
    const kept = held !== undefined && held.expiresAt > now ? held : undefined;
    if (kept?.version !== expected) {
      return { ok: false, current: kept && { value: kept.value, version: kept.version } };
    }
    if (value === undefined) {
      if (held !== undefined) this.#remove(key);
      return { ok: true, version: undefined };
    }
    const version = (++this.#writes).toString(36);
    if (held === undefined) this.#order.added(key);
    this.#kept.set(key, { value, version, expiresAt: now + ttlMs });
    return { ok: true, version };
  }

  list(prefix: string, options?: ListOptions): Page {
    if (this.#disposed) throw disposedError("list");
    const limit = pageLimit(options);
    const cursor = keyCursor(prefix, options);
    const now = this.#now();
    const keys = this.#order.keys();
    const entries: Entry[] = [];
    let at = cursor === undefined ? firstFrom(keys, prefix) : firstFrom(keys, cursor);
    if (cursor !== undefined && keys[at] === cursor) at++;
    for (; at < keys.length; at++) {
      const key = keys[at]!;
      if (!key.startsWith(prefix)) break;
      const kept = this.#kept.get(key);
      if (kept === undefined || kept.expiresAt <= now) continue;
      if (entries.length === limit) return { entries, cursor: entries[limit - 1]!.key };
      entries.push({ key, value: kept.value, version: kept.version });
    }
    return { entries };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#kept.clear();
    this.#order = new KeyOrder(this.#kept);
    return Promise.resolve();
  }

  /** Goes round the map for ever, a few steps a write; a map's iterator bears changes under way. */
  #sweepSome(now: number): void {
    for (let step = 0; step < SWEPT_PER_WRITE; step++) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = this.#kept.entries();
        return;
      }
      const [key, kept] = next.value;
      if (kept.expiresAt <= now) this.#remove(key);
    }
  }

  #remove(key: string): void {
    this.#kept.delete(key);
    this.#order.removed();
  }
}

/**
 * The keys of a map in order, for listings: sorted once, then kept up to date for as long as that is
 * cheaper than to sort again. Costs nothing while nobody lists.
 */
class KeyOrder {
  readonly #map: ReadonlyMap<string, unknown>;
  /** May name keys that have gone. */
  #sorted: string[] | undefined;
  /** Keys since then, in no order; one that went and came back stands in both. */
  #added: string[] = [];

  constructor(map: ReadonlyMap<string, unknown>) {
    this.#map = map;
  }

  added(key: string): void {
    if (this.#sorted === undefined) return;
    this.#added.push(key);
    if (this.#added.length > this.#sorted.length + 100) this.#forget();
  }

  removed(): void {
    if (this.#sorted !== undefined && this.#sorted.length > 2 * this.#map.size + 100) {
      this.#forget();
    }
  }

  /** In UTF-16 order, so that keys with one prefix stand together. May name keys that have gone. */
  keys(): readonly string[] {
    if (this.#sorted === undefined) {
      this.#sorted = [...this.#map.keys()].sort();
    } else if (this.#added.length > 0) {
      // The sort finds the run that is in order already: nearly linear.
      this.#sorted = [...this.#sorted, ...this.#added].sort()
        .filter((key, at, all) => key !== all[at - 1] && this.#map.has(key));
    }
    this.#added = [];
    return this.#sorted;
  }

  #forget(): void {
    this.#sorted = undefined;
    this.#added = [];
  }
}

/** Index of the first of the sorted `keys` that is not before `key`. */
function firstFrom(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
