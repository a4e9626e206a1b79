/**
 * Outcomes count once and in time: not after the lease, the permit or an operator; none is lost, none counts
 * twice, and a breaker opens at `failMax` failures, neither later nor sooner.
 *
 * @module
 */
import type { RecordResult } from "../../src/breaker/gate.ts";
import { limitsOf } from "../../src/breaker/limits.ts";
import { type Act, type Bounds, type Part, type Told, Violation } from "./facts.ts";
import { probeGeneration } from "./probes.ts";

/** Failures of one breaker, as far as nobody can dispute them. */
interface Tally {
  /** Failures that certainly stand in the count now. */
  certain: { at: number }[];
  /** Failures that may stand in the count now. */
  possible: { told: Told; endedAt: number }[];
  /** Calls under way that may clear the count. */
  clearing: number;
  /** When the last of these ended. */
  clearedAt: number;
}

/** See the module's description. */
export class Outcomes {
  readonly #bounds: Bounds;
  readonly #tallies = new Map<string, Tally>();
  /** Last virtual time that something else than failures in a row could open or close a target. */
  readonly #otherCause = new Map<string, number>();
  /** What operators do or did last to a target, which clears every count of it at some moment within. */
  readonly #acts = new Map<string, { under: number; endedAt: number }>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  telling(told: Told, now: number): void {
    for (const part of told.sent.ask.parts) {
      const tally = this.#tallyOf(part);
      if (told.reply.asksForCooldown) this.#otherCause.set(part.target, now);
      if (mayClear(told)) {
        tally.clearing++;
        tally.certain = [];
      } else if (told.reply.kind === "failure") {
        tally.possible.push({ told, endedAt: Infinity });
      }
    }
  }

  told(told: Told, result: RecordResult, now: number): void {
    const [part, ...more] = told.sent.ask.parts;
    if (result.recorded) this.#checkTimely(told);
    for (const each of told.sent.ask.parts) this.#close(each, told, now);
    // With a resolver the answer speaks of two breakers at once.
    if (part === undefined || more.length > 0 || !this.#bounds.exact) return;
    const probe = probeGeneration(told.sent, part) !== undefined;
    if (result.recorded && told.reply.kind === "failure") {
      if (probe) this.#checkReopened(part, result);
      else this.#checkCount(part, told, result, now);
    } else if (result.recorded && !probe && told.reply.kind === "success") {
      const tally = this.#tallyOf(part);
      // It did not clear what its worker could not know of yet.
      const knownUntil = told.startedAt - this.#bounds.shareMs;
      tally.possible = tally.possible.filter(({ endedAt }) => endedAt >= knownUntil);
    }
  }

  /** The worker that tells it has died: it may count, or not. */
  orphaned(told: Told, now: number): void {
    for (const part of told.sent.ask.parts) {
      this.#close(part, told, now + this.#bounds.shareMs);
      this.#otherCause.set(part.target, now);
    }
  }

  operating({ target }: Act, now: number): void {
    this.#otherCause.set(target, now);
    const act = this.#acts.get(target) ?? { under: 0, endedAt: 0 };
    act.under++;
    this.#acts.set(target, act);
    this.#forgetCertain(target);
  }

  operated({ target }: Act, now: number): void {
    this.#otherCause.set(target, now + this.#bounds.shareMs);
    this.#acted(target, now);
  }

  /** The worker that acts has died: what it did may still be on its way to the store. */
  orphanedAct({ target }: Act, now: number): void {
    this.#otherCause.set(target, now + this.#bounds.shareMs);
    this.#acted(target, now + this.#bounds.shareMs);
  }

  #acted(target: string, endedAt: number): void {
    const act = this.#acts.get(target);
    if (act === undefined) return;
    act.under--;
    act.endedAt = Math.max(act.endedAt, endedAt);
    this.#forgetCertain(target);
  }

  /** Whether what is told may have been counted before an operator cleared the count. */
  #mayBeBeforeAct(target: string, told: Told): boolean {
    const act = this.#acts.get(target);
    return act !== undefined && (act.under > 0 || told.startedAt <= act.endedAt);
  }

  #forgetCertain(target: string): void {
    for (const [breaker, tally] of this.#tallies) {
      if (breaker.startsWith(`${target} `)) tally.certain = [];
    }
  }

  #close(part: Part, told: Told, now: number): void {
    const tally = this.#tallyOf(part);
    if (mayClear(told)) {
      tally.clearing--;
      tally.clearedAt = now;
      tally.certain = [];
      return;
    }
    const possible = tally.possible.find((failure) => failure.told === told);
    if (possible) possible.endedAt = now;
  }

  #checkTimely({ sent, startedClock, by }: Told): void {
    const age = startedClock - sent.answeredClock;
    if (sent.ask.parts.every(({ policy }) => age >= policy.permitTtlMs)) {
      throw new Violation("late outcome counted", `the permit of ${by.name} is ${age} ms old`);
    }
    const [part, ...more] = sent.ask.parts;
    if (part === undefined || more.length > 0 || probeGeneration(sent, part) === undefined) return;
    if (age >= part.policy.probeLeaseMs) {
      throw new Violation("late outcome counted", `${part.budget}: the lease ended, age ${age} ms`);
    }
    if (++sent.recorded > 1 && this.#bounds.exact) {
      throw new Violation("outcome counted twice", `a probe of ${part.budget}, by ${by.name}`);
    }
  }

  #checkReopened(part: Part, result: RecordResult): void {
    if (result.state === "open" && result.retryAfterMs > 0) return;
    throw new Violation("a failed probe did not open", `${part.breaker} is ${result.state}`);
  }

  #checkCount(part: Part, told: Told, result: RecordResult, now: number): void {
    const tally = this.#tallyOf(part);
    const { failMax } = limitsOf(part.policy, nameOf(part));
    if (result.state !== "closed") {
      const other = (this.#otherCause.get(part.target) ?? 0) > now - 60_000 ||
        part.policy.rolling.enabled || part.policy.failureRate !== undefined;
      const counted = new Set(tally.possible.map((failure) => failure.told.sent)).size;
      if (!other && counted < failMax) {
        throw new Violation("opened too soon", `${part.breaker} after ${counted} of ${failMax}`);
      }
      tally.certain = [];
      return;
    }
    const since = now - part.policy.forgetMs / 2;
    tally.certain = tally.certain.filter(({ at }) => at > since);
    if (tally.clearing > 0 || told.startedAt <= tally.clearedAt) return;
    if (this.#mayBeBeforeAct(part.target, told)) return;
    tally.certain.push({ at: now });
    if (tally.certain.length >= failMax) {
      throw new Violation(
        "a failure is lost",
        `${part.breaker} is closed after ${tally.certain.length} failures in a row of ${failMax}`,
      );
    }
  }

  #tallyOf(part: Part): Tally {
    let tally = this.#tallies.get(part.breaker);
    if (tally === undefined) {
      tally = { certain: [], possible: [], clearing: 0, clearedAt: 0 };
      this.#tallies.set(part.breaker, tally);
    }
    return tally;
  }
}

/** Whatever is no failure may set a count back, by a success or by closing. */
function mayClear({ reply }: Told): boolean {
  return reply.kind === "success" || reply.kind === "neutral";
}

function nameOf(part: Part): string {
  return part.breaker.slice(part.target.length + 1);
}
