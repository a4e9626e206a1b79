/**
 * How answers look: colours, tables, spans of time. Nothing here writes.
 *
 * @module
 */
import type { BreakerState } from "../breaker/state.ts";

/** Colours a text, or leaves it as it is. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** Colours for a terminal that takes them. */
export function paintFor({ hasColours }: { hasColours: boolean }): Paint {
  const painted = (code: number) => (text: string) =>
    hasColours && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
  return {
    bold: painted(CODES.bold),
    dim: painted(CODES.dim),
    red: painted(CODES.red),
    green: painted(CODES.green),
    yellow: painted(CODES.yellow),
  };
}

/** A state in its colour. */
export function paintState(paint: Paint, state: BreakerState, text: string = state): string {
  if (state === "open") return paint.red(text);
  return state === "half_open" ? paint.yellow(text) : paint.green(text);
}

// deno-lint-ignore no-control-regex -- what colours are made of
const CODE = /\x1b\[[0-9]*m/g;

function width(text: string): number {
  return text.replace(CODE, "").length;
}

/** Rows below a head, in columns as wide as they need to be. Colours take no room. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => width(row[i] ?? "")))
  );
  const line = (row: readonly string[]) =>
    row.map((text, i) => text + " ".repeat(widths[i]! - width(text))).join("  ").trimEnd();
  return [head, ...rows].map(line).join("\n") + "\n";
}

/** As many lines as a screen shows, those that are broken counted in full; what does not fit is told of. */
export function fitted(
  lines: readonly string[],
  { columns, rows }: { columns: number; rows: number },
): string[] {
  // The cursor stands on the line after the last.
  let room = rows - 1;
  const heights = lines.map((line) => Math.max(1, Math.ceil(width(line) / columns)));
  if (heights.reduce((sum, height) => sum + height, 0) <= room) return [...lines];
  room--; // for what is told
  const most = heights.findIndex((height) => (room -= height) < 0);
  return [...lines.slice(0, most), `... and ${lines.length - most} lines more`];
}

/** What others wrote, in one line that cannot move the cursor. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}

const UNITS: readonly (readonly [string, number])[] = [["d", 86_400], ["h", 3_600], ["m", 60]];

/** `45s`, `1m 30s`, `2h 5m`: the two largest units; `null`, as JSON says Infinity: no end. */
export function span(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return "until closed";
  let seconds = Math.ceil(ms / 1_000);
  const parts: string[] = [];
  for (const [unit, inSeconds] of UNITS) {
    const count = Math.floor(seconds / inSeconds);
    if (count > 0) parts.push(`${count}${unit}`);
    seconds -= count * inSeconds;
  }
  if (seconds > 0 || parts.length === 0) parts.push(`${seconds}s`);
  return parts.slice(0, 2).join(" ");
}

/** `14:03:07`, by the clock on the wall. */
export function clock(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

/** `at 14:03:07`, and where that was another day: `on 2026-03-09 at 14:03:07`. */
export function when(at: number, now: number): string {
  const day = dayOf(at);
  return `${day === dayOf(now) ? "" : `on ${day} `}at ${clock(at)}`;
}

/** Who set an override, when and why, as far as that is known: ` by ops at 14:03:07: maintenance`. */
export function originOf(
  { overridden_by: by, overridden_at: at, reason }: {
    overridden_by?: string;
    overridden_at?: number;
    reason?: string;
  },
  now: number,
): string {
  const parts = [
    by === undefined ? "" : ` by ${plain(by)}`,
    at === undefined ? "" : ` ${when(at, now)}`,
    reason === undefined ? "" : `: ${plain(reason)}`,
  ];
  return parts.join("");
}

function dayOf(at: number): string {
  const date = new Date(at);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join("-");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
