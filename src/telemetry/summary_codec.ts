/**
 * A block of summaries as text: compact JSON with a version, never longer than every store takes. Where it
 * would be, values are told apart less finely; no count is lost.
 *
 * @module
 */
import type { DenialReason } from "../breaker/state.ts";
import { plainKind, type RecordKind } from "../registry/engine/record_kind.ts";
import { KEY_PREFIX } from "../registry/store_keys.ts";
import { coarser, type Histogram, MAX_VALUE } from "./histogram.ts";
import { addMinute, EMPTY_SUMMARY, MINUTE_MS, type Summary } from "./summary.ts";
import { type Block, BLOCK_MS, MAX_WRITERS, type Spell } from "./summary_block.ts";

/** What the keys of all blocks start with. */
export const SUMMARY_PREFIX = `${KEY_PREFIX}summary:`;

const BLOCK_MINUTES = BLOCK_MS / MINUTE_MS;
const VERSION = 1;
/** A little below the limit of every store: nothing but ASCII is written. */
const MAX_LENGTH = 59_000;
/** Minutes that become one where nothing else makes a block short enough. */
const LAST_RESORT_MINUTES = 10;

const COUNTS = [
  "calls",
  "fromCache",
  "network",
  "successes",
  "neutral",
  "cancelled",
  "failures",
  "status429",
  "status503",
  "status5xx",
  "timeouts",
  "otherErrors",
  "opens",
  "cooldowns",
  "reopens",
  "probeSuccesses",
  "probeFailures",
  "longestRun",
] as const;
const HISTOGRAMS = ["retryAfterS", "latencyMs", "openS", "runs"] as const;
const REASONS: readonly DenialReason[] = [
  "open",
  "retry_after",
  "rolling",
  "manual",
  "probes",
  "rate",
];

/** Where the summaries of an hour stand. Hours come first: a window is listed hour by hour. */
export function summaryKey(hour: number, host: string, role: string): string {
  return `${SUMMARY_PREFIX}${hour}:${host}:${role}`;
}

/** What a key says; undefined where it is none. A host may hold colons, a role cannot. */
export function readSummaryKey(
  key: string,
): { hour: number; host: string; role: string } | undefined {
  const [, hour, host, role] = /^(\d{1,9}):(.+):([a-z0-9_-]*)$/.exec(
    key.slice(SUMMARY_PREFIX.length),
  ) ?? [];
  if (hour === undefined || host === undefined || role === undefined) return undefined;
  return { hour: Number(hour), host, role };
}

/** What the engine must know of blocks. @param keptMs how long they are kept after their hour */
export function summaryKind(keptMs: number): RecordKind<Block> {
  const endOf = (key: string) => ((readSummaryKey(key)?.hour ?? 0) + 1) * BLOCK_MS + keptMs;
  // What of a share is not in the stored block is added again by whoever sent it: two blocks that have
  // most in common cannot be added.
  const join = (stored: Block) => stored;
  return plainKind({ encode: encodeBlock, decode: decodeBlock, endOf, join });
}

// ---- writing ------------------------------------------------------------------------------------------

/** The block as text, as fine as fits. */
export function encodeBlock(block: Block): string {
  let text = write(block);
  for (const digits of [1, 0] as const) {
    if (text.length <= MAX_LENGTH) return text;
    text = write({ ...block, minutes: coarseMinutes(block.minutes, digits) });
  }
  if (text.length <= MAX_LENGTH) return text;
  return write({ ...block, minutes: coarseMinutes(block.minutes, 0, LAST_RESORT_MINUTES) });
}

function coarseMinutes(
  minutes: ReadonlyMap<number, Summary>,
  digits: 0 | 1,
  width = 1,
): Map<number, Summary> {
  const coarse = new Map<number, Summary>();
  for (const [minute, summary] of minutes) {
    const first = minute - minute % width;
    const rounded = { ...summary };
    for (const name of HISTOGRAMS) rounded[name] = coarser(summary[name], digits);
    addMinute(coarse, first, rounded);
  }
  return coarse;
}

