/**
 * What stands between the engine and a store that may be slow or gone: a deadline for every call, and a
 * breaker of our own, so that an outage does not cost a time-out per request.
 *
 * @module
 */
import { isPromise } from "../maybe_promise.ts";
import type { BreakerEvent } from "../../breaker/events.ts";
import type {
  MaybePromise,
  Page,
  Store,
  StoreOperation,
  Versioned,
  WriteResult,
} from "../../stores/store.ts";
import { Breaker } from "../single_breaker.ts";
import { Latencies } from "../latencies.ts";
import { delay, type Timers } from "../timers.ts";

/** The store gave no answer in time, or an error, or was not asked since it is known to be down. Carries neither command nor cause. */
export class StoreUnavailableError extends Error {
  /** Always `"StoreUnavailableError"`. */
  override readonly name = "StoreUnavailableError";

  /** Says nothing but that it could not be reached. */
  constructor() {
    super("The store cannot be reached");
  }
}

/** The store cannot hold what was to be written. Whether it is up is not said. */
export class RecordRefusedError extends StoreUnavailableError {}

/** How a guard is made. */
export interface StoreGuardOptions {
  store: Store;
  /** The longest that a call may take, in milliseconds. */
  timeoutMs: number;
  timers: Timers;
  /** A call failed; told once per failed call, not for those that were never made. */
  onError: (operation: StoreOperation, key?: string) => void;
  /** The store cannot hold what was to be written; told each time. */
  onRefused: (key: string) => void;
  /** The store is left alone from now on, or is there again after so many milliseconds. */
  onOutage: (phase: "begin" | "end", durationMs?: number) => void;
}

/** How the store was, for the metrics. */
export interface StoreHealth {
  /** False while it is left alone. */
  up: boolean;
  /** Times that it was left alone. */
  outages: number;
  /** How long it was left alone, all together, in milliseconds. */
  downMs: number;
}

/** Failed calls in a row before the store is left alone. */
const FAIL_MAX = 3;
/** How long it is left alone before one call tries again, in milliseconds. */
const RESET_TIMEOUT_MS = 500;

/** A store with a deadline and a breaker. Every failure is a {@linkcode StoreUnavailableError}, but for a listing that was asked wrongly. */
export class StoreGuard {
  /** Commands sent, for the metrics. */
  readonly commands: Record<StoreOperation, number> = { read: 0, write: 0, list: 0 };
  /** Commands that failed. */
  readonly errors: Record<StoreOperation, number> = { read: 0, write: 0, list: 0 };
  /** How long commands took. */
  readonly latencies: Latencies = new Latencies();
  readonly #options: StoreGuardOptions;
  readonly #breaker: Breaker;
  #outages = 0;
  #downMs = 0;
  /** By the monotonic clock; absent while the store is up. */
  #downSince: number | undefined;
  #rest: Promise<void> | undefined;
  /** The call that was let through last to see whether the store is back. */
  #trial: Promise<unknown> | undefined;

  constructor(options: StoreGuardOptions) {
    this.#options = options;
    this.#breaker = new Breaker({
      failMax: FAIL_MAX,
      resetTimeoutMs: RESET_TIMEOUT_MS,
      probeLeaseMs: options.timeoutMs + RESET_TIMEOUT_MS,
      halfOpen: { jitterMs: 0 },
    }, {
      name: "store",
      // Not the wall clock: that may be set back while the store is left alone.
      now: () => options.timers.monotonic(),
      onEvent: (event) => this.#heed(event),
    });
  }

  /** How the store was. */
  health(): StoreHealth {
    const { timers } = this.#options;
    const since = this.#downSince;
    const running = since === undefined ? 0 : timers.monotonic() - since;
    return { up: since === undefined, outages: this.#outages, downMs: this.#downMs + running };
  }

  /** From the first open to the next close is one outage, however many probes failed meanwhile. */
  #heed(event: BreakerEvent): void {
    if (event.type !== "transition") return;
    const { timers, onOutage } = this.#options;
    if (event.to === "closed" && this.#downSince !== undefined) {
      const durationMs = timers.monotonic() - this.#downSince;
      this.#downMs += durationMs;
      this.#downSince = undefined;
      onOutage("end", durationMs);
    } else if (event.to === "open" && this.#downSince === undefined) {
      this.#downSince = timers.monotonic();
      this.#outages++;
      onOutage("begin");
    }
  }

  /** False while the store is left alone. */
  get available(): boolean {
    return this.#breaker.state !== "open";
  }

  /**
   * Where the store is left alone, or its last call failed, resolves when it is worth another one: for whoever ends and
   * comes back no more. Waits only once, since several may end one after the other, and the first finds out for all.
   */
  async rest(): Promise<void> {
    if (!this.available || this.#breaker.failures > 0) {
      // Some runtimes' timers come up to 1 ms early.
      const leftMs = this.available ? RESET_TIMEOUT_MS : Math.ceil(this.#breaker.remainingMs) + 1;
      await (this.#rest ??= delay(leftMs, this.#options.timers));
    }
    // Somebody else's call may have been quicker: until it is answered, no other is let through.
    await this.#trial;
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
    const { timers } = this.#options;
    const sentAt = this.latencies.isSampleDue ? timers.monotonic() : undefined;
    try {
      answer = send();
    } catch (error) {
      throw this.#failed(operation, key, permit, error);
    }
    if (!isPromise(answer)) {
      if (sentAt === undefined) this.latencies.addAtOnce();
      else this.latencies.sample(timers.monotonic() - sentAt);
      this.#succeeded(permit);
      return answer;
    }
    // A store that answers later is always due.
    const inTime = this.#inTime(answer, operation, key, permit, sentAt ?? timers.monotonic());
    if (permit !== undefined) this.#trial = inTime.catch(() => {});
    return inTime;
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
    sentAt: number,
  ): Promise<T> {
    const { timeoutMs, timers } = this.#options;
    return new Promise((resolve, reject) => {
      let settled = false;
      // What comes after the deadline was told as a failure already.
      const once = (settle: () => void) => {
        if (settled) return;
        settled = true;
        cancel();
        this.latencies.add(timers.monotonic() - sentAt);
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
    if (operation === "write" && error instanceof RangeError) {
      // A matter of this record. Whether the store is up nobody has found out: another call may try.
      if (permit !== undefined) this.#breaker.record(permit, { result: "cancelled" });
      this.#options.onRefused(key!); // a write names its key
      return new RecordRefusedError();
    }
    this.errors[operation]++;
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
