/**
 * Looking at data that has not been checked yet, and laying one checked mapping over another.
 * No key is special here: not even `__proto__`, which must never reach a prototype.
 *
 * @module
 */
import type { Path } from "./issues.ts";

/** A mapping whose values may be anything. */
export type Tree = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping as YAML and JSON make them: no list, date or bytes. */
export function isTree(value: unknown): value is Tree {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The entries of a mapping; none where it is something else. */
export function entriesOf(value: unknown): [string, unknown][] {
  return isTree(value) ? Object.entries(value) : [];
}

/** The value under a key of its own; undefined where there is none. */
export function childOf(value: unknown, key: string): unknown {
  return isTree(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The value at a path. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    value = typeof key === "number" && Array.isArray(value)
      ? value[key]
      : childOf(value, String(key));
  }
  return value;
}

/** Lays `upper` over `lower`, in depth; lists are replaced. Neither is changed. */
export function layOver(lower: unknown, upper: unknown): unknown {
  if (!isTree(upper)) return upper;
  const merged = new Map(entriesOf(lower));
  for (const [key, value] of Object.entries(upper)) {
    if (value !== undefined) merged.set(key, layOver(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** Every value that is no mapping, with its path, in order. */
export function leavesOf(value: unknown, path: readonly string[] = []): [string[], unknown][] {
  if (!isTree(value)) return value === undefined ? [] : [[[...path], value]];
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, [...path, key]));
}
