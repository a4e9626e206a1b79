/**
 * The engine between a pure function and a store. Per key it holds the last record seen, its version and a
 * queue of events: reading stands in `reader.ts`, writing in `writer.ts`, memory in `cells.ts`. None of
 * them knows of breakers.
 *
 * @module
 */
import type { MaybePromise, Versioned } from "../../stores/store.ts";
import type { Apply, Cell } from "./cell.ts";
import { Cells } from "./cells.ts";
import type { RecordKind } from "./record_kind.ts";
import { Reader } from "./reader.ts";
import { isPromise } from "../maybe_promise.ts";
import type { StoreGuard } from "./store_guard.ts";
import type { Timers } from "../timers.ts";
import type { Done } from "./waiter.ts";
import { Writer, type WriterStats } from "./writer.ts";

/** How an engine is made. */
export interface EngineOptions<R> {
  guard: StoreGuard;
  kind: RecordKind<R>;
  now: () => number;
  random: () => number;
  timers: Timers;
  /** A record seen less than this many milliseconds ago is believed. */
  freshnessMs: number;
  /** The longest that a caller waits for the store, in milliseconds. */
  timeoutMs: number;
  /** Records held at once that may be dropped. */
  maxRecords: number;
  /** True for a store in memory: it is asked each time. */
  isInMemory: boolean;
  /** For a store of this process alone, that answers at once: whether it holds anything under a key. */
  isStored?: (key: string) => boolean;
  /** A stored value could not be read; told once per value. */
  onUnreadable: (key: string) => void;
}

/** A record, and whether the store stands behind it. */
export interface Seen<R> {
  record: R | undefined;
  /** True where the store could not be asked, or does not hold it yet. */
  degraded: boolean;
}

/** What the engine did so far, for the metrics. */
export interface EngineStats extends WriterStats {
  /** Records in memory now. */
  cells: number;
}

/** What waits to be written. */
export interface QueueStats {
  /** Events in all queues. */
  waiting: number;
  /** Events in the longest queue. */
  longest: number;
  /** Records that the store does not hold as they are here, since it could not be reached. */
  unsaved: number;
}

/** A cell that nobody used for so long is let go, in milliseconds. */
const IDLE_MS = 1_000;
/** Records read from a store in memory, which holds them anyway, and kept as they were read. */
const MAX_COPIES = 10_000;
const ABSENT = Object.freeze({ record: undefined, degraded: false });

/** See the module's description. */
export class Engine<R> {
  readonly #options: EngineOptions<R>;
  readonly #cells: Cells<R>;
  readonly #reader: Reader<R>;
  readonly #writer: Writer<R>;

  constructor(options: EngineOptions<R>) {
    const { kind, now, freshnessMs, maxRecords, onUnreadable } = options;
    this.#options = options;
    const idleMs = Math.max(freshnessMs, IDLE_MS);
    const isStoreAtHand = () => this.#reader.synchronous === true;
    const cells = new Cells<R>({
      kind,
      now,
      idleMs,
      maxCells: options.isInMemory ? Math.min(MAX_COPIES, maxRecords) : maxRecords,
      isStoreAtHand,
      onUnreadable,
    });
    const onUnsettled = (cell: Cell<R>) => this.#writer.start(cell);
    this.#cells = cells;
    this.#reader = new Reader({ ...options, cells, onUnsettled });
    this.#writer = new Writer({ ...options, cells, reader: this.#reader });
  }

  /** What was done so far. */
  stats(): EngineStats {
    return { ...this.#writer.stats, cells: this.#cells.size };
  }

  /** What waits now. Looks at every record in memory. */
  queues(): QueueStats {
    let waiting = 0;
    let longest = 0;
    for (const { queue } of this.#cells.values()) {
      waiting += queue.length;
      longest = Math.max(longest, queue.length);
    }
    return { waiting, longest, unsaved: this.#cells.unsaved() };
  }

  /** True where the store does not hold all that this process knows. */
  hasUnsaved(): boolean {
    return this.#cells.unsaved() > 0;
  }

  /** True where there is no record, as this process knows without asking. */
  isAbsent(key: string): boolean {
    return this.#reader.isAbsent(key);
  }

  /** The record as it stands, from memory while that is fresh. */
  peek(key: string): MaybePromise<Seen<R>> {
    if (this.isAbsent(key)) return ABSENT;
    const cell = this.#cells.get(key);
    if (cell !== undefined && this.#reader.isFresh(cell)) return seen(cell);
    return this.look(key);
  }

  /** Several records at once: one round trip for all that are not fresh. */
  peekAll(keys: readonly string[]): MaybePromise<Seen<R>[]> {
    if (keys.every((key) => this.isAbsent(key))) return keys.map(() => ABSENT);
    // Held on to, since what is fresh now may be let go while the others are read.
    const fresh = keys.map((key) => {
      const cell = this.#cells.get(key);
      return cell !== undefined && this.#reader.isFresh(cell) ? cell : undefined;
    });
    const isFresh = fresh.some((cell) => cell !== undefined);
    const wanted = isFresh ? keys.filter((_, i) => fresh[i] === undefined) : keys;
    const loaded = wanted.length === 0 ? undefined : this.#reader.loadAll(wanted);
    const result = () => keys.map((key, i) => seen(fresh[i] ?? this.#cells.get(key)));
    return isPromise(loaded) ? loaded.then(result) : result();
  }

  /** The record as the store has it now, however fresh the one in memory is. */
  look(key: string): MaybePromise<Seen<R>> {
    const loaded = this.#reader.load(key);
    if (!isPromise(loaded)) return seen(this.#cells.get(key));
    return loaded.then(() => seen(this.#cells.get(key)));
  }

  /**
   * Applies one event. The answer comes when what it changed is written, or when the deadline has passed.
   * Undefined where the queue of this key is full.
   *
   * @param askedAt when the caller began to wait, by the monotonic clock; absent: now
   */
  update<A>(
    key: string,
    apply: Apply<R, A>,
    askedAt?: number,
  ): MaybePromise<Done<A> | undefined> {
    return this.#writer.update(key, apply, askedAt);
  }

  /** The same for what must not be turned away: what an operator does, a lease that is given back. */
  updateAlways<A>(key: string, apply: Apply<R, A>, askedAt?: number): MaybePromise<Done<A>> {
    return this.#writer.updateAlways(key, apply, askedAt);
  }

  /** Records held in memory: what can be listed while the store cannot be reached. */
  *local(): Iterable<[key: string, record: R]> {
    for (const cell of this.#cells.values()) {
      if (cell.record !== undefined) yield [cell.key, cell.record];
    }
  }

  /** Reads what a listing found under a key; undefined where it is over or cannot be read. */
  decodeEntry(key: string, entry: Versioned): R | undefined {
    return this.#options.kind.prune(key, this.#cells.decode(key, entry), this.#options.now());
  }

  /** Writes what is queued, and offers what an outage left behind once more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
  }
}

function seen<R>(cell: Cell<R> | undefined): Seen<R> {
  if (cell === undefined) return ABSENT;
  return { record: cell.record, degraded: cell.dirty || cell.unsure };
}
