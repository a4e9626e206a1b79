/**
 * A host's turn in a round of the tuner: what its log says of the advice for it, and, where the interval since its
 * last step is over, the step that is taken. When rounds begin stands in `tuner.ts`, how a policy is changed in
 * `tuning_steps.ts`.
 *
 * @module
 */
import type { PolicyChange } from "../breaker/operators.ts";
import type { Advice } from "./advice.ts";
import type { HostLook } from "./host_look.ts";
import { isForTheLog, judgedAdvice } from "./judged_advice.ts";
import type { TunerOptions, TunerRound } from "./tuner_options.ts";
import type { TuningRecord } from "./tuning_record.ts";
import { type Taken, TUNER, type TuningSteps } from "./tuning_steps.ts";

/** Hosts whose logs are replayed in one round, or for one who asks: each takes a while. */
const MAX_LOGS = 20;
/** Hosts of which it is known when they were judged last; then all are forgotten. */
const MAX_JUDGED = 10_000;

/** A round that goes on. */
interface Round {
  readonly advice: Advice[];
  readonly steps: TunerRound["steps"][number][];
  readonly problems: string[];
  /** Hosts whose logs were replayed. */
  logs: number;
}

/** Nobody had a turn yet. */
export function newRound(): Round {
  return { advice: [], steps: [], problems: [], logs: 0 };
}

/** What turns are taken with. */
interface HostTurnsOptions extends Pick<TunerOptions, "evidence" | "write"> {
  steps: TuningSteps;
  now: () => number;
  /** Least time between two steps of a host, in milliseconds. */
  intervalMs: number;
}

/** See the module's description. */
export class HostTurns {
  readonly #options: HostTurnsOptions;
  /** When a host's log was last replayed for its turn. */
  readonly #judgedAt = new Map<string, number>();
  /** What was handed over to be written, by what it changes: a later change takes the place of an earlier one. */
  readonly #written = new Map<string, PolicyChange>();

  constructor(options: HostTurnsOptions) {
    this.#options = options;
  }

  /** All changes so far that are to be written elsewhere. */
  get written(): PolicyChange[] {
    return [...this.#written.values()];
  }

  /** One host for one who only asks. */
  async say(look: HostLook, round: Round): Promise<void> {
    if (this.#needsLog(look) && round.logs++ >= MAX_LOGS) {
      const withheld = `the logs of ${MAX_LOGS} hosts that open more often were looked at first`;
      round.advice.push(...look.advice.map((one) => ({ withheld, ...one })));
    } else round.advice.push(...await this.#judged(look, round.problems));
  }

  /** One host's turn, where it is that: the first advice that can be taken is. */
  async take(look: HostLook, round: Round): Promise<void> {
    const { host, steps } = look;
    if (!this.#isDue(steps)) return;
    // To replay its log again and again would cost much and tell little: it was looked at, whatever came of that.
    if (this.#needsLog(look)) {
      const judgedAt = this.#judgedAt.get(host);
      if (judgedAt !== undefined && !this.#isOver(judgedAt)) return;
      if (round.logs++ >= MAX_LOGS) return; // the next round goes on with it
      if (this.#judgedAt.size >= MAX_JUDGED) this.#judgedAt.clear();
      this.#judgedAt.set(host, this.#options.now());
    }
    let isDone = false;
    for (const one of await this.#judged(look, round.problems)) {
      const { step, withheld }: Taken = isDone ? {} : await this.#step(one, round.problems);
      round.advice.push(withheld === undefined ? one : { ...one, withheld });
      if (step === undefined) continue;
      isDone = true;
      round.steps.push({ host, ...step });
    }
  }

  /** A clock that was set back must not end the steps. */
  #isDue(steps: TuningRecord | undefined): boolean {
    const last = steps?.at(-1);
    return last === undefined || this.#isOver(last.at);
  }

  /** The interval since then. */
  #isOver(at: number): boolean {
    return Math.abs(this.#options.now() - at) >= this.#options.intervalMs;
  }

  #needsLog(look: HostLook): boolean {
    return this.#options.evidence !== undefined && isForTheLog(look);
  }

  /** With what the host's log says of it, where there is one. */
  async #judged(look: HostLook, problems: string[]): Promise<readonly Advice[]> {
    const { evidence, now } = this.#options;
    if (evidence === undefined || !isForTheLog(look)) return look.advice;
    try {
      return await judgedAdvice(look, evidence, now());
    } catch (error) {
      const withheld = `the host's log could not be read: ${messageOf(error)}`;
      problems.push(`${look.host}: ${withheld}`);
      return look.advice.map((one) => one.parameter === "rate" ? one : { ...one, withheld });
    }
  }

  /** Takes the step, where the host's turn has not been taken by another process, and nobody else has a say. */
  async #step(advice: Advice, problems: string[]): Promise<Taken> {
    if (advice.withheld !== undefined) return {};
    const { steps, write } = this.#options;
    const { host, role, parameter, patch, reason } = advice;
    const isDue = (record: TuningRecord | undefined) => this.#isDue(record);
    try {
      if (write === undefined) return await steps.take(advice, TUNER, isDue);
      const taken = await steps.note(advice, TUNER, isDue);
      const changed = [host, role ?? "", parameter].join(" ");
      if (taken.step !== undefined) this.#written.set(changed, { host, patch, reason });
      return taken;
    } catch (error) {
      problems.push(`${host}: ${messageOf(error)}`);
      return {};
    }
  }
}

/** What went wrong, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
