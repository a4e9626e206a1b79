/**
 * The probe budget from both sides: never more live probes than it allows, and never a slot that nobody holds
 * and nobody gets.
 *
 * @module
 */
import { readPermit } from "../../src/breaker/permit.ts";
import { trialCallsOf } from "../../src/breaker/limits.ts";
import type { DeniedVerdict } from "../../src/breaker/gate.ts";
import { type Ask, type Bounds, type Life, type Part, type Sent, Violation } from "./facts.ts";
import { sinceBegin } from "./scheduler.ts";

interface LiveProbe {
  sent: Sent;
  by: Life;
  degraded: boolean;
  /** Virtual time until which no clock can take its lease for over. */
  surelyUntil: number;
}

/** Somebody who may hold a slot. */
interface Holder {
  /** Virtual time from which on nobody can still believe so. */
  until: number;
}

/** The generation that a permit names for this part; undefined where it is no probe there. */
export function probeGeneration(sent: Sent, part: Part): number | undefined {
  const parts = readPermit(sent.verdict.permit);
  const mark = part.scope === "host" ? parts?.hostMark : parts?.resolverMark;
  return mark?.kind === "probe" ? mark.generation : undefined;
}

/** See the module's description. */
export class Probes {
  readonly #bounds: Bounds;
  readonly #live = new Map<string, LiveProbe[]>();
  readonly #holders = new Map<string, Map<Ask, Holder>>();
  /** Virtual time from which on a denial for probes would be a wedge, less the lease. */
  readonly #quietSince = new Map<string, number>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  asking(ask: Ask): void {
    for (const part of ask.parts) this.#holdersOf(part).set(ask, { until: Infinity });
  }

  allowed(sent: Sent, now: number): void {
    for (const part of sent.ask.parts) {
      this.#moved(part, now);
      const generation = probeGeneration(sent, part);
      const holdMs = generation === undefined ? 0 : part.policy.probeLeaseMs + this.#bounds.skewMs;
      this.#release(part, sent.ask, now + holdMs);
      if (generation !== undefined) this.#count(part, generation, sent, now);
    }
  }

  denied(ask: Ask, verdict: DeniedVerdict, now: number): void {
    for (const part of ask.parts) {
      this.#release(part, ask, now);
      const mine = part.scope === verdict.scope && part.key === verdict.key;
      // A slot that was taken and given back, since the resolver said no, was out for a while.
      if (!mine && part.scope === "host") this.#moved(part, now);
      if (!mine) continue;
      if (verdict.reason !== "probes") this.#moved(part, now + verdict.retryAfterMs);
      else this.#checkHeld(part, ask, now);
    }
  }

  /** An outcome is being told: the slot may be free from now on. */
  telling(sent: Sent): void {
    for (const part of sent.ask.parts) {
      const generation = probeGeneration(sent, part);
      if (generation === undefined) continue;
      const live = this.#liveOf(part, generation);
      const at = live.findIndex((probe) => probe.sent === sent);
      if (at !== -1) live.splice(at, 1);
    }
  }

  /** By a slower clock the lease of a late outcome may still run; of two breakers, one may have taken it. */
  told({ ask }: Sent, recorded: boolean, now: number): void {
    const [part, ...more] = ask.parts;
    if (recorded && part !== undefined && more.length === 0) this.#release(part, ask, now);
  }

  /** A worker died before it was answered: it may hold a slot. */
  orphaned(ask: Ask, now: number): void {
    for (const part of ask.parts) {
      this.#moved(part, now);
      this.#release(part, ask, now + part.policy.probeLeaseMs + this.#bounds.skewMs);
    }
  }

  #count(part: Part, generation: number, sent: Sent, now: number): void {
    const live = this.#liveOf(part, generation).filter((probe) => probe.surelyUntil > now);
    const surelyUntil = sent.ask.startedClock + part.policy.probeLeaseMs - this.#bounds.fastestMs;
    const degraded = sent.verdict.degraded === true;
    live.push({ sent, by: sent.ask.by, degraded, surelyUntil });
    this.#live.set(liveKey(part, generation), live);
    const budget = trialCallsOf(part.policy, part.role);
    const out = live.filter((probe) => !probe.degraded).length;
    const own = live.filter((probe) => probe.degraded && probe.by === sent.ask.by).length;
    if (out > budget) {
      throw new Violation(
        "more live probes than the budget",
        `${out} of ${part.budget} are out at ${sinceBegin(now)}, ${budget} may be`,
      );
    }
    if (own > budget) {
      throw new Violation(
        "more live probes of a worker that is cut off than the budget",
        `${own} of ${part.budget} are out at ${
          sinceBegin(now)
        } from ${sent.ask.by.name}, ${budget} may be`,
      );
    }
  }

  #checkHeld(part: Part, ask: Ask, now: number): void {
    const { skewMs, shareMs, healMs, exact } = this.#bounds;
    const quietSince = this.#quietSince.get(part.budget) ?? now;
    this.#quietSince.set(part.budget, quietSince);
    const latest = quietSince + part.policy.probeLeaseMs + skewMs + (exact ? shareMs : healMs);
    // Whoever is still waiting for an answer may have the slot, or have just given it back.
    const waiting = [...this.#holdersOf(part)].some(([held, { until }]) =>
      held !== ask && until === Infinity
    );
    if (now > latest && !waiting) {
      throw new Violation(
        "wedged host",
        `${part.budget} is denied for probes at ${sinceBegin(now)}, ` +
          `and nobody was let through since ${sinceBegin(quietSince)}`,
      );
    }
    if (!exact) return;
    const holders =
      [...this.#holdersOf(part)].filter(([held, { until }]) =>
        held !== ask && until + shareMs >= ask.startedAt
      ).length;
    const budget = trialCallsOf(part.policy, part.role);
    if (holders < budget) {
      throw new Violation(
        "a slot is lost",
        `${part.budget} is denied for probes at ${
          sinceBegin(now)
        }, though ${holders} of ${budget} can be out`,
      );
    }
  }

  #moved(part: Part, at: number): void {
    this.#quietSince.set(part.budget, Math.max(this.#quietSince.get(part.budget) ?? 0, at));
  }

  #holdersOf(part: Part): Map<Ask, Holder> {
    let holders = this.#holders.get(part.budget);
    if (holders === undefined) this.#holders.set(part.budget, holders = new Map());
    return holders;
  }

  #release(part: Part, ask: Ask, until: number): void {
    const holders = this.#holdersOf(part);
    const holder = holders.get(ask);
    if (holder !== undefined) holder.until = Math.min(holder.until, until);
    for (const [old, { until: over }] of holders) {
      if (over + 2 * this.#bounds.shareMs + this.#bounds.callMs < ask.startedAt) {
        holders.delete(old);
      } else break;
    }
  }

  #liveOf(part: Part, generation: number): LiveProbe[] {
    return this.#live.get(liveKey(part, generation)) ?? [];
  }
}

function liveKey(part: Part, generation: number): string {
  return `${part.budget} ${generation}`;
}
