/**
 * How many breakers are in which state, and which hosts are open: looked up rarely, and never without end,
 * since a store may hold more than is worth counting.
 *
 * @module
 */
import type { BreakerState, Scope } from "../breaker/state.ts";
import type { Snapshot } from "../breaker/operators.ts";
import type { BreakerRegistry } from "../registry/registry.ts";

/** What is in trouble, as far as it was counted. */
export interface Trouble {
  /** Breakers by scope and state; `closed`: those that count failures. */
  counts: Readonly<Record<Scope, Readonly<Record<BreakerState, number>>>>;
  /** Keys of breakers that are open, those that stay so longest first. */
  open: Readonly<Record<Scope, readonly string[]>>;
  /** False where there are more than were counted, or the store could not be asked. */
  complete: boolean;
}

/** How the counting is bounded. Everything has a default. */
interface TroubleOptions {
  /** A count younger than this many milliseconds is believed. @default {5000} */
  maxAgeMs?: number;
  /** Breakers looked at. @default {10000} */
  maxBreakers?: number;
  /** Open hosts, and open resolvers, that are named. @default {100} */
  maxNamed?: number;
  /** Milliseconds since some moment. */
  monotonic: () => number;
}

const PAGE = 500;

/** See the module's description. */
export class TroubleCounter {
  readonly #registry: BreakerRegistry;
  readonly #options: Required<TroubleOptions>;
  #countedAt = -Infinity;
  #counted: Promise<Trouble> | undefined;

  constructor(registry: BreakerRegistry, options: TroubleOptions) {
    this.#registry = registry;
    this.#options = { maxAgeMs: 5_000, maxBreakers: 10_000, maxNamed: 100, ...options };
  }

  /** What is in trouble now, or was a moment ago. Askers at the same time share one count. */
  count(): Promise<Trouble> {
    const now = this.#options.monotonic();
    if (this.#counted === undefined || now - this.#countedAt >= this.#options.maxAgeMs) {
      this.#countedAt = now;
      const counted = this.#count();
      this.#counted = counted;
      counted.catch(() => this.#counted = undefined);
    }
    return this.#counted;
  }

  async #count(): Promise<Trouble> {
    const { maxBreakers, maxNamed } = this.#options;
    const none = () => ({ open: 0, half_open: 0, closed: 0 });
    const counts = { host: none(), resolver: none() };
    const open: Record<Scope, Snapshot[]> = { host: [], resolver: [] };
    let left = maxBreakers;
    let cursor: string | undefined;
    let degraded = false;
    do {
      const page = await this.#registry.page({ limit: Math.min(PAGE, left), cursor });
      for (const snapshot of page.snapshots) {
        counts[snapshot.scope][snapshot.state]++;
        if (snapshot.state === "open") open[snapshot.scope].push(snapshot);
      }
      left -= page.snapshots.length;
      cursor = page.cursor;
      degraded = page.degraded === true;
    } while (cursor !== undefined && left > 0);
    const named = (snapshots: Snapshot[]) =>
      snapshots.sort((a, b) => (b.until ?? 0) - (a.until ?? 0) || (a.key < b.key ? -1 : 1))
        .slice(0, maxNamed).map(({ key }) => key);
    return {
      counts,
      open: { host: named(open.host), resolver: named(open.resolver) },
      complete: cursor === undefined && !degraded,
    };
  }
}
