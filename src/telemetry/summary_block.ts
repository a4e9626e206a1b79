/**
 * What is stored of one host and role in one hour: its minutes, what its breaker is in the middle of, and whose
 * shares are in it. Pure; its text stands in `summary_codec.ts`.
 *
 * @module
 */
import { addSample } from "./histogram.ts";
import { addMinute, EMPTY_SUMMARY, minuteOf, type Summary } from "./summary.ts";

/**
 * What happened to a breaker, for what takes more than one event to be known, and maybe more than one process:
 * `open` from closed by outcomes, `again` by a probe that failed, `close` by probes, `reset` by an operator.
 */
export interface Mark {
  at: number;
  kind: "open" | "again" | "close" | "reset";
}

/** What a breaker is in the middle of, in epoch milliseconds. */
export interface Spell {
  /** The first open by outcomes since it was closed; absent where it is not open by them. */
  openedAt?: number;
  /** When probes closed it last. */
  closedAt?: number;
}

/** What one process adds. */
export interface Share {
  /** By whole minutes since the epoch. */
  minutes: ReadonlyMap<number, Summary>;
  /** In the order in which they happened. */
  marks: readonly Mark[];
}

/** See the module's description. */
export interface Block {
  /** By whole minutes since the epoch. */
  minutes: ReadonlyMap<number, Summary>;
  spell: Spell;
  /** The number of the last share of each process that is in it, the latest writer last. */
  writers: ReadonlyMap<string, number>;
}

/** What one block covers, in milliseconds. */
export const BLOCK_MS = 3_600_000;

/** The hour that a moment is in: whole hours since the epoch, which name blocks. */
export function hourOf(ms: number): number {
  return Math.floor(ms / BLOCK_MS);
}

/** An open so soon after a close is a reopen, in milliseconds. */
const REOPEN_MS = 120_000;
/** Processes whose last share is remembered; see {@linkcode isIn}. */
export const MAX_WRITERS = 64;
/** Marks that wait for the store at most; the oldest are given up. */
const MAX_MARKS = 500;

/** Nothing happened yet. */
export const EMPTY_BLOCK: Block = { minutes: new Map(), spell: {}, writers: new Map() };

/** What a mark makes of a spell, and what it adds to the minute in which it happened. */
export function heed(
  spell: Spell,
  { at, kind }: Mark,
): { spell: Spell; adds?: Partial<Summary> } {
  const { openedAt, closedAt } = spell;
  switch (kind) {
    case "open":
      // What comes late from another process is over already.
      if (closedAt !== undefined && at < closedAt) return { spell };
      return {
        spell: { ...spell, openedAt: at },
        ...(closedAt !== undefined && at - closedAt <= REOPEN_MS && { adds: { reopens: 1 } }),
      };
    case "again":
      return { spell: { ...spell, openedAt: openedAt ?? at } };
    case "close": {
      if (openedAt === undefined) return { spell: { closedAt: at } };
      const openS = addSample({}, Math.max(0, at - openedAt) / 1_000);
      return { spell: { closedAt: at }, adds: { openS } };
    }
    case "reset":
      return { spell: {} };
  }
}

/** True where the block holds this share: a write whose answer was lost may have arrived. */
export function isIn(block: Block | undefined, process: string, number: number): boolean {
  return (block?.writers.get(process) ?? 0) >= number;
}

/**
 * The block with one share more.
 *
 * @param before the spell at the end of the hour before, where it is known
 */
export function addShare(
  block: Block,
  { minutes: added, marks }: Share,
  process: string,
  number: number,
  before: Spell = {},
): Block {
  const minutes = new Map(block.minutes);
  for (const [minute, summary] of added) addMinute(minutes, minute, summary);
  let spell = block.minutes.size === 0 ? before : block.spell;
  for (const mark of marks) {
    const next = heed(spell, mark);
    spell = next.spell;
    if (next.adds) addMinute(minutes, minuteOf(mark.at), { ...EMPTY_SUMMARY, ...next.adds });
  }
  return { minutes, spell, writers: written(block.writers, process, number) };
}

function written(
  before: ReadonlyMap<string, number>,
  process: string,
  number: number,
): ReadonlyMap<string, number> {
  const writers = new Map(before);
  writers.delete(process);
  writers.set(process, number);
  const [oldest] = writers.keys();
  if (writers.size > MAX_WRITERS) writers.delete(oldest!);
  return writers;
}

/** Two shares of one process as one. */
export function joinShares(a: Share | undefined, b: Share): Share {
  if (a === undefined) return b;
  const minutes = new Map(a.minutes);
  for (const [minute, summary] of b.minutes) addMinute(minutes, minute, summary);
  return { minutes, marks: [...a.marks, ...b.marks].slice(-MAX_MARKS) };
}
