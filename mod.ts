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
export type {
  BreakerState,
  DenialReason,
  Mode,
  OpenReason,
  OutcomeKind,
  Scope,
} from "./src/breaker/state.ts";
export type {
  AllowedVerdict,
  AllowRequest,
  Denial,
  DeniedVerdict,
  ErrorOutcome,
  Gate,
  Outcome,
  Permit,
  RecordResult,
  ResultOutcome,
  StatusOutcome,
  Verdict,
} from "./src/breaker/gate.ts";
export type {
  BreakerConfigInput,
  BreakerPolicy,
  ClassifyPolicy,
  FailureRatePolicy,
  HalfOpenPolicy,
  PacingInput,
  PolicyPatch,
  RatesInput,
  RolePolicy,
  RollingPolicy,
  SlowCallPolicy,
} from "./src/breaker/policy_types.ts";
export type {
  BreakerView,
  ModeOverride,
  ModeView,
  OpenOptions,
  OperatorOptions,
  PaceView,
  PolicyChange,
  PolicyOverride,
  PolicyView,
  Snapshot,
  Target,
} from "./src/breaker/operators.ts";
export type {
  BreakerEvent,
  DenialEvent,
  EventBase,
  ModeEvent,
  OperatorEvent,
  OutcomeEvent,
  PolicyEvent,
  StoreErrorEvent,
  StoreOutageEvent,
  TransitionEvent,
} from "./src/breaker/events.ts";
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
} from "./src/registry/single_breaker.ts";
export { EdgeClient, EdgeError } from "./src/fetch/edge_client.ts";
export { type EdgeClientOptions } from "./src/fetch/edge_client_options.ts";
export type { PageOptions, SnapshotPage } from "./src/registry/listing.ts";
export { BreakerRegistry } from "./src/registry/registry.ts";
export type { RegistryOptions } from "./src/registry/registry_options.ts";
export type { OutcomeCounts, TransitionCount, VerdictCounts } from "./src/registry/counters.ts";
export type { EngineStats, QueueStats } from "./src/registry/engine/engine.ts";
export type { EventType } from "./src/breaker/events.ts";
export type { LatencyStats } from "./src/registry/latencies.ts";
export type { RegistryStats } from "./src/registry/stats.ts";
export { type StoreHealth, StoreUnavailableError } from "./src/registry/engine/store_guard.ts";
export type { WriterStats } from "./src/registry/engine/writer.ts";
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
