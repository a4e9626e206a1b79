/**
 * Whether a request may go out: host and resolver are both asked, probes take their leases, and a denied
 * request leaves nothing behind.
 *
 * @module
 */
import { type Admission, admit, decide, tell } from "../breaker/machine.ts";
import { SHARED } from "../breaker/names.ts";
import type { BreakerRecord } from "../breaker/record.ts";
import type { AllowRequest, Permit, Verdict } from "../breaker/gate.ts";
import type { Scope } from "../breaker/state.ts";
import type { MaybePromise } from "../stores/store.ts";
import { type Ask, Asks, namedIn } from "./ask.ts";
import { chain, isPromise } from "./maybe_promise.ts";
import { type RegistryCore, toEngine } from "./core.ts";
import type { Seen } from "./engine/engine.ts";
import {
  denialOf,
  isProbe,
  type Judgement,
  markOf,
  paceDenialOf,
  STORE_DOWN_RETRY_MS,
  Verdicts,
} from "./verdicts.ts";
import type { Done } from "./engine/waiter.ts";

const OFF_PERMIT: Permit = "off";
/** Too many wait for a breaker already: half-open, and no slot is free. */
const FULL: Admission = {
  allowed: false,
  reason: "probes",
  state: "half_open",
  retryAfterMs: STORE_DOWN_RETRY_MS,
  generation: 0,
};

/** True where being let through changes the record: a lease, or that somebody still asks. */
function changes(admission: Admission | undefined): boolean {
  return isProbe(admission) || (admission?.allowed === true && admission.renew === true);
}

/** The breaker of one scope that a request asks; of a resolver only where it names one. */
function asked(ask: Ask, scope: Scope) {
  return scope === "host"
    ? { key: ask.host, keyInStore: ask.hostStoreKey, policy: ask.hostPolicy, role: ask.role }
    : {
      key: ask.resolver,
      keyInStore: ask.resolverStoreKey!,
      policy: ask.resolverPolicy!,
      role: SHARED,
    };
}

/** See the module's description. */
export class Admissions {
  readonly #core: RegistryCore;
  readonly #asks: Asks;
  readonly #verdicts: Verdicts;

  constructor(core: RegistryCore) {
    this.#core = core;
    this.#asks = new Asks(core);
    this.#verdicts = new Verdicts(core);
  }

