/**
 * Makes summaries of what a registry tells, in memory that follows the hosts in use. Hands over those of hosts
 * in trouble; nothing is kept of a host that is well but the present minute, so that the minute in which
 * trouble begins is whole. Writes nothing.
 *
 * @module
 */
import type {
  BreakerEvent,
  DenialEvent,
  EventType,
  OutcomeEvent,
  TransitionEvent,
} from "../breaker/events.ts";
import { countInto } from "./histogram.ts";
import { addMinute, minuteOf, type Summary } from "./summary.ts";
import { heed, type Mark, type Share, type Spell } from "./summary_block.ts";
import { addDenial, addNumbers, addOutcome, type Draft, newDraft } from "./summary_draft.ts";

/** What the book wants to hear of. */
export const SUMMARY_TYPES: readonly EventType[] = ["outcome", "denial", "transition"];

/** How a book is kept. */
interface SummaryBookOptions {
  /** Hosts at once; those unused for longest are dropped. */
  maxHosts: number;
  /** Name of the breaker that counts the failures of a role. */
  breakerOf: (host: string, role: string) => string;
  /** True where every process has breakers of its own: then none is opened here and closed elsewhere. */
  alone: boolean;
  /** There is something to be taken from now on. */
  onTrouble: () => void;
}

/** What one process has to say of one host and role. */
export interface HostShare extends Share {
  host: string;
  role: string;
}

/** A minute that is over. */
interface Finished {
  role: string;
  minute: number;
  draft: Draft;
}

interface HostEntry {
  readonly host: string;
  /** The minute of the drafts. */
  minute: number;
  /** Of the present minute, by role. */
  readonly drafts: Map<string, Draft>;
  /** Of earlier ones. */
  finished: Finished[];
  marks: (Mark & { role: string })[];
  /** Failures in a row by the name of the breaker; absent where there are none. */
  runs: Map<string, number> | undefined;
  /** By the name of the breaker, where they are not kept in the store. */
  spells: Map<string, Spell> | undefined;
  /** The first minute that is not worth keeping. */
  keptUntil: number;
  /** Trouble that was not taken yet. */
  isUrgent: boolean;
}

/** Minutes that a host counts as in trouble after the last sign of it, so that ratios have their denominators. */
const TROUBLE_MINUTES = 60;
/** Roles of a host at once; the names are the caller's. */
const MAX_ROLES = 64;
/** Hosts looked at for one that is well, where one has to go. */
const MAX_LOOKED_AT = 16;

/** See the module's description. */
export class SummaryBook {
  /** Host-minutes that were dropped before they were taken, and events of roles that were too many. */
  dropped = 0;
  readonly #options: SummaryBookOptions;
  readonly #hosts = new Map<string, HostEntry>();
  readonly #troubled = new Set<HostEntry>();

  constructor(options: SummaryBookOptions) {
    this.#options = options;
  }

  /** Hosts held now. */
  get size(): number {
    return this.#hosts.size;
  }

  /** True where something is to be taken, now or later. */
  get isTroubled(): boolean {
    return this.#troubled.size > 0;
  }

  /** Takes note of what happened. */
  note(event: BreakerEvent): void {
    if (event.type === "outcome") this.#outcome(event);
    else if (event.type === "denial") this.#denial(event);
    else if (event.type === "transition") this.#transition(event);
  }

  /**
   * Hands over what there is of hosts in trouble: what is urgent at once, quiet minutes when they are over.
   *
   * @param everything the present minute of quiet hosts too
   */
  take(nowMs: number, everything: boolean): HostShare[] {
    const now = minuteOf(nowMs);
    const shares: HostShare[] = [];
    for (const entry of this.#troubled) {
      if (everything || entry.isUrgent || entry.minute !== now) this.#finish(entry);
      entry.isUrgent = false;
      if (entry.finished.length > 0 || entry.marks.length > 0) shares.push(...sharesOf(entry));
      entry.finished = [];
      entry.marks = [];
      if (now >= entry.keptUntil) this.#troubled.delete(entry);
    }
    return shares;
  }

  // ---- events -------------------------------------------------------------------------------------------

