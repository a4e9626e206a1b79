/**
 * The registry: a breaker per host, per resolver and per role, whose records live in a store. It puts the
 * pure machine, the engine and the listeners together and holds no rule of its own.
 *
 * @module
 */
import { outcomeOfResponse } from "../breaker/classify.ts";
import { BreakerOpenError } from "../breaker/errors.ts";
import { hostKey } from "../breaker/host_key.ts";
import type {
  AllowRequest,
  Gate,
  Outcome,
  Permit,
  RecordResult,
  Verdict,
} from "../breaker/gate.ts";
import type { BreakerEvent, EventType } from "../breaker/events.ts";
import type { BreakerPolicy, PolicyPatch } from "../breaker/policy_types.ts";
import type { BreakerState, Mode } from "../breaker/state.ts";
import type {
  ModeView,
  OpenOptions,
  OperatorOptions,
  PaceView,
  PolicyView,
  Snapshot,
  Target,
} from "../breaker/operators.ts";
import type { MaybePromise } from "../stores/store.ts";
import { Admissions } from "./admissions.ts";
import { assemble } from "./assemble.ts";
import { openInput } from "../breaker/operate.ts";
import { chain, isPromise } from "./maybe_promise.ts";
import type { RegistryCore } from "./core.ts";
import { listPage, type PageOptions, snapshotNow, type SnapshotPage } from "./listing.ts";
import { Latencies } from "./latencies.ts";
import { Outcomes } from "./outcomes.ts";
import { KEY_PREFIX, storeKey } from "./store_keys.ts";
import { operateOn } from "./operator_actions.ts";
import { resolveTarget } from "./targets.ts";
import type { RegistryOptions } from "./registry_options.ts";
import { type RegistryStats, statsOf } from "./stats.ts";
import { delay } from "./timers.ts";

const cores = new WeakMap<BreakerRegistry, RegistryCore>();

/** The parts of a registry, for the layers of this package that stand on it. */
export function coreOf(registry: BreakerRegistry): RegistryCore {
  return cores.get(registry)!; // each has its own from the start
}

/**
 * A breaker for every host, resolver and role, shared with other processes through a store.
 *
 * @example
 * ```ts
 * import { BreakerRegistry } from "@breakwater/breakwater";
 *
 * await using registry = new BreakerRegistry({ config: { defaults: { failMax: 3 } } });
 * const verdict = await registry.allow({ url: "https://api.example.org/works", role: "metadata" });
 * if (verdict.allowed) await registry.record(verdict.permit, { status: 200 });
 * ```
 */
export class BreakerRegistry implements Gate {
  readonly #core: RegistryCore;
  readonly #admissions: Admissions;
  readonly #outcomes: Outcomes;
  readonly #latencies = { allow: new Latencies(), record: new Latencies() };

