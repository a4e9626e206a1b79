/**
 * Hosts with outage scripts: each goes from one mood to the next until it is healed for good.
 *
 * @module
 */
import type { Outcome } from "../../src/breaker/gate.ts";
import type { OutcomeKind } from "../../src/breaker/state.ts";
import type { Random } from "../support/random.ts";
import type { Scheduler } from "./scheduler.ts";

type Mood = "well" | "down" | "limping" | "throttling" | "slow" | "hanging";
const MOODS: readonly Mood[] = [
  "well",
  "well",
  "down",
  "down",
  "limping",
  "throttling",
  "slow",
  "hanging",
];

/** The longest that a host takes to answer, in milliseconds. */
export const LONGEST_REPLY_MS = 35_000;

/** How a request went, and what the checker knows of it without asking anybody. */
export interface Reply {
  outcome: Outcome;
  latencyMs: number;
  kind: OutcomeKind;
  /** The answer asks for a cooldown, whatever its policy makes of that. */
  asksForCooldown: boolean;
}

/** One origin. */
export class Host {
  mood: Mood = "well";
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  #healed = false;

  constructor(random: Random, scheduler: Scheduler) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#change();
  }

  /** Is well from now on. */
  heal(): void {
    this.#healed = true;
    this.mood = "well";
  }

  reply(): Reply {
    const random = this.#random;
    const latencyMs = this.#latencyMs();
    const dice = random.whole(1, 100);
    if (dice <= 2 && !this.#healed) {
      return plain({ error: new DOMException("stop", "AbortError") }, "cancelled", latencyMs);
    }
    if (dice <= 4 && !this.#healed) {
      return plain({ status: 200, fromCache: true, latencyMs }, "cancelled", latencyMs);
    }
    if (this.mood === "throttling" && random.chance(0.5)) return this.#throttled(latencyMs);
    if (this.mood === "down" || (this.mood === "limping" && random.chance(0.5))) {
      const outcome: Outcome = random.chance(0.5)
        ? { status: 500, latencyMs }
        : { error: new TypeError("connection refused"), latencyMs };
      return plain(outcome, "failure", latencyMs);
    }
    if (dice <= 12) return plain({ status: 404, latencyMs }, "neutral", latencyMs);
    return plain({ status: 200, latencyMs }, "success", latencyMs);
  }

  #throttled(latencyMs: number): Reply {
    const random = this.#random;
    const seconds = random.pick([0, 1, 3, 10, 3_600]);
    const at = new Date(this.#scheduler.now + seconds * 1_000).toUTCString();
    const retryAfter = random.chance(0.3) ? at : String(seconds);
    return {
      outcome: { status: random.pick([429, 503]), retryAfter, latencyMs },
      latencyMs,
      kind: "failure",
      asksForCooldown: true,
    };
  }

  #latencyMs(): number {
    const random = this.#random;
    if (this.mood === "slow") return random.whole(200, 1_500);
    // Beyond leases, and now and then beyond the permit itself.
    if (this.mood === "hanging") {
      return random.whole(1_000, random.chance(0.2) ? LONGEST_REPLY_MS : 8_000);
    }
    return random.whole(1, 120);
  }

  #change(): void {
    if (this.#healed) return;
    this.mood = this.#random.pick(MOODS);
    this.#scheduler.after(this.#random.whole(300, 15_000), () => this.#change());
  }
}

function plain(outcome: Outcome, kind: OutcomeKind, latencyMs: number): Reply {
  return { outcome, latencyMs, kind, asksForCooldown: false };
}