function write({ minutes, spell, writers }: Block): string {
  const { openedAt = null, closedAt = null } = spell;
  const rows = [...minutes].sort(([a], [b]) => a - b).map(([minute, summary]) =>
    trimmed([
      minute,
      trimmed(COUNTS.map((name) => summary[name])),
      trimmed(REASONS.map((reason) => summary.denials[reason] ?? 0)),
      ...HISTOGRAMS.map((name) => isEmpty(summary[name]) ? 0 : summary[name]),
    ])
  );
  return JSON.stringify([VERSION, [openedAt, closedAt], [...writers], rows]);
}

/** Without what says nothing at its end. */
function trimmed<T>(list: T[]): T[] {
  let length = list.length;
  const isNothing = (item: T) => item === 0 || (Array.isArray(item) && item.length === 0);
  while (length > 0 && isNothing(list[length - 1]!)) length--;
  return list.slice(0, length);
}

function isEmpty(histogram: Histogram): boolean {
  for (const _ in histogram) return false;
  return true;
}

// ---- reading ------------------------------------------------------------------------------------------

/** The block of a text; undefined where it is none, or of another version. */
export function decodeBlock(text: string): Block | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value[0] !== VERSION) return undefined;
  const [, times, writers, rows]: unknown[] = value;
  const spell = readSpell(times);
  const known = readWriters(writers);
  if (spell === undefined || known === undefined || !Array.isArray(rows)) return undefined;
  if (rows.length > BLOCK_MINUTES) return undefined;
  const minutes = new Map<number, Summary>();
  for (const row of rows) {
    const summary = readSummary(row);
    if (summary === undefined) return undefined;
    minutes.set(row[0], summary);
  }
  return { minutes, spell, writers: known };
}

function readSpell(times: unknown): Spell | undefined {
  if (!Array.isArray(times) || !times.every((time) => time === null || isTime(time))) {
    return undefined;
  }
  const [openedAt, closedAt] = times;
  return { openedAt: openedAt ?? undefined, closedAt: closedAt ?? undefined };
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function readWriters(list: unknown): Map<string, number> | undefined {
  if (!Array.isArray(list) || list.length > MAX_WRITERS) return undefined;
  const writers = new Map<string, number>();
  for (const entry of list) {
    if (!Array.isArray(entry)) return undefined;
    const [process, number] = entry;
    if (typeof process !== "string" || !isCount(number)) return undefined;
    writers.set(process, number);
  }
  return writers;
}

function readSummary(row: unknown): Summary | undefined {
  if (!Array.isArray(row) || !isCount(row[0])) return undefined;
  const [, counts = [], denials = [], ...histograms]: unknown[] = row;
  if (!areCounts(counts, COUNTS.length) || !areCounts(denials, REASONS.length)) return undefined;
  const summary: Summary = { ...EMPTY_SUMMARY };
  counts.forEach((count, i) => summary[COUNTS[i]!] = count);
  if (denials.length > 0) {
    const said = denials.map((count, i) => [REASONS[i], count] as const);
    summary.denials = Object.fromEntries(said.filter(([, count]) => count > 0));
  }
  if (histograms.length > HISTOGRAMS.length) return undefined;
  for (let i = 0; i < histograms.length; i++) {
    const histogram = histograms[i];
    if (histogram === 0) continue;
    if (!isHistogram(histogram)) return undefined;
    summary[HISTOGRAMS[i]!] = histogram;
  }
  return summary;
}

function isHistogram(value: unknown): value is Histogram {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  for (const [key, count] of Object.entries(value)) {
    if (!isCount(count) || !(Number(key) <= MAX_VALUE) || !/^\d+$/.test(key)) return false;
  }
  return true;
}

function areCounts(list: unknown, most: number): list is number[] {
  return Array.isArray(list) && list.length <= most && list.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0; // safe: a whole number
}