  /**
   * A registry without any record in memory; asks the store when it is first asked itself.
   *
   * @throws {RangeError} where an option or a policy has a value out of its bounds
   * @throws {TypeError} where a policy has a key that none has, or a name is none
   */
  constructor(options: RegistryOptions = {}) {
    const { maxHosts = 100_000 } = options;
    this.#core = assemble(options, maxHosts);
    cores.set(this, this.#core);
    this.#admissions = new Admissions(this.#core);
    this.#outcomes = new Outcomes(this.#core, maxHosts);
  }

  /** Whether the registry decides, only watches, or keeps out of the way, now. */
  get mode(): Mode {
    return this.#core.mode;
  }

  /**
   * May this request go out? Answers without a promise where the store does.
   *
   * @throws {TypeError} where the request names neither or both of host and url, or a name is none
   */
  allow(request: AllowRequest): MaybePromise<Verdict> {
    if (this.#core.mode === "off") {
      this.#core.overrides.look();
      return this.#admissions.allow(request);
    }
    const { allow } = this.#latencies;
    const askedAt = allow.isSampleDue ? this.#core.timers.monotonic() : undefined;
    const verdict = this.#admissions.allow(request);
    this.#core.overrides.look();
    return this.#timed(allow, askedAt, verdict);
  }

  /**
   * Tells how a request went. A permit that is late, used or unreadable is answered with `recorded: false`.
   *
   * @throws {TypeError} where the outcome is none
   */
  record(permit: Permit, outcome: Outcome): MaybePromise<RecordResult> {
    if (this.#core.mode === "off") {
      this.#core.overrides.look();
      return this.#outcomes.record(permit, outcome);
    }
    const { record } = this.#latencies;
    const askedAt = record.isSampleDue ? this.#core.timers.monotonic() : undefined;
    const result = this.#outcomes.record(permit, outcome);
    this.#core.overrides.look();
    return this.#timed(record, askedAt, result);
  }

  /**
   * Runs a function where the gate allows it; waits before a probe. A `Response` that it returns is told by
   * its status (neutral where that is none, such as 0), anything else as a success. What it returns or throws passes
   * through unchanged.
   *
   * @throws {BreakerOpenError} where the request is denied
   */
  async run<T>(request: AllowRequest, fn: () => T | Promise<T>): Promise<T> {
    const verdict = await this.allow(request);
    if (!verdict.allowed) throw new BreakerOpenError(verdict);
    if (verdict.waitMs > 0) await delay(verdict.waitMs, this.#core.timers);
    const sentAt = this.#core.now();
    let result: T;
    try {
      result = await fn();
    } catch (error) {
      await this.record(verdict.permit, { error, latencyMs: this.#core.now() - sentAt });
      throw error;
    }
    const latencyMs = this.#core.now() - sentAt;
    const outcome: Outcome = isResponse(result)
      ? outcomeOfResponse(result, latencyMs)
      : { result: "success", latencyMs };
    await this.record(verdict.permit, outcome);
    return result;
  }

  /** One host or resolver as it stands now; closed where there is no record. Asks the store. */
  inspect(target: Target): MaybePromise<Snapshot> {
    const { scope, key } = resolveTarget(target);
    const { cooldowns, engine } = this.#core;
    const unsure = cooldowns?.take(this.#core, [{ scope, key }], true) ?? false;
    const seen = chain(
      unsure,
      (shared) =>
        chain(engine.look(storeKey(this.#core.prefixes, scope, key)), (own) => ({
          record: own.record,
          degraded: shared || own.degraded,
        })),
    );
    return chain(seen, ({ record, degraded }) => {
      const snapshot = snapshotNow(this.#core, scope, key, record);
      return degraded ? { ...snapshot, degraded } : snapshot;
    });
  }

  /**
   * One page of the hosts, then the resolvers, that are in trouble, in a stable order.
   *
   * @throws {TypeError} where the cursor is none of this listing
   * @throws {RangeError} where the limit is not a whole number above 0
   */
  page(options: PageOptions = {}): Promise<SnapshotPage> {
    return listPage(this.#core, options);
  }

  /** Every host and resolver in trouble. */
  async *list(options: { state?: BreakerState } = {}): AsyncIterable<Snapshot> {
    let cursor: string | undefined;
    do {
      const page = await this.page({ ...options, limit: 200, cursor });
      yield* page.snapshots;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /**
   * Opens for a time, or until closed by hand; replaces whatever deadline there was.
   *
   * @throws {RangeError} where `forMs` is not above 0
   */
  open(target: Target, options: OpenOptions = {}): MaybePromise<Snapshot> {
    return operateOn(this.#core, target, openInput(options, this.#core.now()), options);
  }

  /** Admits probes at once. */
  halfOpen(target: Target, options: OperatorOptions = {}): MaybePromise<Snapshot> {
    return operateOn(this.#core, target, { type: "half_open" }, options);
  }

  /** Closes and clears everything, cooldowns and roles included. */
  close(target: Target, options: OperatorOptions = {}): MaybePromise<Snapshot> {
    return operateOn(this.#core, target, { type: "close" }, options);
  }

  /** The policy that holds for a host or resolver, as far as this process knows. */
  policy(target: Target): BreakerPolicy {
    const { scope, key } = resolveTarget(target);
    this.#core.overrides.look();
    return this.#core.policies.of(scope, key);
  }

  /** The policy of a host by its layers. Asks the store for what was stored with {@linkcode setPolicy}. */
  async inspectPolicy(host: string): Promise<PolicyView> {
    return await this.#core.overrides.inspect(hostKey(host));
  }

  /** How fast requests of a host may go out now: one entry for each of its rates. Asks the store. */
  pace(host: string): MaybePromise<PaceView[]> {
    const key = hostKey(host);
    const { policies, pacer } = this.#core;
    return pacer.view(key, policies.ofHost(key).rates ?? {});
  }

  /**
   * Lays a patch over the policy of a host for every process on the store, in place of the one before. Others
   * take it up within 2 s of traffic; it outlives them all, and leaves a running cooldown alone.
   *
   * @param options who sets it and why, for whoever looks later; up to 64 and 500 characters
   * @throws {RangeError} where a value is out of its bounds, or contradicts what it is laid over
   * @throws {TypeError} where a key is none
   * @throws {StoreUnavailableError} where the store cannot be told; to try again does no harm
   */
  async setPolicy(
    host: string,
    patch: PolicyPatch,
    options: { by?: string; reason?: string } = {},
  ): Promise<PolicyView> {
    return await this.#core.overrides.set(hostKey(host), patch, options);
  }

  /**
   * Removes what was stored with {@linkcode setPolicy}.
   *
   * @param options who removes it and why, told to listeners
   * @throws {StoreUnavailableError} where the store cannot be told; to try again does no harm
   */
  async clearPolicy(
    host: string,
    options: { by?: string; reason?: string } = {},
  ): Promise<PolicyView> {
    return await this.#core.overrides.clear(hostKey(host), options);
  }

  /** The mode that holds here and why. Asks the store for what was stored with {@linkcode setMode}. */
  async inspectMode(): Promise<ModeView> {
    return await this.#core.overrides.inspectMode();
  }

  /**
   * Stores a mode for every process on the store, in place of what each is configured with; undefined brings that
   * back. Others take it up within 2 s of traffic, and it outlives them all. A process that is configured
   * `off` stays off: it never looks.
   *
   * @param options who sets it and why, for whoever looks later; up to 64 and 500 characters
   * @throws {RangeError} where the mode is none
   * @throws {StoreUnavailableError} where the store cannot be told; to try again does no harm
   */
  async setMode(
    mode: Mode | undefined,
    options: { by?: string; reason?: string } = {},
  ): Promise<ModeView> {
    return await this.#core.overrides.setMode(mode, options);
  }

  /**
   * Lays a patch over the policy of a host or resolver, in this process. What is stored for every process
   * goes on counting for what it names.
   *
   * @throws {RangeError} where a value is out of its bounds; nothing is changed then
   * @throws {TypeError} where a key is none; nothing is changed then
   */
  updatePolicy(target: Target, patch: PolicyPatch): void {
    const { scope, key } = resolveTarget(target);
    this.#core.policies.patch(scope, key, patch);
  }

  /**
   * Hears what happens from now on; returns what ends that.
   *
   * @param types what to hear of; nobody pays for the making of other events. @default all
   */
  onEvent(listener: (event: BreakerEvent) => void, types?: readonly EventType[]): () => void {
    return this.#core.listeners.add(listener, types);
  }

  /** True where the store answers in time. */
  async ready(): Promise<boolean> {
    try {
      const { cooldowns, guard } = this.#core;
      await (cooldowns?.guard ?? guard).read([`${KEY_PREFIX}ready`]);
      return true;
    } catch {
      return false; // only StoreUnavailableError comes from a guard
    }
  }

  /** What the registry did so far. */
  stats(): RegistryStats {
    return statsOf(this.#core, this.#latencies);
  }

  /**
   * Writes what is queued, and offers to the store what an outage left behind once more, after half a second where
   * it is left alone just then. Listeners are told of how many records the store does not hold even so, and
   * {@linkcode stats} says it under `queues.unsaved`. The store is left open.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const { engine, cooldowns, pacer, listeners, now, closers } = this.#core;
    await engine[Symbol.asyncDispose]();
    await cooldowns?.engine[Symbol.asyncDispose]();
    await pacer[Symbol.asyncDispose]();
    const records = this.stats().queues.unsaved;
    if (records > 0) {
      const problem = "unsaved";
      listeners.emit({ type: "store_error", at: now(), operation: "write", problem, records });
    }
    await Promise.all([...closers].map((close) => close()));
  }

  /** Counts how long a call took. Not timed where it answers at once, but for a sample. */
  #timed<T>(
    latencies: Latencies,
    askedAt: number | undefined,
    answer: MaybePromise<T>,
  ): MaybePromise<T> {
    const { timers } = this.#core;
    if (!isPromise(answer)) {
      if (askedAt === undefined) latencies.addAtOnce();
      else latencies.sample(timers.monotonic() - askedAt);
      return answer;
    }
    const since = askedAt ?? timers.monotonic();
    return answer.then((value) => {
      latencies.add(timers.monotonic() - since);
      return value;
    });
  }
}

/** Of this realm or another: what has a status and headers is told by them. */
function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true;
  if (typeof value !== "object" || value === null) return false;
  const { status, headers } = value as Partial<Response>; // safe: only looked at
  return typeof status === "number" && typeof headers?.get === "function";
}
