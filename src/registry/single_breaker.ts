/**
 * One breaker in this process. Everything is synchronous, except running a function that is not.
 *
 * @module
 */
import { classify, type ClassifyRules } from "../breaker/classify.ts";
import { BreakerOpenError } from "../breaker/errors.ts";
import type { BreakerEvent } from "../breaker/events.ts";
import { FailureRateWindow } from "../breaker/failure_rate_window.ts";
import type { Denial, Outcome, Permit, RecordResult, Verdict } from "../breaker/gate.ts";
import { admit, decide, saysNothing, tell } from "../breaker/machine.ts";
import { SHARED } from "../breaker/names.ts";
import { openInput, operate, type OperatorInput } from "../breaker/operate.ts";
import type { OpenOptions, Snapshot } from "../breaker/operators.ts";
import { outcomeEvent } from "../breaker/outcome_event.ts";
import { FRESH_MARK, idMaker, type Mark, readPermit, writePermit } from "../breaker/permit.ts";
import { DEFAULT_POLICY, mergePolicy } from "../breaker/policy.ts";
import type { BreakerPolicy, PolicyPatch } from "../breaker/policy_types.ts";
import { type BreakerRecord, generationOf } from "../breaker/record.ts";
import { recordFromJson, recordToJson } from "../breaker/record_codec.ts";
import { retryAfterOf } from "../breaker/retry_after.ts";
import { snapshotOf } from "../breaker/snapshot.ts";
import type { BreakerState } from "../breaker/state.ts";
import type { Step, Transition } from "../breaker/step.ts";
import { drawIdPrefix } from "./id_prefix.ts";
import { delay, REAL_TIMERS } from "./timers.ts";

/** What a {@linkcode Breaker} is given besides its policy. */
export interface BreakerOptions {
  /** Named in errors and events. @default {"breaker"} */
  name?: string;
  /** Epoch milliseconds. @default {Date.now} */
  now?: () => number;
  /** Draws evenly from [0, 1), for the jitter of probes. @default {Math.random} */
  random?: () => number;
  /** Hears what happened, after it happened. What it throws is dropped. */
  onEvent?: (event: BreakerEvent) => void;
  /** Says of a thrown error whether it is a failure of the host; where not, it is neutral. */
  isFailure?: (error: unknown) => boolean;
}

/** A breaker as plain JSON: its policy and its record. */
export interface BreakerSnapshot {
  /** Version of this form. */
  version: 1;
  /** As given to the breaker. */
  name: string;
  /** All of it, so that the breaker goes on as it was. */
  policy: BreakerPolicy;
  /** Null where the breaker is healthy. */
  record: Record<string, unknown> | null;
}

/** A request let through by {@linkcode Breaker.enter}. Told at most once; disposed without: cancelled. */
export interface Entry extends Disposable {
  /** Milliseconds to wait before sending; 0 unless the request is a probe. */
  readonly waitMs: number;
  /** The request went well. */
  success(): RecordResult;
  /** The request failed; the error is classified as in {@linkcode Breaker.run}. */
  failure(error?: unknown): RecordResult;
}

/** What a permit of this class names as its host; no breaker has a host of its own. */
const HOST = "breaker";

interface Admitted {
  /** Made when it is first needed: most requests go well, and nothing of them is kept. */
  id?: string;
  issuedAt: number;
  mark: Mark;
}

/**
 * A circuit breaker in this process.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { Breaker } from "@breakwater/breakwater";
 *
 * const breaker = new Breaker({ failMax: 3, resetTimeoutMs: 10_000 });
 * const answer = await breaker.run(() => 42);
 * assert(answer === 42 && breaker.state === "closed");
 * ```
 */
export class Breaker {
  /** As given, for errors and events. */
  readonly name: string;
  readonly #policy: BreakerPolicy;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #onEvent?: (event: BreakerEvent) => void;
  readonly #rules: ClassifyRules;
  readonly #nextId = idMaker(drawIdPrefix);
  readonly #window?: FailureRateWindow;
  #record: BreakerRecord | undefined;

