/**
 * Applies events to records and writes them. Group commit: events that arrive while a write is under way
 * are applied together, in order, and written once; each caller gets its own answer. What becomes of those that
 * cannot be written in time is in `ahead.ts`.
 *
 * @module
 */
import type { MaybePromise, WriteResult } from "../../stores/store.ts";
import { Ahead } from "./ahead.ts";
import { applyBatch } from "./batch.ts";
import type { Applied, Apply, Cell, Pending } from "./cell.ts";
import type { Cells } from "./cells.ts";
import type { RecordKind } from "./record_kind.ts";
import type { Reader } from "./reader.ts";
import { Room } from "./room.ts";
import { isPromise } from "../maybe_promise.ts";
import { type StoreGuard, StoreUnavailableError } from "./store_guard.ts";
import { delay, type Timers } from "../timers.ts";
import { type Done, Waiter } from "./waiter.ts";

/** How a writer is made. */
export interface WriterOptions<R> {
  guard: StoreGuard;
  cells: Cells<R>;
  reader: Reader<R>;
  kind: RecordKind<R>;
  now: () => number;
  random: () => number;
  timers: Timers;
  /** The longest that a caller waits for the store, in milliseconds. */
  timeoutMs: number;
  /** Records that may be dropped and that a store in memory holds at once. */
  maxRecords: number;
}

/** What was done so far, for the metrics. */
export interface WriterStats {
  /** Writes that another process's write had overtaken. */
  conflicts: number;
  /** Events answered without the store. */
  degraded: number;
  /** Events turned away since a queue was full. */
  overflowed: number;
  /** Events applied by writes, to be compared with the number of writes. */
  committed: number;
}

/** Most events that wait for one key, but for those that must not be turned away. */
const MAX_QUEUE = 10_000;
/**
 * Turns of the microtask queue before the next write, in which callers in this process come back with their next
 * event: then all share one write, where else every other one would be for the first of them alone.
 */
const RETURNING_TURNS = 6;
/** Conflicts in a row before a writer waits a little. */
const CONFLICTS_BEFORE_PAUSE = 2;
const MAX_PAUSE_MS = 20;

/** See the module's description. */
export class Writer<R> {
  readonly stats: WriterStats = { conflicts: 0, degraded: 0, overflowed: 0, committed: 0 };
  readonly #options: WriterOptions<R>;
  readonly #running = new Set<Promise<void>>();
  readonly #ahead: Ahead<R>;
  readonly #room: Room;

