/**
 * How the parts of a registry are put together: policies, the store behind its guard, and the engine. What
 * the registry does with them is not here.
 *
 * @module
 */
import type { Mode } from "../breaker/types.ts";
import { isMemoryStore, memoryStore } from "../stores/memory.ts";
import type { Store, StoreOperation } from "../stores/store.ts";
import type { Codec } from "./codec.ts";
import { CooldownShare } from "./cooldown_share.ts";
import { COOLDOWN_CODEC } from "./cooldowns.ts";
import type { RegistryCore } from "./core.ts";
import { Counters } from "./counters.ts";
import { Engine, type EngineOptions } from "./engine.ts";
import { Listeners } from "./events.ts";
import { IssuedPermits } from "./issued_permits.ts";
import { ModeShare } from "./mode_share.ts";
import { Pacer } from "./pacer.ts";
import { PolicyBook } from "./policy_book.ts";
import { PolicyShare } from "./policy_share.ts";
import { RATE_CODEC } from "./rate_codec.ts";
import { BARE_PREFIXES, recordCodec, SHARED_PREFIXES } from "./record_codec.ts";
import { checkOptions, DEFAULT_MAX_WAIT_MS, type RegistryOptions } from "./registry_options.ts";
import { StoreGuard } from "./store_guard.ts";
import { REAL_TIMERS } from "./timers.ts";

/** Refused records remembered as told. */
const MAX_TOLD = 1_000;

type EngineBounds =
  & Pick<EngineOptions<never>, "timeoutMs" | "maxRecords">
  & Partial<Pick<EngineOptions<never>, "isInMemory" | "isStored">>;

/**
 * Puts the parts together.
 *
 * @throws {RangeError} where an option or a policy has a value out of its bounds
 * @throws {TypeError} where an option, or a key of a policy, is none
 */
export function assemble(options: RegistryOptions, maxRecords: number): RegistryCore {
  const { config = {}, freshnessMs = 500, timeoutMs = 250 } = options;
  const { now = Date.now, random = Math.random, timers = REAL_TIMERS } = options;
  const { mode = "enforce" } = config;
  checkOptions(options);
  const policies = new PolicyBook(config);
  const listeners = new Listeners();
  const counters = new Counters();
  const { onError, onRefused, onOutage, onUnreadable } = reporters(listeners, counters, now);
  const onMode = (mode: Mode) => void (core.mode = mode);
  const modes = new ModeShare({ configured: mode, onMode, listeners, now, onUnreadable });
  const overrides = new PolicyShare({ policies, modes, listeners, now, onUnreadable });
  const isWatched = options.store !== undefined && mode !== "off";
  const ownStore = options.store ?? memoryStore({ now });
  const shared = isWatched ? overrides.riding(ownStore) : ownStore;
  const guardOf = (store: Store) =>
    new StoreGuard({ store, timeoutMs, timers, onError, onRefused, onOutage });
  const engineOf = <R>(
    guard: StoreGuard,
    codec: Codec<R>,
    bounds: EngineBounds = { timeoutMs, maxRecords },
  ) =>
    new Engine({
      guard,
      codec,
      now,
      random,
      timers,
      freshnessMs,
      isInMemory: isMemoryStore(ownStore),
      ...bounds,
      onUnreadable,
    });
  const alone = options.share === "cooldowns" || options.store === undefined;
  const own = alone ? memoryStore({ now }) : undefined;
  const guard = guardOf(own ?? shared);
  const prefixes = own === undefined ? SHARED_PREFIXES : BARE_PREFIXES;
  const isStored = own && ((key: string) => own.has(key));
  const bounds = {
    timeoutMs,
    maxRecords,
    ...(isStored && { isStored, isInMemory: true }),
  };
  const engine = engineOf(guard, recordCodec(policies, prefixes), bounds);
  const { onStoreError = "local" } = options;
  const sharedGuard = own === undefined ? guard : guardOf(shared);
  overrides.askThrough(sharedGuard);
  const pacer = new Pacer({
    engine: () => engineOf(sharedGuard, RATE_CODEC),
    isStoreUp: () => sharedGuard.available,
    now,
    random,
    maxWaitMs: config.pacing?.maxWaitMs ?? DEFAULT_MAX_WAIT_MS,
    maxLeases: maxRecords,
  });
  const core: RegistryCore = {
    mode,
    policies,
    overrides,
    guard,
    engine,
    prefixes,
    issued: new IssuedPermits(),
    pacer,
    listeners,
    counters,
    now,
    random,
    timers,
    onStoreError,
    engineBeside: options.store && ((codec) => engineOf(sharedGuard, codec)),
    engineApart(codec, bounds) {
      const { timeoutMs } = bounds;
      const onOutage = () => {}; // told once, by the gate's own guard
      const heard = { onError, onRefused, onOutage };
      const guard = new StoreGuard({ store: shared, timeoutMs, timers, ...heard });
      return { guard, engine: engineOf(guard, codec, bounds) };
    },
    closers: new Set([() => overrides[Symbol.asyncDispose]()]),
  };
  if (options.share !== "cooldowns") return core;
  core.cooldowns = new CooldownShare(
    sharedGuard,
    engineOf(sharedGuard, COOLDOWN_CODEC),
    now(),
  );
  return core;
}

/** Tells listeners what goes wrong with a store. */
function reporters(listeners: Listeners, counters: Counters, now: () => number) {
  const refused = new Set<string>();
  return {
    onError: (operation: StoreOperation, key?: string) =>
      listeners.emit({ type: "store_error", at: now(), operation, problem: "unavailable", key }),
    onRefused: (key: string) => {
      if (refused.has(key)) return;
      if (refused.size >= MAX_TOLD) refused.clear();
      refused.add(key);
      const problem = "refused";
      listeners.emit({ type: "store_error", at: now(), operation: "write", problem, key });
    },
    onOutage: (phase: "begin" | "end", durationMs?: number) =>
      listeners.emit({ type: "store_outage", at: now(), phase, durationMs }),
    onUnreadable: (key: string) => {
      counters.unreadableValues++;
      const problem = "unreadable";
      listeners.emit({ type: "store_error", at: now(), operation: "read", problem, key });
    },
  };
}
