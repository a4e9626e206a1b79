/**
 * The simulated store: one primary that compares and sets, seen by each worker through a network that
 * delays, loses and reorders, and read from a replica that may lag. What is written stands here; what goes
 * wrong is decided in `network.ts`.
 *
 * @module
 */
import type { Page, Store, Versioned, WriteResult } from "../../src/stores/store.ts";
import type { Random } from "../support/random.ts";
import type { Fate, Network } from "./network.ts";
import type { Scheduler } from "./scheduler.ts";

interface Kept extends Versioned {
  /** Virtual epoch milliseconds. */
  expiresAt: number;
}

/** One version of a key, for replicas that show it later than the primary. */
interface Past {
  at: number;
  kept: Kept | undefined;
}

/** How the store itself behaves. */
export interface SimStoreOptions {
  scheduler: Scheduler;
  random: Random;
  network: Network;
  /** Reads see what the primary held up to so many milliseconds ago; 0: the primary itself. */
  replicaLagMs: number;
  /** What has expired stays to be seen for up to so long, as in stores that collect lazily. */
  lazyTtlMs: number;
  /** Whether a conflict says what is there now. */
  tellsCurrent: boolean;
  /** Called with each value written. */
  onWrite: (key: string, value: string | undefined) => void;
}

/** Commands that reached out for the store. */
export interface Commands {
  read: number;
  write: number;
}

/** See the module's description. */
export class SimStore {
  readonly commands: Commands = { read: 0, write: 0 };
  readonly #options: SimStoreOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #past = new Map<string, Past[]>();
  #versions = 0;

  constructor(options: SimStoreOptions) {
    this.#options = options;
  }

  /** The store as one incarnation of a worker sees it; a dead one gets no answers. */
  connect(worker: number, isAlive: () => boolean): Store {
    const call = <T>(operation: () => T) => this.#call(worker, isAlive, operation);
    return {
      read: (keys) => {
        this.commands.read++;
        return call(() => keys.map((key) => this.#read(key)));
      },
      write: (key, value, expected, ttlMs) => {
        this.commands.write++;
        return call(() => this.#write(key, value, expected, ttlMs));
      },
      list: () => Promise.reject<Page>(new Error("not part of the simulation")),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** What the primary holds now, expired entries aside. */
  live(): [key: string, value: string][] {
    return [...this.#kept].filter(([, { expiresAt }]) => expiresAt > this.#options.scheduler.now)
      .map(([key, { value }]) => [key, value]);
  }

  #call<T>(worker: number, isAlive: () => boolean, operation: () => T): Promise<T> {
    const { network, scheduler } = this.#options;
    const fate: Fate = network.draw();
    return new Promise((resolve, reject) => {
      scheduler.after(fate.toStoreMs, () => {
        if (fate.request === "lost" || network.isCutOff(worker, "request")) return;
        if (fate.request === "refused" || network.isRefusing) {
          scheduler.after(fate.toWorkerMs, () => isAlive() && reject(new Error("refused")));
          return;
        }
        const answer = operation();
        scheduler.after(fate.toWorkerMs, () => {
          if (!isAlive() || fate.reply === "lost" || network.isCutOff(worker, "reply")) return;
          if (fate.reply === "broken") reject(new Error("connection reset"));
          else resolve(answer);
        });
      });
    });
  }

  #read(key: string): Versioned | undefined {
    const { replicaLagMs, random, scheduler } = this.#options;
    if (replicaLagMs === 0) return this.#seen(this.#kept.get(key));
    const seenAt = scheduler.now - random.whole(0, replicaLagMs);
    const past = this.#past.get(key) ?? [];
    return this.#seen(past.findLast(({ at }) => at <= seenAt)?.kept);
  }

  #seen(kept: Kept | undefined): Versioned | undefined {
    if (kept === undefined || this.#isGone(kept)) return undefined;
    return { value: kept.value, version: kept.version };
  }

  #isGone(kept: Kept): boolean {
    return kept.expiresAt + this.#options.lazyTtlMs <= this.#options.scheduler.now;
  }

  #write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): WriteResult {
    const current = this.#seen(this.#kept.get(key));
    if (current?.version !== expected) {
      return this.#options.tellsCurrent ? { ok: false, current } : { ok: false };
    }
    this.#options.onWrite(key, value);
    const version = value === undefined ? undefined : String(++this.#versions);
    const expiresAt = this.#options.scheduler.now + ttlMs;
    const kept = value === undefined ? undefined : { value, version: version!, expiresAt };
    if (kept === undefined) this.#kept.delete(key);
    else this.#kept.set(key, kept);
    this.#remember(key, kept);
    return { ok: true, version };
  }

  #remember(key: string, kept: Kept | undefined): void {
    const { replicaLagMs, scheduler } = this.#options;
    if (replicaLagMs === 0) return;
    const past = this.#past.get(key) ?? [];
    past.push({ at: scheduler.now, kept });
    while (past.length > 1 && past[1]!.at <= scheduler.now - replicaLagMs) past.shift();
    this.#past.set(key, past);
  }
}
