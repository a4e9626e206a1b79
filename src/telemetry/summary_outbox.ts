/**
 * What one process has still to add to the blocks of summaries in the store: by block, each share with a number that
 * it is told apart by, and kept until the store has confirmed it. Asks no store itself.
 *
 * @module
 */
import { drawIdPrefix } from "../registry/id_prefix.ts";
import { addMinute, MINUTE_MS, type Summary } from "./summary.ts";
import {
  addShare,
  type Block,
  EMPTY_BLOCK,
  hourOf,
  isIn,
  joinShares,
  type Mark,
  type Share,
  type Spell,
} from "./summary_block.ts";
import type { HostShare } from "./summary_book.ts";
import { readSummaryKey, summaryKey } from "./summary_codec.ts";

/** A share, and the number that it is told apart by. */
interface NumberedShare {
  readonly share: Share;
  readonly number: number;
}

/** What is on its way to one block. */
interface Outgoing {
  /** Sent, and not known to have arrived. */
  sent?: NumberedShare;
  /** What happened since. */
  next?: Share;
}

/** Blocks that wait for the store at most; what comes for others is dropped. */
const MAX_OUTGOING = 20_000;

/** See the module's description. */
export class SummaryOutbox {
  /** Shares of an hour that were dropped since too many wait for the store. */
  dropped = 0;
  readonly #process = drawIdPrefix();
  readonly #outgoing = new Map<string, Outgoing>();
  #number = 0;

  /** Blocks that something waits for. */
  get size(): number {
    return this.#outgoing.size;
  }

  /** The keys of those blocks, the one that has waited longest first. */
  keys(): string[] {
    return [...this.#outgoing.keys()];
  }

  /** Takes what happened to a host, hour by hour. */
  add(taken: HostShare): void {
    for (const [hour, share] of hoursOf(taken)) {
      const key = summaryKey(hour, taken.host, taken.role);
      const known = this.#outgoing.get(key);
      if (known !== undefined) known.next = joinShares(known.next, share);
      else if (this.#outgoing.size < MAX_OUTGOING) this.#outgoing.set(key, { next: share });
      else this.dropped += share.minutes.size;
    }
  }

  /** What goes to a block now: what was sent and not confirmed, as it was, or else what happened since. */
  sending(key: string): NumberedShare {
    const outgoing = this.#outgoing.get(key)!; // something waits for each of `keys`
    if (outgoing.sent === undefined) {
      outgoing.sent = { share: outgoing.next!, number: ++this.#number };
      outgoing.next = undefined;
    }
    return outgoing.sent;
  }

  /** The store has confirmed what was sent, or has not. */
  settle(key: string, isWritten: boolean): void {
    const outgoing = this.#outgoing.get(key)!; // it was sent, and is settled once
    if (isWritten) outgoing.sent = undefined;
    // What waits behind it, or was not confirmed, lets the others go first.
    this.#outgoing.delete(key);
    if (outgoing.sent ?? outgoing.next) this.#outgoing.set(key, outgoing);
  }

  /**
   * The block with a share of this process; the very same where it holds that already.
   *
   * @param before the spell at the end of the hour before, where it is known
   */
  blockWith(block: Block | undefined, { share, number }: NumberedShare, before?: Spell): Block {
    if (block !== undefined && isIn(block, this.#process, number)) return block;
    return addShare(block ?? EMPTY_BLOCK, share, this.#process, number, before);
  }

  /** Adds to the blocks of an hour what waits for them. */
  addTo(blocks: Map<string, Block>, hour: number, host: string | undefined): void {
    for (const [key, { sent, next }] of this.#outgoing) {
      const parts = readSummaryKey(key);
      if (parts?.hour !== hour || (host !== undefined && parts.host !== host)) continue;
      let block = blocks.get(key);
      if (sent !== undefined) block = this.blockWith(block, sent);
      if (next !== undefined) {
        block = this.blockWith(block, { share: next, number: this.#number + 1 });
      }
      if (block !== undefined) blocks.set(key, block);
    }
  }
}

/** A share by the hours in which it happened. */
function hoursOf({ minutes, marks }: HostShare): Map<number, Share> {
  const hours = new Map<number, { minutes: Map<number, Summary>; marks: Mark[] }>();
  const of = (hour: number) => {
    const known = hours.get(hour);
    if (known !== undefined) return known;
    const made = { minutes: new Map<number, Summary>(), marks: [] };
    hours.set(hour, made);
    return made;
  };
  for (const [minute, summary] of minutes) {
    addMinute(of(hourOf(minute * MINUTE_MS)).minutes, minute, summary);
  }
  for (const mark of marks) of(hourOf(mark.at)).marks.push(mark);
  return hours;
}
