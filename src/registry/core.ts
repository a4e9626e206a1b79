/**
 * What the parts of a registry share.
 *
 * @module
 */
import type { Step as MachineStep } from "../breaker/machine.ts";
import type { BreakerRecord } from "../breaker/record.ts";
import type { Mode, Scope } from "../breaker/types.ts";
import type { MaybePromise } from "../stores/store.ts";
import type { Step } from "./cell.ts";
import type { Codec } from "./codec.ts";
import type { CooldownShare } from "./cooldown_share.ts";
import type { Counters } from "./counters.ts";
import type { Engine } from "./engine.ts";
import type { Listeners } from "./events.ts";
import type { IssuedPermits } from "./issued_permits.ts";
import type { PolicyBook } from "./policy_book.ts";
import type { PolicyShare } from "./policy_share.ts";
import type { Pacer } from "./pacer.ts";
import type { BreakerPrefixes } from "./record_codec.ts";
import { isPromise, type StoreGuard } from "./store_guard.ts";
import type { Timers } from "./timers.ts";

/** The parts and arguments of one registry. */
export interface RegistryCore {
  /** What holds now: an operator may change it at any time. */
  mode: Mode;
  policies: PolicyBook;
  /** What of the policies is stored for every process. */
  overrides: PolicyShare;
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
  engineBeside?: <R>(codec: Codec<R>) => Engine<R>;
  /**
   * An engine with a guard of its own, for what may take its time: that it is slow or fails says nothing to the
   * gate. On the store that is shared, or else on the registry's own.
   */
  engineApart: <R>(
    codec: Codec<R>,
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
  step: MachineStep<A>,
  now: number,
): Step<BreakerRecord, A> {
  const { record, answer, transitions } = step;
  if (transitions.length === 0) return step;
  const commit = () => {
    core.counters.addTransitions(scope, transitions);
    core.listeners.emitTransitions(scope, key, transitions, now);
  };
  return { record, answer, commit };
}

/** Goes on with a value, now or later. */
export function chain<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** The optional names of an event. */
export function names(host: string, role: string, resolver: string) {
  return { host, ...(role !== "" && { role }), ...(resolver !== "" && { resolver }) };
}
