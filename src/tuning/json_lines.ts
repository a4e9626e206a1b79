/**
 * Lines of JSON from a file, read piece by piece. What a line means is not known here.
 *
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";
import { EventFileError, type RawRow, type RowSource } from "./event_file.ts";

/** Bytes read at once. */
const PIECE = 65_536;
/** A longer line is none of ours; it is not kept. In UTF-16 units. */
const MAX_LINE_LENGTH = 65_536;
const SQLITE_MAGIC = "SQLite format 3\0";

/** An open file of lines. */
interface Lines extends RowSource {
  /** It is no file of lines but a database. */
  isSqlite: boolean;
}

/**
 * Opens a file.
 *
 * @throws {EventFileError} where that cannot be done
 */
export function openLines(path: string): Lines {
  let file: number;
  let start: string;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new EventFileError(`Cannot open '${path}': ${reasonOf(error)}`, path);
  }
  try {
    const bytes = new Uint8Array(SQLITE_MAGIC.length);
    start = new TextDecoder("latin1").decode(bytes.subarray(0, readSync(file, bytes, 0, 16, 0)));
  } catch (error) {
    closeSync(file);
    throw new EventFileError(`Cannot read '${path}': ${reasonOf(error)}`, path);
  }
  return {
    kind: "line",
    isSqlite: start === SQLITE_MAGIC,
    rows: () => rowsOf(path, file),
    close: () => closeSync(file),
  };
}

function* rowsOf(path: string, file: number): Iterable<RawRow> {
  let row = 0;
  for (const line of linesOf(path, file)) {
    row++;
    if (line.trim() !== "") yield { row, value: parsed(line) };
  }
}

/** What is no JSON is passed on as the text it is, which is no event. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

function* linesOf(path: string, file: number): Iterable<string> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(PIECE);
  let rest = "";
  for (let position = 0;;) {
    const count = readPiece(path, file, bytes, position);
    position += count;
    rest += decoder.decode(bytes.subarray(0, count), { stream: count > 0 });
    const lines = rest.split("\n");
    rest = lines.pop()!.slice(0, MAX_LINE_LENGTH); // of a text split there is always a last part
    yield* lines;
    if (count > 0) continue;
    if (rest !== "") yield rest;
    return;
  }
}

function readPiece(path: string, file: number, bytes: Uint8Array, position: number): number {
  try {
    return readSync(file, bytes, 0, bytes.length, position);
  } catch (error) {
    throw new EventFileError(`Cannot read '${path}': ${reasonOf(error)}`, path);
  }
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  for (const [word, reason] of REASONS) if (message.includes(word)) return reason;
  return "the disk failed";
}

const REASONS = [
  ["ENOENT", "there is no such file"],
  ["EISDIR", "it is a directory"],
  ["EACCES", "it must be readable"],
  ["EPERM", "it must be readable"],
  ["os error 21", "it is a directory"],
  ["access to", "it needs permission to read the file (--allow-read)"],
] as const;
