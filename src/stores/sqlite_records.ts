/**
 * The records of `sqliteStore` in their file: its table and its statements. What a store is
 * stands elsewhere.
 *
 * @module
 */
import { reasonOf, switchToWal } from "./sqlite_database.ts";
import type { Entry, Versioned } from "./store.ts";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";

/** A value is text; but one with a NUL, at which some bindings end a text, is its UTF-8 bytes. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS breakwater_records (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    version TEXT NOT NULL,
    written_at INTEGER NOT NULL, -- epoch milliseconds
    expires_at INTEGER           -- epoch milliseconds; NULL: never
  );
  CREATE INDEX IF NOT EXISTS breakwater_records_by_expiry
    ON breakwater_records (expires_at) WHERE expires_at IS NOT NULL;`;

/** Rubbish that a sweep removes at most. */
const ROWS_PER_SWEEP = 200;

const encoder = new TextEncoder();

/** Takes a byte order mark for the character that it is. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a write puts there. */
interface Row {
  key: string;
  value: string;
  version: string;
  now: number;
  expiresAt: number | null;
}

/** One open file; each call is one statement, and so one transaction. */
export interface RecordsFile {
  get(key: string, now: number): Versioned | undefined;
  /** Where the key is absent or has expired. */
  insert(row: Row): boolean;
  /** Where `expected` is still the version. */
  replace(row: Row, expected: string): boolean;
  /** Where `expected` is still the version. */
  remove(key: string, expected: string, now: number): boolean;
  /** Entries in key order from the prefix, or after the cursor. */
  list(prefix: string, cursor: string | undefined, now: number, limit: number): Entry[];
  /** Removes some of what has expired. */
  sweep(now: number): void;
  close(): void;
}

const ALIVE = "(expires_at IS NULL OR expires_at > :now)";

function prepare(database: DatabaseSync): RecordsFile {
  const get = database.prepare(
    `SELECT key, value, version FROM breakwater_records WHERE key = :key AND ${ALIVE}`,
  );
  const insert = database.prepare(
    `INSERT INTO breakwater_records (key, value, version, written_at, expires_at)
     VALUES (:key, :value, :version, :now, :expiresAt)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version,
       written_at = excluded.written_at, expires_at = excluded.expires_at
     WHERE breakwater_records.expires_at <= excluded.written_at`,
  );
  const replace = database.prepare(
    `UPDATE breakwater_records
     SET value = :value, version = :version, written_at = :now, expires_at = :expiresAt
     WHERE key = :key AND version = :expected AND ${ALIVE}`,
  );
  const remove = database.prepare(
    `DELETE FROM breakwater_records WHERE key = :key AND version = :expected AND ${ALIVE}`,
  );
  const list = database.prepare(
    `SELECT key, value, version FROM breakwater_records
     WHERE key >= :start AND key IS NOT :cursor AND ${ALIVE} ORDER BY key LIMIT :limit`,
  );
  const sweep = database.prepare(
    `DELETE FROM breakwater_records WHERE key IN (
       SELECT key FROM breakwater_records WHERE expires_at <= :now LIMIT ${ROWS_PER_SWEEP})`,
  );
  return {
    get: (key, now) => versionedOf(get.get({ key, now })),
    insert: (row) => isChanged(insert, row),
    replace: (row, expected) => isChanged(replace, row, expected),
    remove: (key, expected, now) => remove.run({ key, expected, now }).changes > 0,
    list: (prefix, cursor, now, limit) =>
      list.all({ start: cursor ?? prefix, cursor: cursor ?? null, now, limit }).map(entryOf),
    sweep: (now) => void sweep.run({ now }),
    close: () => database.close(),
  };
}

/** A file that cannot be opened. */
class SqliteFileError extends Error {
  /** Why, and what to do about it, for whoever has named the file already. */
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`Cannot open '${path}' with SQLite: ${reason}`);
    this.reason = reason;
  }
}

/**
 * Opens the file, and makes it and its table where they are missing.
 *
 * @throws {SqliteFileError} where that cannot be done
 */
export function openFile(path: string, busyTimeoutMs: number): RecordsFile {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    switchToWal(database, busyTimeoutMs);
    database.exec("PRAGMA synchronous = NORMAL");
    database.exec(SCHEMA);
    return prepare(database);
  } catch (error) {
    database?.close();
    throw new SqliteFileError(path, reasonOf(error));
  }
}

/** Runs a write; tells whether it found its row as expected. */
function isChanged(statement: StatementSync, row: Row, expected?: string): boolean {
  const value = row.value.includes("\0") ? encoder.encode(row.value) : row.value;
  const bound = expected === undefined ? { ...row, value } : { ...row, value, expected };
  return statement.run(bound).changes > 0;
}

function versionedOf(row: Record<string, SQLOutputValue> | undefined): Versioned | undefined {
  if (row === undefined) return undefined;
  return { value: textOf(row.value), version: textOf(row.version) };
}

function entryOf(row: Record<string, SQLOutputValue>): Entry {
  return { key: textOf(row.key), value: textOf(row.value), version: textOf(row.version) };
}

/** The table's columns hold nothing but text and bytes. */
function textOf(stored: SQLOutputValue | undefined): string {
  return stored instanceof Uint8Array ? decoder.decode(stored) : String(stored);
}
