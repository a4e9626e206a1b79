/**
 * What the simulation knows to be true, since it saw it happen: who asked what when, and what was answered.
 * The checker judges by these facts alone, never by what the machine keeps.
 *
 * @module
 */
import type { BreakerPolicy } from "../../src/breaker/policy_types.ts";
import type { Scope } from "../../src/breaker/state.ts";
import type { Verdict } from "../../src/breaker/gate.ts";
import type { Reply } from "./hosts.ts";

/** One life of a worker, from its start to its crash. */
export interface Life {
  readonly worker: number;
  readonly name: string;
  readonly skewMs: number;
  isAlive: boolean;
  /** What the worker's clock shows now, in whole epoch milliseconds. */
  clock(): number;
}

/** One breaker that a request concerns. */
export interface Part {
  scope: Scope;
  /** Host key or resolver name. */
  key: string;
  /** Of the host; `""` for a resolver. */
  role: string;
  policy: BreakerPolicy;
  /** Scope and key: what operators act on. */
  target: string;
  /** Target and name of the breaker: what opens and closes. */
  breaker: string;
  /** Target and role: what a probe budget belongs to. */
  budget: string;
}

/** A request that asked. */
export interface Ask {
  by: Life;
  parts: readonly Part[];
  /** Virtual time. */
  startedAt: number;
  /** The worker's own time. */
  startedClock: number;
}

/** A request that was allowed. */
export interface Sent {
  ask: Ask;
  verdict: Extract<Verdict, { allowed: true }>;
  answeredAt: number;
  answeredClock: number;
  /** Outcomes recorded so far. */
  recorded: number;
}

/** An outcome that is told, by whichever worker. */
export interface Told {
  sent: Sent;
  by: Life;
  reply: Reply;
  startedAt: number;
  startedClock: number;
}

/** What an operator does. */
export interface Act {
  by: Life;
  target: string;
  startedAt: number;
}

/** How far what happens at one worker may be from what another knows. */
export interface Bounds {
  exact: boolean;
  /** Operators act: a worker that is cut off may go by what an operator has undone. */
  operators: boolean;
  /** Reads may be older than writes: then a write can miss its deadline though no call is lost. */
  lags: boolean;
  /** The fastest clock minus virtual time, in milliseconds. */
  fastestMs: number;
  /** The fastest clock minus the slowest, in milliseconds. */
  skewMs: number;
  /** From an answer until every worker that asks must know of it, in milliseconds. */
  shareMs: number;
  /** From the end of all faults until what was learned in them must have been shared, in milliseconds. */
  healMs: number;
  /** The longest that a call may take, in milliseconds. */
  callMs: number;
}

/** Something that must never happen did. */
export class Violation extends Error {
  override readonly name = "Violation";
  /** The promise that was broken, in a word or two. */
  readonly rule: string;

  constructor(rule: string, what: string) {
    super(`${rule}: ${what}`);
    this.rule = rule;
  }
}
