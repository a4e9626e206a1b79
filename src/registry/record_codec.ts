/**
 * What the engine must know of breaker records, by their key in the store.
 *
 * @module
 */
import { decodeRecord, encodeRecord } from "../breaker/codec.ts";
import { isLagging, isOpen, isStale, mergeRecords } from "../breaker/merge.ts";
import { type BreakerRecord, prune, recordEnd } from "../breaker/record.ts";
import type { BreakerPolicy, Scope } from "../breaker/types.ts";
import type { Codec } from "./codec.ts";
import type { PolicyBook } from "./policy_book.ts";

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

/** Reads, ages and joins records by the policy of their host or resolver. */
export function recordCodec(
  policies: PolicyBook,
  prefixes: BreakerPrefixes,
): Codec<BreakerRecord> {
  const policyOf = (name: string): BreakerPolicy => {
    const { scope, key } = fromStoreKey(prefixes, name);
    return policies.of(scope, key);
  };
  return {
    encode: encodeRecord,
    decode: decodeRecord,
    prune: (key, record, now) => prune(record, policyOf(key), now),
    endOf: (key, record) => recordEnd(record, policyOf(key)),
    // A tombstone lives as long as a permit: seen longer ago, the absence may be an operator's close.
    isStale: (key, read, seen, now, seenAt) =>
      now - seenAt < policyOf(key).permitTtlMs && isStale(read, seen, policyOf(key), now),
    isLagging,
    merge: (key, stored, local, now) => mergeRecords(stored, local, policyOf(key), now),
    isProtected: isOpen,
  };
}
