/**
 * Bodies that hold lists of items: how many there may be, and what is read of a body that is wrong elsewhere.
 *
 * @module
 */
import { found, Problem } from "./problem.ts";

/** The most items of a kind in a batch. */
export const BATCH_ITEMS = 100;

/** The lists of a body that is wrong elsewhere: what is wrong in them is told in the same answer. */
export function listsOf(value: unknown): Record<string, unknown[] | undefined> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, list]) => Array.isArray(list)));
}

/** @throws {Problem} 413 */
export function refuseTooMany(
  field: "allow" | "record" | "advice" | "undo",
  items: readonly unknown[],
): void {
  if (items.length <= BATCH_ITEMS) return;
  throw new Problem(413, `${field} holds ${items.length} items: send up to ${BATCH_ITEMS}`, {
    errors: [{ field, found: found(items), message: `must hold up to ${BATCH_ITEMS} items` }],
  });
}

/** For what is left of items of which some were wrong. */
export function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}
