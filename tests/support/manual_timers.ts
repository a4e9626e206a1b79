/**
 * Timers that run when a test moves them on.
 *
 * @module
 */
import type { Timers } from "../../src/registry/timers.ts";

interface Waiting {
  at: number;
  fn: () => void;
}

/** Milliseconds by hand. Can be given to a registry as it is. */
export class ManualTimers implements Timers {
  #ms = 0;
  readonly #waiting = new Set<Waiting>();

  readonly monotonic = (): number => this.#ms;

  readonly after = (ms: number, fn: () => void): () => void => {
    const waiting = { at: this.#ms + ms, fn };
    this.#waiting.add(waiting);
    return () => void this.#waiting.delete(waiting);
  };

  readonly idle = this.after;

  /** Timers that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Moves on and runs what is due, in order; what it starts runs too where it is due. */
  async advance(byMs: number): Promise<void> {
    const end = this.#ms + byMs;
    for (;;) {
      const due = [...this.#waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#waiting.delete(due);
      this.#ms = Math.max(this.#ms, due.at);
      due.fn();
      await turns();
    }
    this.#ms = end;
    await turns();
  }
}

/** Lets promises that wait for nothing but each other go on. */
export async function turns(count = 500): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}
