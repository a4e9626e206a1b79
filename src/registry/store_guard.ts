/**
 * What stands between the engine and a store that may be slow or gone: a deadline for every call, and a
 * breaker of our own, so that an outage does not cost a time-out per request.
 *
 * @module
 */
import type { MaybePromise, Page, Store, Versioned, WriteResult } from "../stores/store.ts";
import { Breaker } from "./breaker.ts";
import type { Timers } from "./timers.ts";

/** What was asked of the store. */
export type StoreOperation = "read" | "write" | "list";

/** The store gave no answer in time, or an error, or was not asked since it is known to be down. Carries neither command nor cause. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
  constructor() {
    super("The store cannot be reached");
  }
}

/** How a guard is made. */
export interface StoreGuardOptions {
  store: Store;
  /** The longest that a call may take, in milliseconds. */
  timeoutMs: number;
  now: () => number;
  timers: Timers;
  /** A call failed; told once per failed call, not for those that were never made. */
  onError: (operation: StoreOperation, key?: string) => void;
}

/** Failed calls in a row before the store is left alone. */
const FAIL_MAX = 3;
/** How long it is left alone before one call tries again, in milliseconds. */
const RESET_TIMEOUT_MS = 500;

/** True for anything that has a `then`. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}

/** A store with a deadline and a breaker. Every failure is a {@linkcode StoreUnavailableError}, but for a listing that was asked wrongly. */
export class StoreGuard {
  /** Commands sent, for the metrics. */
  readonly commands: Record<StoreOperation, number> = { read: 0, write: 0, list: 0 };
  readonly #options: StoreGuardOptions;
  readonly #breaker: Breaker;

  constructor(options: StoreGuardOptions) {
    this.#options = options;
    this.#breaker = new Breaker({
      failMax: FAIL_MAX,
      resetTimeoutMs: RESET_TIMEOUT_MS,
      probeLeaseMs: options.timeoutMs + RESET_TIMEOUT_MS,
      halfOpen: { jitterMs: 0 },
    }, { name: "store", now: options.now });
  }

  /** False while the store is left alone. */
  get available(): boolean {
    return this.#breaker.state !== "open";
  }

  read(keys: readonly string[]): MaybePromise<(Versioned | undefined)[]> {
    return this.#call("read", keys[0], () => this.#options.store.read(keys));
  }

  write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): MaybePromise<WriteResult> {
    const { store } = this.#options;
    return this.#call("write", key, () => store.write(key, value, expected, ttlMs));
  }

  list(prefix: string, limit: number, cursor: string | undefined): MaybePromise<Page> {
    const { store } = this.#options;
    return this.#call("list", prefix, () => store.list(prefix, { limit, cursor }));
  }

  #call<T>(
    operation: StoreOperation,
    key: string | undefined,
    send: () => MaybePromise<T>,
  ): MaybePromise<T> {
    const permit = this.#ask();
    this.commands[operation]++;
    let answer: MaybePromise<T>;
    try {
      answer = send();
    } catch (error) {
      throw this.#failed(operation, key, permit, error);
    }
    if (!isPromise(answer)) {
      this.#succeeded(permit);
      return answer;
    }
    return this.#inTime(answer, operation, key, permit);
  }

  /** A permit only where the breaker has something to count: a healthy store costs nothing. */
  #ask(): string | undefined {
    if (this.#breaker.state === "closed") return undefined;
    const verdict = this.#breaker.allow();
    if (!verdict.allowed) throw new StoreUnavailableError();
    return verdict.permit;
  }

  #inTime<T>(
    answer: Promise<T>,
    operation: StoreOperation,
    key: string | undefined,
    permit: string | undefined,
  ): Promise<T> {
    const { timeoutMs, timers } = this.#options;
    return new Promise((resolve, reject) => {
      let settled = false;
      // What comes after the deadline was told as a failure already.
      const once = (settle: () => void) => {
        if (settled) return;
        settled = true;
        cancel();
        settle();
      };
      const fail = (error?: unknown) =>
        once(() => reject(this.#failed(operation, key, permit, error)));
      const cancel = timers.after(timeoutMs, fail);
      const take = (value: T) =>
        once(() => {
          this.#succeeded(permit);
          resolve(value);
        });
      answer.then(take, fail);
    });
  }

  #succeeded(permit: string | undefined): void {
    if (permit === undefined && this.#breaker.failures === 0) return;
    this.#tell(permit, "success");
  }

  #failed(
    operation: StoreOperation,
    key: string | undefined,
    permit: string | undefined,
    error: unknown,
  ): Error {
    if (operation === "list" && error instanceof RangeError) {
      // A cursor or limit that is none says nothing about the store.
      this.#succeeded(permit);
      return error;
    }
    this.#tell(permit, "failure");
    this.#options.onError(operation, key);
    return new StoreUnavailableError();
  }

  #tell(permit: string | undefined, result: "success" | "failure"): void {
    if (permit === undefined) {
      const verdict = this.#breaker.allow();
      if (!verdict.allowed) return;
      permit = verdict.permit;
    }
    this.#breaker.record(permit, { result });
  }
}
