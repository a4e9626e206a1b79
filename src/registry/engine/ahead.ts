/**
 * Answers ahead of the store: what it does not confirm in time is answered from memory, by the same function, and
 * offered to it again when it is back.
 *
 * @module
 */
import { answerBatch, applyBatch } from "./batch.ts";
import type { Applied, Cell, Pending } from "./cell.ts";
import type { Cells } from "./cells.ts";
import type { RecordKind } from "./record_kind.ts";
import { RecordRefusedError, type StoreGuard, StoreUnavailableError } from "./store_guard.ts";
import type { Timers } from "../timers.ts";

/** How answers ahead are made. */
export interface AheadOptions<R> {
  guard: StoreGuard;
  cells: Cells<R>;
  kind: RecordKind<R>;
  now: () => number;
  timers: Timers;
  /** The longest that a caller waits for the store, in milliseconds. */
  timeoutMs: number;
  /** Takes note of events that were answered without the store. */
  onDegraded: (events: number) => void;
  /** Works on a cell that holds what the store does not. */
  offer: (cell: Cell<R>) => Promise<void> | undefined;
}

/** How often what was learned in an outage is offered to the store again, in milliseconds. */
const RECONCILE_MS = 500;
/** Keys reconciled at once. */
const RECONCILE_WIDTH = 32;

/** See the module's description. */
export class Ahead<R> {
  readonly #options: AheadOptions<R>;
  #cancelReconcile: (() => void) | undefined;
  #closed = false;

  constructor(options: AheadOptions<R>) {
    this.#options = options;
  }

  /** Stops trying by itself. */
  close(): void {
    this.#closed = true;
    this.#cancelReconcile?.();
  }

  /** No caller waits longer than `timeoutMs`, whatever he waits for. */
  watch(cell: Cell<R>, askedAt: number): void {
    const dueAt = askedAt + this.#options.timeoutMs;
    if (dueAt >= cell.dueAt) return;
    cell.dueAt = dueAt;
    // A watch that is set for an earlier batch is left to run: it goes on to this one.
    if (cell.watch === undefined || dueAt < cell.watch.endsAt) this.#watchUntil(cell, dueAt);
  }

  /** Gives each caller of a batch his answer, and watches over those who have come since. */
  settle(
    cell: Cell<R>,
    batch: readonly Pending<R>[],
    applied: Applied<R>,
    degraded: boolean,
  ): void {
    this.#unwatch(cell);
    if (degraded) this.#options.onDegraded(batch.length);
    answerBatch(batch, applied, degraded);
  }

  /** What could not be applied or written is answered all the same; a fault of ours is told to whoever waits. */
  failed(cell: Cell<R>, batch: readonly Pending<R>[], error: unknown): void {
    if (error instanceof StoreUnavailableError) {
      this.answer(cell, batch);
      if (error instanceof RecordRefusedError) cell.refused = cell.record;
      return;
    }
    this.#unwatch(cell);
    for (const pending of batch) pending.fail(error);
  }

  /** The same function on what is known here; what changes is offered to the store when it is back. */
  answer(cell: Cell<R>, batch: readonly Pending<R>[]): void {
    const applied = applyBatch(cell, batch, this.#options.kind, this.#options.now());
    const changed = applied.record !== cell.record;
    cell.record = applied.record;
    cell.writes++;
    if (changed) this.#options.cells.markDirty(cell);
    else if (!cell.dirty) cell.unsure = true;
    this.#reconcileLater();
    this.settle(cell, batch, applied, true);
  }

  // ---- the watch ----------------------------------------------------------------------------------------

  #watchUntil(cell: Cell<R>, endsAt: number): void {
    const { timers } = this.#options;
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
      return this.failed(cell, waiting, new StoreUnavailableError());
    }
    cell.sent = undefined;
    cell.record = sent.record;
    cell.writes++;
    this.#options.cells.markDirty(cell);
    this.#reconcileLater();
    this.settle(cell, cell.batch, sent, true);
  }

  /** The batch is done with; others may have come since. */
  #unwatch(cell: Cell<R>): void {
    cell.batch = [];
    let dueAt = Infinity;
    for (const { askedAt } of cell.queue) {
      dueAt = Math.min(dueAt, askedAt + this.#options.timeoutMs);
    }
    cell.dueAt = dueAt;
    if (dueAt === Infinity) {
      cell.watch?.cancel();
      cell.watch = undefined;
    } else if (cell.watch === undefined) this.#watchUntil(cell, dueAt);
  }

  // ---- when the store is back ---------------------------------------------------------------------------

  #reconcileLater(): void {
    const { cells, timers } = this.#options;
    if (cells.dirty.size === 0 || this.#cancelReconcile !== undefined || this.#closed) return;
    this.#cancelReconcile = timers.idle(RECONCILE_MS, async () => {
      await this.reconcile();
      this.#cancelReconcile = undefined;
      this.#reconcileLater();
    });
  }

  /**
   * Offers to the store what it has missed: one key, and where that goes well the others, several at once.
   *
   * @param isLast once more after {@linkcode Ahead.close}
   */
  async reconcile(isLast = false): Promise<void> {
    const missed = [...this.#options.cells.dirty].values();
    const offer = async (most: number) => {
      for (let i = 0; i < most; i++) {
        const { value: cell } = missed.next();
        if (cell === undefined || !this.#options.guard.available) return;
        if (this.#closed && !isLast) return;
        if (cell.dirty && (isLast || !this.#isUseless(cell))) await this.#options.offer(cell);
      }
    };
    await offer(1);
    await Promise.all(Array.from({ length: RECONCILE_WIDTH }, () => offer(Infinity)));
  }

  /** True where the store has said that it will not hold the record, and that still says something. */
  #isUseless(cell: Cell<R>): boolean {
    const { kind, now } = this.#options;
    return cell.isRefused && kind.prune(cell.key, cell.record, now()) !== undefined;
  }
}
