/**
 * What goes wrong between workers and the store: latency, lost and broken calls, partitions, outages. In an
 * exact network nothing does, and every call is answered well within its deadline.
 *
 * @module
 */
import type { Random } from "../support/random.ts";

/** What becomes of one call. */
export interface Fate {
  toStoreMs: number;
  toWorkerMs: number;
  request: "arrives" | "lost" | "refused";
  reply: "arrives" | "lost" | "broken";
}

/** How bad the network is. */
export interface NetworkOptions {
  random: Random;
  /** Longest way of a call in one direction that is not slow, in milliseconds. */
  latencyMs: number;
  /** Nothing is lost, broken, slow or cut. */
  exact: boolean;
  /** Share of calls that something happens to. */
  troubleRatio: number;
}

/** Longest way of a slow call in one direction, in milliseconds: a write may apply long after its time-out. */
export const SLOW_MS = 3_000;

type Direction = "request" | "reply";

/** See the module's description. */
export class Network {
  /** The store answers every call with an error. */
  isRefusing = false;
  readonly #options: NetworkOptions;
  readonly #cuts = new Map<number, readonly Direction[]>();
  #isSilent = false;
  /** False once all faults have ended for good. */
  #troubled = true;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** True while a worker's calls do not arrive, or their answers do not. */
  isCutOff(worker: number, direction: Direction): boolean {
    return this.#isSilent || this.#cuts.get(worker)?.includes(direction) === true;
  }

  /** True while nothing is cut and nothing gets lost. */
  get isCalm(): boolean {
    return this.#options.exact ||
      (!this.#troubled && !this.#isSilent && !this.isRefusing && this.#cuts.size === 0);
  }

  cut(worker: number, directions: readonly Direction[]): void {
    this.#cuts.set(worker, directions);
  }

  mend(worker: number): void {
    this.#cuts.delete(worker);
  }

  /** Takes the whole store away, in silence or with errors. */
  fail(how: "silent" | "refusing"): void {
    if (how === "silent") this.#isSilent = true;
    else this.isRefusing = true;
  }

  restore(): void {
    this.#isSilent = false;
    this.isRefusing = false;
  }

  /** Single calls get lost, or no longer. */
  trouble(on: boolean): void {
    this.#troubled = on;
  }

  /** Ends all faults. */
  heal(): void {
    this.#cuts.clear();
    this.restore();
    this.#troubled = false;
  }

  draw(): Fate {
    const { random, latencyMs, exact, troubleRatio } = this.#options;
    const fate: Fate = {
      toStoreMs: random.whole(0, latencyMs),
      toWorkerMs: random.whole(0, latencyMs),
      request: "arrives",
      reply: "arrives",
    };
    if (exact || !this.#troubled || !random.chance(troubleRatio)) return fate;
    switch (random.whole(1, 6)) {
      case 1:
        fate.request = "lost";
        break;
      case 2:
        fate.request = "refused";
        break;
      case 3:
        fate.reply = "lost";
        break;
      case 4:
        fate.reply = "broken";
        break;
      case 5:
        fate.toStoreMs = random.whole(0, SLOW_MS);
        break;
      default:
        fate.toWorkerMs = random.whole(0, SLOW_MS);
    }
    return fate;
  }
}
