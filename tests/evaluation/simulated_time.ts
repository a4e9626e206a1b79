/**
 * Puts simulated time in place of the runtime's clock and timers, for code that knows no other: the peers.
 *
 * @module
 */
import type { Scheduler } from "../simulation/scheduler.ts";

/** Runs a function later, with the arguments. */
type Callback = (...args: unknown[]) => void;

/** What the runtime's own timers return: a peer may ask it not to keep the process alive. */
class SimulatedTimer {
  cancel: () => void = () => {};

  unref(): this {
    return this;
  }
}

/** From now on `Date.now`, `performance.now` and the timers follow the scheduler, until disposed. */
export function simulateTime(scheduler: Scheduler): Disposable {
  const began = scheduler.now;
  const cancel = (timer: unknown) => {
    if (timer instanceof SimulatedTimer) timer.cancel();
  };
  const replaced = {
    setTimeout(fn: Callback, ms = 0, ...args: unknown[]): SimulatedTimer {
      const timer = new SimulatedTimer();
      timer.cancel = scheduler.after(ms, () => fn(...args));
      return timer;
    },
    setInterval(fn: Callback, ms = 0, ...args: unknown[]): SimulatedTimer {
      const timer = new SimulatedTimer();
      const next = () => {
        timer.cancel = scheduler.after(Math.max(1, ms), () => {
          next();
          fn(...args);
        });
      };
      next();
      return timer;
    },
    clearTimeout: cancel,
    clearInterval: cancel,
  };
  const { now } = Date;
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const monotonic = performance.now;
  Object.assign(globalThis, replaced);
  Date.now = () => scheduler.now;
  performance.now = () => scheduler.now - began;
  return {
    [Symbol.dispose]() {
      Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
      Date.now = now;
      performance.now = monotonic;
    },
  };
}
