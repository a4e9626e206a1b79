/**
 * Rows of the table `http_events` from an SQLite file, which is only read. What a row means is not known here.
 *
 * @module
 */
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from "node:sqlite";
import { reasonOf } from "../stores/sqlite_database.ts";
import {
  EventFileError,
  type EventFileOptions,
  type RawRow,
  type RowSource,
} from "./event_file.ts";

const TEXTS = ["host", "role", "resolver", "error", "breaker_state"];
const NUMBERS = ["ts", "status", "from_cache", "latency_ms", "retry_after_s", "breaker_recorded"];
const SAFE = Number.MAX_SAFE_INTEGER;
/** An integer that is no number of JavaScript would end the reading; as a text it is one damaged row. */
const COLUMNS = [
  "rowid AS row",
  "typeof(e.ts) AS ts_type",
  ...TEXTS,
  ...NUMBERS.map((name) =>
    `CASE WHEN typeof(${name}) = 'integer' AND ${name} NOT BETWEEN -${SAFE} AND ${SAFE}
       THEN CAST(${name} AS TEXT) ELSE ${name} END AS ${name}`
  ),
].join(", ");
/** Rows read at once: several times as fast as one by one, and what is damaged is not passed over in silence. */
const PAGE = 1_000;
/** How long opening waits for a process that writes, in milliseconds. */
const BUSY_MS = 5_000;
const DAMAGED = "the file is damaged; sqlite3's '.recover' may save the rest";

/** Where a page begins: behind this row, in the order of time. */
interface Place {
  ts: SQLInputValue;
  row: number;
}

interface Reading {
  untimed: StatementSync;
  page: StatementSync;
  close(): void;
}

/**
 * Opens the table.
 *
 * @throws {EventFileError} where the file is damaged or has no such table
 */
export function openTable(path: string): RowSource {
  open(path).close();
  return { kind: "row", rows: (options) => rowsOf(path, options), close: () => {} };
}

/** One view of the file, whoever writes meanwhile. */
function open(path: string): Reading {
  let database: DatabaseSync | undefined;
  try {
    const opened = database = new DatabaseSync(path, { readOnly: true });
    opened.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    opened.exec("BEGIN");
    return {
      untimed: opened.prepare("SELECT rowid AS row FROM http_events WHERE ts IS NULL"),
      // Several processes write their batches one after the other: only their times tell the order.
      page: opened.prepare(
        `SELECT ${COLUMNS} FROM http_events AS e
         WHERE (e.ts, rowid) > (:ts, :row) AND (:host IS NULL OR e.host = :host)
         ORDER BY e.ts, rowid LIMIT ${PAGE}`,
      ),
      close: () => opened.close(),
    };
  } catch (error) {
    database?.close();
    throw new EventFileError(`Cannot open the event log '${path}': ${problemOf(error)}`, path);
  }
}

/** Each reading has a handle of its own, so that readings do not end each other. */
function* rowsOf(path: string, { host, sinceMs }: EventFileOptions): Iterable<RawRow> {
  const { untimed, page, close } = open(path);
  let read = 0;
  const all = (statement: StatementSync, values: Record<string, SQLInputValue>) => {
    try {
      return statement.all(values);
    } catch (error) {
      const problem = `after ${read} rows: ${problemOf(error)}`;
      throw new EventFileError(`Cannot read on in the event log '${path}' ${problem}`, path);
    }
  };
  try {
    for (const value of all(untimed, {})) yield { row: Number(value.row), value };
    let place: Place | undefined = { ts: sinceMs ?? -Infinity, row: -SAFE };
    while (place !== undefined) {
      const rows = all(page, { ...place, host: host ?? null });
      for (const value of rows) yield { row: Number(value.row), value };
      read += rows.length;
      place = rows.length < PAGE ? undefined : placeOf(rows.at(-1)!);
    }
  } finally {
    close();
  }
}

/** As the file has it: a text in place of an integer that is no number of JavaScript is that integer again. */
function placeOf({ ts, ts_type: type, row }: Record<string, SQLOutputValue>): Place {
  const exact = typeof ts === "string" && type === "integer" ? BigInt(ts) : ts ?? null;
  return { ts: exact, row: Number(row) };
}

function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (message.includes("no such")) return "it has no table 'http_events' as openSqliteLog makes it";
  if (message.includes("malformed")) return DAMAGED;
  return reasonOf(error);
}