  /** May this request go out? */
  allow(request: AllowRequest): MaybePromise<Verdict> {
    if (this.#core.mode === "off") {
      return { allowed: true, permit: OFF_PERMIT, state: "closed", waitMs: 0 };
    }
    const ask = this.#asks.of(request);
    if (this.#asks.isUntroubled(ask)) return this.#verdicts.untroubled(ask);
    const { cooldowns } = this.#core;
    if (cooldowns === undefined) return this.#look(ask, false);
    const taken = this.#waiting(ask, cooldowns.take(this.#core, namedIn(ask)));
    return chain(taken, (unsure) => this.#look(ask, unsure));
  }

  /** @param unsure true where what others say of the host could not be learned */
  #look(ask: Ask, unsure: boolean): MaybePromise<Verdict> {
    const { engine } = this.#core;
    const { hostStoreKey, resolverStoreKey } = ask;
    // Of a resolver that is well there is nothing to see.
    if (resolverStoreKey === undefined || engine.isAbsent(resolverStoreKey)) {
      const seen = this.#waiting(ask, engine.peek(hostStoreKey));
      return isPromise(seen)
        ? seen.then((host) => this.#judge(ask, unsure, host))
        : this.#judge(ask, unsure, seen);
    }
    const both = this.#waiting(ask, engine.peekAll([hostStoreKey, resolverStoreKey]));
    return chain(both, ([host, resolver]) => this.#judge(ask, unsure, host!, resolver));
  }

  /** Notes when a wait begins, so that all waits of one request share one deadline. */
  #waiting<T>(ask: Ask, answer: MaybePromise<T>): MaybePromise<T> {
    if (isPromise(answer)) ask.askedAt ??= this.#core.timers.monotonic();
    return answer;
  }

  #judge(
    ask: Ask,
    unsure: boolean,
    host: Seen<BreakerRecord>,
    resolver?: Seen<BreakerRecord>,
  ): MaybePromise<Verdict> {
    const degraded = unsure || host.degraded || resolver?.degraded === true ||
      ask.turn?.degraded === true;
    const now = this.#core.now();
    const byHost = decide(host.record, ask.hostPolicy, ask.role, now);
    const byResolver = ask.resolverPolicy &&
      decide(resolver?.record, ask.resolverPolicy, SHARED, now);
    if (degraded && this.#core.onStoreError !== "local") {
      return this.#verdicts.withoutStore(ask, byHost, byResolver);
    }
    const judged: Judgement = { byHost, byResolver, degraded, now };
    const denied = denialOf(ask, byHost, byResolver);
    if (denied !== undefined) return this.#verdicts.deny(ask, denied, judged);
    if (ask.hostPolicy.rates !== undefined) {
      if (ask.turn === undefined) return this.#pace(ask, unsure, host, resolver);
      const paced = paceDenialOf(ask, byHost);
      if (paced !== undefined) return this.#verdicts.deny(ask, paced, judged);
    }
    if (changes(byHost) || changes(byResolver)) return this.#takeProbes(ask, judged);
    return this.#verdicts.permit(ask, judged);
  }

  /** The breakers let it through: asks pacing, and then them once more, by what was seen before. */
  #pace(
    ask: Ask,
    unsure: boolean,
    host: Seen<BreakerRecord>,
    resolver: Seen<BreakerRecord> | undefined,
  ): MaybePromise<Verdict> {
    const { rates } = ask.hostPolicy;
    const taken = this.#core.pacer.take(ask.host, ask.role, rates!, ask.askedAt);
    return chain(this.#waiting(ask, taken), (turn) => {
      ask.turn = turn;
      return this.#judge(ask, unsure, host, resolver);
    });
  }

  /** Takes the leases that the request needs, the host's first. */
  #takeProbes(ask: Ask, judged: Judgement): MaybePromise<Verdict> {
    const { byHost, byResolver, degraded } = judged;
    const id = this.#verdicts.nextId();
    const hostTaken = changes(byHost)
      ? this.#waiting(ask, this.#admit(ask, "host", id, byHost))
      : { answer: byHost, degraded };
    return chain(hostTaken, (first) => {
      if (byResolver === undefined || !first.answer.allowed) {
        return this.#settle(ask, id, judged, first);
      }
      const taken = changes(byResolver)
        ? this.#admit(ask, "resolver", id, byResolver)
        : { answer: byResolver, degraded };
      return chain(taken, (second) => this.#settle(ask, id, judged, first, second));
    });
  }

  /** Gives the first lease back where the second is gone. */
  #settle(
    ask: Ask,
    id: string,
    judged: Judgement,
    first: Done<Admission>,
    second?: Done<Admission>,
  ): MaybePromise<Verdict> {
    const degraded = judged.degraded || first.degraded || second?.degraded === true;
    const now = this.#core.now();
    if (degraded && this.#core.onStoreError !== "local") {
      // What is answered now holds no lease, whatever the breakers said.
      const freed = [
        this.#release(ask, "host", id, first.answer, now),
        this.#release(ask, "resolver", id, second?.answer, now),
      ];
      const byResolver = second?.answer ?? judged.byResolver;
      const answer = () => this.#verdicts.withoutStore(ask, first.answer, byResolver);
      return freed.some(isPromise) ? Promise.all(freed).then(answer) : answer();
    }
    const taken: Judgement = { byHost: first.answer, byResolver: second?.answer, degraded, now };
    const denied = denialOf(ask, first.answer, second?.answer);
    if (denied === undefined) return this.#verdicts.permit(ask, taken, id);
    const freed = this.#release(ask, "host", id, first.answer, now);
    return chain(freed, () => this.#verdicts.deny(ask, denied, taken));
  }

  #admit(ask: Ask, scope: Scope, id: string, seen: Admission): MaybePromise<Done<Admission>> {
    const { key, keyInStore, policy, role } = asked(ask, scope);
    const input = { type: "allow", role, id } as const;
    const done = this.#core.engine.update(
      keyInStore,
      (record, now) => toEngine(this.#core, scope, key, admit(record, input, policy, now), now),
      ask.askedAt,
    );
    // Where too many wait, only who needs a lease is turned away: to be renewed can wait for the next request.
    const unwritten = () => ({ answer: isProbe(seen) ? FULL : seen, degraded: false });
    return chain(done, (answered) => answered ?? unwritten());
  }

  /** A denied request leaves no probe behind: gives the lease back, where one was taken. */
  #release(
    ask: Ask,
    scope: Scope,
    id: string,
    admission: Admission | undefined,
    now: number,
  ): MaybePromise<unknown> {
    const mark = markOf(admission);
    if (mark?.kind !== "probe") return undefined;
    const { key, keyInStore, policy, role } = asked(ask, scope);
    const input = { type: "outcome", role, id, issuedAt: now, mark, kind: "cancelled" } as const;
    return this.#core.engine.updateAlways(
      keyInStore,
      (record, at) => toEngine(this.#core, scope, key, tell(record, input, policy, at), at),
      ask.askedAt,
    );
  }
}
