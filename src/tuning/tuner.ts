/**
 * The tuner: looks at what happened, has the advisor speak, and as its mode says shows that, or takes one
 * step per host and interval. Policies are set through the registry as any override is. The rules stand in
 * `advise.ts`, the bounds in `clamps.ts`, one change and its undoing in `tuning_steps.ts`.
 *
 * @module
 */
import type { BreakerPolicy, PolicyChange } from "../breaker/types.ts";
import type { RegistryCore } from "../registry/core.ts";
import { coreOf } from "../registry/registry.ts";
import type { Advice } from "./advice.ts";
import { clampAdvice } from "./clamps.ts";
import { byHost, type HostLook, lookAt } from "./host_look.ts";
import { isForTheLog, judgedAdvice } from "./judged_advice.ts";
import type { TunerMode, TunerOptions, TunerRound } from "./tuner_options.ts";
import type { TuningRecord, TuningStep } from "./tuning_record.ts";
import { type Taken, TuningSteps } from "./tuning_steps.ts";

/** Hosts whose logs are replayed in one round, or for one who asks: each takes a while. */
const MAX_LOGS = 20;
/** Hosts of which it is known when they were judged last; then all are forgotten. */
const MAX_JUDGED = 10_000;
/** Who made a change, where nobody says otherwise. */
const TUNER = "tuner";

type HostStep = TunerRound["steps"][number];

/** A round that goes on. */
interface Round {
  advice: Advice[];
  steps: HostStep[];
  problems: string[];
  /** Hosts whose logs were replayed. */
  logs: number;
}

function newRound(): Round {
  return { advice: [], steps: [], problems: [], logs: 0 };
}

/**
 * See the module's description.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { EMPTY_SUMMARY } from "@breakwater/breakwater/telemetry";
 * import { Tuner } from "@breakwater/breakwater/tuning";
 *
 * await using registry = new BreakerRegistry();
 * const host = "api.example.org";
 * const summary = { ...EMPTY_SUMMARY, calls: 40, network: 40, failures: 6, retryAfterS: { 120: 6 } };
 * await using tuner = new Tuner({
 *   registry,
 *   mode: "enforce",
 *   metrics: () => [{
 *     host,
 *     policy: registry.policy(host),
 *     periods: [{ startMs: Date.now() - 60_000, durationMs: 60_000, summary }],
 *   }],
 * });
 * await tuner.run();
 * assertEquals(registry.policy(host).resetTimeoutMs, 120_000);
 * await tuner.undo(host);
 * assertEquals(registry.policy(host).resetTimeoutMs, 60_000);
 * ```
 */
export class Tuner {
  /** What it does with advice. */
  readonly mode: TunerMode;
  readonly #o: TunerOptions;
  readonly #core: RegistryCore;
  readonly #steps: TuningSteps;
  readonly #intervalMs: number;
  readonly #windowMs: number;
  /** What was handed over to be written, by what it changes: a later change takes the place of an earlier one. */
  readonly #written = new Map<string, PolicyChange>();
  readonly #close = () => this[Symbol.asyncDispose]();
  /** When a host's log was last replayed for its turn. */
  readonly #judgedAt = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  /**
   * Does nothing by itself before {@linkcode start}.
   *
   * @throws {RangeError} where an option has a value out of its bounds
   */
  constructor(options: TunerOptions) {
    const { registry, mode = "suggest", intervalMs = 900_000, windowMs = 3_600_000 } = options;
    if (!["observe", "suggest", "enforce"].includes(mode)) {
      throw new RangeError(
        `Tuner 'mode' must be observe, suggest or enforce: current value is '${mode}'`,
      );
    }
    checkTime("intervalMs", intervalMs);
    checkTime("windowMs", windowMs);
    this.mode = mode;
    this.#o = options;
    this.#core = coreOf(registry);
    this.#steps = new TuningSteps(registry);
    this.#intervalMs = intervalMs;
    this.#windowMs = windowMs;
    this.#core.closers.add(this.#close);
  }

