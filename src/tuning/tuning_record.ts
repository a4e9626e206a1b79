/**
 * What the store keeps of a host's tuning under `breakwater:tuning:<host>`: the last steps, newest last. By
 * compare-and-set on it, all processes together take one step in an interval, and any of them can undo one.
 *
 * @module
 */
import type { PolicyPatch } from "../breaker/policy_types.ts";
import { plainKind } from "../registry/engine/record_kind.ts";
import { KEY_PREFIX } from "../registry/store_keys.ts";
import type { AdviceParameter, AdviceRule } from "./advice.ts";

/** One change of a host's policy, as it was made. */
export interface TuningStep {
  /** Tells steps apart. */
  id: string;
  /** When it was made, in epoch milliseconds, by the clock of the process that made it. */
  at: number;
  /** Who made it: `tuner`, or who applied the advice. */
  by: string;
  /** Present where it is for one role. */
  role?: string;
  /** Which rule gave the advice. */
  rule: AdviceRule;
  /** What was changed. */
  parameter: AdviceParameter;
  /** What held before. */
  from?: number | string;
  /** What holds since. */
  to: number | string;
  /** Why. */
  reason: string;
  /** The stored override before; absent where there was none. */
  before?: PolicyPatch;
  /** The stored override since. */
  after: PolicyPatch;
  /** True where the change was handed over to be written elsewhere, and nothing was stored. */
  written?: boolean;
  /** When it was undone, in epoch milliseconds. */
  undoneAt?: number;
}

/** Newest last. */
export type TuningRecord = readonly TuningStep[];

/** What the keys of such records start with. */
export const TUNING_PREFIX = `${KEY_PREFIX}tuning:`;
/** Steps kept of a host, and characters of their JSON: well below the longest value of a store. */
const MAX_STEPS = 20;
const MAX_LENGTH = 40_000;
/** A host that was not tuned for so long is forgotten, in milliseconds. */
const KEEP_MS = 30 * 86_400_000;
const VERSION = 1;

/** What the engine must know of such a record. */
export const TUNING_KIND = plainKind<TuningRecord>({
  encode: (steps) => JSON.stringify({ v: VERSION, steps }),
  decode,
  endOf: (_key, steps) => endOf(steps),
  join: joined,
});

function endOf(steps: TuningRecord): number {
  return steps.reduce((latest, { at }) => Math.max(latest, at), 0) + KEEP_MS;
}

function decode(text: string): TuningRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not JSON: unreadable
  }
  if (!isObject(value) || value.v !== VERSION || !Array.isArray(value.steps)) return undefined;
  return value.steps.every(isStep) ? value.steps : undefined;
}

/** What its use relies on; that a patch makes a policy is checked by whoever lays it over one. */
function isStep(value: unknown): value is TuningStep {
  if (!isObject(value)) return false;
  const { id, at, by, rule, parameter, to, reason, before, after, undoneAt } = value;
  return [id, by, rule, parameter, reason].every((text) => typeof text === "string") &&
    (typeof to === "string" || typeof to === "number") && Number.isFinite(at) &&
    isObject(after) && (before === undefined || isObject(before)) &&
    (undoneAt === undefined || Number.isFinite(undoneAt));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every step once, in order of time; undone where either says so. */
function joined(stored: TuningRecord, local: TuningRecord): TuningRecord {
  const steps = new Map(stored.map((step) => [step.id, step]));
  for (const step of local) steps.set(step.id, { ...steps.get(step.id), ...step });
  return bounded([...steps.values()].sort((a, b) => a.at - b.at));
}

/** The newest steps that fit. */
function bounded(steps: TuningRecord): TuningRecord {
  let kept = steps.slice(-MAX_STEPS);
  while (kept.length > 1 && JSON.stringify(kept).length > MAX_LENGTH) kept = kept.slice(1);
  return kept;
}

/** The record with one more step. */
export function withStep(steps: TuningRecord | undefined, step: TuningStep): TuningRecord {
  return bounded([...(steps ?? []), step]);
}

/** True for a step that was made here and not undone. */
export function isInForce({ undoneAt, written }: TuningStep): boolean {
  return undoneAt === undefined && written !== true;
}
