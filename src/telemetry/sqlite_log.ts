/**
 * The event log in SQLite for local runs: what a registry tells, row by row, for queries by hand and for
 * replay. What goes into a row stands in `sqlite_log_rows.ts`, the file itself in `sqlite_log_file.ts`, which is
 * loaded when a log is opened.
 *
 * @module
 */
import type { BreakerEvent } from "../breaker/events.ts";
import type { RegistryCore } from "../registry/core.ts";
import { type BreakerRegistry, coreOf } from "../registry/registry.ts";
import type { LogRow, SqliteLogFile } from "./sqlite_log_file.ts";
import { rowOf } from "./sqlite_log_rows.ts";

/** How a log is bounded and paced. Everything has a default. */
export interface SqliteLogOptions {
  /** Tells the rows of this run from those of others. @default a random one */
  runId?: string;
  /** Rows that are written in one transaction at the latest. @default {500} */
  batchRows?: number;
  /** The longest that a row waits to be written, in milliseconds. @default {1000} */
  flushMs?: number;
  /** Older rows are removed, in milliseconds. @default {604800000} */
  maxAgeMs?: number;
  /** Rows kept in each table; the oldest are removed. @default {1000000} */
  maxRows?: number;
  /** Milliseconds that a write waits while another process writes; the event loop stands still. @default {100} */
  busyTimeoutMs?: number;
  /** Hears once that the file cannot be written, and again only after it could be. What it throws is dropped. */
  onTrouble?: (message: string) => void;
}

/** What a log did so far. */
export interface SqliteLogStats {
  /** Rows written to either table. */
  written: number;
  /** Rows that wait. */
  waiting: number;
  /** Rows that were lost: too many waited, or the last write failed. */
  dropped: number;
  /** Writes that failed; their rows were kept for the next. */
  failures: number;
}

/** Rows that wait at most, as a multiple of a batch. */
const BATCHES_WAITING = 20;
/** After a write that failed, the next is tried no sooner, in milliseconds. */
const RETRY_MS = 5_000;
/** The last write of all waits this long for a neighbour, in milliseconds. */
const CLOSE_BUSY_MS = 5_000;

/**
 * Writes what a registry tells into an SQLite file, until the log or the registry is disposed. The file and its
 * tables are made where they are missing; its directory must exist. Several processes can share a file.
 *
 * `http_events` holds a row for each outcome, with `breaker_state` as it was afterwards, and for each request
 * denied: there `status`, `error` and `breaker_recorded` are NULL. `error` is the name of what was thrown; where
 * the caller told a bare result, it is that (`failure`, `neutral`, `cancelled`). `breaker_transitions` holds a
 * row for each change of state, with the planned duration of an open as `reset_timeout_s`; of a resolver the name
 * stands in `host`. `ts` is in epoch milliseconds, a whole number.
 *
 * @throws {Error} where the file cannot be opened, is damaged or belongs to something else
 * @throws {RangeError} where an option is out of its bounds
 * @throws {TypeError} where the path is empty
 */
export async function openSqliteLog(
  registry: BreakerRegistry,
  path: string,
  options: SqliteLogOptions = {},
): Promise<SqliteLog> {
  const settled = settle(path, options);
  const { SqliteLogFile } = await import("./sqlite_log_file.ts");
  const core = coreOf(registry);
  const file = new SqliteLogFile(path, settled, settled.busyTimeoutMs, core.now());
  return new SqliteLog(registry, core, file, path, settled);
}

/** The least that each option may be. */
const LEAST = { batchRows: 1, flushMs: 0, maxAgeMs: 1, maxRows: 1, busyTimeoutMs: 0 };

type Settled = Required<Omit<SqliteLogOptions, "onTrouble">> & Pick<SqliteLogOptions, "onTrouble">;

/** See {@linkcode openSqliteLog}. */
export class SqliteLog implements AsyncDisposable {
  /** What stands in `run_id`. */
  readonly runId: string;
  readonly #core: RegistryCore;
  readonly #file: SqliteLogFile;
  readonly #path: string;
  readonly #options: Settled;
  readonly #stopListening: () => void;
  readonly #close = () => Promise.resolve(this.close());
  #waiting: LogRow[] = [];
  #cancelFlush: (() => void) | undefined;
  #inTrouble = false;
  #closed = false;
  #written = 0;
  #dropped = 0;
  #failures = 0;

