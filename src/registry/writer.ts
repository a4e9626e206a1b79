/**
 * Applies events to records and writes them. Group commit: events that arrive while a write is under way
 * are applied together, in order, and written once; each caller gets its own answer. What cannot be written
 * in time is answered from memory and offered to the store again when it is back.
 *
 * @module
 */
import type { MaybePromise, WriteResult } from "../stores/store.ts";
import type { Applied, Apply, Attempt, Cell, Pending } from "./cell.ts";
import type { Cells } from "./cells.ts";
import type { Codec } from "./codec.ts";
import type { Reader } from "./reader.ts";
import { isPromise, type StoreGuard, StoreUnavailableError } from "./store_guard.ts";
import { delay, type Timers } from "./timers.ts";
import { type Done, Waiter } from "./waiter.ts";

export type { Done } from "./waiter.ts";

/** How a writer is made. */
export interface WriterOptions<R> {
  guard: StoreGuard;
  cells: Cells<R>;
  reader: Reader<R>;
  codec: Codec<R>;
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

/** Most events that wait for one key. */
const MAX_QUEUE = 10_000;
/**
 * Turns of the microtask queue before the next write, in which callers in this process come back with their next
 * event: then all share one write, where else every other one would be for the first of them alone.
 */
const RETURNING_TURNS = 6;
/** How often what was learned in an outage is offered to the store again, in milliseconds. */
const RECONCILE_MS = 500;
/** Keys reconciled at once. */
const RECONCILE_WIDTH = 32;
/** Conflicts in a row before a writer waits a little. */
const CONFLICTS_BEFORE_PAUSE = 2;
const MAX_PAUSE_MS = 20;

/** See the module's description. */
export class Writer<R> {
  readonly stats: WriterStats = { conflicts: 0, degraded: 0, overflowed: 0, committed: 0 };
  readonly #o: WriterOptions<R>;
  readonly #running = new Set<Promise<void>>();
  /** Keys written to a store in memory that may be dropped to make room, the longest unused first. */
  readonly #droppable = new Set<string>();
  #cancelReconcile: (() => void) | undefined;
  #closed = false;

  constructor(options: WriterOptions<R>) {
    this.#o = options;
  }

  /** Applies one event. Undefined where the queue of its key is full. */
  update<A>(
    key: string,
    apply: Apply<R, A>,
    askedAt: number | undefined,
  ): MaybePromise<Done<A> | undefined> {
    const cell = this.#o.cells.get(key);
    if (cell === undefined || !cell.busy) {
      const done = this.#withoutWrite(key, cell, apply);
      if (done !== undefined) return done;
    }
    // One that is busy is not let go, and need not be looked up again.
    const used = cell?.busy ? cell : this.#o.cells.of(key);
    return this.#enqueue(used, apply, askedAt ?? this.#o.timers.monotonic());
  }

  /** Works on a cell until its queue is empty, unless somebody does. */
  start(cell: Cell<R>): Promise<void> | undefined {
    if (cell.busy) return undefined;
    cell.busy = true;
    if (this.#o.reader.synchronous && this.#commitAtOnce(cell)) {
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

  /** Waits until what is queued is written, and offers what an outage left behind once more. */
  async flush(): Promise<void> {
    await this.#idle();
    for (const cell of this.#o.cells.dirty) this.start(cell);
    await this.#idle();
  }

  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Flushes, and stops trying. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelReconcile?.();
    await this.flush();
  }

  // ---- one event ----------------------------------------------------------------------------------------

  /** The short way: the record is at hand, and the event changes nothing. */
  #withoutWrite<A>(
    key: string,
    known: Cell<R> | undefined,
    apply: Apply<R, A>,
  ): Done<A> | undefined {
    const { reader, cells, now } = this.#o;
    let cell = known;
    if (cell?.dirty) return undefined;
    const isAtHand = cell === undefined ? reader.isAbsent(key) : reader.isFresh(cell);
    if (!isAtHand) {
      if (reader.synchronous === false || isPromise(reader.load(key))) return undefined;
      cell = cells.get(key);
      if (cell !== undefined && (cell.busy || cell.dirty || cell.unsure)) return undefined;
    }
    const step = apply(cell?.record, now(), { samples: [] });
    if (step.record !== cell?.record) return undefined;
    step.commit?.();
    return { answer: step.answer, degraded: cell?.unsure === true };
  }

  #enqueue<A>(
    cell: Cell<R>,
    apply: Apply<R, A>,
    askedAt: number,
  ): MaybePromise<Done<A> | undefined> {
    if (cell.queue.length >= MAX_QUEUE) {
      this.stats.overflowed++;
      return undefined;
    }
    const waiter = new Waiter<R, A>(apply, askedAt);
    cell.queue.push(waiter);
    this.start(cell);
    const { done } = waiter;
    if (done !== undefined) return done;
    this.#watch(cell, askedAt);
    return waiter.later();
  }

  // ---- batches ------------------------------------------------------------------------------------------