  constructor(options: WriterOptions<R>) {
    this.#options = options;
    this.#room = new Room(options.maxRecords);
    this.#ahead = new Ahead({
      ...options,
      onDegraded: (events) => this.stats.degraded += events,
      offer: (cell) => this.start(cell),
    });
  }

  /** Applies one event. Undefined where the queue of its key is full. */
  update<A>(
    key: string,
    apply: Apply<R, A>,
    askedAt: number | undefined,
  ): MaybePromise<Done<A> | undefined> {
    const cell = this.#options.cells.get(key);
    if (cell !== undefined && cell.queue.length >= MAX_QUEUE) {
      this.stats.overflowed++;
      return undefined;
    }
    return this.#take(key, cell, apply, askedAt);
  }

  /** The same, however many events wait. */
  updateAlways<A>(key: string, apply: Apply<R, A>, askedAt?: number): MaybePromise<Done<A>> {
    return this.#take(key, this.#options.cells.get(key), apply, askedAt);
  }

  #take<A>(
    key: string,
    cell: Cell<R> | undefined,
    apply: Apply<R, A>,
    askedAt: number | undefined,
  ): MaybePromise<Done<A>> {
    if (cell === undefined || !cell.busy) {
      const done = this.#withoutWrite(key, cell, apply);
      if (done !== undefined) return done;
    }
    // One that is busy is not let go, and need not be looked up again.
    const used = cell?.busy ? cell : this.#options.cells.of(key);
    return this.#enqueue(used, apply, askedAt ?? this.#options.timers.monotonic());
  }

  /** Works on a cell until its queue is empty, unless somebody does. */
  start(cell: Cell<R>): Promise<void> | undefined {
    if (cell.busy) return undefined;
    cell.busy = true;
    if (this.#options.reader.synchronous && this.#commitAtOnce(cell)) {
      cell.busy = false;
      return undefined;
    }
    const run: Promise<void> = this.#work(cell).finally(() => {
      cell.busy = false;
      this.#running.delete(run);
      if (cell.queue.length > 0) this.start(cell);
    });
    this.#running.add(run);
    return run;
  }

  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /**
   * Waits until what is queued is written, offers to the store what an outage left behind once more, and stops
   * trying. What is left then stays dirty.
   */
  async close(): Promise<void> {
    const { cells, guard } = this.#options;
    this.#ahead.close();
    await this.#idle();
    if (cells.dirty.size > 0) await guard.rest();
    // As long as it helps: a call that fails now and then is no outage.
    for (let before = Infinity; cells.dirty.size > 0 && cells.dirty.size < before;) {
      before = cells.dirty.size;
      await this.#ahead.reconcile(true);
      await this.#idle();
    }
  }

  // ---- one event ----------------------------------------------------------------------------------------

  /** The short way: the record is at hand, and the event changes nothing. */
  #withoutWrite<A>(
    key: string,
    known: Cell<R> | undefined,
    apply: Apply<R, A>,
  ): Done<A> | undefined {
    const { reader, cells, now } = this.#options;
    let cell = known;
    if (cell?.dirty) return undefined;
    const isAtHand = cell === undefined ? reader.isAbsent(key) : reader.isFresh(cell);
    if (!isAtHand) {
      if (reader.synchronous === false || isPromise(reader.load(key))) return undefined;
      cell = cells.get(key);
      if (cell !== undefined && (cell.busy || cell.dirty || cell.unsure)) return undefined;
    }
    const step = apply(cell?.record, now(), {});
    if (step.record !== cell?.record) return undefined;
    step.commit?.();
    return { answer: step.answer, degraded: cell?.unsure === true };
  }

  #enqueue<A>(
    cell: Cell<R>,
    apply: Apply<R, A>,
    askedAt: number,
  ): MaybePromise<Done<A>> {
    const waiter = new Waiter<R, A>(apply, askedAt);
    cell.queue.push(waiter);
    this.start(cell);
    const { done } = waiter;
    if (done !== undefined) return done;
    this.#ahead.watch(cell, askedAt);
    return waiter.later();
  }

  // ---- batches ------------------------------------------------------------------------------------------

  async #work(cell: Cell<R>): Promise<void> {
    do {
      if (this.#options.guard.available) await this.#commit(cell);
      else this.#ahead.answer(cell, cell.queue.splice(0));
      for (let turn = 0; turn < RETURNING_TURNS; turn++) await undefined;
    } while (cell.queue.length > 0);
  }

  /**
   * Applies what is queued and writes it once. Whatever goes wrong, every caller gets an answer; where that
   * had to be given before the store's, the work goes on with what the record holds since then.
   */
  async #commit(cell: Cell<R>): Promise<void> {
    const { reader } = this.#options;
    try {
      let verified = cell.readAt === -Infinity;
      if (verified) await this.#refresh(cell);
      for (let attempt = 0;; attempt++) {
        const batch = cell.batch = [...cell.batch, ...cell.queue.splice(0)];
        const applied = this.#applied(cell, batch);
        if (this.#isUnchanged(cell, applied)) {
          if (verified || reader.isFresh(cell)) return this.#unchanged(cell, batch, applied);
          await this.#refresh(cell);
          verified = true;
          continue;
        }
        const writing = this.#write(cell, applied);
        cell.sent = applied;
        const result = await writing;
        cell.sent = undefined;
        verified = true;
        if (result.ok && cell.batch !== batch) this.#writtenLate(cell, applied, result.version);
        else {
          if (result.ok) return this.#committed(cell, batch, applied, result.version);
          this.stats.conflicts++;
          await this.#overtaken(cell, result);
          if (attempt >= CONFLICTS_BEFORE_PAUSE) await this.#pause(attempt);
        }
      }
    } catch (error) {
      cell.sent = undefined;
      this.#ahead.failed(cell, [...cell.batch, ...cell.queue.splice(0)], error);
    }
  }

  /** The same for a store that answers at once; false where it turned out not to. */
  #commitAtOnce(cell: Cell<R>): boolean {
    const { cells, guard, now } = this.#options;
    while (cell.queue.length > 0 || cell.dirty || cells.isOver(cell, now())) {
      let batch: Pending<R>[] = [];
      try {
        const stored = guard.read([cell.key]);
        if (isPromise(stored)) return false;
        cells.accept(cell, stored[0]);
        batch = cell.queue.splice(0);
        const applied = this.#applied(cell, batch);
        if (this.#isUnchanged(cell, applied)) {
          this.#unchanged(cell, batch, applied);
          continue;
        }
        const result = this.#write(cell, applied);
        if (isPromise(result)) throw new StoreUnavailableError();
        if (result.ok) this.#committed(cell, batch, applied, result.version);
        else cell.queue.unshift(...batch);
      } catch (error) {
        this.#ahead.failed(cell, [...batch, ...cell.queue.splice(0)], error);
        return true;
      }
    }
    if (cell.version === undefined) cells.drop(cell);
    return true;
  }

  async #overtaken(
    cell: Cell<R>,
    result: Extract<WriteResult, { ok: false }>,
  ): Promise<void> {
    if ("current" in result) this.#options.cells.accept(cell, result.current);
    else {
      // Whatever it shows: what is in memory is known to be overtaken.
      const [stored] = await this.#options.guard.read([cell.key]);
      this.#options.cells.accept(cell, stored);
    }
    // Not before: until then any read that comes back knows better than the version that was overtaken.
    cell.writes++;
  }

  #pause(attempt: number): Promise<void> {
    const most = Math.min(MAX_PAUSE_MS, 2 ** Math.min(attempt, 10));
    return delay(this.#options.random() * most, this.#options.timers);
  }

  /** A plain read: it may come from a replica. */
  async #refresh(cell: Cell<R>): Promise<void> {
    const [stored] = await this.#options.guard.read([cell.key]);
    this.#options.cells.learn(cell, stored);
  }

  #write(cell: Cell<R>, { record, text }: Applied<R>): MaybePromise<WriteResult> {
    const { kind, now, guard } = this.#options;
    const ttlMs = record === undefined ? 1 : Math.max(1, kind.endOf(cell.key, record) - now());
    return guard.write(cell.key, text, cell.version, ttlMs);
  }

  #applied(cell: Cell<R>, batch: readonly Pending<R>[]): Applied<R> {
    return applyBatch(cell, batch, this.#options.kind, this.#options.now());
  }

  /** True where the store holds, to the letter, what would be written. */
  #isUnchanged(cell: Cell<R>, { text }: Applied<R>): boolean {
    return cell.text === text;
  }

  #unchanged(cell: Cell<R>, batch: readonly Pending<R>[], applied: Applied<R>): void {
    this.#options.cells.markClean(cell);
    this.#ahead.settle(cell, batch, applied, false);
  }

  #committed(
    cell: Cell<R>,
    batch: readonly Pending<R>[],
    applied: Applied<R>,
    version: string | undefined,
  ): void {
    cell.record = applied.record;
    this.#written(cell, applied, version);
    this.#options.cells.markClean(cell);
    this.stats.committed += batch.length;
    this.#keepCount(cell);
    this.#ahead.settle(cell, batch, applied, false);
  }

  /** Nobody waits for it any more; the record holds more than what was written. */
  #writtenLate(cell: Cell<R>, applied: Applied<R>, version: string | undefined): void {
    this.#written(cell, applied, version);
    this.stats.committed += applied.answers.length;
  }

  #written(cell: Cell<R>, { text }: Applied<R>, version: string | undefined): void {
    cell.version = version;
    cell.text = text;
    cell.readAt = this.#options.now();
    cell.usedAt = cell.readAt;
    cell.writes++;
    cell.unsure = false;
  }

  /** A store in memory holds no more droppable records than it may; protected ones do not count. */
  #keepCount(cell: Cell<R>): void {
    const { reader, cells, kind } = this.#options;
    if (!reader.synchronous) return;
    const isDroppable = cell.record !== undefined && !cells.isProtected(cell, cell.readAt);
    const oldest = this.#room.note(cell.key, isDroppable);
    if (oldest === undefined) return;
    const drop: Apply<R, undefined> = (record, now) => {
      const kept = record !== undefined && kind.isProtected(record, now);
      return { record: kept ? record : undefined, answer: undefined };
    };
    this.update(oldest, drop, undefined);
  }
}
