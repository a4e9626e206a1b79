/**
 * What all processes share of a rate, and how one of them takes a slice of it: a lease of a second or less.
 * Pure; how the record stands in a store is in `rate_codec.ts`.
 *
 * @module
 */
import { type Aimd, fallen, FULL, fullAt, held, lower, multiplierAt, settled } from "./aimd.ts";
import { type Arrivals, earliest, reserve, type Slot, type Spacing } from "./gcra.ts";

/** A process that takes leases. */
export interface Holder {
  id: string;
  /** When it took its last one, in epoch milliseconds. */
  at: number;
}

/** What is shared of one rate. */
export interface RateRecord {
  arrivals: Arrivals;
  aimd: Aimd;
  /** Who took leases lately, the latest last. */
  holders: readonly Holder[];
}

/** Nothing shared yet. */
export const EMPTY_RATE: RateRecord = Object.freeze({
  arrivals: new Map<number, number>(),
  aimd: FULL,
  holders: [],
});

/** The longest stretch of slots that is leased at once, in milliseconds. */
export const LEASE_MS = 1_000;
/** Among several processes a lease is no more than such a part of a second, so that none waits long for another's to end. */
const LEAST_PARTS = 4;
/** Most slots of a lease. */
export const MAX_SLOTS = 1_000;
/** A process that took no lease for so long, or for two slots of the rate, is gone; in milliseconds. */
const HOLDER_MS = 30_000;
/** Most processes that are counted. */
export const MAX_HOLDERS = 32;
/** A record says nothing more so long after its last slot, in milliseconds. */
const KEEP_MS = 60_000;
/** Permits of requests under way live about so long; until then it is known when the multiplier fell, in milliseconds. */
const KEEP_FALL_MS = 300_000;

/** What a process asks for. */
export interface LeaseRequest {
  /** Whose lease it is. */
  id: string;
  spacings: readonly Spacing[];
  now: number;
  /** The first slot that is wanted is not before this, in epoch milliseconds. */
  from: number;
  /** Nor further ahead than this, in milliseconds. */
  reachMs: number;
  /** When it took its last lease, in epoch milliseconds; -Infinity where it took none. */
  tookAt: number;
  /** Slots of that lease. */
  took: number;
  /** Slots that somebody waits for. */
  missing: number;
  /** Slots that the process has use for, going by what it used lately. */
  size: number;
  /** Too many 429s were seen: the multiplier does not climb. */
  isLimited: boolean;
  /** The store cannot be asked, and so many processes are taken to share the rate. @default {1} */
  sharers?: number;
}

/** What it gets. */
export interface Grant {
  /** May be empty. */
  slots: Slot[];
  /** When the next slot after these is, as things stand, in epoch milliseconds. */
  freeAt: number;
  /** How far ahead that may be for the process to get it, in milliseconds. */
  reachMs: number;
  /** When the multiplier fell last, in epoch milliseconds; absent: never. */
  fellAt?: number;
  /** Processes that take leases, the asking one included. */
  processes: number;
}

/**
 * Takes a slice of the rate: what the process has use for, at most its fair share of what a second gives, and
 * what somebody waits for. At least one slot, or none where the first would be too far ahead; then the process
 * puts its name down, so that others leave room for it.
 */
export function takeLease(
  record: RateRecord = EMPTY_RATE,
  request: LeaseRequest,
): { record: RateRecord; grant: Grant } {
  const { id, spacings, now, from, missing, size, sharers = 1 } = request;
  const own = record.holders.find((holder) => holder.id === id);
  const known = settled(record.aimd, now);
  const aimd = request.isLimited ? held(known, now) : known;
  const factor = multiplierAt(aimd, now) / sharers;
  const slowest = spacings.reduce((a, b) => a.intervalMs >= b.intervalMs ? a : b);
  const slotMs = slowest.intervalMs / factor;
  const holderMs = Math.max(HOLDER_MS, 2 * slotMs);
  const others = record.holders.filter((other) =>
    other.id !== id && Math.abs(now - other.at) < holderMs
  );
  const processes = others.length + 1;
  const narrowestMs = Math.min(...spacings.map(({ intervalMs }) => intervalMs)) / factor;
  const most = Math.min(MAX_SLOTS, Math.max(1, Math.floor(LEASE_MS / narrowestMs)));
  const fair = processes === 1 ? most : Math.ceil(most / Math.max(LEAST_PARTS, processes));
  // Whoever had his share leaves the nearer slots to others. Of slots that come one by one, each has his turn.
  const tookMs = now - request.tookAt;
  const isOneByOne = slotMs * processes > LEASE_MS &&
    earliest([slowest], record.arrivals, now) > now;
  const hadShare = processes > 1 &&
    (isOneByOne ? tookMs < slotMs * processes : tookMs < LEASE_MS && request.took >= fair);
  const reachMs = hadShare ? request.reachMs / 2 : request.reachMs;
  const { arrivals, slots, freeAt } = reserve(spacings, record.arrivals, {
    now,
    from,
    latest: now + reachMs,
    spanMs: LEASE_MS,
    wanted: Math.min(most, Math.max(missing, Math.min(size, fair))),
    factor,
  });
  const grant = { slots, freeAt, reachMs, fellAt: aimd.fellAt, processes };
  const isNamed = own !== undefined && Math.abs(now - own.at) < holderMs / 2;
  if (slots.length === 0 && isNamed) return { record, grant };
  const holders = [...others, { id, at: now }].slice(-MAX_HOLDERS);
  return { record: { arrivals, aimd, holders }, grant };
}

/** After a 429. The very same where it does not count. */
export function afterLimited(
  record: RateRecord = EMPTY_RATE,
  issuedAt: number,
  now: number,
): RateRecord {
  const aimd = fallen(record.aimd, issuedAt, now);
  return aimd === record.aimd ? record : { ...record, aimd };
}

/** Epoch milliseconds from which on the record says nothing more. */
export function endOfRate({ arrivals, aimd }: RateRecord): number {
  const busyUntil = Math.max(0, ...arrivals.values()) + KEEP_MS;
  if (aimd.fellAt === undefined) return busyUntil;
  return Math.max(busyUntil, fullAt(aimd), aimd.fellAt + KEEP_FALL_MS);
}

/** Joins what the store holds with what was leased while it could not be asked: the later time, the lower multiplier. */
export function mergeRates(stored: RateRecord, local: RateRecord, now: number): RateRecord {
  const arrivals = new Map(stored.arrivals);
  for (const [periodMs, at] of local.arrivals) {
    arrivals.set(periodMs, Math.max(at, arrivals.get(periodMs) ?? 0));
  }
  const holders = new Map<string, Holder>();
  for (const holder of [...stored.holders, ...local.holders].sort((a, b) => a.at - b.at)) {
    holders.set(holder.id, holder);
  }
  return {
    arrivals,
    aimd: lower(stored.aimd, local.aimd, now),
    holders: [...holders.values()].sort((a, b) => a.at - b.at).slice(-MAX_HOLDERS),
  };
}
