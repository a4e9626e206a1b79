/**
 * What every SQLite database of this package needs, whatever is in it: the write-ahead log, and what errors mean.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";

/**
 * Where two processes do this to a new file at the same moment, SQLite refuses one of them at once, whatever
 * its busy timeout: that one asks again. Without a promise, since the whole store answers without one.
 */
export function switchToWal(database: DatabaseSync, busyTimeoutMs: number): void {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      return database.exec("PRAGMA journal_mode = WAL");
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error;
    }
    const jitteredMs = 1 + 4 * Math.random();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, jitteredMs);
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && error.message.includes("locked");
}

/** Why SQLite failed, in words that do not name the statement. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  for (const [words, reason] of REASONS) if (message.includes(words)) return reason;
  return "SQLite failed";
}

const REASONS = [
  ["unable to open", "its directory must exist and be writable"],
  ["readonly", "the file and its directory must be writable"],
  ["not a database", "the file is none of SQLite's; name another"],
  ["malformed", "the file is damaged; move it away, and a new one is made"],
  ["locked", "another process kept it locked"],
  ["full", "the disk is full"],
  ["disk I/O", "the disk failed"],
  ["no such table", "its table is gone; start again to make a new one"],
  ["access to", "it needs permission to read and write the file (--allow-read, --allow-write)"],
] as const;
