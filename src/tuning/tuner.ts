/**
 * The tuner: looks at what happened, has the advisor speak, and as its mode says shows that, or takes one
 * step per host and interval. Policies are set through the registry as any override is. The rules stand in
 * `advise.ts`, the bounds in `clamps.ts`, a host's turn in `host_turns.ts`, one change and its undoing in
 * `tuning_steps.ts`.
 *
 * @module
 */
import type { RegistryCore } from "../registry/core.ts";
import { coreOf } from "../registry/registry.ts";
import type { Advice } from "./advice.ts";
import { clampAdvice } from "./clamps.ts";
import { type HostLook, lookAt } from "./host_look.ts";
import { byHost } from "./host_metrics.ts";
import { HostTurns, messageOf, newRound } from "./host_turns.ts";
import { isForTheLog } from "./judged_advice.ts";
import type { TunerMode, TunerOptions, TunerRound } from "./tuner_options.ts";
import type { TuningRecord, TuningStep } from "./tuning_record.ts";
import { TUNER, TuningSteps } from "./tuning_steps.ts";

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
  readonly #options: TunerOptions;
  readonly #core: RegistryCore;
  readonly #steps: TuningSteps;
  readonly #turns: HostTurns;
  readonly #windowMs: number;
  readonly #close = () => this[Symbol.asyncDispose]();
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
    this.#options = options;
    this.#core = coreOf(registry);
    this.#steps = new TuningSteps(registry);
    const { evidence, write } = options;
    const { now } = this.#core;
    this.#turns = new HostTurns({ steps: this.#steps, now, intervalMs, evidence, write });
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
    for (const look of await this.#look(windowMs)) await this.#turns.say(look, round);
    return round.advice;
  }

  /** One round, as the mode says. What goes wrong with one host does not keep it from the others. */
  async run(): Promise<TunerRound> {
    const at = this.#core.now();
    const looks = await this.#look(this.#windowMs);
    const round = newRound();
    for (const look of looks) {
      if (this.mode === "observe") round.advice.push(...look.advice);
      else if (this.mode === "suggest") await this.#turns.say(look, round);
      else await this.#turns.take(look, round);
    }
    const { advice, steps, problems } = round;
    if (steps.length > 0) await this.#options.write?.(this.#turns.written);
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
    return await this.#steps.apply(
      clampAdvice(decided, this.#options.registry.policy(advice.host)),
      by,
    );
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
      this.#options.onRound?.(round);
    } catch {
      // A listener that throws changes nothing.
    }
  }

  /** The hosts of which there is something to say, or to be found out; those that open most come first. */
  async #look(windowMs: number): Promise<HostLook[]> {
    const hosts = byHost(await this.#options.metrics(windowMs));
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
}

function checkTime(name: string, ms: number): void {
  if (Number.isFinite(ms) && ms > 0) return;
  throw new RangeError(`Tuner '${name}' must be milliseconds above 0: current value is ${ms}`);
}
