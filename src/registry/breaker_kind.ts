/**
 * What the engine must know of breaker records, by their key in the store.
 *
 * @module
 */
import { isLagging, isOpen, isStale, mergeRecords } from "../breaker/merge.ts";
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import { type BreakerRecord, prune, recordEnd } from "../breaker/record.ts";
import { decodeRecord, encodeRecord } from "../breaker/record_codec.ts";
import type { RecordKind } from "./engine/record_kind.ts";
import type { Policies } from "./overrides/policies.ts";
import { type BreakerPrefixes, fromStoreKey } from "./store_keys.ts";

/** Reads, ages and joins records by the policy of their host or resolver. */
export function breakerKind(
  policies: Policies,
  prefixes: BreakerPrefixes,
): RecordKind<BreakerRecord> {
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
