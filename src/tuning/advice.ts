/**
 * What the advisor reads and what it says, as types. The rules stand in files of their own.
 *
 * @module
 */
import type { BreakerPolicy, PolicyPatch } from "../breaker/policy_types.ts";
import type { Summary } from "../telemetry/summary.ts";
import type { Comparison } from "./report.ts";

/** What happened in one stretch of time. */
export interface MetricsPeriod {
  /** When it began, in epoch milliseconds. */
  startMs: number;
  /** How long it was, in milliseconds. */
  durationMs: number;
  /** What happened in it. */
  summary: Summary;
}

/** How the requests of one role fared. */
export interface RoleCalls {
  /** Calls that asked the host. */
  network: number;
  /** Of them, those that failed. */
  failures: number;
}

/** What the advisor knows of a host, or of one role there. */
export interface HostMetrics {
  /** Host key. */
  host: string;
  /** Absent: the host as a whole, without the roles that have a breaker of their own. */
  role?: string;
  /** What holds now. */
  policy: BreakerPolicy;
  /** What pacing holds now: `10/s,1000/h`. @default what the policy says for the role, or for the host as a whole */
  rate?: string;
  /** The roles that share the breaker, each by itself. */
  roles?: Readonly<Record<string, RoleCalls>>;
  /** In any order; overlapping ones are taken as they are. */
  periods: readonly MetricsPeriod[];
}

/** Which rule gave the advice; `search`: a candidate that did best on the host's own log. */
export type AdviceRule =
  | "retry_after"
  | "open_duration"
  | "failure_runs"
  | "half_open"
  | "half_open_recovered"
  | "pace"
  | "pace_trim"
  | "pace_up"
  | "flapping"
  | "relax"
  | "search";

/** What is to be changed; `breaker`: whose breaker a role uses, `shared` or its `own`. */
export type AdviceParameter =
  | "breaker"
  | "resetTimeoutMs"
  | "failMax"
  | "successThreshold"
  | "trialCalls"
  | "rate";

/** One change to a host's policy, and the numbers it rests on. */
export interface Advice {
  /** Host key. */
  host: string;
  /** Present where it is for one role. */
  role?: string;
  /** Which rule says so. */
  rule: AdviceRule;
  /** What is to be changed. */
  parameter: AdviceParameter;
  /** What holds now, in the policy's units; absent where there is no rate. */
  from?: number | string;
  /** What is to hold, in the policy's units. */
  to: number | string;
  /** What to lay over the policy. */
  patch: PolicyPatch;
  /** The numbers it rests on, by name. */
  evidence: Readonly<Record<string, number>>;
  /**
   * How sure it is, 0 to 1: n / (n + least), where n is the number of samples and `least` the fewest that the
   * rule takes. So 0.5 with just enough, 0.9 with nine times as many.
   */
  confidence: number;
  /** One sentence with those numbers. */
  reason: string;
  /** Both policies on the host's own log, where there is one. */
  replay?: Comparison;
  /** Why it is not applied, where it is not. */
  withheld?: string;
}
