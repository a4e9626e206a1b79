/**
 * Holds requests to the rates of their hosts. A process leases slots of a rate through the store, a second's
 * worth at most, and gives them to requests without asking again. What a lease may hold is decided in
 * `src/pacing`.
 *
 * @module
 */
import { EVERY_ROLE, parseLimits } from "../breaker/rate_limits.ts";
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import type { PaceView } from "../breaker/operators.ts";
import { FULL, multiplierAt } from "../pacing/aimd.ts";
import { perSecond, type Slot, spacingOf } from "../pacing/gcra.ts";
import { afterLimited, type RateRecord, takeLease } from "../pacing/lease.ts";
import type { MaybePromise } from "../stores/store.ts";
import type { Attempt, Change } from "./engine/cell.ts";
import { chain, isPromise } from "./maybe_promise.ts";
import type { Engine } from "./engine/engine.ts";
import { HeldLease } from "../pacing/held_lease.ts";
import { drawIdPrefix } from "./id_prefix.ts";
import { rateKey } from "./rate_kind.ts";
import type { Done } from "./engine/waiter.ts";

/** How a pacer is made. */
export interface PacerOptions {
  /** Made when it is first needed: nobody pays for rates that are not there. */
  engine: () => Engine<RateRecord>;
  /** False while the store is left alone. */
  isStoreUp: () => boolean;
  now: () => number;
  random: () => number;
  /** The longest that a request waits for its slot, in milliseconds. */
  maxWaitMs: number;
  /** Rates remembered at once. */
  maxLeases: number;
}

/** A slot that a request holds, and of which lease. */
interface Ticket {
  lease: HeldLease;
  slot: Slot;
}

/** Whether pacing lets a request out, and when. */
export type Turn =
  | { granted: true; at: number; degraded: boolean; tickets: readonly Ticket[] }
  | { granted: false; retryAfterMs: number; degraded: boolean };

type Rates = NonNullable<BreakerPolicy["rates"]>;

/** Leases that one request asks for before it is denied: more would only come about under a storm of others. */
const MAX_LEASES_PER_REQUEST = 4;
/** Slots are leased so far ahead at least, in milliseconds: whoever is told to come back finds his there. */
const LEAST_REACH_MS = 500;
/** Without the store, a process takes at least so many to share the rate: it cannot know who has come since. */
const LEAST_SHARERS = 2;