  async #work(cell: Cell<R>): Promise<void> {
    do {
      if (this.#o.guard.available) await this.#commit(cell);
      else this.#answerLocally(cell, cell.queue.splice(0));
      for (let turn = 0; turn < RETURNING_TURNS; turn++) await undefined;
    } while (cell.queue.length > 0);
  }

  /**
   * Applies what is queued and writes it once. Whatever goes wrong, every caller gets an answer; where that
   * had to be given before the store's, the work goes on with what the record holds since then.
   */
  async #commit(cell: Cell<R>): Promise<void> {
    const { reader } = this.#o;
    try {
      let verified = cell.readAt === -Infinity;
      if (verified) await this.#refresh(cell);
      for (let attempt = 0;; attempt++) {
        const batch = cell.batch = [...cell.batch, ...cell.queue.splice(0)];
        const applied = this.#applyAll(cell, batch);
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
      this.#failed(cell, [...cell.batch, ...cell.queue.splice(0)], error);
    }
  }

  /** The same for a store that answers at once; false where it turned out not to. */
  #commitAtOnce(cell: Cell<R>): boolean {
    const { cells, guard } = this.#o;
    while (cell.queue.length > 0 || cell.dirty || cells.isOver(cell)) {
      let batch: Pending<R>[] = [];
      try {
        const stored = guard.read([cell.key]);
        if (isPromise(stored)) return false;
        cells.accept(cell, stored[0]);
        batch = cell.queue.splice(0);
        const applied = this.#applyAll(cell, batch);
        if (this.#isUnchanged(cell, applied)) {
          this.#unchanged(cell, batch, applied);
          continue;
        }
        const result = this.#write(cell, applied);
        if (isPromise(result)) throw new StoreUnavailableError();
        if (result.ok) this.#committed(cell, batch, applied, result.version);
        else cell.queue.unshift(...batch);
      } catch (error) {
        this.#failed(cell, [...batch, ...cell.queue.splice(0)], error);
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
    if ("current" in result) this.#o.cells.accept(cell, result.current);
    else {
      // Whatever it shows: what is in memory is known to be overtaken.
      const [stored] = await this.#o.guard.read([cell.key]);
      this.#o.cells.accept(cell, stored);
    }
    // Not before: until then any read that comes back knows better than the version that was overtaken.
    cell.writes++;
  }

  #pause(attempt: number): Promise<void> {
    const most = Math.min(MAX_PAUSE_MS, 2 ** Math.min(attempt, 10));
    return delay(this.#o.random() * most, this.#o.timers);
  }

  /** A plain read: it may come from a replica. */
  async #refresh(cell: Cell<R>): Promise<void> {
    const [stored] = await this.#o.guard.read([cell.key]);
    this.#o.cells.learn(cell, stored);
  }

  #write(cell: Cell<R>, { record, text }: Applied<R>): MaybePromise<WriteResult> {
    const { codec, now, guard } = this.#o;
    const ttlMs = record === undefined ? 1 : Math.max(1, codec.endOf(cell.key, record) - now());
    return guard.write(cell.key, text, cell.version, ttlMs);
  }