  /**
   * What there is to say now, within the tuner's bounds, judged on the logs where there is evidence.
   *
   * @param windowMs how far back is looked, in milliseconds @default the tuner's own
   */
  async advise(windowMs: number = this.#windowMs): Promise<Advice[]> {
    checkTime("windowMs", windowMs);
    const round = newRound();
    for (const look of await this.#look(windowMs)) await this.#say(look, round);
    return round.advice;
  }

  /** One round, as the mode says. What goes wrong with one host does not keep it from the others. */
  async run(): Promise<TunerRound> {
    const at = this.#core.now();
    const looks = await this.#look(this.#windowMs);
    const round = newRound();
    for (const look of looks) {
      if (this.mode === "observe") round.advice.push(...look.advice);
      else if (this.mode === "suggest") await this.#say(look, round);
      else if (this.#isDue(look.steps)) await this.#tune(look, round);
    }
    const { advice, steps, problems } = round;
    if (steps.length > 0) await this.#o.write?.([...this.#written.values()]);
    return { at, advice, steps, problems };
  }

  /**
   * Applies advice at once, whenever the last step was and whatever the evidence says: somebody decided it.
   *
   * @param options who did, up to 64 characters @default {{ by: "tuner" }}
   * @throws {TuningError} where what it would change is no longer as it says, or the bounds leave nothing of it
   * @throws {StoreUnavailableError} where the store cannot be told; to try again does no harm
   */
  async apply(advice: Advice, options: { by?: string } = {}): Promise<TuningStep> {
    const { by = TUNER } = options;
    const decided = { ...advice, withheld: undefined };
    return await this.#steps.apply(clampAdvice(decided, this.#policy(advice.host)), by);
  }

  /**
   * Takes back a host's last step: the override before it holds again. The tuner does not repeat the step for
   * a day. Undone again, the step before that.
   *
   * @param options who did, up to 64 characters @default {{ by: "tuner" }}
   * @returns what was undone; undefined where there is nothing
   * @throws {TuningError} where somebody else has changed the override since
   * @throws {StoreUnavailableError} where the store cannot be told; to try again does no harm
   */
  async undo(host: string, options: { by?: string } = {}): Promise<TuningStep | undefined> {
    const { by = TUNER } = options;
    return await this.#steps.undo(host, by);
  }

  /** What was done to a host's policy, by any process, newest last. Asks the store. */
  async steps(host: string): Promise<TuningRecord> {
    return await this.#steps.of(host);
  }

  /**
   * Runs a round every so often, until the tuner or its registry is disposed.
   *
   * @param everyMs milliseconds between two rounds @default {60000}
   */
  start(everyMs = 60_000): void {
    checkTime("everyMs", everyMs);
    if (this.#closed || this.#cancel !== undefined) return;
    const later = () => {
      this.#cancel = this.#core.timers.idle(everyMs, () => {
        this.#running = this.#round().then(() => {
          this.#running = undefined;
          if (!this.#closed) later();
        });
      });
    };
    later();
  }

