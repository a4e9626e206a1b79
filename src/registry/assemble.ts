/**
 * How the parts of a registry are put together: policies, the store behind its guard, and the engine. What
 * the registry does with them is not here.
 *
 * @module
 */
import { memoryStore } from "../stores/memory.ts";
import type { Store } from "../stores/store.ts";
import type { Codec } from "./codec.ts";
import { CooldownShare } from "./cooldown_share.ts";
import { COOLDOWN_CODEC } from "./cooldowns.ts";
import type { RegistryCore } from "./core.ts";
import { Counters } from "./counters.ts";
import { Engine } from "./engine.ts";
import { Listeners } from "./events.ts";
import { PolicyBook } from "./policy_book.ts";
import { PolicyShare } from "./policy_share.ts";
import { recordCodec } from "./record_codec.ts";
import { checkOptions, type RegistryOptions } from "./registry_options.ts";
import { StoreGuard, type StoreOperation } from "./store_guard.ts";
import { REAL_TIMERS } from "./timers.ts";

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
  const onError = (operation: StoreOperation, key?: string) =>
    listeners.emit({ type: "store_error", at: now(), operation, problem: "unavailable", key });
  const onOutage = (phase: "begin" | "end", durationMs?: number) =>
    listeners.emit({ type: "store_outage", at: now(), phase, durationMs });
  const onUnreadable = (key: string) => {
    counters.unreadableValues++;
    listeners.emit({
      type: "store_error",
      at: now(),
      operation: "read",
      problem: "unreadable",
      key,
    });
  };
  const overrides = new PolicyShare({ policies, listeners, now, onUnreadable });
  const isWatched = options.store !== undefined && mode !== "off";
  const ownStore = options.store ?? memoryStore({ now });
  const shared = isWatched ? overrides.riding(ownStore) : ownStore;
  const guardOf = (store: Store) =>
    new StoreGuard({ store, timeoutMs, now, timers, onError, onOutage });
  const engineOf = <R>(guard: StoreGuard, codec: Codec<R>) =>
    new Engine({
      guard,
      codec,
      now,
      random,
      timers,
      freshnessMs,
      timeoutMs,
      maxRecords,
      onUnreadable,
    });
  const alone = options.share === "cooldowns";
  const guard = guardOf(alone ? memoryStore({ now }) : shared);
  const engine = engineOf(guard, recordCodec(policies));
  const { onStoreError = "local" } = options;
  const sharedGuard = alone ? guardOf(shared) : guard;
  overrides.askThrough(sharedGuard);
  const core: RegistryCore = {
    mode,
    policies,
    overrides,
    guard,
    engine,
    listeners,
    counters,
    now,
    random,
    timers,
    onStoreError,
    engineBeside: options.store && ((codec) => engineOf(sharedGuard, codec)),
    closers: new Set([() => overrides[Symbol.asyncDispose]()]),
  };
  if (!alone) return core;
  const cooldowns = new CooldownShare(
    sharedGuard,
    engineOf(sharedGuard, COOLDOWN_CODEC),
    now(),
  );
  return { ...core, cooldowns };
}