  #applyAll(cell: Cell<R>, batch: readonly Pending<R>[]): Applied<R> {
    const { codec } = this.#o;
    const now = this.#o.now();
    const attempt: Attempt = { samples: [] };
    let record = cell.record;
    const answers: unknown[] = [];
    const commits: (() => void)[] = [];
    for (const { apply } of batch) {
      const step = apply(record, now, attempt);
      record = step.record;
      answers.push(step.answer);
      if (step.commit) commits.push(step.commit);
    }
    // A record that is over goes, even where no event changed it.
    if (record === cell.record && codec.prune(cell.key, record, now) === undefined) {
      record = undefined;
    }
    const same = record === cell.record && !cell.dirty;
    const text = same || record === undefined ? undefined : codec.encode(record);
    return { base: cell.record, record, text: same ? cell.text : text, answers, commits };
  }

  /** True where the store holds, to the letter, what would be written. */
  #isUnchanged(cell: Cell<R>, { text }: Applied<R>): boolean {
    return cell.text === text;
  }

  #unchanged(cell: Cell<R>, batch: readonly Pending<R>[], applied: Applied<R>): void {
    this.#o.cells.markClean(cell);
    this.#settle(cell, batch, applied, false);
  }

  #committed(
    cell: Cell<R>,
    batch: readonly Pending<R>[],
    applied: Applied<R>,
    version: string | undefined,
  ): void {
    cell.record = applied.record;
    this.#written(cell, applied, version);
    this.#o.cells.markClean(cell);
    this.stats.committed += batch.length;
    this.#keepCount(cell);
    this.#settle(cell, batch, applied, false);
  }

  /** Nobody waits for it any more; the record holds more than what was written. */
  #writtenLate(cell: Cell<R>, applied: Applied<R>, version: string | undefined): void {
    this.#written(cell, applied, version);
    this.stats.committed += applied.answers.length;
  }

  #written(cell: Cell<R>, { text }: Applied<R>, version: string | undefined): void {
    cell.version = version;
    cell.text = text;
    cell.readAt = this.#o.now();
    cell.usedAt = cell.readAt;
    cell.writes++;
    cell.unsure = false;
  }

  #settle(
    cell: Cell<R>,
    batch: readonly Pending<R>[],
    applied: Applied<R>,
    degraded: boolean,
  ): void {
    this.#unwatch(cell);
    if (degraded) this.stats.degraded += batch.length;
    for (const commit of applied.commits) commit();
    batch.forEach((pending, i) => pending.settle(applied.answers[i], degraded));
  }

  /** A store in memory holds no more droppable records than it may; protected ones do not count. */
  #keepCount(cell: Cell<R>): void {
    const { reader, cells, codec, maxRecords } = this.#o;
    if (!reader.synchronous) return;
    this.#droppable.delete(cell.key);
    if (cell.record === undefined || cells.isProtected(cell)) return;
    this.#droppable.add(cell.key);
    if (this.#droppable.size <= maxRecords) return;
    const [oldest] = this.#droppable;
    this.#droppable.delete(oldest!);
    const drop: Apply<R, undefined> = (record, now) => {
      const kept = record !== undefined && codec.isProtected(record, now);
      return { record: kept ? record : undefined, answer: undefined };
    };
    this.update(oldest!, drop, undefined);
  }

  // ---- without the store --------------------------------------------------------------------------------

  /** No caller waits longer than `timeoutMs`, whatever he waits for. */
  #watch(cell: Cell<R>, askedAt: number): void {
    const dueAt = askedAt + this.#o.timeoutMs;
    if (dueAt >= cell.dueAt) return;
    cell.dueAt = dueAt;
    // A watch that is set for an earlier batch is left to run: it goes on to this one.
    if (cell.watch === undefined || dueAt < cell.watch.endsAt) this.#watchUntil(cell, dueAt);
  }

  #watchUntil(cell: Cell<R>, endsAt: number): void {
    const { timers } = this.#o;
    cell.watch?.cancel();
    const cancel = timers.after(Math.max(0, endsAt - timers.monotonic()), () => {
      cell.watch = undefined;
      if (cell.dueAt > endsAt) this.#watchUntil(cell, cell.dueAt);
      else this.#answerAhead(cell);
    });
    cell.watch = { endsAt, cancel };
  }

  /** What is on its way to the store holds from now on, whatever the store says to it. */
  #answerAhead(cell: Cell<R>): void {
    const { sent } = cell;
    // A read that came meanwhile may have shown what overtakes the write: then it is applied to that.
    if (sent === undefined || sent.base !== cell.record) {
      cell.sent = undefined;
      const waiting = [...cell.batch, ...cell.queue.splice(0)];
      return this.#failed(cell, waiting, new StoreUnavailableError());
    }
    cell.sent = undefined;
    cell.record = sent.record;
    cell.writes++;
    this.#o.cells.markDirty(cell);
    this.#reconcileLater();
    this.#settle(cell, cell.batch, sent, true);
  }

  /** The batch is done with; others may have come since. */
  #unwatch(cell: Cell<R>): void {
    cell.batch = [];
    let dueAt = Infinity;
    for (const { askedAt } of cell.queue) dueAt = Math.min(dueAt, askedAt + this.#o.timeoutMs);
    cell.dueAt = dueAt;
    if (dueAt === Infinity) {
      cell.watch?.cancel();
      cell.watch = undefined;
    } else if (cell.watch === undefined) this.#watchUntil(cell, dueAt);
  }

  #failed(cell: Cell<R>, batch: readonly Pending<R>[], error: unknown): void {
    if (error instanceof StoreUnavailableError) return this.#answerLocally(cell, batch);
    this.#unwatch(cell);
    for (const pending of batch) pending.fail(error);
  }

  /** The same function on what is known here; what changes is offered to the store when it is back. */
  #answerLocally(cell: Cell<R>, batch: readonly Pending<R>[]): void {
    const applied = this.#applyAll(cell, batch);
    const changed = applied.record !== cell.record;
    cell.record = applied.record;
    cell.writes++;
    if (changed) this.#o.cells.markDirty(cell);
    else if (!cell.dirty) cell.unsure = true;
    this.#reconcileLater();
    this.#settle(cell, batch, applied, true);
  }

  #reconcileLater(): void {
    const { cells, timers } = this.#o;
    if (cells.dirty.size === 0 || this.#cancelReconcile !== undefined || this.#closed) return;
    this.#cancelReconcile = timers.idle(RECONCILE_MS, async () => {
      await this.#reconcile();
      this.#cancelReconcile = undefined;
      this.#reconcileLater();
    });
  }

  /** Offers to the store what it has missed: one key, and where that goes well the others, several at once. */
  async #reconcile(): Promise<void> {
    const missed = [...this.#o.cells.dirty].values();
    const offer = async (most: number) => {
      for (let i = 0; i < most; i++) {
        const { value: cell } = missed.next();
        if (cell === undefined || !this.#o.guard.available || this.#closed) return;
        if (cell.dirty) await this.start(cell);
      }
    };
    await offer(1);
    await Promise.all(Array.from({ length: RECONCILE_WIDTH }, () => offer(Infinity)));
  }
}
