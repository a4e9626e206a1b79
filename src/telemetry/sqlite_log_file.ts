/**
 * The SQLite file behind the event log: its two tables, its statements, and whose file it is. What goes into
 * a row stands in `sqlite_log_rows.ts`.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { reasonOf, switchToWal } from "../stores/sqlite_database.ts";

/** The columns of each table, in order, with what SQLite is told of them. */
const TABLES = {
  http_events: {
    ts: "INTEGER NOT NULL", // epoch milliseconds
    run_id: "TEXT NOT NULL",
    host: "TEXT NOT NULL",
    role: "TEXT",
    resolver: "TEXT",
    status: "INTEGER",
    error: "TEXT",
    from_cache: "INTEGER NOT NULL",
    latency_ms: "REAL",
    retry_after_s: "REAL",
    breaker_state: "TEXT NOT NULL",
    breaker_recorded: "INTEGER", // NULL: the request was denied
  },
  breaker_transitions: {
    ts: "INTEGER NOT NULL",
    host: "TEXT NOT NULL", // with scope 'resolver': its name
    scope: "TEXT NOT NULL",
    role: "TEXT",
    old_state: "TEXT NOT NULL",
    new_state: "TEXT NOT NULL",
    reason: "TEXT NOT NULL",
    reset_timeout_s: "REAL", // NULL: not opened, or without end
  },
} as const;

/** The name of a table. */
type LogTable = keyof typeof TABLES;

/** A row to be: a value for each column of its table. */
export interface LogRow {
  table: LogTable;
  values: readonly SQLInputValue[];
}

/** How much is kept. */
interface LogBounds {
  maxAgeMs: number;
  /** In each table. */
  maxRows: number;
}

/** Opening may wait for a neighbour that opens too, in milliseconds. */
const OPEN_BUSY_MS = 5_000;
/** Rows of a table that one transaction removes for either bound, so that none blocks for long. */
const ROWS_PER_PRUNE = 1_000;
const TABLE_NAMES = ["http_events", "breaker_transitions"] as const;

/** The open file. */
export class SqliteLogFile {
  readonly #database: DatabaseSync;
  readonly #insert: Record<LogTable, (values: readonly SQLInputValue[]) => void>;
  readonly #prune: (now: number, limit: number) => void;

  /**
   * Opens the file, makes it where it is missing, and removes what is out of bounds.
   *
   * @throws {Error} where that cannot be done, and what to do about it
   */
  constructor(path: string, bounds: LogBounds, busyTimeoutMs: number, now: number) {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path);
      database.exec(`PRAGMA busy_timeout = ${OPEN_BUSY_MS}`);
      const stranger = strangerIn(database);
      if (stranger !== undefined) throw new NotOursError(stranger);
      switchToWal(database, OPEN_BUSY_MS);
      database.exec("PRAGMA synchronous = NORMAL");
      database.exec(SCHEMA);
      this.#insert = {
        http_events: inserter(database, "http_events"),
        breaker_transitions: inserter(database, "breaker_transitions"),
      };
      this.#prune = pruner(database, bounds);
      this.#prune(now, -1);
      this.#database = database;
      this.setBusyTimeout(busyTimeoutMs);
    } catch (error) {
      database?.close();
      const reason = error instanceof NotOursError ? error.message : reasonOf(error);
      throw new Error(`Cannot open the event log '${path}': ${reason}`);
    }
  }

  /** How long a write waits for a neighbour from now on. */
  setBusyTimeout(ms: number): void {
    this.#database.exec(`PRAGMA busy_timeout = ${ms}`);
  }

  /**
   * Writes rows in one transaction, all or none, and removes some of what is out of bounds.
   *
   * @throws {Error} where SQLite fails, with the reason in its message
   */
  write(rows: readonly LogRow[], now: number): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const { table, values } of rows) this.#insert[table](values);
      this.#prune(now, ROWS_PER_PRUNE);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#undo();
      throw new Error(reasonOf(error));
    }
  }

  close(): void {
    this.#database.close();
  }

  #undo(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // There was no transaction yet, or SQLite ended it itself.
    }
  }
}

/** Said as it is, unlike what SQLite says. */
class NotOursError extends Error {}

const SCHEMA = `BEGIN IMMEDIATE;
  ${TABLE_NAMES.map((name) => `${createTable(name)} ${createIndex(name)}`).join(" ")}
  COMMIT;`;

function createTable(name: LogTable): string {
  const columns = Object.entries(TABLES[name]).map(([column, type]) => `${column} ${type}`);
  return `CREATE TABLE IF NOT EXISTS ${name} (${columns.join(", ")});`;
}

function createIndex(name: LogTable): string {
  return `CREATE INDEX IF NOT EXISTS ${name}_by_ts ON ${name} (ts);`;
}

/** What speaks against the file being an event log, or about to be one; nothing is written to find out. */
function strangerIn(database: DatabaseSync): string | undefined {
  const found = database.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'",
  ).all().map(({ name }) => String(name));
  if (found.length === 0) return undefined;
  for (const table of TABLE_NAMES) {
    if (!found.includes(table)) {
      return `it has tables of something else (${found.slice(0, 3).join(", ")}); ` +
        `give the log a file of its own`;
    }
    const columns = database.prepare("SELECT name FROM pragma_table_info(?)").all(table)
      .map(({ name }) => String(name));
    const missing = Object.keys(TABLES[table]).find((column) => !columns.includes(column));
    if (missing === undefined) continue;
    return `its table '${table}' has no column '${missing}'; name another file`;
  }
  return undefined;
}

function inserter(
  database: DatabaseSync,
  table: LogTable,
): (values: readonly SQLInputValue[]) => void {
  const columns = Object.keys(TABLES[table]);
  const marks = columns.map(() => "?").join(", ");
  const statement = database.prepare(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`,
  );
  return (values) => void statement.run(...values);
}

/** Row ids rise with every insert, so the highest tells which rows are the newest without counting them. */
function pruner(database: DatabaseSync, bounds: LogBounds): (now: number, limit: number) => void {
  const { maxAgeMs, maxRows } = bounds;
  const statements = TABLE_NAMES.map((table) => ({
    old: database.prepare(
      `DELETE FROM ${table} WHERE rowid IN (
         SELECT rowid FROM ${table} WHERE ts <= :before ORDER BY ts LIMIT :limit)`,
    ),
    many: database.prepare(
      `DELETE FROM ${table} WHERE rowid IN (
         SELECT rowid FROM ${table} WHERE rowid <= (SELECT max(rowid) FROM ${table}) - :maxRows
         ORDER BY rowid LIMIT :limit)`,
    ),
  }));
  return (now, limit) => {
    for (const { old, many } of statements) {
      old.run({ before: Math.floor(now - maxAgeMs), limit });
      many.run({ maxRows, limit });
    }
  };
}
