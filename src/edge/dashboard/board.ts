/**
 * Every host and resolver in trouble with what it is asked and how that goes, worst first: looked up rarely, since a
 * store may hold thousands, and shared by all who look at the same time. Knows no HTTP.
 *
 * @module
 */
import type { BreakerState } from "../../breaker/state.ts";
import { type BreakerRegistry, coreOf } from "../../registry/registry.ts";
import type { Timers } from "../../registry/timers.ts";
import { readSummaries } from "../../telemetry/summaries.ts";
import { type WireSnapshot, wireSnapshot } from "../wire.ts";
import { bySeverity, countStates } from "./client/rows.ts";
import type { HistoryBook } from "./history_book.ts";

/** A host or resolver in trouble. */
export interface WireTrouble extends WireSnapshot {
  /** Since when it is not closed, in epoch milliseconds, where that is known. */
  since?: number;
  /** Requests of the last minutes that asked the host, all processes together. */
  requests: number;
  /** Of them, those that failed. */
  failed: number;
  /** Requests of the last minutes that were denied. */
  denied: number;
}

/** What is in trouble, as one look saw it. */
export interface Board {
  /** Epoch milliseconds. */
  at: number;
  /** Worst first. */
  rows: readonly WireTrouble[];
  /** Hosts and resolvers by their worst breaker; `closed`: those that only count failures. */
  counts: Readonly<Record<BreakerState, number>>;
  /** False where there are more than were looked at, or the store could not be read: then this process's own. */
  complete: boolean;
}

/** How far back requests are counted, in milliseconds. */
export const VOLUME_MS = 600_000;

/** Breakers looked at: more than a person can read. */
const MAX_ROWS = 10_000;
const PAGE = 1_000;
/** A look is believed for so long, and counts of requests, in milliseconds. */
const FRESH_MS = 2_000;
const VOLUME_FRESH_MS = 3_000;
/** What costs much is done seldom: so many times as long is waited as it took. */
const SHARE = 10;
/** What takes less than this many milliseconds may be done as often as something changes. */
const CHEAP_MS = 20;

/** The first look waits so long for the counts of requests, in milliseconds. */
const PATIENCE_MS = 250;

/** What happened to a host lately. */
type Volume = Pick<WireTrouble, "requests" | "failed" | "denied">;

const NONE: Volume = { requests: 0, failed: 0, denied: 0 };

/** See the module's description. */
export class TroubleBoard {
  readonly #registry: BreakerRegistry;
  readonly #book: HistoryBook;
  readonly #now: () => number;
  readonly #timers: Timers;
  readonly #board: Kept<Board>;
  readonly #volumes: Kept<ReadonlyMap<string, Volume>>;

  /** Looks when it is asked, and not before. */
  constructor(registry: BreakerRegistry, book: HistoryBook, now: () => number) {
    const { timers } = coreOf(registry);
    this.#timers = timers;
    this.#board = new Kept(FRESH_MS, timers.monotonic);
    this.#volumes = new Kept(VOLUME_FRESH_MS, timers.monotonic);
    this.#registry = registry;
    this.#book = book;
    this.#now = now;
    registry.onEvent(() => this.#board.forget(), ["transition", "operator"]);
  }

  /** What is in trouble now, or was a moment ago. */
  read(): Promise<Board> {
    return this.#board.get(() => this.#read());
  }

  async #read(): Promise<Board> {
    const counting = this.#volumes.get(() => this.#count());
    const snapshots: WireSnapshot[] = [];
    let cursor: string | undefined;
    let degraded = false;
    do {
      const page = await this.#registry.page({ limit: PAGE, cursor });
      snapshots.push(...page.snapshots.map(wireSnapshot));
      cursor = page.cursor;
      degraded ||= page.degraded === true;
    } while (cursor !== undefined && snapshots.length < MAX_ROWS);
    const volumes = this.#volumes.last ?? await this.#soon(counting);
    const rows = snapshots.map((snapshot): WireTrouble => {
      const { scope, key } = snapshot;
      const volume = scope === "host" ? volumes.get(key) : undefined;
      return { ...snapshot, since: this.#book.since(scope, key), ...(volume ?? NONE) };
    });
    const at = this.#now();
    const counts = countStates(rows, at);
    return { at, rows: bySeverity(rows, at), counts, complete: cursor === undefined && !degraded };
  }

  /** Not waited for long: whoever looks wants to know first what is open. */
  async #soon(
    counting: Promise<ReadonlyMap<string, Volume>>,
  ): Promise<ReadonlyMap<string, Volume>> {
    let cancel = () => {};
    const late = new Promise<ReadonlyMap<string, Volume>>((resolve) => {
      cancel = this.#timers.idle(PATIENCE_MS, () => resolve(new Map()));
    });
    const volumes = await Promise.race([counting, late]);
    cancel();
    return volumes;
  }

  async #count(): Promise<ReadonlyMap<string, Volume>> {
    const volumes = new Map<string, Volume>();
    const { minutes } = await readSummaries(this.#registry, { sinceMs: this.#now() - VOLUME_MS });
    for (const { host, summary } of minutes) {
      const { requests, failed, denied } = volumes.get(host) ?? NONE;
      const denials = Object.values(summary.denials).reduce((sum, count) => sum + count, 0);
      volumes.set(host, {
        requests: requests + summary.network,
        failed: failed + summary.failures,
        denied: denied + denials,
      });
    }
    return volumes;
  }
}

/** A value that is worked out again when somebody asks and it is old. */
class Kept<T> {
  /** What it was, however old. */
  last: T | undefined;
  readonly #freshMs: number;
  readonly #monotonic: () => number;
  #value: Promise<T> | undefined;
  #freshUntil = -Infinity;
  #costlyUntil = -Infinity;

  constructor(freshMs: number, monotonic: () => number) {
    this.#freshMs = freshMs;
    this.#monotonic = monotonic;
  }

  /** Whoever asks next has it worked out again, unless that was too costly just now. */
  forget(): void {
    this.#freshUntil = -Infinity;
  }

  /** Whoever asks while it is worked out gets the same. */
  get(work: () => Promise<T>): Promise<T> {
    const startedAt = this.#monotonic();
    const until = Math.max(this.#freshUntil, this.#costlyUntil);
    if (this.#value !== undefined && startedAt < until) return this.#value;
    this.#freshUntil = startedAt + this.#freshMs;
    this.#costlyUntil = Infinity;
    const value = work();
    this.#value = value;
    const done = () => {
      const endedAt = this.#monotonic();
      const costMs = endedAt - startedAt;
      this.#costlyUntil = costMs < CHEAP_MS ? -Infinity : endedAt + SHARE * costMs;
    };
    value.then((worked) => {
      this.last = worked;
      done();
    }, () => {
      this.#value = undefined;
      done();
    });
    return value;
  }
}
