/**
 * The judge: hears everything that workers ask and are answered, and throws where a promise is broken.
 * Keeps its own books.
 *
 * @module
 */
import type { RecordResult, Verdict } from "../../src/breaker/gate.ts";
import { Deadlines } from "./deadlines.ts";
import {
  type Act,
  type Ask,
  type Bounds,
  type Life,
  type Sent,
  type Told,
  Violation,
} from "./facts.ts";
import { Outcomes } from "./outcomes.ts";
import { Probes } from "./probes.ts";
import { LONGEST_MANUAL_MS, LONGEST_OPEN_MS } from "./scenario.ts";
import { sinceBegin } from "./scheduler.ts";

/** Longest text of one record with the policies that scenarios draw. */
const MAX_RECORD_LENGTH = 4_000;

/** A call that is under way. */
interface Call {
  what: "allow" | "record" | "operate";
  on: string;
  by: Life;
  startedAt: number;
  /** Each of these may wait for the store, or behind another's write, for as long as one call may take. */
  stages: number;
  abandon: (now: number) => void;
}

/** See the module's description. */
export class Checker {
  readonly #bounds: Bounds;
  readonly #deadlines: Deadlines;
  readonly #probes: Probes;
  readonly #outcomes: Outcomes;
  /** Calls under way, the oldest first. */
  readonly #calls = new Map<object, Call>();
  /** When acts were answered: a permit from before one is late after it. */
  readonly #acts = new Map<string, { startedAt: number; endedAt: number }>();
  #calmSince = Infinity;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#deadlines = new Deadlines(bounds);
    this.#probes = new Probes(bounds);
    this.#outcomes = new Outcomes(bounds);
  }

  /** After every step. */
  step(now: number, calm: boolean): void {
    if (!calm) this.#calmSince = Infinity;
    else if (this.#calmSince === Infinity) this.#calmSince = now;
    const { callMs } = this.#bounds;
    for (const { by, startedAt, what, on, stages } of this.#calls.values()) {
      if (now <= startedAt + callMs) return;
      if (now <= startedAt + stages * callMs) continue;
      throw new Violation(
        "a call hangs",
        `${what} of ${by.name} on ${on}, begun at ${sinceBegin(startedAt)}, now ${sinceBegin(now)}`,
      );
    }
  }

  /** The store was written to. */
  wrote(key: string, value: string | undefined): void {
    if (key.includes(":tail-")) throw new Violation("a healthy host costs a write", key);
    if (value !== undefined && value.length > MAX_RECORD_LENGTH) {
      throw new Violation("unbounded record", `${key} takes ${value.length} characters: ${value}`);
    }
  }

  crashed(life: Life, now: number): void {
    this.#deadlines.crashed(life, now);
    for (const [key, call] of this.#calls) {
      if (call.by !== life) continue;
      this.#calls.delete(key);
      call.abandon(now);
    }
  }

  asking(ask: Ask): void {
    this.#probes.asking(ask);
    const abandon = (now: number) => this.#probes.orphaned(ask, now);
    this.#began("allow", ask, ask, abandon);
  }

  /** Keeps what it needs of an answer; a request that was allowed is `sent`. */
  answered(ask: Ask, verdict: Verdict, sent: Sent | undefined, now: number): void {
    this.#calls.delete(ask);
    if (sent !== undefined) {
      for (const part of ask.parts) {
        this.#deadlines.allowed(part, ask, now, this.#calmSince);
      }
      this.#probes.allowed(sent, now);
    } else if (!verdict.allowed) {
      this.#probes.denied(ask, verdict, now);
      const part = ask.parts.find(({ scope, key }) =>
        scope === verdict.scope && key === verdict.key
      );
      if (part === undefined) throw new Violation("foreign denial", JSON.stringify(verdict));
      if (verdict.reason === "probes") return;
      const most = verdict.reason === "manual" ? LONGEST_MANUAL_MS : LONGEST_OPEN_MS;
      if (verdict.retryAfterMs > most + this.#bounds.skewMs) {
        throw new Violation("open for too long", JSON.stringify(verdict));
      }
      this.#deadlines.learn(part, ask, verdict.retryAfterMs, now, this.#calmSince);
    }
  }

  telling(told: Told): void {
    this.#probes.telling(told.sent);
    this.#outcomes.telling(told, told.startedAt);
    const abandon = (now: number) => this.#outcomes.orphaned(told, now);
    this.#began("record", told, told.sent.ask, abandon);
  }

  told(told: Told, result: RecordResult, now: number): void {
    this.#calls.delete(told);
    this.#probes.told(told.sent, result.recorded, now);
    if (result.recorded) this.#checkNotOperated(told);
    this.#outcomes.told(told, result, now);
    const [part, ...more] = told.sent.ask.parts;
    if (part === undefined || more.length > 0 || result.state !== "open") return;
    this.#deadlines.learn(part, told, result.retryAfterMs, now, this.#calmSince);
  }

  operating(act: Act): void {
    this.#deadlines.operating(act);
    this.#outcomes.operating(act, act.startedAt);
    const abandon = (now: number) => {
      this.#deadlines.operated(act, now);
      this.#outcomes.orphanedAct(act, now);
    };
    this.#began("operate", act, undefined, abandon);
  }

  operated(act: Act, now: number): void {
    this.#calls.delete(act);
    this.#deadlines.operated(act, now);
    this.#outcomes.operated(act, now);
    this.#acts.set(act.target, { startedAt: act.startedAt, endedAt: now });
  }

  #began(
    what: Call["what"],
    call: Ask | Told | Act,
    ask: Ask | undefined,
    abandon: Call["abandon"],
  ): void {
    const on = ask?.parts.map((part) => part.budget).join(" and ") ?? "a target";
    const stages = what === "allow" ? 1 + (ask?.parts.length ?? 0) : 1;
    this.#calls.set(call, { what, on, by: call.by, startedAt: call.startedAt, stages, abandon });
  }

  /** What an operator does starts a generation: every older permit is late. */
  #checkNotOperated({ sent, startedAt, reply }: Told): void {
    const [part, ...more] = sent.ask.parts;
    if (part === undefined || more.length > 0 || !this.#bounds.exact) return;
    const act = this.#acts.get(part.target);
    if (act === undefined || sent.answeredAt >= act.startedAt) return;
    // What changes nothing needs no write, and is answered from memory while that is fresh.
    const graceMs = reply.kind === "failure" ? 0 : this.#bounds.shareMs;
    if (startedAt < act.endedAt + graceMs) return;
    // The tombstone outlives every older permit; by which clock, nobody can say to the second.
    if (startedAt - act.startedAt > part.policy.permitTtlMs - 2 * this.#bounds.skewMs) return;
    throw new Violation(
      "late outcome counted",
      `${part.breaker}: asked at ${sinceBegin(sent.answeredAt)}, ` +
        `operated at ${sinceBegin(act.startedAt)}, told at ${sinceBegin(startedAt)}`,
    );
  }
}
