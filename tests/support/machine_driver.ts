/**
 * One host's record, a clock and a policy: drives the pure machine as an engine would. After each step the
 * record goes through its stored form, so that what is tested is what a store would hold.
 *
 * @module
 */
import { decodeRecord, encodeRecord } from "../../src/breaker/record_codec.ts";
import { type Admission, admit, tell, type Told } from "../../src/breaker/machine.ts";
import { operate, type OperatorInput } from "../../src/breaker/operate.ts";
import type { Step, Transition } from "../../src/breaker/step.ts";
import { takeCooldown } from "../../src/breaker/shared_cooldown.ts";
import type { Mark } from "../../src/breaker/permit.ts";
import { breakerName } from "../../src/breaker/limits.ts";
import { DEFAULT_POLICY, mergePolicy } from "../../src/breaker/policy.ts";
import { SHARED } from "../../src/breaker/names.ts";
import { FailureRateWindow, type WindowCounts } from "../../src/breaker/failure_rate_window.ts";
import {
  type BreakerRecord,
  EMPTY_RECORD,
  prune,
  recordEnd,
  trackOf,
} from "../../src/breaker/record.ts";
import { snapshotOf } from "../../src/breaker/snapshot.ts";
import type { BreakerPolicy, PolicyPatch } from "../../src/breaker/policy_types.ts";
import type { BreakerState, OpenReason, OutcomeKind } from "../../src/breaker/state.ts";
import type { BreakerView, Snapshot } from "../../src/breaker/operators.ts";

/** Where the clock of a test begins: any time will do, as long as it is written down. */
export const START = 1_700_000_000_000;

/** What a test keeps of an `allow`, denied ones included: mode `observe` sends those too. */
export interface TestPermit {
  id: string;
  role: string;
  issuedAt: number;
  mark: Mark;
  admission: Admission;
}

/** What comes with an outcome. */
export interface Extras {
  retryAfterMs?: number;
  latencyMs?: number;
}

/** A host in a test. */
export class MachineDriver {
  readonly policy: BreakerPolicy;
  /** Epoch milliseconds. */
  now = START;
  /** As it came back from its stored form. */
  current: BreakerRecord | undefined;
  /** What listeners would have heard, the latest last. */
  readonly transitions: Transition[] = [];
  readonly #windows = new Map<string, FailureRateWindow>();
  /** Of the breaker whose window was looked at last. */
  #generation = 0;
  #ids = 0;

  constructor(patch: PolicyPatch = {}) {
    this.policy = mergePolicy(DEFAULT_POLICY, patch);
  }

  /** Moves the clock to so many milliseconds after the start. */
  at(sinceStart: number): this {
    this.now = START + sinceStart;
    return this;
  }

  /** Asks; the permit says whether it was allowed. */
  allow(role: string = SHARED): TestPermit {
    const id = `t${(this.#ids++).toString(36)}`;
    const step = admit(this.current, { type: "allow", role, id }, this.policy, this.now);
    const admission = this.#keep(step);
    const mark: Mark = admission.allowed
      ? admission.mark
      : { kind: "shadow", generation: admission.generation };
    return { id, role, issuedAt: this.now, mark, admission };
  }

  /** Asks as often as said and fails each time. */
  fail(times: number, role: string = SHARED, extras: Extras = {}): void {
    for (let i = 0; i < times; i++) this.record(this.allow(role), "failure", extras);
  }

  /** Asks, and succeeds. */
  succeed(role: string = SHARED, extras: Extras = {}): Told {
    return this.record(this.allow(role), "success", extras);
  }

  /** Tells an outcome. */
  record(permit: TestPermit, kind: OutcomeKind, extras: Extras = {}): Told {
    const { id, role, issuedAt, mark } = permit;
    const { failureRate } = this.policy;
    const windowBefore = failureRate && this.#countsOf(role);
    const told = this.#keep(
      tell(
        this.current,
        {
          type: "outcome",
          id,
          role,
          issuedAt,
          mark,
          kind,
          ...extras,
          ...(windowBefore && { windowBefore }),
        },
        this.policy,
        this.now,
      ),
    );
    if (told.sample && failureRate) {
      this.#windowOf(role).add(this.#generation, told.sample, this.now);
    }
    if (failureRate) this.#countsOf(role); // it has seen the generation that the outcome started
    return told;
  }

  /** An operator's open; without a time, until closed by hand. */
  open(forMs: number = Infinity, note?: string): void {
    this.operate({ type: "open", until: this.now + forMs, ...(note !== undefined && { note }) });
  }

  /** What an operator does. */
  operate(input: OperatorInput): void {
    this.#keep(operate(this.current, input, this.policy, this.now));
  }

  /** A cooldown that another process has set, ending so many milliseconds from now. */
  cooldown(forMs: number, reason: OpenReason = "retry_after"): void {
    const input = { type: "cooldown", until: this.now + forMs, reason } as const;
    this.#keep(takeCooldown(this.current, input, this.policy, this.now));
  }

  /** The host as it stands now. */
  snapshot(): Snapshot {
    return snapshotOf(this.current, this.policy, this.now, "host", "example.org");
  }

  /** The breaker that this role uses. */
  view(role: string = SHARED): BreakerView {
    const snapshot = this.snapshot();
    const name = breakerName(this.policy, role);
    return name === SHARED ? snapshot : snapshot.roles[name]!;
  }

  /** Its state. */
  state(role: string = SHARED): BreakerState {
    return this.view(role).state;
  }

  /** What the store would still hold: nothing, once all is over. */
  stored(): BreakerRecord | undefined {
    return prune(this.current, this.policy, this.now);
  }

  /** When the record goes, in milliseconds after the start. */
  end(): number {
    return this.current === undefined ? 0 : recordEnd(this.current, this.policy) - START;
  }

  /** What the window of this role's breaker holds; empty where the breaker has changed its state. */
  #countsOf(role: string): WindowCounts {
    const live = prune(this.current, this.policy, this.now) ?? EMPTY_RECORD;
    this.#generation = trackOf(live, breakerName(this.policy, role)).generation;
    const windowMs = this.policy.failureRate?.windowMs ?? 0;
    return { ...this.#windowOf(role).counts(this.#generation, windowMs, this.now) };
  }

  #windowOf(role: string): FailureRateWindow {
    const name = breakerName(this.policy, role);
    let window = this.#windows.get(name);
    if (window === undefined) this.#windows.set(name, window = new FailureRateWindow());
    return window;
  }

  #keep<Answer>(step: Step<Answer>): Answer {
    if (step.record === undefined) {
      this.current = undefined;
    } else if (step.record !== this.current) {
      const text = encodeRecord(step.record);
      this.current = decodeRecord(text);
      // Cheap enough for a million steps; codec_test.ts compares the records themselves.
      if (this.current === undefined || encodeRecord(this.current) !== text) {
        throw new Error(`Stored form loses something: ${text}`);
      }
    }
    this.transitions.push(...step.transitions);
    return step.answer;
  }
}

/** What a denied request is told; fails the test where it was allowed. */
export function denialOf(
  permit: TestPermit,
): { reason: string; state: string; retryAfterMs: number } {
  const { admission } = permit;
  if (admission.allowed) throw new Error("the request was allowed; the test expects a denial");
  const { reason, state, retryAfterMs } = admission;
  return { reason, state, retryAfterMs };
}

/** How an allowed request was admitted; `denied` where it was not. */
export function kindOf(permit: TestPermit): "closed" | "probe" | "denied" {
  const { admission } = permit;
  if (!admission.allowed) return "denied";
  return admission.mark.kind === "probe" ? "probe" : "closed";
}
