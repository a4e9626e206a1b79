/**
 * What a process remembers of records: the cells in use, those that hold what the store does not, and how
 * long any of them stays. Cells follow use, without a timer.
 *
 * @module
 */
import type { Versioned } from "../../stores/store.ts";
import { Cell } from "./cell.ts";
import type { RecordKind } from "./record_kind.ts";

/** How cells are kept. */
export interface CellsOptions<R> {
  kind: RecordKind<R>;
  now: () => number;
  /** A cell that nobody used for so long is let go, in milliseconds. */
  idleMs: number;
  /** Cells held at once, but for those in use. */
  maxCells: number;
  /** True for a store in this process, which is there whenever it is asked. */
  isStoreAtHand: () => boolean;
  /** A stored value could not be read; told once per value. */
  onUnreadable: (key: string) => void;
}

/** Unreadable values remembered as told. */
const MAX_TOLD = 1_000;

/** See the module's description. */
export class Cells<R> {
  /** Cells that hold something that the store does not. */
  readonly dirty = new Set<Cell<R>>();
  readonly #options: CellsOptions<R>;
  readonly #cells = new Map<string, Cell<R>>();
  readonly #told = new Map<string, string>();
  #sweeper: IterableIterator<Cell<R>> | undefined;

  constructor(options: CellsOptions<R>) {
    this.#options = options;
  }

  /** Cells held now. */
  get size(): number {
    return this.#cells.size;
  }

  /** The cell of a key, if there is one. */
  get(key: string): Cell<R> | undefined {
    return this.#cells.get(key);
  }

  /** The cell of a key, in use from now on: making another one does not let it go. */
  of(key: string): Cell<R> {
    const found = this.#cells.get(key);
    const now = this.#options.now();
    if (found !== undefined) {
      found.usedAt = now;
      return found;
    }
    const cell = new Cell<R>(key, now);
    this.#cells.set(key, cell);
    this.#sweep();
    return cell;
  }

  /** All of them. */
  values(): Iterable<Cell<R>> {
    return this.#cells.values();
  }

  /** Lets a cell go. */
  drop(cell: Cell<R>): void {
    this.dirty.delete(cell);
    this.#cells.delete(cell.key);
  }

  /** The record has changed where the store could not see it. */
  markDirty(cell: Cell<R>): void {
    cell.dirty = true;
    this.dirty.add(cell);
  }

  /** The store holds the record. */
  markClean(cell: Cell<R>): void {
    cell.dirty = false;
    this.dirty.delete(cell);
  }

  /** How many records the store does not hold as they are here; what says nothing and never got there is none. */
  unsaved(): number {
    const now = this.#options.now();
    let count = 0;
    for (const { key, record, version } of this.dirty) {
      if (version !== undefined || this.#options.kind.prune(key, record, now) !== undefined) {
        count++;
      }
    }
    return count;
  }

  /** True where the store still holds a record that says nothing more. */
  isOver(cell: Cell<R>, now: number): boolean {
    if (cell.version === undefined || cell.record === undefined) return false;
    // Whoever is denied asks for an open record: that is not over, and nothing has to be looked up for it.
    if (this.isProtected(cell, now)) return false;
    return this.#options.kind.prune(cell.key, cell.record, now) === undefined;
  }

  /** True where the record must not be dropped to make room. */
  isProtected(cell: Cell<R>, now: number): boolean {
    return cell.record !== undefined && this.#options.kind.isProtected(cell.record, now);
  }

  /** Reads what a store holds under a key; undefined where it cannot be read. */
  decode(key: string, stored: Versioned | undefined): R | undefined {
    if (stored === undefined) return undefined;
    const record = this.#options.kind.decode(stored.value);
    if (record === undefined && this.#told.get(key) !== stored.version) {
      if (this.#told.size >= MAX_TOLD) this.#told.clear();
      this.#told.set(key, stored.version);
      this.#options.onUnreadable(key);
    }
    return record;
  }

  /** Takes what a plain read gave, which may come from a replica: not over what this process has written since. */
  learn(cell: Cell<R>, stored: Versioned | undefined): void {
    const isNew = stored?.version !== cell.version && !cell.dirty;
    const read = isNew ? this.decode(cell.key, stored) : undefined;
    if (!isNew || !this.#options.kind.isLagging(read, cell.record)) {
      return this.accept(cell, stored);
    }
    cell.readAt = cell.usedAt = this.#options.now();
    cell.unsure = false;
  }

  /** Takes what a store gave for a key. */
  accept(cell: Cell<R>, stored: Versioned | undefined): void {
    const { kind } = this.#options;
    const now = this.#options.now();
    const seenAt = cell.readAt;
    cell.readAt = now;
    cell.usedAt = now;
    cell.unsure = false;
    if (stored !== undefined && stored.version === cell.version && !cell.dirty) return;
    const read = this.decode(cell.key, stored);
    cell.version = stored?.version;
    cell.text = stored?.value;
    if (cell.dirty) {
      cell.record = kind.merge(cell.key, read, cell.record, now);
    } else if (
      this.isProtected(cell, now) && kind.isStale(cell.key, read, cell.record, now, seenAt)
    ) {
      // A replica that lags, or a store that lost it: a deadline once seen holds. The write that heals a
      // loss is refused by a store that only lagged.
      if (stored === undefined) this.markDirty(cell);
    } else cell.record = read;
  }

  /** Each new cell pays for looking at two others. */
  #sweep(): void {
    const now = this.#options.now();
    const crowded = this.#cells.size > this.#options.maxCells;
    const keepMs = crowded ? 1 : this.#options.idleMs;
    for (let i = 0; i < 2; i++) {
      this.#sweeper ??= this.#cells.values();
      const next = this.#sweeper.next();
      if (next.done) {
        this.#sweeper = undefined;
        return;
      }
      const cell = next.value;
      if (cell.busy || cell.reading || Math.abs(now - cell.usedAt) < keepMs) continue;
      if (!this.#isWorthKeeping(cell, now, crowded)) this.drop(cell);
    }
  }

  /** What the store may not be there to tell again: a deadline once seen holds. */
  #isWorthKeeping(cell: Cell<R>, now: number, crowded: boolean): boolean {
    if (crowded) return this.isProtected(cell, now) && !this.#options.isStoreAtHand();
    if (cell.dirty) return true;
    return !this.#options.isStoreAtHand() &&
      this.#options.kind.prune(cell.key, cell.record, now) !== undefined;
  }
}
