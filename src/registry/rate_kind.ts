/**
 * What the engine must know of rates, under `breakwater:rate:<host>:<role>`.
 *
 * @module
 */
import { endOfRate, mergeRates, type RateRecord } from "../pacing/lease.ts";
import { decodeRate, encodeRate } from "../pacing/rate_codec.ts";
import { plainKind } from "./engine/record_kind.ts";
import { KEY_PREFIX } from "./store_keys.ts";

/** The store's key of a rate; the role is `*` for all requests of the host. */
export function rateKey(host: string, role: string): string {
  return `${KEY_PREFIX}rate:${host}:${role}`;
}

/** See the module's description. */
export const RATE_KIND = plainKind<RateRecord>({
  encode: encodeRate,
  decode: decodeRate,
  endOf: (_key, record) => endOfRate(record),
  join: mergeRates,
});
