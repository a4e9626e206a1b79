/**
 * What listeners of a breaker or a registry are told.
 *
 * @module
 */
import type { Denial } from "./gate.ts";
import type { ModeOverride, PolicyOverride } from "./operators.ts";
import type { BreakerState, Mode, OpenReason, OutcomeKind, Scope } from "./state.ts";

/** What every event carries. */
export interface EventBase {
  /** When, in epoch milliseconds, by the clock of the process that saw it. */
  at: number;
}

/** A breaker changed its state. */
export interface TransitionEvent extends EventBase {
  /** Tells the events apart. */
  type: "transition";
  /** Whose breaker. */
  scope: Scope;
  /** Host key or resolver name. */
  key: string;
  /** Present where the breaker is a role's own. */
  role?: string;
  /** State before. */
  from: BreakerState;
  /** State now. */
  to: BreakerState;
  /** Why it is open; the reason it was open for where it is half-open; what closed it: probes or an operator. */
  reason: OpenReason | "probes";
  /** An operator's words, where one acted. */
  note?: string;
  /** Deadline in epoch milliseconds, where open. */
  until?: number;
}

/** A request was denied, or in mode `observe` would have been. */
export interface DenialEvent extends EventBase, Denial {
  /** Tells the events apart. */
  type: "denial";
  /** Host key of the request. */
  host: string;
  /** Role of the request. */
  role?: string;
  /** Resolver of the request. */
  resolver?: string;
  /** True in mode `observe`: the request went out all the same. */
  observed: boolean;
}

/** An outcome was told. */
export interface OutcomeEvent extends EventBase {
  /** Tells the events apart. */
  type: "outcome";
  /** Host key of the request. */
  host: string;
  /** Role of the request. */
  role?: string;
  /** Resolver of the request. */
  resolver?: string;
  /** What it was classified as. */
  kind: OutcomeKind;
  /** False where it came too late or twice. */
  recorded: boolean;
  /** State of the breaker afterwards. */
  state: BreakerState;
  /** HTTP status, where it was told. */
  status?: number;
  /** Name of the error, where one was told: `TimeoutError`. Never its message. */
  error?: string;
  /** True where a cache answered and the host was never asked. */
  fromCache?: boolean;
  /** True where the request was a probe of the host. */
  probe?: boolean;
  /** Milliseconds, where they were told. */
  latencyMs?: number;
  /** What the host asked for, in milliseconds, before the cap. */
  retryAfterMs?: number;
}

/** The store failed, or held something that cannot be read. Never carries a command or a secret. */
export interface StoreErrorEvent extends EventBase {
  /** Tells the events apart. */
  type: "store_error";
  /** What was being done. */
  operation: "read" | "write" | "list";
  /**
   * `unavailable`: no answer in time or an error; `unreadable`: a stored value that counts as absent; `refused`: a
   * record that the store cannot hold, told once for each key; `unsaved`: the registry has ended, and the store does
   * not hold all that it knew.
   */
  problem: "unavailable" | "unreadable" | "refused" | "unsaved";
  /** The store's key, where one was concerned. */
  key?: string;
  /** With `unsaved`: how many records. */
  records?: number;
}

/** The store stopped answering, or answers again: told once for all the calls that failed meanwhile. */
export interface StoreOutageEvent extends EventBase {
  /** Tells the events apart. */
  type: "store_outage";
  /** Which of both. */
  phase: "begin" | "end";
  /** With `end`: how long it lasted, in milliseconds. */
  durationMs?: number;
}

/** An operator acted on a breaker, whether or not that changed its state. */
export interface OperatorEvent extends EventBase {
  /** Tells the events apart. */
  type: "operator";
  /** Whose breaker. */
  scope: Scope;
  /** Host key or resolver name. */
  key: string;
  /** What was done. */
  action: "open" | "half_open" | "close";
  /** With `open`: the deadline in epoch milliseconds, Infinity (null in JSON) for none. */
  until?: number;
  /** The operator's words. */
  note?: string;
  /** Who it was, where that was told. */
  by?: string;
}

/** The stored override of a host's policy was set, changed or removed, and holds here from now on. */
export interface PolicyEvent extends EventBase {
  /** Tells the events apart. */
  type: "policy";
  /** Only hosts have stored overrides. */
  scope: "host";
  /** Host key. */
  key: string;
  /** What is laid over the configuration now; absent where the override was removed. */
  override?: PolicyOverride;
  /** Where it was removed: who did it, where that was told. */
  by?: string;
  /** Where it was removed: why, where that was told. */
  reason?: string;
  /** True in the process that was asked for the change, false in one that took it up from the store. */
  here: boolean;
}

/** The stored mode was set, changed or removed, and holds here from now on. */
export interface ModeEvent extends EventBase {
  /** Tells the events apart. */
  type: "mode";
  /** What holds in this process now. */
  mode: Mode;
  /** What is stored now; absent where it was removed. */
  override?: ModeOverride;
  /** True in the process that was asked for the change, false in one that took it up from the store. */
  here: boolean;
}

/** What a listener hears, after the change it tells of has been committed. */
export type BreakerEvent =
  | TransitionEvent
  | DenialEvent
  | OutcomeEvent
  | StoreErrorEvent
  | StoreOutageEvent
  | OperatorEvent
  | PolicyEvent
  | ModeEvent;

/** Which kind of event. */
export type EventType = BreakerEvent["type"];
