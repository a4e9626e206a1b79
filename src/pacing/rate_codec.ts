/**
 * What is shared of a rate as text: one line of JSON that a person can read.
 *
 * @module
 */
import { LEAST_MULTIPLIER } from "./aimd.ts";
import { type Holder, MAX_HOLDERS, type RateRecord } from "./lease.ts";

/** Of what can be read here. */
const VERSION = 1;
/** Limits that one record may hold. */
const MAX_ARRIVALS = 8;

/** The record as a store holds it. */
export function encodeRate({ arrivals, aimd, holders }: RateRecord): string {
  return JSON.stringify({
    v: VERSION,
    next: Object.fromEntries(arrivals),
    multiplier: aimd.multiplier,
    since: aimd.at,
    fell: aimd.fellAt,
    by: holders.map(({ id, at }) => [id, at]),
  });
}

/** Undefined where the text cannot be read. */
export function decodeRate(text: string): RateRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not JSON: unreadable
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { v, next, multiplier, since, fell, by } = value as Record<string, unknown>; // safe: an object
  if (v !== VERSION || !isTime(since) || (fell !== undefined && !isTime(fell))) return undefined;
  if (!isTime(multiplier) || multiplier < LEAST_MULTIPLIER || multiplier > 1) return undefined;
  const arrivals = readArrivals(next);
  const holders = readHolders(by);
  if (arrivals === undefined || holders === undefined) return undefined;
  const aimd = { multiplier, at: since, ...(fell !== undefined && { fellAt: fell }) };
  return { arrivals, aimd, holders };
}

function readArrivals(value: unknown): Map<number, number> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  if (entries.length > MAX_ARRIVALS) return undefined;
  const arrivals = new Map<number, number>();
  for (const [periodMs, at] of entries) {
    if (!(Number(periodMs) > 0) || !isTime(at)) return undefined;
    arrivals.set(Number(periodMs), at);
  }
  return arrivals;
}

function readHolders(value: unknown): Holder[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_HOLDERS) return undefined;
  const holders: Holder[] = [];
  for (const entry of value) {
    if (!Array.isArray(entry)) return undefined;
    const [id, at]: unknown[] = entry;
    if (typeof id !== "string" || !isTime(at)) return undefined;
    holders.push({ id, at });
  }
  return holders;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
