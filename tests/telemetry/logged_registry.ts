/**
 * A registry that writes an event log, and its file, as a person would look into it.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { type AllowedVerdict, BreakerRegistry, type RegistryOptions } from "../../mod.ts";
import { openSqliteLog, type SqliteLogOptions } from "../../src/telemetry/sqlite_log.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

export const START = 1_800_000_000_000;
export const HOST = "api.example.org";

/** A file for the log of one test. */
export async function logFile(): Promise<AsyncDisposable & { path: string }> {
  const folder = await temporaryFolder();
  return { ...folder, path: `${folder.path}/events.sqlite` };
}

/** Rows, read past the log, as a person would. */
export function query(path: string, statement: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path);
  try {
    return database.prepare(statement).all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

/** How many rows either table has. */
export function counts(path: string): unknown {
  const [row] = query(
    path,
    `SELECT (SELECT count(*) FROM http_events) AS events,
       (SELECT count(*) FROM breaker_transitions) AS transitions`,
  );
  return row;
}

/** A registry with a log, on a clock of its own. */
export async function start(
  path: string,
  options: SqliteLogOptions = {},
  config: RegistryOptions["config"] = {},
) {
  const timers = new ManualTimers();
  const registry = new BreakerRegistry({ now: timers.now, timers, config });
  const log = await openSqliteLog(registry, path, options);
  /** Asks and tells; the store answers at once. */
  const request = (host: string, status: number, role?: string) => {
    const verdict = registry.allow({ host, role }) as AllowedVerdict; // safe: told only where it was
    if (verdict.allowed) registry.record(verdict.permit, { status });
    return verdict.allowed;
  };
  return { timers, registry, log, request };
}
