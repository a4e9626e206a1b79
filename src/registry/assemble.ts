/**
 * How the parts of a registry are put together: policies, the store behind its guard, and the engine. What
 * the registry does with them is not here.
 *
 * @module
 */
import type { Mode } from "../breaker/state.ts";
import { isMemoryStore, memoryStore } from "../stores/memory.ts";
import type { Store, StoreOperation } from "../stores/store.ts";
import type { RecordKind } from "./engine/record_kind.ts";
import { CooldownShare } from "./cooldown_share.ts";
import { COOLDOWN_KIND } from "./cooldown_kind.ts";
import type { RegistryCore } from "./core.ts";
import { Counters } from "./counters.ts";
import { Engine, type EngineOptions } from "./engine/engine.ts";
import { Listeners } from "./listeners.ts";
import { IssuedPermits } from "./issued_permits.ts";
import { EffectiveMode } from "./overrides/effective_mode.ts";
import { Pacer } from "./pacer.ts";
import { Policies } from "./overrides/policies.ts";
import { Overrides } from "./overrides/overrides.ts";
import { RATE_KIND } from "./rate_kind.ts";
import { BARE_PREFIXES, SHARED_PREFIXES } from "./store_keys.ts";
import { breakerKind } from "./breaker_kind.ts";
import { checkOptions, DEFAULT_MAX_WAIT_MS, type RegistryOptions } from "./registry_options.ts";
import { StoreGuard } from "./engine/store_guard.ts";
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
  const policies = new Policies(config);
  const listeners = new Listeners();
  const counters = new Counters();
  const { onError, onRefused, onOutage, onUnreadable } = reporters(listeners, counters, now);
  const onMode = (mode: Mode) => void (core.mode = mode);
  const modes = new EffectiveMode({ configured: mode, onMode, listeners, now, onUnreadable });
  const overrides = new Overrides({ policies, modes, listeners, now, onUnreadable });
  const isWatched = options.store !== undefined && mode !== "off";
  const ownStore = options.store ?? memoryStore({ now });
  const shared = isWatched ? overrides.riding(ownStore) : ownStore;
  const guardOf = (store: Store) =>
    new StoreGuard({ store, timeoutMs, timers, onError, onRefused, onOutage });
  const engineOf = <R>(
    guard: StoreGuard,
    kind: RecordKind<R>,
    bounds: EngineBounds = { timeoutMs, maxRecords },
  ) =>
    new Engine({
      guard,
      kind,
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
  const engine = engineOf(guard, breakerKind(policies, prefixes), bounds);
  const { onStoreError = "local" } = options;
  const sharedGuard = own === undefined ? guard : guardOf(shared);
  overrides.askThrough(sharedGuard);
  const pacer = new Pacer({
    engine: () => engineOf(sharedGuard, RATE_KIND),
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
    engineBeside: options.store && ((kind) => engineOf(sharedGuard, kind)),
    engineApart(kind, bounds) {
      const { timeoutMs } = bounds;
      const onOutage = () => {}; // told once, by the gate's own guard
      const heard = { onError, onRefused, onOutage };
      const guard = new StoreGuard({ store: shared, timeoutMs, timers, ...heard });
      return { guard, engine: engineOf(guard, kind, bounds) };
    },
    closers: new Set([() => overrides[Symbol.asyncDispose]()]),
  };
  if (options.share !== "cooldowns") return core;
  core.cooldowns = new CooldownShare(
    sharedGuard,
    engineOf(sharedGuard, COOLDOWN_KIND),
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
