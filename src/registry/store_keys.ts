/**
 * Under which keys a store holds the records of breakers, and what all keys of this project start with.
 *
 * @module
 */
import type { Scope } from "../breaker/state.ts";

/** What every key of this project in a store starts with. */
export const KEY_PREFIX = "breakwater:";

/** What the keys of breakers start with in one store. */
export type BreakerPrefixes = Readonly<Record<Scope, string>>;

/** In a store that others use too. */
export const SHARED_PREFIXES: BreakerPrefixes = {
  host: `${KEY_PREFIX}host:`,
  resolver: `${KEY_PREFIX}resolver:`,
};

/**
 * In a store that holds nothing else: a host is its own key, since to put a key together and to look up what
 * was never looked up before takes longer than all the rest of a request. No host has an `@`.
 */
export const BARE_PREFIXES: BreakerPrefixes = { host: "", resolver: "@" };

/** The store's key of a breaker. */
export function storeKey(prefixes: BreakerPrefixes, scope: Scope, key: string): string {
  return prefixes[scope] + key;
}

/** What a store's key belongs to. */
export function fromStoreKey(
  prefixes: BreakerPrefixes,
  storeKey: string,
): { scope: Scope; key: string } {
  const scope = storeKey.startsWith(prefixes.resolver) ? "resolver" : "host";
  return { scope, key: storeKey.slice(prefixes[scope].length) };
}
