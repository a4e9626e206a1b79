/**
 * The slice of a rate that this process holds: slots that are not used yet, and what was learned when they
 * were leased. In memory only; where leases come from is decided by whoever holds it.
 *
 * @module
 */
import { parseLimits } from "../breaker/rate_limits.ts";
import { countOutcome, isLimited, type LimitedCount, NONE_LIMITED } from "./aimd.ts";
import { type Slot, type Spacing, spacingOf } from "./gcra.ts";
import { type Grant, LEASE_MS, MAX_SLOTS } from "./lease.ts";

/** Slots that begin later than this, in milliseconds, come after those of others: there are no more than are wanted. */
const BACKLOG_MS = 150;

/** See the module's description. */
export class HeldLease {
  /** The store's key of the rate. */
  readonly key: string;
  readonly rate: string;
  readonly spacings: readonly Spacing[];
  /** Callers who wait for slots. */
  waiting = 0;
  /** The process has use for so many slots at a time. */
  size = 1;
  /** Until the store says otherwise there is no slot before this, in epoch milliseconds. */
  freeAt = -Infinity;
  /** The store is not asked again before this, in epoch milliseconds: it had no slot that was near enough. */
  refusedUntil = -Infinity;
  /** When the multiplier fell last, as far as this process knows; in epoch milliseconds. */
  fellAt = -Infinity;
  /** Processes that shared the rate when the store was asked last. */
  processes = 1;
  /** The last lease was taken without the store. */
  degraded = false;
  /** When the last lease was taken, in epoch milliseconds. */
  tookAt = -Infinity;
  /** Slots of the last lease. */
  took = 0;
  /** When somebody last asked for it, in epoch milliseconds. */
  usedAt: number;
  #slots: Slot[] = [];
  #outcomes: LimitedCount = NONE_LIMITED;
  /** Slots of the last lease that passed unused. */
  #lost = 0;

  constructor(key: string, rate: string, now: number) {
    this.key = key;
    this.rate = rate;
    this.spacings = parseLimits(rate).map(spacingOf);
    this.usedAt = now;
  }

  /** Forgets slots that have passed; all of them where the clock was set back. */
  pass(now: number): void {
    if (this.usedAt - now > LEASE_MS) {
      this.#slots = [];
      this.freeAt =
        this.refusedUntil =
        this.fellAt =
        this.tookAt =
          -Infinity;
    }
    this.usedAt = now;
    let passed = 0;
    while (passed < this.#slots.length && this.#slots[passed]!.until <= now) passed++;
    if (passed === 0) return;
    this.#slots.splice(0, passed);
    this.#lost += passed;
  }

  /** The first slot that may be used at `time` or later. */
  slotFrom(time: number): Slot | undefined {
    return this.#slots.find(({ until }) => until > time);
  }

  /** Slots that may be used between two moments. */
  usable(from: number, latest: number): number {
    return this.#slots.filter(({ at, until }) => until > from && at <= latest).length;
  }

  /** Uses a slot up. */
  use(slot: Slot): void {
    this.#slots.splice(this.#slots.indexOf(slot), 1);
  }

  /** Takes back a slot that was not used after all. */
  giveBack(slot: Slot): void {
    const next = this.#slots.findIndex(({ at }) => at > slot.at);
    this.#slots.splice(next === -1 ? this.#slots.length : next, 0, slot);
  }

  /**
   * Takes a lease in. Whoever asks often gets twice as many slots next time, where he uses them all or nobody else
   * waits for them; else as many as he used.
   *
   * @param share of how far the process may reach, after a refusal, from 0 to 1: so that not all ask again at once
   */
  take({ slots, freeAt, reachMs, fellAt }: Grant, now: number, share: number): void {
    this.fellAt = fellAt ?? -Infinity;
    this.freeAt = freeAt;
    if (slots.length === 0) {
      this.refusedUntil = freeAt - reachMs * share;
      return;
    }
    const used = this.took - this.#lost;
    const isBusy = now - this.tookAt < LEASE_MS;
    const hasRoom = this.#lost === 0 || slots[0]!.at <= now + BACKLOG_MS;
    this.size = Math.min(MAX_SLOTS, Math.max(1, isBusy && hasRoom ? this.size * 2 : used));
    this.tookAt = now;
    this.took = slots.length;
    this.#lost = 0;
    this.#slots.push(...slots);
  }

  /** The multiplier fell: slots that were leased before are too many. */
  fall(at: number): void {
    this.fellAt = at;
    this.#slots = [];
  }

  /** Counts an outcome. */
  count(isLimited: boolean, now: number): void {
    this.#outcomes = countOutcome(this.#outcomes, isLimited, now);
  }

  /** True where this process sees too many 429s. */
  isLimited(now: number): boolean {
    return isLimited(this.#outcomes, now);
  }

  /** True where it says nothing that a new one would not learn. */
  isIdle(now: number): boolean {
    return this.waiting === 0 && Math.abs(now - this.usedAt) > 60 * LEASE_MS;
  }
}
