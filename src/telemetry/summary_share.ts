/**
 * Summaries of all processes on a store: each adds its share to the blocks that stand there, every few seconds
 * while there is trouble, and reads them together with what it has not written yet.
 *
 * A share is written once: a block remembers the number of the last one of each process, so that a write whose
 * answer was lost is sent again and told apart. What waits to be sent stands in `summary_outbox.ts`.
 *
 * @module
 */
import type { RegistryCore } from "../registry/core.ts";
import type { Engine } from "../registry/engine/engine.ts";
import { type StoreGuard, StoreUnavailableError } from "../registry/engine/store_guard.ts";
import { type HostMinute, MINUTE_MS, minuteOf } from "./summary.ts";
import { type Block, hourOf, type Spell } from "./summary_block.ts";
import type { SummaryBook } from "./summary_book.ts";
import { readSummaryKey, SUMMARY_PREFIX, summaryKey, summaryKind } from "./summary_codec.ts";
import { SummaryOutbox } from "./summary_outbox.ts";

/** How the store is used. */
interface SummaryPace {
  /** Time between two writes of what is in trouble, in milliseconds. */
  flushMs: number;
  /** How long an hour's summaries are kept after it, in milliseconds. */
  keptMs: number;
}

/** Which summaries to read. */
export interface SummaryQuery {
  /** The oldest minute is the one that holds this moment, in epoch milliseconds. */
  sinceMs: number;
  /** Only those of this host key. @default all */
  host?: string;
}

/** What was read. */
export interface SummaryReading {
  /** In no particular order. */
  minutes: HostMinute[];
  /** False where the store could not be read, or holds more than a million host-minutes. */
  complete: boolean;
}

/** Host-minutes that a reading gives at most, the latest hours first. */
const MAX_MINUTES = 1_000_000;
/** The longest that one call of the store may take, in milliseconds: nobody waits for it but who reads. */
const TIMEOUT_MS = 2_000;
/** Blocks held where the store is the registry's own. */
const MAX_BLOCKS = 10_000;
/** Blocks written in one go, so that a reading does not wait for all of them. */
const MAX_WRITTEN = 500;
/** Of these, so many at once. */
const WIDTH = 16;
/** Blocks that one call lists. */
const PAGE = 500;

/** See the module's description. */
export class SummaryShare {
  readonly #core: RegistryCore;
  readonly #book: SummaryBook;
  readonly #pace: SummaryPace;
  readonly #engine: Engine<Block>;
  readonly #guard: StoreGuard;
  readonly #outbox = new SummaryOutbox();
  #cancelFlush: (() => void) | undefined;
  #flushing: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** When it was last written, in epoch milliseconds. */
  #flushedAt = -Infinity;
  #closed = false;

  constructor(core: RegistryCore, book: SummaryBook, pace: SummaryPace) {
    this.#core = core;
    this.#book = book;
    this.#pace = pace;
    const bounds = { timeoutMs: TIMEOUT_MS, maxRecords: MAX_BLOCKS };
    const { engine, guard } = core.engineApart(summaryKind(pace.keptMs), bounds);
    this.#engine = engine;
    this.#guard = guard;
  }

  /** Blocks for which shares wait to be written. */
  get waiting(): number {
    return this.#outbox.size;
  }

  /** Shares of an hour that were dropped since too many wait for the store. */
  get dropped(): number {
    return this.#outbox.dropped;
  }

  // ---- writing ------------------------------------------------------------------------------------------

