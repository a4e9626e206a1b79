/**
 * How overrides stand in a store: under `breakwater:policy:<host>` what was laid over a host's policy and under
 * `breakwater:mode` the mode, both without an end, and under `breakwater:policies` an id that is another one after
 * each change.
 *
 * @module
 */
import { isOneOf, MODES } from "../../breaker/state.ts";
import type { ModeOverride, PolicyOverride } from "../../breaker/operators.ts";
import type { PolicyPatch } from "../../breaker/policy_types.ts";
import { KEY_PREFIX } from "../store_keys.ts";

/** What the keys of overrides start with. */
export const OVERRIDE_PREFIX = `${KEY_PREFIX}policy:`;

/** The key whose value differs after each change of any override. */
export const EPOCH_KEY = `${KEY_PREFIX}policies`;

/** The key of the mode that holds for every process. */
export const MODE_KEY = `${KEY_PREFIX}mode`;

/** Of what can be read here. */
const VERSION = 1;
/** Longest override, in characters; far below what every store takes. */
const MAX_LENGTH = 16_384;
/** Longest name of whoever sets or does something, in UTF-16 units. */
export const MAX_BY = 64;
/** Longest reason. */
const MAX_REASON = 500;

/**
 * The override as a store holds it.
 *
 * @throws {RangeError} where it, who set it or why is too long
 */
export function encodeOverride({ patch, at, by, reason }: PolicyOverride): string {
  checkText("by", by, MAX_BY);
  checkText("reason", reason, MAX_REASON);
  const text = JSON.stringify({ v: VERSION, patch, at, by, reason });
  if (text.length > MAX_LENGTH) {
    throw new RangeError(
      `An override must have up to ${MAX_LENGTH} characters as JSON: it has ${text.length}`,
    );
  }
  return text;
}

function checkText(name: string, text: string | undefined, most: number): void {
  if (text === undefined || (text.length <= most && text.isWellFormed())) return;
  throw new RangeError(
    `An override's '${name}' must be a text of up to ${most} characters: it has ${text.length}`,
  );
}

/** Undefined where the text cannot be read. Whether the patch makes a policy is for the policies to say. */
export function decodeOverride(text: string): PolicyOverride | undefined {
  const value = decode(text);
  if (value === undefined || !isObject(value.said.patch)) return undefined;
  // Safe: merging it into a policy refuses every key and value that a patch cannot have.
  return { patch: value.said.patch as PolicyPatch, ...value.signed };
}

/**
 * The mode as a store holds it.
 *
 * @throws {RangeError} where it is none, or who set it or why is too long
 */
export function encodeMode({ mode, at, by, reason }: ModeOverride): string {
  if (!isOneOf(MODES, mode)) {
    throw new RangeError(`A mode must be one of ${MODES.join(", ")}: current value is '${mode}'`);
  }
  checkText("by", by, MAX_BY);
  checkText("reason", reason, MAX_REASON);
  return JSON.stringify({ v: VERSION, mode, at, by, reason });
}

/** Undefined where the text cannot be read. */
export function decodeMode(text: string): ModeOverride | undefined {
  const value = decode(text);
  if (value === undefined || !isOneOf(MODES, value.said.mode)) return undefined;
  return { mode: value.said.mode, ...value.signed };
}

/** What a stored override says, and what all of them have beside that. */
interface Decoded {
  said: Record<string, unknown>;
  signed: Pick<PolicyOverride, "at" | "by" | "reason">;
}

function decode(text: string): Decoded | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not JSON: unreadable
  }
  if (!isObject(value)) return undefined;
  const { v, at, by, reason, ...said } = value;
  if (v !== VERSION || typeof at !== "number") return undefined;
  if (!isTextOrAbsent(by) || !isTextOrAbsent(reason)) return undefined;
  const signed = { at, ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) };
  return { said, signed };
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