  #outcome(event: OutcomeEvent): void {
    const { host, role = "", kind, status } = event;
    const entry = this.#entry(host, event.at);
    const draft = this.#draft(entry, role);
    if (draft === undefined) return;
    addOutcome(draft, event);
    if (kind === "cancelled") return;
    if (kind === "failure" || status === 429 || status === 503) this.#inTrouble(entry);
    if (!event.recorded) return;
    if (kind === "failure") this.#addToRun(entry, role, draft);
    else if (kind === "success" && entry.runs !== undefined) this.#endRun(entry, role, draft);
  }

  #addToRun(entry: HostEntry, role: string, draft: Draft): void {
    const breaker = this.#options.breakerOf(entry.host, role);
    const run = (entry.runs?.get(breaker) ?? 0) + 1;
    (entry.runs ??= new Map()).set(breaker, run);
    draft.longestRun = Math.max(draft.longestRun, run);
  }

  #endRun(entry: HostEntry, role: string, draft: Draft): void {
    const breaker = this.#options.breakerOf(entry.host, role);
    const run = entry.runs?.get(breaker);
    if (run === undefined) return;
    countInto(draft.runs, run);
    entry.runs?.delete(breaker);
    if (entry.runs?.size === 0) entry.runs = undefined;
  }

  #denial({ scope, host, role = "", reason, at }: DenialEvent): void {
    if (scope !== "host") return;
    const entry = this.#entry(host, at);
    const draft = this.#draft(entry, role);
    if (draft === undefined) return;
    addDenial(draft, reason);
    this.#inTrouble(entry);
  }

  #transition({ scope, key, role = "", at, from, to, reason }: TransitionEvent): void {
    if (scope !== "host") return;
    const entry = this.#entry(key, at);
    const draft = this.#draft(entry, role);
    if (draft === undefined) return;
    this.#inTrouble(entry);
    if (to === "open" && from !== "open") {
      if (reason === "open") {
        draft.opens++;
        this.#mark(entry, role, draft, { at, kind: from === "closed" ? "open" : "again" });
      } else if (reason !== "manual") draft.cooldowns++;
    }
    if (to === "closed") {
      this.#mark(entry, role, draft, { at, kind: reason === "probes" ? "close" : "reset" });
    }
  }

  #mark(entry: HostEntry, role: string, draft: Draft, mark: Mark): void {
    if (!this.#options.alone) {
      entry.marks.push({ ...mark, role });
      return;
    }
    entry.spells ??= new Map();
    const { spell, adds } = heed(entry.spells.get(role) ?? {}, mark);
    entry.spells.set(role, spell);
    if (adds) addNumbers(draft, adds);
  }

  // ---- entries ------------------------------------------------------------------------------------------

  #entry(host: string, at: number): HostEntry {
    const minute = minuteOf(at);
    const known = this.#hosts.get(host);
    if (known?.minute === minute) return known;
    const entry = known ?? newEntry(host, minute);
    this.#finish(entry);
    entry.minute = minute;
    // Once a minute is often enough to know who was used last.
    if (known !== undefined) this.#hosts.delete(host);
    this.#hosts.set(host, entry);
    if (this.#hosts.size > this.#options.maxHosts) this.#dropOldest(entry);
    return entry;
  }

  /** Undefined where the host has too many roles. */
  #draft({ drafts }: HostEntry, role: string): Draft | undefined {
    const known = drafts.get(role);
    if (known !== undefined) return known;
    if (drafts.size >= MAX_ROLES) {
      this.dropped++;
      return undefined;
    }
    const draft = newDraft();
    drafts.set(role, draft);
    return draft;
  }

  /** The present minute is over, or is taken as far as it is. */
  #finish(entry: HostEntry): void {
    const { minute, drafts, finished, keptUntil } = entry;
    if (drafts.size === 0) return;
    if (minute < keptUntil) {
      for (const [role, draft] of drafts) finished.push({ role, minute, draft });
    }
    drafts.clear();
  }

  #inTrouble(entry: HostEntry): void {
    entry.keptUntil = entry.minute + TROUBLE_MINUTES;
    if (entry.isUrgent) return;
    entry.isUrgent = true;
    this.#troubled.add(entry);
    this.#options.onTrouble();
  }

  /** One that is well goes first: of it nothing is lost. */
  #dropOldest(kept: HostEntry): void {
    let oldest: HostEntry | undefined;
    let looked = 0;
    for (const entry of this.#hosts.values()) {
      if (entry === kept || looked++ === MAX_LOOKED_AT) break;
      oldest ??= entry;
      if (this.#troubled.has(entry)) continue;
      oldest = entry;
      break;
    }
    if (oldest === undefined) return;
    this.#finish(oldest);
    this.dropped += oldest.finished.length;
    this.#hosts.delete(oldest.host);
    this.#troubled.delete(oldest);
  }
}

function newEntry(host: string, minute: number): HostEntry {
  return {
    host,
    minute,
    drafts: new Map(),
    finished: [],
    marks: [],
    runs: undefined,
    spells: undefined,
    keptUntil: -Infinity,
    isUrgent: false,
  };
}

/** One share for each role. */
function sharesOf({ host, finished, marks }: HostEntry): HostShare[] {
  const roles = new Set([...finished, ...marks].map(({ role }) => role));
  return [...roles].map((role) => {
    const minutes = new Map<number, Summary>();
    for (const { minute, draft } of finished.filter((one) => one.role === role)) {
      addMinute(minutes, minute, draft);
    }
    const mine = marks.filter((mark) => mark.role === role);
    return { host, role, minutes, marks: mine.map(({ at, kind }) => ({ at, kind })) };
  });
}
