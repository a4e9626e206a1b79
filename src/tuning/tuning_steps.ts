/**
 * One change of a host's policy and its undoing: first noted in the store by compare-and-set, so that no two
 * processes make it, then set as an override like any other. What to change is not decided here.
 *
 * @module
 */
import { SHARED } from "../breaker/names.ts";
import { limitsOf, trialCallsOf } from "../breaker/limits.ts";
import type { BreakerPolicy, PolicyPatch } from "../breaker/policy_types.ts";
import type { PolicyView } from "../breaker/operators.ts";
import type { Engine } from "../registry/engine/engine.ts";
import { drawIdPrefix } from "../registry/id_prefix.ts";
import { type BreakerRegistry, coreOf } from "../registry/registry.ts";
import { StoreUnavailableError } from "../registry/engine/store_guard.ts";
import type { Advice } from "./advice.ts";
import { breakerKind } from "./breaker_advice.ts";
import { ownRate } from "./host_metrics.ts";
import {
  isInForce,
  TUNING_KIND,
  TUNING_PREFIX,
  type TuningRecord,
  type TuningStep,
  withStep,
} from "./tuning_record.ts";

/** A step cannot be made or undone as things stand; the message says why and what to do. */
export class TuningError extends Error {
  /** Always `"TuningError"`. */
  override readonly name = "TuningError";
  /** Host key. */
  readonly host: string;

  /** For a host key. */
  constructor(host: string, message: string) {
    super(message);
    this.host = host;
  }
}

/** A step, or why there is none; neither where it is not the host's turn. */
export interface Taken {
  step?: TuningStep;
  withheld?: string;
}

/** Whether a host with these steps may be changed now. */
type IsDue = (steps: TuningRecord | undefined) => boolean;

/** Who made a change, where nobody says otherwise. */
export const TUNER = "tuner";
/** Nobody waits for a step as a request does; records held at once where the store is in this process's memory. */
const BOUNDS = { timeoutMs: 2_000, maxRecords: 10_000 };
const READ_AT_ONCE = 500;
const MAX_REASON = 500;

/** See the module's description. */
export class TuningSteps {
  readonly #registry: BreakerRegistry;
  readonly #now: () => number;
  readonly #engine: Engine<TuningRecord>;
  /** Steps whose undoing the store did not confirm to this process: it may ask again at once. */
  readonly #unconfirmed = new Set<string>();

  constructor(registry: BreakerRegistry) {
    const core = coreOf(registry);
    this.#registry = registry;
    this.#now = core.now;
    this.#engine = core.engineApart(TUNING_KIND, BOUNDS).engine;
  }

  /** A host's steps as the store has them now, newest last. */
  async of(host: string): Promise<TuningRecord> {
    const { record } = await this.#engine.look(TUNING_PREFIX + host);
    return record ?? [];
  }

  /** The steps of those hosts that have some. */
  async ofAll(hosts: readonly string[]): Promise<Map<string, TuningRecord>> {
    const found = new Map<string, TuningRecord>();
    for (let i = 0; i < hosts.length; i += READ_AT_ONCE) {
      const some = hosts.slice(i, i + READ_AT_ONCE);
      const seen = await this.#engine.peekAll(some.map((host) => TUNING_PREFIX + host));
      seen.forEach(({ record }, at) => record && found.set(some[at]!, record));
    }
    return found;
  }

  /** Changes a policy where it is the host's turn, and what stands there is the configuration's or the tuner's. */
  async take(advice: Advice, by: string, isDue: IsDue): Promise<Taken> {
    const view = await this.#inspect(advice.host);
    const known = await this.of(advice.host);
    const withheld = outdated(advice, view.policy) ?? standing(view, known);
    return withheld === undefined ? await this.#change(advice, by, view, isDue) : { withheld };
  }

