/**
 * How overrides of policies stand in a store: under `breakwater:policy:<host>` what was laid over a host's
 * policy, without an end, and under `breakwater:policies` an id that is another one after each change.
 *
 * @module
 */
import type { PolicyOverride, PolicyPatch } from "../breaker/types.ts";
import { KEY_PREFIX } from "./record_codec.ts";

/** What the keys of overrides start with. */
export const OVERRIDE_PREFIX = `${KEY_PREFIX}policy:`;

/** The key whose value differs after each change of any override. */
export const EPOCH_KEY = `${KEY_PREFIX}policies`;

/** Of what can be read here. */
const VERSION = 1;
/** Longest override, in characters; far below what every store takes. */
const MAX_LENGTH = 16_384;
/** Longest name of who set it. */
const MAX_BY = 64;

/**
 * The override as a store holds it.
 *
 * @throws {RangeError} where it is too long, or `at` is no time
 */
export function encodeOverride({ patch, at, by }: PolicyOverride): string {
  if (by !== undefined && (by.length > MAX_BY || !by.isWellFormed())) {
    throw new RangeError(
      `An override's 'by' must be a text of up to ${MAX_BY} characters: it has ${by.length}`,
    );
  }
  const text = JSON.stringify({ v: VERSION, patch, at, by });
  if (text.length > MAX_LENGTH) {
    throw new RangeError(
      `An override must have up to ${MAX_LENGTH} characters as JSON: it has ${text.length}`,
    );
  }
  return text;
}

/** Undefined where the text cannot be read. Whether the patch makes a policy is for the policies to say. */
export function decodeOverride(text: string): PolicyOverride | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not JSON: unreadable
  }
  if (!isObject(value)) return undefined;
  const { v, patch, at, by } = value;
  if (v !== VERSION || !isObject(patch) || typeof at !== "number") return undefined;
  if (by !== undefined && typeof by !== "string") return undefined;
  // Safe: merging it into a policy refuses every key and value that a patch cannot have.
  return { patch: patch as PolicyPatch, at, ...(by !== undefined && { by }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