  /**
   * A closed breaker.
   *
   * @throws {RangeError} where the policy has a value out of its bounds
   * @throws {TypeError} where it has a key that no policy has
   */
  constructor(policy: PolicyPatch = {}, options: BreakerOptions = {}) {
    this.name = options.name ?? "breaker";
    this.#policy = mergePolicy(DEFAULT_POLICY, policy);
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#onEvent = options.onEvent;
    this.#rules = { ...this.#policy.classify, isFailure: options.isFailure };
    if (this.#policy.failureRate !== undefined) this.#window = new FailureRateWindow();
  }

  /**
   * A breaker as it was when the snapshot was taken, its policy included.
   *
   * @throws {TypeError} where the snapshot cannot be read
   */
  static from(snapshot: BreakerSnapshot, options: BreakerOptions = {}): Breaker {
    if (typeof snapshot !== "object" || snapshot === null || snapshot.version !== 1) {
      throw new TypeError("Not a breaker's snapshot of version 1: pass what toJSON() gave");
    }
    const name = options.name ?? snapshot.name;
    const breaker = new Breaker(snapshot.policy, { ...options, name });
    if (snapshot.record !== null) breaker.#record = recordFromJson(snapshot.record);
    return breaker;
  }

  /** State now. */
  get state(): BreakerState {
    return this.#record === undefined ? "closed" : this.#view().state;
  }

  /** Failures counted. */
  get failures(): number {
    return this.#record === undefined ? 0 : this.#view().failures;
  }

  /** Probes that have succeeded since the breaker became half-open. */
  get successes(): number {
    return this.#record === undefined ? 0 : this.#view().successes;
  }

  /** Milliseconds until the breaker becomes half-open; 0 unless open, Infinity for an open without end. */
  get remainingMs(): number {
    return this.#record === undefined ? 0 : this.#view().remainingMs;
  }

  /** May the next request go out? */
  allow(): Verdict {
    const pass = this.#admit();
    if ("reason" in pass) {
      const { reason, scope, key, state, retryAfterMs } = pass;
      return { allowed: false, reason, scope, key, state, retryAfterMs };
    }
    const permit = writePermit({
      id: this.#idOf(pass),
      issuedAt: pass.issuedAt,
      host: HOST,
      role: SHARED,
      resolver: "",
      hostMark: pass.mark,
    });
    const state = pass.mark.kind === "probe" ? "half_open" : "closed";
    return { allowed: true, permit, state, waitMs: this.#waitMs(pass) };
  }

  /** Tells how a request went. */
  record(permit: Permit, outcome: Outcome): RecordResult {
    const parts = readPermit(permit);
    if (parts === undefined || parts.host !== HOST) {
      const next = decide(this.#record, this.#policy, SHARED, this.#now());
      return {
        recorded: false,
        state: this.state,
        retryAfterMs: next.allowed ? 0 : next.retryAfterMs,
      };
    }
    return this.#tell({ id: parts.id, issuedAt: parts.issuedAt, mark: parts.hostMark }, outcome);
  }

  /**
   * Runs a function where the breaker allows it; waits before a probe. What the function returns or throws
   * passes through unchanged.
   *
   * @throws {BreakerOpenError} where the request is denied
   */
  async run<T>(fn: (signal?: AbortSignal) => T | Promise<T>): Promise<T> {
    const pass = this.#admit();
    if ("reason" in pass) throw new BreakerOpenError(pass);
    const waitMs = this.#waitMs(pass);
    if (waitMs > 0) await delay(waitMs, REAL_TIMERS);
    const sentAt = this.#policy.slowCall === undefined ? undefined : this.#now();
    let result: T;
    try {
      result = await fn();
    } catch (error) {
      this.#tell(pass, { error, ...this.#latencySince(sentAt) });
      throw error;
    }
    const isHeard = this.#onEvent !== undefined;
    if (isHeard || !saysNothing(this.#record, "success", this.#policy)) {
      this.#tell(pass, { result: "success", ...this.#latencySince(sentAt) });
    }
    return result;
  }

  /** The function, run through the breaker at each call. */
  wrap<A extends unknown[], T>(fn: (...args: A) => T | Promise<T>): (...args: A) => Promise<T> {
    return (...args) => this.run(() => fn(...args));
  }

  /**
   * Lets a request through that the caller reports by hand; `using entry = breaker.enter()`.
   *
   * @throws {BreakerOpenError} where the request is denied
   */
  enter(): Entry {
    const pass = this.#admit();
    if ("reason" in pass) throw new BreakerOpenError(pass);
    const sentAt = this.#now();
    let told: RecordResult | undefined;
    const once = (outcome: Outcome) => told ??= this.#tell(pass, outcome);
    const latencyMs = () => this.#now() - sentAt;
    return {
      waitMs: this.#waitMs(pass),
      success: () => once({ result: "success", latencyMs: latencyMs() }),
      failure: (error) => once({ error, latencyMs: latencyMs() }),
      [Symbol.dispose]: () => void once({ result: "cancelled" }),
    };
  }

  /** Opens: for a time, or until closed by hand. Replaces whatever deadline there was. */
  open(options: OpenOptions = {}): void {
    this.#operate(openInput(options, this.#now()));
  }

  /** Admits probes at once. */
  halfOpen(): void {
    this.#operate({ type: "half_open" });
  }

  /** Closes and clears everything. */
  close(): void {
    this.#operate({ type: "close" });
  }

  /** All that {@linkcode Breaker.from} needs. */
  toJSON(): BreakerSnapshot {
    const record = this.#record === undefined ? null : recordToJson(this.#record);
    // A copy: whoever changes a snapshot must not change this breaker.
    return { version: 1, name: this.name, policy: structuredClone(this.#policy), record };
  }

  #view(): Snapshot {
    return snapshotOf(this.#record, this.#policy, this.#now(), "host", this.name);
  }

  #waitMs(pass: Admitted): number {
    return pass.mark.kind === "probe" ? this.#random() * this.#policy.halfOpen.jitterMs : 0;
  }

  #latencySince(sentAt: number | undefined): { latencyMs: number } | undefined {
    return sentAt === undefined ? undefined : { latencyMs: this.#now() - sentAt };
  }

  #idOf(pass: Admitted): string {
    return pass.id ??= this.#nextId();
  }

  #admit(): Admitted | Denial {
    const issuedAt = this.#now();
    if (this.#record === undefined) return { issuedAt, mark: FRESH_MARK };
    const asked = decide(this.#record, this.#policy, SHARED, issuedAt);
    if (asked.allowed) return this.#enter(issuedAt);
    const { reason, state, retryAfterMs } = asked;
    const denial: Denial = { reason, scope: "host", key: this.name, state, retryAfterMs };
    if (this.#onEvent) {
      this.#emit({ type: "denial", at: issuedAt, host: this.name, observed: false, ...denial });
    }
    return denial;
  }

  /** Takes what {@linkcode decide} has said yes to: a probe its lease. */
  #enter(issuedAt: number): Admitted {
    const id = this.#nextId();
    const input = { type: "allow", role: SHARED, id } as const;
    const taken = this.#commit(admit(this.#record, input, this.#policy, issuedAt), issuedAt);
    return { id, issuedAt, mark: taken.allowed ? taken.mark : FRESH_MARK }; // nothing came between: allowed
  }

  #tell(pass: Admitted, outcome: Outcome): RecordResult {
    const now = this.#now();
    const kind = classify(outcome, this.#rules);
    const generation = generationOf(this.#record, SHARED);
    const rate = this.#policy.failureRate;
    const retryAfterMs = retryAfterOf(outcome, now);
    const told = this.#commit(
      tell(
        this.#record,
        {
          type: "outcome",
          role: SHARED,
          id: this.#idOf(pass),
          issuedAt: pass.issuedAt,
          mark: pass.mark,
          kind,
          retryAfterMs,
          latencyMs: outcome.latencyMs,
          windowBefore: rate && this.#window?.counts(generation, rate.windowMs, now),
        },
        this.#policy,
        now,
      ),
      now,
    );
    if (told.sample) this.#window?.add(generation, told.sample, now);
    if (this.#onEvent) {
      const asked = { host: this.name, probe: pass.mark.kind === "probe" };
      this.#emit(outcomeEvent(asked, outcome, kind, told, now, retryAfterMs));
    }
    return { recorded: told.recorded, state: told.state, retryAfterMs: told.retryAfterMs };
  }

  #operate(input: OperatorInput): void {
    const now = this.#now();
    this.#commit(operate(this.#record, input, this.#policy, now), now);
  }

  /** Commit first, then tell. */
  #commit<A>(step: Step<A>, at: number): A {
    this.#record = step.record;
    if (this.#onEvent) {
      for (const transition of step.transitions) this.#emitTransition(transition, at);
    }
    return step.answer;
  }

  #emitTransition({ name: _name, ...transition }: Transition, at: number): void {
    this.#emit({ type: "transition", at, scope: "host", key: this.name, ...transition });
  }

  #emit(event: BreakerEvent): void {
    try {
      this.#onEvent?.(event);
    } catch {
      // A listener that throws changes nothing.
    }
  }
}
