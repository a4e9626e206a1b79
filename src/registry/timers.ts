/**
 * Timers as an argument, so that a simulation can bring its own.
 *
 * @module
 */

/** Runs functions later; what is returned cancels. */
export interface Timers {
  /** Milliseconds since some moment; never goes back. */
  monotonic(): number;
  /** Runs `fn` once after `ms` milliseconds. */
  after(ms: number, fn: () => void): () => void;
  /** The same, but does not keep the process alive for it. */
  idle(ms: number, fn: () => void): () => void;
}

/** Node and Bun return an object; Deno and Workers a number. */
type TimerHandle = number | { unref?(): void };

/** Enough of Deno to ask whether it is there. */
interface MaybeDeno {
  Deno?: { unrefTimer?(id: number): void };
}

function start(ms: number, fn: () => void): TimerHandle {
  return setTimeout(fn, ms);
}

function stop(handle: TimerHandle): void {
  clearTimeout(handle as number); // safe: what setTimeout gave, whatever the runtime calls it
}

/** The runtime's own timers. */
export const REAL_TIMERS: Timers = {
  monotonic: () => performance.now(),
  after(ms, fn) {
    const handle = start(ms, fn);
    return () => stop(handle);
  },
  idle(ms, fn) {
    const handle = start(ms, fn);
    if (typeof handle === "number") (globalThis as MaybeDeno).Deno?.unrefTimer?.(handle);
    else handle.unref?.();
    return () => stop(handle);
  },
};

/** Waits, without keeping anything but the promise. */
export function delay(ms: number, timers: Timers): Promise<void> {
  return new Promise((resolve) => void timers.after(ms, resolve));
}
