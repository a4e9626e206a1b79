/**
 * What the engine must know of rates, under `breakwater:rate:<host>:<role>`.
 *
 * @module
 */
import { endOfRate, mergeRates, type RateRecord } from "../pacing/lease.ts";
import { decodeRate, encodeRate } from "../pacing/rate_codec.ts";
import type { RecordKind } from "./engine/record_kind.ts";
import { KEY_PREFIX } from "./store_keys.ts";

/** The store's key of a rate; the role is `*` for all requests of the host. */
export function rateKey(host: string, role: string): string {
  return `${KEY_PREFIX}rate:${host}:${role}`;
}

/** See the module's description. */
export const RATE_KIND: RecordKind<RateRecord> = {
  encode: encodeRate,
  decode: decodeRate,
  prune: (_key, record, now) =>
    record === undefined || endOfRate(record) <= now ? undefined : record,
  endOf: (_key, record) => endOfRate(record),
  // Every lease is a compare-and-set: what was read too old is refused.
  isStale: () => false,
  isLagging: () => false,
  merge: (_key, stored, local, now) =>
    stored === undefined || local === undefined ? stored ?? local : mergeRates(stored, local, now),
  isProtected: () => false,
};
