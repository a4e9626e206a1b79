/**
 * Where a listing stands, as a client carries it from page to page.
 *
 * @module
 */
import type { Scope } from "../breaker/state.ts";
import { isStorableKey } from "../stores/store.ts";
import { type BreakerPrefixes, fromStoreKey, SHARED_PREFIXES, storeKey } from "./store_keys.ts";

/** A place in the store's order: hosts come first. */
export interface Place {
  scope: Scope;
  cursor?: string;
}

/** Where a listing stands. */
export interface Position extends Place {
  /** Keys that the store gave beyond the page before, and that come first on the next. */
  held: readonly string[];
  /** Only those are left. */
  done?: boolean;
}

/**
 * A position as a cursor tells it. A shared store's cursors are its own; in a store of this process alone they are
 * keys, told as they would be in a shared one, so that what is no key of a breaker can be refused.
 */
export function toSharedPosition(
  { scope, cursor, done, held }: Position,
  prefixes: BreakerPrefixes,
): Position {
  if (prefixes === SHARED_PREFIXES) return { scope, cursor, done, held };
  const shared = (name: string) => {
    const { scope, key } = fromStoreKey(prefixes, name);
    return storeKey(SHARED_PREFIXES, scope, key);
  };
  return { scope, cursor: cursor && shared(cursor), done, held: held.map(shared) };
}

/** The other way round. */
export function fromSharedPosition(
  { scope, cursor, done, held }: Position,
  prefixes: BreakerPrefixes,
): Position {
  if (prefixes === SHARED_PREFIXES) return { scope, cursor, done, held };
  const own = (name: string) => {
    if (!isBreakerKey(name)) throw notACursor(name);
    const { scope, key } = fromStoreKey(SHARED_PREFIXES, name);
    return storeKey(prefixes, scope, key);
  };
  return { scope, cursor: cursor && own(cursor), done, held: held.map(own) };
}

export function notACursor(cursor: string): TypeError {
  return new TypeError(`Not a cursor of this listing: '${cursor.slice(0, 80)}'`);
}

/** What a cursor with keys held back starts with; any other is `host:` or `resolver:` and the store's own. */
const HELD = "held:";

/** Most keys that a cursor may hold: more than any store gives beyond what it was asked for. */
const MAX_HELD = 1_000;

export function readCursor(cursor: string | undefined): Position {
  if (cursor === undefined) return { scope: "host", held: [] };
  if (cursor.startsWith(HELD)) return readHolding(cursor);
  const [, scope, rest] = /^(host|resolver):(.*)$/s.exec(cursor) ?? [];
  if (!isScope(scope)) throw notACursor(cursor);
  return { scope, held: [], ...(rest !== "" && { cursor: rest }) };
}

/** A client hands it in: nothing but keys of breakers may be read because of it. */
function readHolding(cursor: string): Position {
  let parts: unknown;
  try {
    parts = JSON.parse(cursor.slice(HELD.length));
  } catch {
    throw notACursor(cursor);
  }
  if (!Array.isArray(parts) || parts.length > MAX_HELD + 2) throw notACursor(cursor);
  const [scope, rest, ...held]: unknown[] = parts;
  if (!held.every(isBreakerKey)) throw notACursor(cursor);
  if (scope === "end" && rest === "") return { scope: "resolver", held, done: true };
  if (!isScope(scope) || typeof rest !== "string") throw notACursor(cursor);
  return { scope, held, ...(rest !== "" && { cursor: rest }) };
}

export function writeCursor({ scope, cursor = "", held, done }: Position): string {
  if (held.length === 0) return `${scope}:${cursor}`;
  return HELD + JSON.stringify([done ? "end" : scope, done ? "" : cursor, ...held]);
}

function isScope(scope: unknown): scope is Scope {
  return scope === "host" || scope === "resolver";
}

function isBreakerKey(key: unknown): key is string {
  return typeof key === "string" && isStorableKey(key) &&
    Object.values(SHARED_PREFIXES).some((prefix) => key.startsWith(prefix));
}
