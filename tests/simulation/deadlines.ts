/**
 * No open is lost: whoever was told of a deadline does not send before it, and soon nobody does; unless an
 * operator says otherwise.
 *
 * @module
 */
import { type Act, type Ask, type Bounds, type Life, type Part, Violation } from "./facts.ts";
import { SLOW_MS } from "./network.ts";
import { sinceBegin } from "./scheduler.ts";

interface Deadline {
  /** Epoch milliseconds by the clock of whoever was told; deadlines are absolute. */
  until: number;
  /** Virtual time from which its worker knew it. */
  knownAt: number;
  by: Life;
  /** Told while calls could get lost, or soon after: may live in this worker only. */
  fragile: boolean;
}

/** An operator acted: what anybody is told may be of before, until everybody knows. */
interface Operated {
  /** Acts under way. */
  under: number;
  /** Virtual time at which the last one was answered. */
  endedAt: number;
}

/** See the module's description. */
export class Deadlines {
  readonly #bounds: Bounds;
  readonly #known = new Map<string, Deadline[]>();
  readonly #operated = new Map<string, Operated>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** A worker was told that a breaker stays open for so long. */
  learn(
    part: Part,
    ask: Omit<Ask, "parts">,
    openForMs: number,
    now: number,
    calmSince: number,
  ): void {
    if (!this.#isTrusted(part.target, ask.startedAt, calmSince)) return;
    const until = ask.startedClock + openForMs;
    const { exact, healMs } = this.#bounds;
    const fragile = !exact && now < calmSince + healMs;
    const all = this.#known.get(part.breaker) ?? [];
    this.#known.set(part.breaker, all);
    for (let i = all.length - 1; i >= 0; i--) {
      const { until: end, by } = all[i]!;
      if (end === until && by === ask.by) return;
      if (end <= now + this.#bounds.fastestMs) all.splice(i, 1);
    }
    all.push({ until, knownAt: now, by: ask.by, fragile });
  }

  /** A request was allowed: was there a deadline that it had to know? */
  allowed(part: Part, ask: Ask, now: number, calmSince: number): void {
    const { fastestMs, shareMs, healMs, exact } = this.#bounds;
    for (const deadline of this.#known.get(part.breaker) ?? []) {
      // By the fastest clock it has passed: another worker may have probed and closed.
      if (deadline.until <= now + fastestMs) continue;
      const own = deadline.by === ask.by && deadline.knownAt <= ask.startedAt;
      const gone = deadline.fragile && !deadline.by.isAlive;
      const shared = !gone &&
        ask.startedAt >=
          (exact ? deadline.knownAt + shareMs : Math.max(deadline.knownAt, calmSince) + healMs);
      if (!own && !shared) continue;
      throw new Violation(
        own ? "request before a deadline that the worker had seen" : "lost open",
        `${ask.by.name} may ask ${part.breaker} at ${sinceBegin(now)}, ` +
          `open until ${sinceBegin(deadline.until)}, ` +
          `as ${deadline.by.name} was told at ${sinceBegin(deadline.knownAt)}`,
      );
    }
  }

  /**
   * A worker died. Where replicas lag, a write that another one has overtaken reads the old version again and
   * again, until its caller is answered from memory: what was told just now may have died with its worker.
   */
  crashed(life: Life, now: number): void {
    const { lags, healMs } = this.#bounds;
    if (!lags) return;
    for (const [breaker, all] of this.#known) {
      const kept = all.filter(({ by, knownAt }) => by !== life || knownAt + healMs <= now);
      this.#known.set(breaker, kept);
    }
  }

  operating({ target }: Act): void {
    for (const [breaker, all] of this.#known) {
      if (breaker.startsWith(`${target} `)) all.length = 0;
    }
    const operated = this.#operated.get(target) ?? { under: 0, endedAt: 0 };
    operated.under++;
    this.#operated.set(target, operated);
  }

  /** An operator's call was answered, or its worker is dead. */
  operated({ target }: Act, now: number): void {
    const operated = this.#operated.get(target);
    if (operated === undefined) return;
    operated.under--;
    operated.endedAt = now;
  }

  /** In storms a worker may not hear of an operator's act for as long as they last. */
  #isTrusted(target: string, askedAt: number, calmSince: number): boolean {
    const { exact, operators, shareMs, healMs } = this.#bounds;
    if (operators && !exact && askedAt < calmSince + healMs) return false;
    const operated = this.#operated.get(target);
    if (operated === undefined) return true;
    const from = exact
      ? operated.endedAt + shareMs
      : Math.max(operated.endedAt, calmSince) + healMs + 2 * SLOW_MS;
    if (operated.under > 0 || askedAt < from) return false;
    this.#operated.delete(target);
    return true;
  }
}