  /** Writes in a while, unless it is about to. What nobody else reads needs no timer: now and then will do. */
  flushLater(): void {
    if (this.#cancelFlush !== undefined || this.#closed) return;
    if (this.#core.engineBeside === undefined) {
      const sinceMs = Math.abs(this.#core.now() - this.#flushedAt);
      if (sinceMs >= MINUTE_MS) void this.flush();
      return;
    }
    this.#cancelFlush = this.#core.timers.idle(this.#pace.flushMs, () => {
      this.#cancelFlush = undefined;
      void this.flush().then(() => {
        if (this.#book.isTroubled || this.waiting > 0) this.flushLater();
      });
    });
  }

  /** Writes what there is to write. Never fails: what the store does not confirm is sent again the next time. */
  flush(): Promise<void> {
    return this.#flushing ??= this.#inTurn(() => this.#flush(false))
      .finally(() => this.#flushing = undefined);
  }

  /** Nothing is read while it is written: it would be counted twice, or not at all. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #flush(everything: boolean): Promise<void> {
    this.#flushedAt = this.#core.now();
    this.#collect(everything);
    if (!this.#guard.available) return;
    const most = everything ? Infinity : MAX_WRITTEN;
    const keys = this.#outbox.keys().slice(0, most).values();
    const work = async () => {
      for (const key of keys) await this.#send(key);
    };
    await Promise.all(Array.from({ length: WIDTH }, work));
  }

  /** Takes from the book what it has. */
  #collect(everything: boolean): void {
    for (const taken of this.#book.take(this.#core.now(), everything)) this.#outbox.add(taken);
  }

  /** Settled with false where the store did not confirm that it holds the share. */
  async #send(key: string): Promise<void> {
    const sent = this.#outbox.sending(key);
    const before = sent.share.marks.length === 0 ? undefined : await this.#spellBefore(key);
    const done = await this.#engine.update(key, (block) => {
      return { record: this.#outbox.blockWith(block, sent, before), answer: undefined };
    });
    this.#outbox.settle(key, done !== undefined && !done.degraded);
  }

  /** What the breaker was in the middle of when the hour began. */
  async #spellBefore(key: string): Promise<Spell | undefined> {
    const parts = readSummaryKey(key);
    if (parts === undefined) return undefined;
    const seen = await this.#engine.peek(summaryKey(parts.hour - 1, parts.host, parts.role));
    return seen.record?.spell;
  }

  /** Writes everything, and tries again once what was not confirmed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelFlush?.();
    await this.#inTurn(async () => {
      await this.#flush(true);
      if (this.waiting > 0) await this.#flush(true);
    });
    await this.#engine[Symbol.asyncDispose]();
  }

  // ---- reading ------------------------------------------------------------------------------------------

  /** The summaries of all processes, with what this one has not written yet. */
  read(query: SummaryQuery): Promise<SummaryReading> {
    return this.#inTurn(() => this.#read(query));
  }

  async #read({ sinceMs, host }: SummaryQuery): Promise<SummaryReading> {
    const now = this.#core.now();
    this.#collect(true);
    const oldest = Math.max(sinceMs, now - this.#pace.keptMs);
    const reading: SummaryReading = { minutes: [], complete: true };
    const from = minuteOf(oldest);
    for (let hour = hourOf(now); hour >= hourOf(oldest); hour--) {
      if (reading.minutes.length >= MAX_MINUTES || this.#closed) reading.complete = false;
      if (!reading.complete) break;
      const { blocks, complete } = await this.#blocksOf(hour, host);
      reading.complete = complete;
      this.#outbox.addTo(blocks, hour, host);
      for (const [key, { minutes }] of blocks) {
        const parts = readSummaryKey(key);
        if (parts === undefined || (host !== undefined && parts.host !== host)) continue;
        for (const [minute, summary] of minutes) {
          if (minute < from || hourOf(minute * MINUTE_MS) !== hour) continue;
          reading.minutes.push({ host: parts.host, role: parts.role, minute, summary });
        }
      }
    }
    return reading;
  }

  /** What the store holds of an hour; what was read until it could not be asked any more. */
  async #blocksOf(
    hour: number,
    host: string | undefined,
  ): Promise<{ blocks: Map<string, Block>; complete: boolean }> {
    const blocks = new Map<string, Block>();
    const prefix = `${SUMMARY_PREFIX}${hour}:${host === undefined ? "" : `${host}:`}`;
    let cursor: string | undefined;
    try {
      do {
        const page = await this.#guard.list(prefix, PAGE, cursor);
        for (const entry of page.entries) {
          const block = this.#engine.decodeEntry(entry.key, entry);
          if (block !== undefined) blocks.set(entry.key, block);
        }
        cursor = page.cursor;
      } while (cursor !== undefined);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      return { blocks, complete: false };
    }
    return { blocks, complete: true };
  }
}
