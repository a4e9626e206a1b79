/**
 * Time that passes when a test says so: a clock with timers, and a store that takes a while by it.
 *
 * @module
 */
import { memoryStore, type Store } from "../../mod.ts";
import { delay, type Timers } from "../../src/registry/timers.ts";

/** See the module's description. `now` can be passed on as it is. */
export class ManualTimers implements Timers {
  #nowMs = 1_800_000_000_000;
  readonly #waiting = new Set<{ at: number; fn: () => void }>();

  readonly now = (): number => this.#nowMs;
  readonly monotonic = (): number => this.#nowMs;
  readonly idle = (ms: number, fn: () => void): () => void => this.after(ms, fn);

  readonly after = (ms: number, fn: () => void): () => void => {
    const timer = { at: this.#nowMs + ms, fn };
    this.#waiting.add(timer);
    return () => void this.#waiting.delete(timer);
  };

  /** Timers that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Lets so much time pass, timer by timer, each with all that follows from it. */
  async advance(byMs: number): Promise<void> {
    const end = this.#nowMs + byMs;
    await settled();
    for (;;) {
      const [next] = [...this.#waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.at);
      next.fn();
      await settled();
    }
    this.#nowMs = end;
  }
}

/** Lets promises that wait for nothing but each other go on. */
export async function turns(count = 500): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

/** Whatever promises can do by themselves, they have done. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A memory store so far away. What is done is done half-way. */
export class FarStore implements Store {
  readonly inner: ReturnType<typeof memoryStore>;
  /** For the way there and back, in milliseconds; Infinity: no answer. */
  tripMs: number;
  readonly #timers: ManualTimers;

  constructor(timers: ManualTimers, tripMs: number) {
    this.inner = memoryStore({ now: timers.now });
    this.#timers = timers;
    this.tripMs = tripMs;
  }

  read: Store["read"] = (keys) => this.#visit(() => this.inner.read(keys));

  write: Store["write"] = (key, value, expected, ttlMs) =>
    this.#visit(() => this.inner.write(key, value, expected, ttlMs));

  list: Store["list"] = (prefix, options) => this.#visit(() => this.inner.list(prefix, options));

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]();
  }

  async #visit<T>(run: () => T): Promise<T> {
    const half = this.tripMs / 2;
    await delay(half, this.#timers);
    const answer = run();
    await delay(half, this.#timers);
    return answer;
  }
}