/** See the module's description. */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #leases = new Map<string, HeldLease>();
  /** Attempts whose first event took the lease. */
  readonly #served = new WeakSet<Attempt>();
  /** Drawn when it is first needed: some runtimes have no chance to draw from before. */
  #id: string | undefined;
  #engine: Engine<RateRecord> | undefined;
  #sweeper: IterableIterator<[string, HeldLease]> | undefined;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /**
   * Takes the slots that a request needs: one of its role's rate, one of the rate of all. Takes none where it
   * would have to wait too long.
   *
   * @param askedAt when the caller began to wait, by the monotonic clock; absent: now
   */
  take(host: string, role: string, rates: Rates, askedAt: number | undefined): MaybePromise<Turn> {
    return this.#find(this.#leasesOf(host, role, rates), askedAt, MAX_LEASES_PER_REQUEST);
  }

  /** Takes back what a request does not need after all. */
  giveBack(pass: Turn): void {
    if (!pass.granted) return;
    for (const { lease, slot } of pass.tickets) lease.giveBack(slot);
  }

  /** Counts an outcome; after a 429 the rates of its request fall, once for all that were under way. */
  heed(
    host: string,
    role: string,
    rates: Rates,
    issuedAt: number,
    isLimited: boolean,
  ): MaybePromise<unknown> {
    const now = this.#options.now();
    const falls: Promise<unknown>[] = [];
    for (const lease of this.#leasesOf(host, role, rates)) {
      lease.count(isLimited, now);
      if (!isLimited || issuedAt <= Math.min(lease.fellAt, now)) continue;
      const falling = this.#fall(lease, issuedAt);
      if (isPromise(falling)) falls.push(falling);
    }
    return falls.length === 0 ? undefined : Promise.all(falls);
  }

  /** How fast requests of a host may go out now. */
  view(host: string, rates: Rates): MaybePromise<PaceView[]> {
    const roles = Object.keys(rates);
    if (roles.length === 0) return [];
    const seen = this.#shared().peekAll(roles.map((role) => rateKey(host, role)));
    return chain(seen, (all) =>
      roles.map((role, i) => {
        const rate = rates[role]!;
        const multiplier = multiplierAt(all[i]?.record?.aimd ?? FULL, this.#options.now());
        const most = perSecond(parseLimits(rate).map(spacingOf));
        return { role, rate, multiplier, perSecond: most * multiplier };
      }));
  }

  /** Records of rates that the store does not hold as they are here. */
  get unsaved(): number {
    return this.#engine?.queues().unsaved ?? 0;
  }

  /** Writes what is queued, and offers what an outage left behind once more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]();
  }

  #shared(): Engine<RateRecord> {
    return this.#engine ??= this.#options.engine();
  }

  // ---- slots --------------------------------------------------------------------------------------------

  /** The earliest moment at which all leases have a slot; takes further leases where that needs them. */
  #find(
    leases: readonly HeldLease[],
    askedAt: number | undefined,
    most: number,
  ): MaybePromise<Turn> {
    const now = this.#options.now();
    const degraded = leases.some((lease) => lease.degraded);
    for (const lease of leases) lease.pass(now);
    let at = now;
    for (;;) {
      const slots = leases.map((lease) => lease.slotFrom(at));
      const next = Math.max(
        at,
        ...leases.map((lease, i) => slots[i]?.at ?? Math.max(at, lease.freeAt)),
      );
      if (next - now > this.#options.maxWaitMs) {
        return { granted: false, retryAfterMs: Math.ceil(next - now), degraded };
      }
      const lacking = slots.indexOf(undefined);
      if (lacking !== -1) {
        if (most === 0 || now < leases[lacking]!.refusedUntil) {
          return { granted: false, retryAfterMs: Math.max(1, Math.ceil(next - now)), degraded };
        }
        const leased = this.#lease(leases[lacking]!, next, askedAt);
        if (isPromise(leased)) return leased.then(() => this.#find(leases, askedAt, most - 1));
        return this.#find(leases, askedAt, most - 1);
      }
      if (next === at) {
        const tickets = leases.map((lease, i) => ({ lease, slot: slots[i]! }));
        for (const { lease, slot } of tickets) lease.use(slot);
        return { granted: true, at, degraded, tickets };
      }
      at = next;
    }
  }

  /** Leases slots for all who wait for them now, with one write. */
  #lease(lease: HeldLease, from: number, askedAt: number | undefined): MaybePromise<void> {
    lease.waiting++;
    const done = this.#shared().update(
      lease.key,
      (record, now, attempt) => this.#leaseOnce(lease, from, record, now, attempt),
      askedAt,
    );
    const settle = (told: Done<number | undefined> | undefined): void => {
      lease.waiting--;
      if (told === undefined) return; // too many wait already
      lease.degraded = told.degraded;
      if (!told.degraded && told.answer !== undefined) lease.processes = told.answer;
    };
    return isPromise(done) ? done.then(settle) : settle(done);
  }

  /** The first of those who wait together takes the lease for all. */
  #leaseOnce(
    lease: HeldLease,
    from: number,
    record: RateRecord | undefined,
    now: number,
    attempt: Attempt,
  ): Change<RateRecord, number | undefined> {
    const { maxWaitMs, isStoreUp, random } = this.#options;
    const missing = lease.waiting - lease.usable(from, now + maxWaitMs);
    if (missing <= 0 || this.#served.has(attempt)) return { record, answer: undefined };
    this.#served.add(attempt);
    const reachMs = Math.max(maxWaitMs, LEAST_REACH_MS);
    const isAlone = lease.degraded || !isStoreUp();
    const taken = takeLease(record, {
      id: this.#id ??= drawIdPrefix(),
      spacings: lease.spacings,
      now,
      from,
      reachMs,
      tookAt: lease.tookAt,
      took: lease.took,
      missing,
      size: lease.size,
      isLimited: lease.isLimited(now),
      ...(isAlone && { sharers: Math.max(LEAST_SHARERS, lease.processes) }),
    });
    const { grant } = taken;
    // Those who want all that they can get do not ask again all at once.
    const share = grant.reachMs < reachMs ? random() / 2 : 1;
    const commit = () => lease.take(grant, now, share);
    return { record: taken.record, answer: grant.processes, commit };
  }

  /** A 429 takes its share of the rate, here and for every process. */
  #fall(lease: HeldLease, issuedAt: number): MaybePromise<unknown> {
    return this.#shared().update(lease.key, (record, now) => {
      const next = afterLimited(record, issuedAt, now);
      // Another process was quicker: then its fall is the one to know of.
      const fellAt = next.aimd.fellAt ?? now;
      return { record: next, answer: undefined, commit: () => lease.fall(fellAt) };
    });
  }

  // ---- leases -------------------------------------------------------------------------------------------

  /** Of the rate of a role, where it has one, and of the rate of all. */
  #leasesOf(host: string, role: string, rates: Rates): HeldLease[] {
    const leases: HeldLease[] = [];
    for (const name of [role, EVERY_ROLE]) {
      if (Object.hasOwn(rates, name)) leases.push(this.#leaseOf(rateKey(host, name), rates[name]!));
    }
    return leases;
  }

  #leaseOf(key: string, rate: string): HeldLease {
    const known = this.#leases.get(key);
    if (known?.rate === rate) return known;
    const lease = new HeldLease(key, rate, this.#options.now());
    this.#leases.delete(key);
    this.#leases.set(key, lease);
    this.#sweep();
    return lease;
  }

  /** Each new lease pays for looking at two others; where there are too many, the oldest goes. */
  #sweep(): void {
    const now = this.#options.now();
    for (let i = 0; i < 2; i++) {
      this.#sweeper ??= this.#leases.entries();
      const next = this.#sweeper.next();
      if (next.done) this.#sweeper = undefined;
      else if (next.value[1].isIdle(now)) this.#leases.delete(next.value[0]);
    }
    if (this.#leases.size <= this.#options.maxLeases) return;
    const [oldest] = this.#leases.keys();
    this.#leases.delete(oldest!);
  }
}
