/**
 * Values that are there at once, or later: a store in memory answers without a promise, and so does the gate on it.
 *
 * @module
 */
import type { MaybePromise } from "../stores/store.ts";

/** Goes on with a value, now or later. */
export function chain<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** True for anything that has a `then`. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}
