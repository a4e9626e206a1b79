/**
 * Virtual time: a heap of events. The next event runs once every promise that the one before has settled
 * was followed to its end, so that one seed is one history. No real clock is read here.
 *
 * @module
 */
import { setImmediate } from "node:timers";

/** Where virtual time begins, in epoch milliseconds. */
export const EPOCH_MS = 1_700_000_000_000;

/** A moment as traces and violations tell it: milliseconds since virtual time began. */
export function sinceBegin(at: number): number {
  return Math.round((at - EPOCH_MS) * 1_000) / 1_000;
}

interface Scheduled {
  at: number;
  /** Breaks ties: first come, first served. */
  order: number;
  run: () => void;
  cancelled: boolean;
}

/** See the module's description. */
export class Scheduler {
  /** Virtual time now, in epoch milliseconds. */
  now = EPOCH_MS;
  /** Events run so far. */
  steps = 0;
  readonly #heap: Scheduled[] = [];
  #orders = 0;

  /** Runs `fn` after so many virtual milliseconds; what is returned cancels. */
  after(ms: number, run: () => void): () => void {
    const event: Scheduled = {
      at: this.now + Math.max(0, ms),
      order: this.#orders++,
      run,
      cancelled: false,
    };
    this.#push(event);
    return () => void (event.cancelled = true);
  }

  /** Waits for so many virtual milliseconds. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Runs events until `done` says so; fails where there is nothing left to run. */
  async runUntil(done: () => boolean, afterStep: () => void): Promise<void> {
    await settled();
    while (!done()) {
      const event = this.#pop();
      if (event === undefined) throw new Error("The simulation ran dry: nothing is scheduled");
      if (event.cancelled) continue;
      this.now = event.at;
      this.steps++;
      event.run();
      await settled();
      afterStep();
    }
  }

  #push(event: Scheduled): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Scheduled | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Until no promise has anything left to do: a turn of the event loop comes after all of them (1.2 µs). */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
