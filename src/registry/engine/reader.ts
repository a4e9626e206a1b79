/**
 * Brings records from the store into their cells: one read for overlapping readers of a key, none while the
 * store is left alone.
 *
 * @module
 */
import type { MaybePromise, Versioned } from "../../stores/store.ts";
import type { Cell } from "./cell.ts";
import type { Cells } from "./cells.ts";
import { isPromise } from "../maybe_promise.ts";
import type { StoreGuard } from "./store_guard.ts";

/** How a reader is made. */
export interface ReaderOptions<R> {
  guard: StoreGuard;
  cells: Cells<R>;
  now: () => number;
  /** A record seen less than this many milliseconds ago is believed. */
  freshnessMs: number;
  /** True for a store in memory: nothing is saved by believing an older answer. */
  isInMemory: boolean;
  /**
   * For a store of this process alone, that answers at once: whether it holds anything under a key. Then it need
   * not be read where it does not, which is true of every healthy host.
   */
  isStored?: (key: string) => boolean;
  /** A cell was read whose record the store should hear of: it is over, or holds more than the store. */
  onUnsettled: (cell: Cell<R>) => void;
}

/** See the module's description. */
export class Reader<R> {
  readonly #options: ReaderOptions<R>;
  #synchronous: boolean | undefined;

  constructor(options: ReaderOptions<R>) {
    this.#options = options;
    if (options.isStored !== undefined) this.#synchronous = true;
  }

  /** True where the store answers without a promise. Undefined: not asked yet. */
  get synchronous(): boolean | undefined {
    return this.#synchronous;
  }

  /** True where the record in memory may be believed. */
  isFresh(cell: Cell<R>): boolean {
    const { available } = this.#options.guard;
    if (cell.dirty && !(cell.isRefused && available)) return !available;
    if (this.#options.isInMemory) return false;
    const age = this.#options.now() - cell.readAt;
    return age < this.#options.freshnessMs && age >= 0;
  }

  /** True where there is nothing under a key, neither in memory nor in a store of this process alone. */
  isAbsent(key: string): boolean {
    const { isStored, cells } = this.#options;
    return isStored !== undefined && !isStored(key) && cells.get(key) === undefined;
  }

  /** Reads one key. Never fails: a cell says itself that it is unsure. */
  load(key: string): MaybePromise<void> {
    if (!this.#options.guard.available) return this.#withoutStore([key]);
    return this.#options.cells.get(key)?.reading ?? this.#read([key]);
  }

  /** Reads keys in one round trip. */
  loadAll(keys: readonly string[]): MaybePromise<void> {
    if (!this.#options.guard.available) return this.#withoutStore(keys);
    if (keys.every((key) => this.#options.cells.get(key)?.reading === undefined)) {
      return this.#read(keys);
    }
    const joined: Promise<void>[] = [];
    const mine: string[] = [];
    for (const key of keys) {
      const reading = this.#options.cells.get(key)?.reading;
      if (reading === undefined) mine.push(key);
      else joined.push(reading);
    }
    const read = mine.length === 0 ? undefined : this.#read(mine);
    if (joined.length === 0) return read;
    return Promise.all([...joined, read]).then(() => undefined);
  }

  #withoutStore(keys: readonly string[]): void {
    for (const key of keys) {
      const cell = this.#options.cells.of(key);
      if (!cell.dirty) cell.unsure = true;
    }
  }

  #read(keys: readonly string[]): MaybePromise<void> {
    let answer: MaybePromise<(Versioned | undefined)[]>;
    try {
      answer = this.#options.guard.read(keys);
    } catch {
      return this.#withoutStore(keys); // a guard throws nothing but StoreUnavailableError
    }
    this.#synchronous = !isPromise(answer);
    if (isPromise(answer)) return this.#readLater(keys, answer);
    for (let i = 0; i < keys.length; i++) this.#take(keys[i]!, answer[i]);
  }

  #readLater(
    keys: readonly string[],
    answer: Promise<(Versioned | undefined)[]>,
  ): Promise<void> {
    const { cells } = this.#options;
    const read = keys.map((key) => cells.of(key));
    const writes = read.map((cell) => cell.writes);
    const take = (values: (Versioned | undefined)[]) =>
      read.forEach((cell, i) => {
        // A write that was answered since then knows better.
        if (cell.writes === writes[i]) cells.learn(cell, values[i]);
      });
    const done: Promise<void> = answer.then(take, () => this.#withoutStore(keys)).then(() => {
      for (const cell of read) {
        if (cell.reading === done) cell.reading = undefined;
        this.#settle(cell, this.#options.now());
      }
    });
    for (const cell of read) cell.reading = done;
    return done;
  }

  /** What is absent in a store in memory needs no cell. */
  #take(key: string, stored: Versioned | undefined): void {
    const { cells } = this.#options;
    const known = cells.get(key);
    if (stored === undefined && this.#options.isInMemory) {
      if (known === undefined) return;
      if (!known.busy && !known.dirty) return cells.drop(known);
    }
    const cell = known ?? cells.of(key);
    cells.accept(cell, stored);
    this.#settle(cell, cell.readAt);
  }

  #settle(cell: Cell<R>, now: number): void {
    if (cell.dirty || this.#options.cells.isOver(cell, now)) this.#options.onUnsettled(cell);
  }
}
