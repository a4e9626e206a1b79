/**
 * Recorded events from a file: the SQLite event log, or JSON lines with its column names as keys. Rows are read
 * as they are asked for, so that a log of any length can be replayed.
 *
 * @module
 */
import { type HttpEvent, readHttpEvent } from "./http_event.ts";

/** What of a file is read, and how strictly. */
export interface EventFileOptions {
  /** Rows that cannot be read are left out and counted, instead of ending the reading. @default {false} */
  skipDamaged?: boolean;
  /** Only rows of this host key. @default all */
  host?: string;
  /** Only rows at or after this time, in epoch milliseconds. @default all */
  sinceMs?: number;
}

/** A file of events that cannot be opened, or a row of it that cannot be read. */
export class EventFileError extends Error {
  /** Tells it from other errors. */
  override readonly name = "EventFileError";
  /** As it was given. */
  readonly path: string;
  /** The row id or the number of the line, counted from 1, where one was concerned. */
  readonly row?: number;

  /** Made by the reader of the file. */
  constructor(message: string, path: string, row?: number) {
    super(message);
    this.path = path;
    if (row !== undefined) this.row = row;
  }
}

/** One row as it stands in the file. */
export interface RawRow {
  /** Row id, or number of the line. */
  row: number;
  /** Not yet checked. */
  value: unknown;
}

/** Where rows come from. */
export interface RowSource {
  /** What a row is called in messages. */
  kind: "row" | "line";
  /** Every row from the first on; each call begins anew. */
  rows(options: EventFileOptions): Iterable<RawRow>;
  close(): void;
}

/** An open file of events. */
export class EventFile implements Disposable {
  readonly #path: string;
  readonly #source: RowSource;
  readonly #options: EventFileOptions;
  #skipped = 0;

  /** Use {@linkcode openEventFile}. */
  constructor(path: string, source: RowSource, options: EventFileOptions) {
    this.#path = path;
    this.#source = source;
    this.#options = options;
  }

  /** Rows that the last reading left out because they cannot be read. */
  get skipped(): number {
    return this.#skipped;
  }

  /**
   * Reads from the first row on, one at a time; each call begins anew. Rows of SQLite come in the order of
   * their time, lines as they stand.
   *
   * @throws {EventFileError} at a row that cannot be read, unless `skipDamaged`; where the file itself is damaged
   */
  *events(): Generator<HttpEvent, void, undefined> {
    const { host, sinceMs = 0, skipDamaged = false } = this.#options;
    this.#skipped = 0;
    for (const { row, value } of this.#source.rows(this.#options)) {
      const event = readHttpEvent(value);
      if ("problem" in event) {
        this.#skipped++;
        if (!skipDamaged) throw this.#damaged(row, event.problem);
        continue;
      }
      if (event.ts >= sinceMs && (host === undefined || event.host === host)) yield event;
    }
  }

  /** Lets go of the file. */
  [Symbol.dispose](): void {
    this.#source.close();
  }

  #damaged(row: number, problem: string): EventFileError {
    const message = `Cannot read ${this.#source.kind} ${row} of '${this.#path}': ${problem}. ` +
      "Mend it, or leave out rows that cannot be read";
    return new EventFileError(message, this.#path, row);
  }
}

/**
 * Opens an event log that `openSqliteLog` writes, also while it does, or a file of JSON lines. Which of both it
 * is, its first bytes tell.
 *
 * @throws {EventFileError} where there is no such file, or it is neither
 */
export async function openEventFile(
  path: string,
  options: EventFileOptions = {},
): Promise<EventFile> {
  const { openLines } = await import("./json_lines.ts");
  const lines = openLines(path);
  if (!lines.isSqlite) return new EventFile(path, lines, options);
  lines.close();
  const { openTable } = await import("./sqlite_rows.ts");
  return new EventFile(path, openTable(path), options);
}
