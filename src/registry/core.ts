/**
 * What the parts of a registry share.
 *
 * @module
 */
import type { Step } from "../breaker/step.ts";
import type { BreakerRecord } from "../breaker/record.ts";
import type { Mode, Scope } from "../breaker/state.ts";
import type { CooldownShare } from "./cooldown_share.ts";
import type { Counters } from "./counters.ts";
import type { Change } from "./engine/cell.ts";
import type { Engine } from "./engine/engine.ts";
import type { RecordKind } from "./engine/record_kind.ts";
import type { StoreGuard } from "./engine/store_guard.ts";
import type { Listeners } from "./listeners.ts";
import type { IssuedPermits } from "./issued_permits.ts";
import type { Overrides } from "./overrides/overrides.ts";
import type { Policies } from "./overrides/policies.ts";
import type { Pacer } from "./pacer.ts";
import type { BreakerPrefixes } from "./store_keys.ts";
import type { Timers } from "./timers.ts";

/** The parts and arguments of one registry. */
export interface RegistryCore {
  /** What holds now: an operator may change it at any time. */
  mode: Mode;
  policies: Policies;
  /** What of the policies is stored for every process. */
  overrides: Overrides;
  /** Of the store that holds the records. */
  guard: StoreGuard;
  engine: Engine<BreakerRecord>;
  /** What the keys of its records start with. */
  prefixes: BreakerPrefixes;
  /** With `share: "cooldowns"`: what travels, while records stay in this process. */
  cooldowns?: CooldownShare;
  issued: IssuedPermits;
  /** Holds requests to the rates of their hosts. */
  pacer: Pacer;
  listeners: Listeners;
  counters: Counters;
  now: () => number;
  random: () => number;
  timers: Timers;
  /** What is answered when the store does not answer. */
  onStoreError: "local" | "allow" | "deny";
  /**
   * Another engine on the store that is shared, for what travels beside the breakers. Absent where the store is
   * the registry's own, and nobody else reads it.
   */
  engineBeside?: <R>(kind: RecordKind<R>) => Engine<R>;
  /**
   * An engine with a guard of its own, for what may take its time: that it is slow or fails says nothing to the
   * gate. On the store that is shared, or else on the registry's own.
   */
  engineApart: <R>(
    kind: RecordKind<R>,
    bounds: { timeoutMs: number; maxRecords: number },
  ) => { guard: StoreGuard; engine: Engine<R> };
  /** Run when the registry is disposed, once what was queued is written. */
  closers: Set<() => Promise<void>>;
}

/** A step of the machine as the engine takes it: what it changed is told once it is written. */
export function toEngine<A>(
  core: RegistryCore,
  scope: Scope,
  key: string,
  step: Step<A>,
  now: number,
): Change<BreakerRecord, A> {
  const { record, answer, transitions } = step;
  if (transitions.length === 0) return step;
  const commit = () => {
    core.counters.addTransitions(scope, transitions);
    core.listeners.emitTransitions(scope, key, transitions, now);
  };
  return { record, answer, commit };
}
