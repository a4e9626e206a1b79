/**
 * The mistakes in what a client sent, each with its field and in words. Every one is found before anything is
 * refused, so that a client is mended once. Knows no body or query by itself.
 *
 * @module
 */
import type * as z from "zod/mini";
import { nearest } from "../config/issues.ts";
import { EXPECTED } from "./fields.ts";
import { type FieldError, found, invalid } from "./problem.ts";

/** A schema of an object whose fields are known by name. */
export interface ObjectSchema<T> extends z.ZodMiniType<T> {
  readonly shape: { readonly [name in keyof T]-?: unknown };
}

/**
 * The value, where nothing was wrong.
 *
 * @throws {Problem} 400
 */
export function whole<T>(check: (errors: FieldError[]) => T | undefined): T {
  const errors: FieldError[] = [];
  const value = check(errors);
  if (errors.length > 0 || value === undefined) throw invalid(errors);
  return value;
}

/** The value as its schema has it; where it has mistakes these are added, each with its field. */
export function checked<T>(
  schema: ObjectSchema<T>,
  value: unknown,
  at: string,
  errors: FieldError[],
): T | undefined {
  const result = schema.safeParse(value);
  // JSON may hold a key that zod passes over without a word.
  if (result.success && !Object.hasOwn(Object(value), "__proto__")) return result.data;
  const known = Object.keys(schema.shape);
  if (result.success) errors.push(unknownKey(known, "__proto__", at));
  else result.error.issues.forEach((issue) => errors.push(...mistakes(known, issue, value, at)));
  return undefined;
}

function mistakes(
  known: readonly string[],
  issue: z.core.$ZodIssue,
  value: unknown,
  at: string,
): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(known, key, at));
  }
  const [name] = issue.path;
  if (typeof name !== "string") {
    return [{ field: at === "" ? "body" : at, found: found(value), message: EXPECTED["body"]! }];
  }
  // Safe: the issue has a path, so the value is an object.
  const given = (value as Record<string, unknown>)[name];
  const expected = EXPECTED[name] ?? issue.message;
  return [{
    field: join(at, name),
    found: (name === "permit" || name === "token") && typeof given === "string"
      ? undefined
      : found(given),
    message: given === undefined ? `is missing: it ${expected}` : expected,
  }];
}

function unknownKey(known: readonly string[], key: string, at: string): FieldError {
  const meant = nearest(key, known);
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  return {
    field: join(at, key.slice(0, 80)),
    message: `is not known here: known are ${known.join(", ")}${hint}`,
  };
}

/** The name of a field within an item. */
export function join(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}