  /** Ends the rounds, and waits for the one under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#core.closers.delete(this.#close);
    await this.#running;
    await this.#steps[Symbol.asyncDispose]();
  }

  /** A round that nobody waits for. */
  async #round(): Promise<void> {
    const at = this.#core.now();
    const round = await this.run().catch((error): TunerRound => {
      return { at, advice: [], steps: [], problems: [messageOf(error)] };
    });
    try {
      this.#o.onRound?.(round);
    } catch {
      // A listener that throws changes nothing.
    }
  }

  /** The hosts of which there is something to say, or to be found out; those that open most come first. */
  async #look(windowMs: number): Promise<HostLook[]> {
    const hosts = byHost(await this.#o.metrics(windowMs));
    const tuned = await this.#steps.ofAll([...hosts.keys()]);
    const { policies, now } = this.#core;
    return [...hosts]
      .map(([host, metrics]) => {
        const view = { host, ...policies.layersOf(host) };
        return lookAt(metrics, view, tuned.get(host) ?? [], now());
      })
      .filter((look) => look.advice.length > 0 || isForTheLog(look))
      .sort((a, b) => b.opens - a.opens);
  }

  /** A clock that was set back must not end the steps. */
  #isDue(steps: TuningRecord | undefined): boolean {
    const last = steps?.at(-1);
    return last === undefined || this.#isOver(last.at);
  }

  #isOver(at: number): boolean {
    return Math.abs(this.#core.now() - at) >= this.#intervalMs;
  }

  /** With what the host's log says of it, where there is one. */
  async #judged(look: HostLook, problems: string[]): Promise<readonly Advice[]> {
    const { evidence } = this.#o;
    if (evidence === undefined || !isForTheLog(look)) return look.advice;
    try {
      return await judgedAdvice(look, evidence, this.#core.now());
    } catch (error) {
      const withheld = `the host's log could not be read: ${messageOf(error)}`;
      problems.push(`${look.host}: ${withheld}`);
      return look.advice.map((one) => one.parameter === "rate" ? one : { ...one, withheld });
    }
  }

  #needsLog(look: HostLook): boolean {
    return this.#o.evidence !== undefined && isForTheLog(look);
  }

  /** One host for one who only asks. */
  async #say(look: HostLook, round: Round): Promise<void> {
    if (this.#needsLog(look) && round.logs++ >= MAX_LOGS) {
      const withheld = `the logs of ${MAX_LOGS} hosts that open more often were looked at first`;
      round.advice.push(...look.advice.map((one) => ({ withheld, ...one })));
    } else round.advice.push(...await this.#judged(look, round.problems));
  }

  /** One host's turn: the first advice that can be taken is. */
  async #tune(look: HostLook, round: Round): Promise<void> {
    const { advice, steps, problems } = round;
    const { host } = look;
    // To replay its log again and again would cost much and tell little: it was looked at, whatever came of that.
    if (this.#needsLog(look)) {
      const judgedAt = this.#judgedAt.get(host);
      if (judgedAt !== undefined && !this.#isOver(judgedAt)) return;
      if (round.logs++ >= MAX_LOGS) return; // the next round goes on with it
      if (this.#judgedAt.size >= MAX_JUDGED) this.#judgedAt.clear();
      this.#judgedAt.set(host, this.#core.now());
    }
    let isDone = false;
    for (const one of await this.#judged(look, problems)) {
      const { step, withheld }: Taken = isDone ? {} : await this.#take(one, problems);
      advice.push(withheld === undefined ? one : { ...one, withheld });
      if (step === undefined) continue;
      isDone = true;
      steps.push({ host, ...step });
    }
  }

  /** Takes the step, where the host's turn has not been taken by another process, and nobody else has a say. */
  async #take(advice: Advice, problems: string[]): Promise<Taken> {
    if (advice.withheld !== undefined) return {};
    try {
      const { host, patch, reason } = advice;
      const isDue = (steps: TuningRecord | undefined) => this.#isDue(steps);
      if (this.#o.write === undefined) return await this.#steps.take(advice, TUNER, isDue);
      const taken = await this.#steps.note(advice, TUNER, isDue);
      const key = [host, advice.role ?? "", advice.parameter].join(" ");
      if (taken.step !== undefined) this.#written.set(key, { host, patch, reason });
      return taken;
    } catch (error) {
      problems.push(`${advice.host}: ${messageOf(error)}`);
      return {};
    }
  }

  #policy(host: string): BreakerPolicy {
    return this.#o.registry.policy(host);
  }
}

function checkTime(name: string, ms: number): void {
  if (Number.isFinite(ms) && ms > 0) return;
  throw new RangeError(`Tuner '${name}' must be milliseconds above 0: current value is ${ms}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
