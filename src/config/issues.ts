/**
 * What is wrong with a configuration: the error, its lines, and the key that was probably meant.
 * Nothing here knows what a configuration holds.
 *
 * @module
 */

/** One thing wrong with a configuration. */
export interface ConfigIssue {
  /** `unknown_key`: not a name that is known there; `value`: not allowed there; `syntax`: not readable at all. */
  kind: "unknown_key" | "value" | "syntax";
  /** The file, variable or flag it stands in; absent for a request body. */
  source?: string;
  /** Where, in the YAML's names: `hosts["api.crossref.org"].fail_max`; empty for the whole. */
  path: string;
  /** What was found. */
  found: string;
  /** What is allowed. */
  expected: string;
  /** The nearest allowed word, where this looks like a slip of the pen. */
  suggestion?: string;
  /** Line in the source, from 1, where known. */
  line?: number;
  /** Column in that line, from 1, where known. */
  column?: number;
}

/** A configuration that was refused, with everything that is wrong with it. */
export class ConfigError extends Error {
  /** Always `"ConfigError"`. */
  override readonly name = "ConfigError";
  /** Everything that is wrong, in the order of the sources. */
  readonly issues: readonly ConfigIssue[];

  /** The message holds one line for each issue. */
  constructor(issues: readonly ConfigIssue[], options?: ErrorOptions) {
    super(issues.map(issueLine).join("\n"), options);
    this.issues = issues;
  }
}

function issueLine(issue: ConfigIssue): string {
  const position = issue.line === undefined ? "" : `:${issue.line}:${issue.column ?? 1}`;
  const where = [`${issue.source ?? ""}${position}`, issue.path].filter((part) => part !== "");
  const hint = issue.suggestion === undefined ? "" : `; did you mean '${issue.suggestion}'?`;
  return [...where, problem(issue) + hint].join(": ");
}

function problem(issue: ConfigIssue): string {
  if (issue.kind === "syntax") return `${issue.found}; expected ${issue.expected}`;
  if (issue.kind === "value") return `found ${issue.found}; expected ${issue.expected}`;
  // With a suggestion the list of everything allowed would only bury it; it stays in `expected`.
  return issue.suggestion === undefined ? `unknown key; expected ${issue.expected}` : "unknown key";
}

/** Keys from the root to a value. */
export type Path = readonly (string | number)[];

/** A path as a reader would write it: dots between plain names, brackets and quotes around all others. */
export function formatPath(path: Path): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (!/^[A-Za-z_][\w-]*$/.test(key)) text += `[${JSON.stringify(key)}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}

const LONGEST_SHOWN = 60;

/** A value as an error message shows it: short, and never a whole tree. */
export function describeFound(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string") {
    const short = value.length > LONGEST_SHOWN ? value.slice(0, LONGEST_SHOWN) + "…" : value;
    return JSON.stringify(short);
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return "a mapping";
  return String(value);
}

/** The candidate that was probably meant, or undefined where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = simplified(word);
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const other = simplified(candidate);
    // A unit left out, or a name cut short, is as near as a single wrong letter.
    const cutShort = plain.length >= 4 && other.startsWith(plain);
    const distance = cutShort ? 1 : editDistance(plain, other);
    const limit = Math.max(1, Math.min(3, Math.floor(Math.max(plain.length, other.length) / 3)));
    if (distance > limit || (best !== undefined && best.distance <= distance)) continue;
    best = { candidate, distance };
  }
  return best?.candidate;
}

function simplified(word: string): string {
  // Longer than any key: nobody's slip of the pen, and not worth the square of its length.
  return word.slice(0, 64).toLowerCase().replaceAll("-", "_");
}

/** Letters to insert, delete, replace or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
