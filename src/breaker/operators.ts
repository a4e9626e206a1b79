/**
 * What operators name, do and see: targets, snapshots, and the layers of policies and modes.
 *
 * @module
 */
import type { BreakerPolicy, PolicyPatch } from "./policy_types.ts";
import type { BreakerState, Mode, OpenReason, Scope } from "./state.ts";

/** What an operator or an advisor laid over the configuration of a host, for every process on the store. */
export interface PolicyOverride {
  /** What it says; the rest is the configuration's. */
  patch: PolicyPatch;
  /** When it was set, in epoch milliseconds, by the clock of the process that set it. */
  at: number;
  /** Who set it, where that was told. */
  by?: string;
  /** Why, where that was told. */
  reason?: string;
}

/** The policy of a host and what it is made of, each layer laid over the one before. */
export interface PolicyView {
  /** Host key. */
  host: string;
  /** What the configuration says: the built-in defaults, those of the configuration, the host's own. */
  configured: BreakerPolicy;
  /** The same with what was changed in this process alone. */
  local: BreakerPolicy;
  /** What is stored for every process, where there is something. */
  override?: PolicyOverride;
  /** What holds: all of it. */
  policy: BreakerPolicy;
  /** The store could not be asked; this is what this process knows. */
  degraded?: boolean;
}

/** A change of a host's policy on its way to somebody else: into a file, say. */
export interface PolicyChange {
  /** Host key. */
  host: string;
  /** What changes. */
  patch: PolicyPatch;
  /** Why. */
  reason?: string;
}

/** The mode that an operator stored for every process on the store. */
export interface ModeOverride {
  /** What holds instead of what is configured. */
  mode: Mode;
  /** When it was set, in epoch milliseconds, by the clock of the process that set it. */
  at: number;
  /** Who set it, where that was told. */
  by?: string;
  /** Why, where that was told. */
  reason?: string;
}

/** The mode that holds in a process, and why. */
export interface ModeView {
  /** What this process was configured with. A process that is configured `off` stays so. */
  configured: Mode;
  /** What is stored for every process, where there is something. */
  override?: ModeOverride;
  /** What holds in this process now. */
  mode: Mode;
  /** The store could not be asked; this is what this process knows. */
  degraded?: boolean;
}

/** How fast requests of a host may go out now, for one of its rates. */
export interface PaceView {
  /** The role, or `*` for all requests of the host together. */
  role: string;
  /** What the policy says: `10/s,1000/h`. */
  rate: string;
  /** What the host's 429s have left of it, from 0.1 to 1. */
  multiplier: number;
  /** Requests per second that may go out in the long run: the rate of its tightest limit times the multiplier. */
  perSecond: number;
}

/** One breaker as it stands now, without its scope and key. */
export interface BreakerView {
  /** State now. */
  state: BreakerState;
  /** Why it is open; absent where closed. */
  reason?: OpenReason;
  /** An operator's words, where one opened it. */
  note?: string;
  /** Deadline in epoch milliseconds; absent where closed, Infinity (null in JSON) for an open without end. */
  until?: number;
  /** Milliseconds to the deadline; 0 unless open, Infinity (null in JSON) for an open without end. */
  remainingMs: number;
  /** Failures counted. */
  failures: number;
  /** Probes that have succeeded since the breaker became half-open. */
  successes: number;
  /** Opens in a row, after forgiveness. */
  opens: number;
  /** Probes out now. */
  probes: number;
}

/** One host's or resolver's breaker as it stands now. */
export interface Snapshot extends BreakerView {
  /** `host` or `resolver`. */
  scope: Scope;
  /** Host key or resolver name. */
  key: string;
  /** Breakers of roles that have one of their own. */
  roles: Record<string, BreakerView>;
  /** The store could not be reached: what this process knows itself. */
  degraded?: boolean;
}

/** What an operator or a listing names: a host as it is, `{ host }` or `{ resolver }`. */
export type Target = string | { host: string } | { resolver: string };

/** Who acts by hand. */
export interface OperatorOptions {
  /** What he calls himself, told to listeners; cut after 64 characters. */
  by?: string;
}

/** An operator's open. */
export interface OpenOptions extends OperatorOptions {
  /** Milliseconds; absent: until closed by hand. */
  forMs?: number;
  /** Why, in the operator's words; told to listeners. */
  reason?: string;
}
