/**
 * Time around one request: the wait before it and the deadline on it. Timers and listeners are set here and
 * taken down here; nothing else of the request is known.
 *
 * @module
 */

/** Longest delay that `setTimeout` holds; a longer one would fire at once. */
export const MAX_DELAY_MS = 2_147_483_647;

/** A running timeout. */
export interface Deadline {
  /** Aborts with a `TimeoutError` when the time is up, or with the caller's reason where that comes first. */
  readonly signal: AbortSignal;
  /** Stops the timer; the caller's signal goes on reaching {@linkcode Deadline.signal}. */
  clear(): void;
}

/** Starts a timeout of so many milliseconds, joined with the caller's own signal. */
export function startDeadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const expire = () =>
    controller.abort(new DOMException(`No answer within ${timeoutMs} ms`, "TimeoutError"));
  const timer = setTimeout(expire, timeoutMs);
  // `any` holds the caller's signal weakly, so a signal that lives as long as the process collects nothing.
  const signal = caller === undefined
    ? controller.signal
    : AbortSignal.any([caller, controller.signal]);
  return { signal, clear: () => clearTimeout(timer) };
}

/** Resolves after so many milliseconds; rejects with the signal's reason as soon as that aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