  /** Use {@linkcode openSqliteLog}. */
  constructor(
    registry: BreakerRegistry,
    core: RegistryCore,
    file: SqliteLogFile,
    path: string,
    options: Settled,
  ) {
    this.runId = options.runId;
    this.#core = core;
    this.#file = file;
    this.#path = path;
    this.#options = options;
    this.#stopListening = registry.onEvent(
      (event) => this.#hear(event),
      ["outcome", "denial", "transition"],
    );
    core.closers.add(this.#close);
  }

  /** What was done so far. */
  stats(): SqliteLogStats {
    return {
      written: this.#written,
      waiting: this.#waiting.length,
      dropped: this.#dropped,
      failures: this.#failures,
    };
  }

  /** Writes what waits; false where that failed, and the rows wait on. */
  flush(): boolean {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const rows = this.#waiting;
    if (rows.length === 0) return true;
    try {
      this.#file.write(rows, this.#core.now());
    } catch (error) {
      this.#failures++;
      // Safe: the file throws nothing but errors.
      this.#tellTrouble((error as Error).message);
      if (!this.#closed) this.#flushIn(Math.max(RETRY_MS, this.#options.flushMs));
      return false;
    }
    this.#written += rows.length;
    this.#waiting = [];
    this.#inTrouble = false;
    return true;
  }

  /** Writes what waits, and lets go of the file. What could not be written is told and counted as dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening();
    this.#core.closers.delete(this.#close);
    this.#file.setBusyTimeout(CLOSE_BUSY_MS);
    if (!this.flush()) {
      this.#dropped += this.#waiting.length;
      this.#waiting = [];
    }
    this.#file.close();
  }

  /** The same. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #hear(event: BreakerEvent): void {
    const row = rowOf(event, this.runId);
    if (row === undefined) return;
    const { batchRows, flushMs } = this.#options;
    if (this.#waiting.length >= batchRows * BATCHES_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(row);
    if (this.#waiting.length >= batchRows && !this.#inTrouble) this.flush();
    else if (this.#cancelFlush === undefined) this.#flushIn(flushMs);
  }

  #flushIn(ms: number): void {
    this.#cancelFlush = this.#core.timers.idle(ms, () => this.flush());
  }

  #tellTrouble(reason: string): void {
    if (this.#inTrouble) return;
    this.#inTrouble = true;
    const most = this.#options.batchRows * BATCHES_WAITING;
    const rest = this.#closed
      ? `${this.#waiting.length} rows are lost`
      : `up to ${most} rows wait for the next try, others are dropped and counted`;
    try {
      this.#options.onTrouble?.(`Cannot write the event log '${this.#path}': ${reason}; ${rest}`);
    } catch {
      // A listener that throws changes nothing.
    }
  }
}

function settle(path: string, options: SqliteLogOptions): Settled {
  if (typeof path !== "string" || path === "") {
    throw new TypeError("Cannot open the event log: 'path' must name a file");
  }
  const { runId = crypto.randomUUID(), onTrouble } = options;
  const bounded = (name: keyof Settled & keyof typeof LEAST, value: number) => {
    if (value >= LEAST[name] && value < 2 ** 53) return Math.floor(value);
    throw new RangeError(
      `Cannot open the event log as '${name}' must be ${LEAST[name]} or above: received ${value}`,
    );
  };
  return {
    runId,
    batchRows: bounded("batchRows", options.batchRows ?? 500),
    flushMs: bounded("flushMs", options.flushMs ?? 1_000),
    maxAgeMs: bounded("maxAgeMs", options.maxAgeMs ?? 7 * 86_400_000),
    maxRows: bounded("maxRows", options.maxRows ?? 1_000_000),
    busyTimeoutMs: bounded("busyTimeoutMs", options.busyTimeoutMs ?? 100),
    onTrouble,
  };
}
