/**
 * Breakwater tells a crawler, before each request, whether to send it: a circuit breaker per host, per
 * resolver and per role, whose state many processes share. This entry point imports nothing from outside.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { breakerFetch, BreakerRegistry } from "@breakwater/breakwater";
 *
 * const registry = new BreakerRegistry({ config: { defaults: { failMax: 3 } } });
 * const get = breakerFetch(registry, { role: "metadata" });
 * assert(typeof get === "function");
 * ```
 *
 * @module
 */
export { classify, type ClassifyRules } from "./src/breaker/classify.ts";
export { BreakerOpenError } from "./src/breaker/errors.ts";
export { hostKey } from "./src/breaker/host_key.ts";
export { DEFAULT_POLICY } from "./src/breaker/policy.ts";
export { parseRetryAfter } from "./src/breaker/retry_after.ts";
export type * from "./src/breaker/types.ts";
export {
  type BreakerFetch,
  breakerFetch,
  type BreakerFetchOptions,
  type BreakerRequestInit,
  type RequestLabel,
} from "./src/fetch/breaker_fetch.ts";
export {
  Breaker,
  type BreakerOptions,
  type BreakerSnapshot,
  type Entry,
} from "./src/registry/breaker.ts";
export { EdgeClient, type EdgeClientOptions, EdgeError } from "./src/fetch/edge_client.ts";
export type { PageOptions, SnapshotPage } from "./src/registry/listing.ts";
export { BreakerRegistry } from "./src/registry/registry.ts";
export type { RegistryOptions } from "./src/registry/registry_options.ts";
export type { OutcomeCounts, TransitionCount, VerdictCounts } from "./src/registry/counters.ts";
export type { EngineStats, QueueStats } from "./src/registry/engine.ts";
export type { EventType } from "./src/registry/events.ts";
export type { LatencyStats } from "./src/registry/latencies.ts";
export type { RegistryStats } from "./src/registry/stats.ts";
export { type StoreHealth, StoreUnavailableError } from "./src/registry/store_guard.ts";
export type { WriterStats } from "./src/registry/writer.ts";
export type { Timers } from "./src/registry/timers.ts";
export { type MemoryStore, memoryStore, type MemoryStoreOptions } from "./src/stores/memory.ts";
export type {
  Entry as StoreEntry,
  ListOptions,
  MaybePromise,
  Page,
  Store,
  StoreOperation,
  Versioned,
  WriteResult,
} from "./src/stores/store.ts";