  /** Notes a change that is made elsewhere, where it is the host's turn. */
  async note(advice: Advice, by: string, isDue: IsDue): Promise<Taken> {
    const step = { ...this.#stepOf(advice, by, undefined), written: true };
    return await this.#claim(advice.host, step, isDue) ? { step } : {};
  }

  /**
   * Changes a policy, whatever stands there.
   *
   * @throws {TuningError} where the advice is out of date, or withheld
   * @throws {StoreUnavailableError} where the store cannot be told
   */
  async apply(advice: Advice, by: string): Promise<TuningStep> {
    const { host } = advice;
    const view = await this.#inspect(host);
    const withheld = advice.withheld ?? outdated(advice, view.policy);
    if (withheld !== undefined) {
      throw new TuningError(host, `Advice for '${host}' cannot be applied: ${withheld}`);
    }
    const { step } = await this.#change(advice, by, view, () => true);
    return step!; // it is always the host's turn
  }

  /**
   * Lays the override before the last step over the host again. The last step is the one that left what stands:
   * whether one that met with trouble was made at all, or undone, only the override itself can tell.
   *
   * @throws {TuningError} where the override is not what a step left
   * @throws {StoreUnavailableError} where the store cannot be told
   */
  async undo(host: string, by: string): Promise<TuningStep | undefined> {
    const { override } = await this.#inspect(host);
    const steps = await this.of(host);
    const step = steps.findLast((step) => !step.written && isSame(step.after, override?.patch));
    if (step === undefined) {
      if (!steps.some(isInForce)) return undefined;
      const who = override?.by === undefined ? "" : ` by '${override.by}'`;
      throw new TuningError(
        host,
        `The last step for '${host}' cannot be undone: the override was changed since${who}; ` +
          "set or remove that instead",
      );
    }
    const undone = { ...step, undoneAt: this.#now() };
    // Somebody else is at it, or was quicker.
    if (this.#isBeingUndone(step) || !await this.#replace(host, step, undone)) return undefined;
    const note = { by, reason: `undone: ${step.reason}`.slice(0, MAX_REASON) };
    try {
      if (step.before === undefined) await this.#registry.clearPolicy(host, note);
      else await this.#registry.setPolicy(host, step.before, note);
    } catch (error) {
      this.#unconfirmed.add(step.id);
      throw error;
    }
    return undone;
  }

  /** Writes what is queued. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }

  /** Marked a moment ago, and not here with a store that was in trouble. */
  #isBeingUndone({ id, undoneAt }: TuningStep): boolean {
    return undoneAt !== undefined && !this.#unconfirmed.has(id) &&
      Math.abs(this.#now() - undoneAt) < BOUNDS.timeoutMs;
  }

  /** @throws {StoreUnavailableError} where the store cannot be asked: then nothing is to be changed */
  async #inspect(host: string): Promise<PolicyView> {
    const view = await this.#registry.inspectPolicy(host);
    if (view.degraded) throw new StoreUnavailableError();
    return view;
  }

  #stepOf(advice: Advice, by: string, before: PolicyPatch | undefined): TuningStep {
    const { role, rule, parameter, from, to, patch } = advice;
    return {
      id: drawIdPrefix(),
      at: this.#now(),
      by,
      ...(role !== undefined && { role }),
      rule,
      parameter,
      ...(from !== undefined && { from }),
      to,
      reason: advice.reason.slice(0, MAX_REASON),
      ...(before !== undefined && { before }),
      after: layOver(before ?? {}, patch),
    };
  }

  async #change(advice: Advice, by: string, view: PolicyView, isDue: IsDue): Promise<Taken> {
    const { host } = advice;
    const step = this.#stepOf(advice, by, view.override?.patch);
    if (!await this.#claim(host, step, isDue)) return {};
    try {
      await this.#registry.setPolicy(host, step.after, { by, reason: step.reason });
    } catch (error) {
      // One that the store did not confirm may hold all the same.
      if (!(error instanceof StoreUnavailableError)) await this.#replace(host, step, undefined);
      throw error;
    }
    return { step };
  }

  /** True where the step is noted, and so is this process's to make. */
  async #claim(host: string, step: TuningStep, isDue: IsDue): Promise<boolean> {
    const done = await this.#engine.update<boolean>(TUNING_PREFIX + host, (steps) => {
      const isOurs = isDue(steps);
      return { record: isOurs ? withStep(steps, step) : steps, answer: isOurs };
    });
    if (done !== undefined && !done.degraded) return done.answer;
    if (done?.answer) await this.#replace(host, step, undefined);
    throw new StoreUnavailableError();
  }

  /** Puts one step in place of another, or takes it out; false where it no longer stands there as it was. */
  async #replace(host: string, step: TuningStep, by: TuningStep | undefined): Promise<boolean> {
    const done = await this.#engine.update<boolean>(TUNING_PREFIX + host, (steps = []) => {
      const at = steps.findIndex(({ id, undoneAt }) =>
        id === step.id && undoneAt === step.undoneAt
      );
      const record = steps.toSpliced(at, 1, ...(by === undefined ? [] : [by]));
      return at === -1 ? { record: steps, answer: false } : { record, answer: true };
    });
    return done?.answer ?? false;
  }
}

/** Why advice that was given a while ago says nothing of what holds now. */
function outdated({ parameter, role, from }: Advice, policy: BreakerPolicy): string | undefined {
  const name = role ?? SHARED;
  const holds = parameter === "rate"
    ? ownRate(policy, role)
    : parameter === "breaker"
    ? breakerKind(policy, name)
    : parameter === "trialCalls"
    ? trialCallsOf(policy, name)
    : limitsOf(policy, name)[parameter];
  if (holds === from) return undefined;
  return `it would change '${parameter}' from ${from}, and what holds is ${holds}: ask for it anew`;
}

/** Why the tuner leaves a host alone: an operator has spoken. */
function standing({ override }: PolicyView, steps: TuningRecord): string | undefined {
  const isOurs = steps.some(({ after }) => isSame(after, override?.patch));
  if (override === undefined || isOurs) return undefined;
  const who = override.by === undefined ? "somebody else" : `'${override.by}'`;
  return `the override that ${who} set stands: remove it, and the tuner goes on`;
}

/** A patch over another, in depth as far as advice goes. */
function layOver(below: PolicyPatch, patch: PolicyPatch): PolicyPatch {
  const { roles, rates, ...rest } = patch;
  const laid: PolicyPatch = { ...below, ...rest };
  if (rates !== undefined) laid.rates = { ...below.rates, ...rates };
  if (roles !== undefined) {
    laid.roles = { ...below.roles };
    for (const [role, limits] of Object.entries(roles)) {
      laid.roles = { ...laid.roles, [role]: { ...laid.roles[role], ...limits } };
    }
  }
  return laid;
}

/** The same as JSON, in whatever order. */
function isSame(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([x], [y]) => x < y ? -1 : 1));
  });
}
