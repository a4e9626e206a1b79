/**
 * One candidate policy on the log of one host: every request is put to the pure machine, and what it answers is
 * counted.
 *
 * @module
 */
import { admit, tell } from "../breaker/machine.ts";
import type { Step } from "../breaker/step.ts";
import type { Mark } from "../breaker/permit.ts";
import { breakerName } from "../breaker/limits.ts";
import { FailureRateWindow } from "../breaker/failure_rate_window.ts";
import { type BreakerRecord, trackOf } from "../breaker/record.ts";
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import type { OutcomeKind } from "../breaker/state.ts";
import { askedMs, estimateOf, kindOf, type LaneReader, type LoggedRequest } from "./log_lane.ts";
import { emptyLedger, type HostReport, type Ledger } from "./report.ts";

/** See the module's description. */
export class Trial implements LaneReader {
  readonly #host: string;
  readonly #policy: BreakerPolicy;
  readonly #known = emptyLedger();
  readonly #estimated = emptyLedger();
  /** How the requests that are under way were admitted; those that the candidate denied are missing. */
  readonly #marks = new Map<number, Mark>();
  /** Of each breaker with a failure rate. */
  readonly #windows = new Map<string, FailureRateWindow>();
  /** By breaker: since when the log shows nothing but answers. Only kept while there is a record. */
  readonly #goodSince = new Map<string, number>();
  #record: BreakerRecord | undefined;
  #sent = 0;
  #denied = 0;
  #opens = 0;
  #cooldowns = 0;
  #openMs = 0;
  #openUntil = 0;
  #recoveries = 0;
  #noticeMs = 0;

  constructor(host: string, policy: BreakerPolicy) {
    this.#host = host;
    this.#policy = policy;
  }

  /** A request that was sent, or that the log denied. */
  begin(request: LoggedRequest): void {
    const { role, startMs, index, id, event, around } = request;
    const input = { type: "allow", role, id } as const;
    const admission = this.#take(admit(this.#record, input, this.#policy, startMs), startMs);
    if (admission.allowed) this.#sent++;
    else this.#denied++;
    if (around === undefined) {
      count(this.#known, admission.allowed, kindOf(event, this.#policy.classify));
      if (admission.allowed) this.#marks.set(index, admission.mark);
      return;
    }
    const kind = estimateOf(request, this.#policy.classify) ?? "cancelled";
    count(this.#estimated, admission.allowed, kind);
    // How long it would have taken nobody knows: it is answered at once.
    if (admission.allowed) this.#tell(request, admission.mark, kind, startMs);
  }

  /** The outcome of a request that was sent. */
  end(request: LoggedRequest): void {
    const { index, event, endMs, role } = request;
    const kind = kindOf(event, this.#policy.classify);
    if (this.#record !== undefined) this.#watch(breakerName(this.#policy, role), kind, endMs);
    const mark = this.#marks.get(index);
    if (mark === undefined) return;
    this.#marks.delete(index);
    this.#tell(request, mark, kind, endMs);
  }

  /** What came of it all. */
  report(endMs: number): HostReport {
    const recoveries = this.#recoveries;
    return {
      host: this.#host,
      requests: this.#sent + this.#denied,
      sent: this.#sent,
      denied: this.#denied,
      ...this.#known,
      estimated: { ...this.#estimated },
      opens: this.#opens,
      cooldowns: this.#cooldowns,
      openMs: this.#openMs - Math.max(0, this.#openUntil - endMs),
      recoveries,
      ...(recoveries > 0 && { noticeMs: this.#noticeMs / recoveries }),
    };
  }

  #tell(request: LoggedRequest, mark: Mark, kind: OutcomeKind, now: number): void {
    const { role, id, startMs, event } = request;
    const { failureRate } = this.#policy;
    const name = breakerName(this.#policy, role);
    const generation = this.#record === undefined ? 0 : trackOf(this.#record, name).generation;
    const window = failureRate && this.#windowOf(name);
    const step = tell(
      this.#record,
      {
        type: "outcome",
        role,
        id,
        issuedAt: startMs,
        mark,
        kind,
        latencyMs: event.latencyMs,
        retryAfterMs: askedMs(event),
        windowBefore: failureRate && window?.counts(generation, failureRate.windowMs, now),
      },
      this.#policy,
      now,
    );
    const { sample } = this.#take(step, now);
    if (sample !== undefined) window?.add(generation, sample, now);
  }

  #windowOf(name: string): FailureRateWindow {
    let window = this.#windows.get(name);
    if (window === undefined) this.#windows.set(name, window = new FailureRateWindow());
    return window;
  }

  /** What the log says of the host, whatever the candidate would have done. */
  #watch(name: string, kind: OutcomeKind, now: number): void {
    if (kind === "failure") this.#goodSince.delete(name);
    else if (kind !== "cancelled" && !this.#goodSince.has(name)) this.#goodSince.set(name, now);
  }

  #take<Answer>({ record, answer, transitions }: Step<Answer>, now: number): Answer {
    this.#record = record;
    let opens = 0;
    let cooldowns = 0;
    for (const { name, from, to, reason, until } of transitions) {
      if (to === "closed") this.#recovered(name, now);
      if (to !== "open" || until === undefined) continue;
      this.#opened(until, now);
      if (reason === "open") this.#goodSince.delete(name);
      else this.#goodSince.clear();
      if (from === "open") continue;
      if (reason === "open") opens = 1;
      else cooldowns = 1; // of every breaker of the host at once
    }
    this.#opens += opens;
    this.#cooldowns += cooldowns;
    return answer;
  }

  /** Adds what is not yet counted as open. */
  #opened(until: number, now: number): void {
    if (until <= this.#openUntil) return;
    this.#openMs += until - Math.max(now, this.#openUntil);
    this.#openUntil = until;
  }

  #recovered(name: string, now: number): void {
    const since = this.#goodSince.get(name);
    if (since === undefined) return;
    this.#goodSince.delete(name);
    this.#recoveries++;
    this.#noticeMs += now - since;
  }
}

function count(ledger: Ledger, sent: boolean, kind: OutcomeKind): void {
  if (kind === "failure") ledger[sent ? "failuresSent" : "failuresAvoided"]++;
  else if (kind === "cancelled") ledger[sent ? "untoldSent" : "untoldDenied"]++;
  else ledger[sent ? "goodSent" : "goodDenied"]++;
}
