/**
 * Whether a request may go out: host and resolver are both asked, probes take their leases, and a denied
 * request leaves nothing behind.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import { type Admission, admit, decide, tell } from "../breaker/machine.ts";
import { idMaker, type Mark, writePermit } from "../breaker/permit.ts";
import { checkResolver, checkRole } from "../breaker/names.ts";
import type { BreakerRecord } from "../breaker/record.ts";
import type {
  AllowRequest,
  BreakerPolicy,
  Denial,
  Permit,
  Scope,
  Verdict,
} from "../breaker/types.ts";
import type { MaybePromise } from "../stores/store.ts";
import type { Named } from "./cooldown_share.ts";
import { chain, names, type RegistryCore, toEngine } from "./core.ts";
import type { Seen } from "./engine.ts";
import { drawIdPrefix } from "./ids.ts";
import type { Pass } from "./pacer.ts";
import { isPromise } from "./store_guard.ts";
import { storeKey } from "./record_codec.ts";
import type { Done } from "./writer.ts";

/** A request that asks, with all that is looked up once. */
interface Ask {
  host: string;
  role: string;
  resolver: string;
  hostStoreKey: string;
  /** Absent where there is no resolver. */
  resolverStoreKey?: string;
  hostPolicy: BreakerPolicy;
  /** Absent where there is no resolver. */
  resolverPolicy?: BreakerPolicy;
  /** When the caller began to wait, by the monotonic clock; absent where it did not have to. */
  askedAt?: number;
  /** What pacing says; absent where it was not asked. */
  pass?: Pass;
}

const OFF_PERMIT: Permit = "off";
/** Told to callers while the store is down and `onStoreError` is `deny`, in milliseconds. */
const STORE_DOWN_RETRY_MS = 1_000;
const UNASKED: Admission = { allowed: true, mark: { kind: "closed", generation: 0 } };

function isProbe(admission: Admission | undefined): boolean {
  return admission?.allowed === true && admission.mark.kind === "probe";
}

/** True where being let through changes the record: a lease, or that somebody still asks. */
function changes(admission: Admission | undefined): boolean {
  return isProbe(admission) || (admission?.allowed === true && admission.renew === true);
}

function markOf(admission: Admission | undefined): Mark | undefined {
  return admission?.allowed ? admission.mark : undefined;
}

function shadowOf(admission: Admission): Mark {
  const generation = admission.allowed ? admission.mark.generation : admission.generation;
  return { kind: "shadow", generation };
}

/** See the module's description. */
export class Admissions {
  readonly #core: RegistryCore;
  readonly #nextId = idMaker(drawIdPrefix);

  constructor(core: RegistryCore) {
    this.#core = core;
  }

  /** May this request go out? */
  allow(request: AllowRequest): MaybePromise<Verdict> {
    if (this.#core.mode === "off") {
      return { allowed: true, permit: OFF_PERMIT, state: "closed", waitMs: 0 };
    }
    const ask = this.#ask(request);
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

  #ask(request: AllowRequest): Ask {
    const { host, url } = request ?? {};
    if ((host === undefined) === (url === undefined)) {
      throw new TypeError("A request names exactly one of 'host' and 'url'");
    }
    const key = hostKey((host ?? url)!);
    const resolver = checkResolver(request.resolver);
    const { policies } = this.#core;
    return {
      host: key,
      role: checkRole(request.role),
      resolver,
      hostStoreKey: storeKey(this.#core.prefixes, "host", key),
      resolverStoreKey: resolver === ""
        ? undefined
        : storeKey(this.#core.prefixes, "resolver", resolver),
      hostPolicy: policies.ofHost(key),
      resolverPolicy: resolver === "" ? undefined : policies.ofResolver(resolver),
    };
  }

  #judge(
    ask: Ask,
    unsure: boolean,
    host: Seen<BreakerRecord>,
    resolver?: Seen<BreakerRecord>,
  ): MaybePromise<Verdict> {
    const degraded = unsure || host.degraded || resolver?.degraded === true ||
      ask.pass?.degraded === true;
    const now = this.#core.now();
    const byHost = decide(host.record, ask.hostPolicy, ask.role, now);
    const byResolver = ask.resolverPolicy && decide(resolver?.record, ask.resolverPolicy, "", now);
    if (degraded && this.#core.onStoreError !== "local") {
      return this.#withoutStore(ask, byHost, byResolver);
    }
    const denied = denialOf(ask, byHost, byResolver);
    if (denied !== undefined) return this.#deny(ask, denied, byHost, byResolver, degraded, now);
    if (ask.hostPolicy.rates !== undefined) {
      if (ask.pass === undefined) return this.#pace(ask, unsure, host, resolver);
      const paced = paceDenialOf(ask, byHost);
      if (paced !== undefined) return this.#deny(ask, paced, byHost, byResolver, degraded, now);
    }
    if (changes(byHost) || changes(byResolver)) {
      return this.#takeProbes(ask, byHost, byResolver, degraded);
    }
    return this.#permit(ask, this.#nextId(), markOf(byHost), markOf(byResolver), degraded, now);
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
    return chain(this.#waiting(ask, taken), (pass) => {
      ask.pass = pass;
      return this.#judge(ask, unsure, host, resolver);
    });
  }

  /** Takes the leases that the request needs, the host's first; gives the first back where the second is gone. */
  #takeProbes(
    ask: Ask,
    byHost: Admission,
    byResolver: Admission | undefined,
    degraded: boolean,
  ): MaybePromise<Verdict> {
    const id = this.#nextId();
    const { host, role, resolver, hostPolicy, resolverPolicy } = ask;
    const hostTaken = changes(byHost)
      ? this.#waiting(ask, this.#admit("host", host, hostPolicy, role, id, ask.askedAt))
      : { answer: byHost, degraded };
    return chain(hostTaken, (first) => {
      const settle = (second?: Done<Admission>): MaybePromise<Verdict> => {
        const unsure = degraded || first.degraded || second?.degraded === true;
        const now = this.#core.now();
        if (unsure && this.#core.onStoreError !== "local") {
          return this.#withoutStore(ask, first.answer, second?.answer ?? byResolver);
        }
        const denied = denialOf(ask, first.answer, second?.answer);
        if (denied === undefined) {
          return this.#permit(ask, id, markOf(first.answer), markOf(second?.answer), unsure, now);
        }
        const freed = denied.scope === "resolver" && isProbe(first.answer)
          ? this.#release(ask, id, markOf(first.answer)!, now)
          : undefined;
        return chain(
          freed,
          () => this.#deny(ask, denied, first.answer, second?.answer, unsure, now),
        );
      };
      if (byResolver === undefined || !first.answer.allowed) return settle();
      if (!changes(byResolver)) return settle({ answer: byResolver, degraded });
      const taken = this.#admit("resolver", resolver, resolverPolicy!, "", id, ask.askedAt);
      return chain(taken, settle);
    });
  }

  #admit(
    scope: Scope,
    key: string,
    policy: BreakerPolicy,
    role: string,
    id: string,
    askedAt: number | undefined,
  ): MaybePromise<Done<Admission>> {
    const input = { type: "allow", role, id } as const;
    const done = this.#core.engine.update(
      storeKey(this.#core.prefixes, scope, key),
      (record, now) => toEngine(this.#core, scope, key, admit(record, input, policy, now), now),
      askedAt,
    );
    // Too many wait for this host already: half-open, and no slot is free.
    const full: Done<Admission> = {
      answer: {
        allowed: false,
        reason: "probes",
        state: "half_open",
        retryAfterMs: STORE_DOWN_RETRY_MS,
        generation: 0,
      },
      degraded: false,
    };
    return chain(done, (answered) => answered ?? full);
  }

  /** A denied request leaves no probe behind. */
  #release(ask: Ask, id: string, mark: Mark, now: number): MaybePromise<unknown> {
    const input = { type: "outcome", id, issuedAt: now, mark, kind: "cancelled" } as const;
    const { host, hostPolicy, role } = ask;
    return this.#core.engine.update(storeKey(this.#core.prefixes, "host", host), (record, at) => {
      const step = tell(record, { ...input, role }, hostPolicy, at);
      return toEngine(this.#core, "host", host, step, at);
    }, ask.askedAt);
  }

  #permit(
    ask: Ask,
    id: string,
    hostMark: Mark | undefined,
    resolverMark: Mark | undefined,
    degraded: boolean,
    now: number,
    wouldDeny?: Denial,
  ): Verdict {
    const { host, role, resolver } = ask;
    const mark = hostMark!; // a host is always asked
    const parts = {
      id,
      issuedAt: now,
      host,
      role,
      resolver,
      hostMark: mark,
      resolverMark,
      hostStoreKey: ask.hostStoreKey,
      resolverStoreKey: ask.resolverStoreKey,
    };
    const permit = writePermit(parts);
    this.#core.issued.add(permit, parts);
    const probe = mark.kind === "probe" || resolverMark?.kind === "probe";
    const { verdicts } = this.#core.counters;
    if (wouldDeny !== undefined) verdicts.observed[wouldDeny.reason]++;
    else if (probe) verdicts.probes++;
    else verdicts.allowed++;
    if (degraded) verdicts.degraded++;
    const enforces = this.#core.mode === "enforce";
    const verdict: Verdict = {
      allowed: true,
      permit,
      state: probe ? "half_open" : "closed",
      waitMs: probe && enforces ? this.#core.random() * jitterOf(ask, mark, resolverMark) : 0,
    };
    if (ask.pass?.granted && enforces) {
      verdict.waitMs = Math.max(verdict.waitMs, Math.ceil(ask.pass.at - now));
    }
    if (degraded) verdict.degraded = true;
    if (wouldDeny !== undefined) verdict.wouldDeny = wouldDeny;
    return verdict;
  }

  #deny(
    ask: Ask,
    denial: Denial,
    byHost: Admission,
    byResolver: Admission | undefined,
    degraded: boolean,
    now: number,
  ): Verdict {
    if (ask.pass !== undefined) this.#core.pacer.giveBack(ask.pass);
    const observed = this.#core.mode === "observe";
    this.#emitDenial(ask, denial, observed, now);
    if (!observed) {
      this.#countDenial(denial, degraded);
      return deniedVerdict(denial, degraded);
    }
    return this.#shadowed(ask, byHost, byResolver, degraded, now, denial);
  }

  /** Lets a request through that counts for nothing. */
  #shadowed(
    ask: Ask,
    byHost: Admission,
    byResolver: Admission | undefined,
    degraded: boolean,
    now: number,
    wouldDeny?: Denial,
  ): Verdict {
    const second = byResolver ?? (ask.resolver === "" ? undefined : UNASKED);
    const mark = second && shadowOf(second);
    return this.#permit(ask, this.#nextId(), shadowOf(byHost), mark, degraded, now, wouldDeny);
  }

  /** The store does not answer, and the process's own view is not wanted. It learns all the same. */
  #withoutStore(ask: Ask, byHost: Admission, byResolver: Admission | undefined): Verdict {
    const now = this.#core.now();
    if (this.#core.onStoreError === "allow" || this.#core.mode === "observe") {
      const plain = [byHost, byResolver].every((by) =>
        by === undefined || (by.allowed && by.mark.kind === "closed")
      );
      if (!plain) return this.#shadowed(ask, byHost, byResolver, true, now);
      return this.#permit(ask, this.#nextId(), markOf(byHost), markOf(byResolver), true, now);
    }
    if (ask.pass !== undefined) this.#core.pacer.giveBack(ask.pass);
    const denial: Denial = {
      reason: "open",
      scope: "host",
      key: ask.host,
      state: "open",
      retryAfterMs: STORE_DOWN_RETRY_MS,
    };
    this.#emitDenial(ask, denial, false, now);
    this.#countDenial(denial, true);
    return { allowed: false, ...denial, degraded: true };
  }

  #countDenial({ reason }: Denial, degraded: boolean): void {
    const { verdicts } = this.#core.counters;
    verdicts.denied[reason]++;
    if (degraded) verdicts.degraded++;
  }

  #emitDenial({ host, role, resolver }: Ask, denial: Denial, observed: boolean, at: number): void {
    if (!this.#core.listeners.hearsDenials) return;
    this.#core.listeners.emit({
      type: "denial",
      at,
      ...names(host, role, resolver),
      observed,
      ...denial,
    });
  }
}

/** The breakers that a request needs. */
function namedIn({ host, resolver }: Ask): Named[] {
  const named: Named[] = [{ scope: "host", key: host }];
  if (resolver !== "") named.push({ scope: "resolver", key: resolver });
  return named;
}

/** The longer of the two, where both are probes. */
function jitterOf(ask: Ask, hostMark: Mark, resolverMark: Mark | undefined): number {
  const ofHost = hostMark.kind === "probe" ? ask.hostPolicy.halfOpen.jitterMs : 0;
  const ofResolver = resolverMark?.kind === "probe" ? ask.resolverPolicy!.halfOpen.jitterMs : 0;
  return Math.max(ofHost, ofResolver);
}

/** The first that denies is named. */
function denialOf(
  ask: Ask,
  byHost: Admission,
  byResolver: Admission | undefined,
): Denial | undefined {
  if (!byHost.allowed) return toDenial("host", ask.host, byHost);
  if (byResolver?.allowed === false) return toDenial("resolver", ask.resolver, byResolver);
  return undefined;
}

/** Why pacing denies, if it does: the breaker of the host is closed, or would take a probe. */
function paceDenialOf({ host, pass }: Ask, byHost: Admission): Denial | undefined {
  if (pass === undefined || pass.granted) return undefined;
  const state = isProbe(byHost) ? "half_open" : "closed";
  return { reason: "rate", scope: "host", key: host, state, retryAfterMs: pass.retryAfterMs };
}

/** Field by field, since every denial comes through here and to spread takes longer. */
function deniedVerdict(
  { reason, scope, key, state, retryAfterMs }: Denial,
  degraded: boolean,
): Verdict {
  const verdict: Verdict = { allowed: false, reason, scope, key, state, retryAfterMs };
  if (degraded) verdict.degraded = true;
  return verdict;
}

function toDenial(
  scope: Scope,
  key: string,
  { reason, state, retryAfterMs }: Extract<Admission, { allowed: false }>,
): Denial {
  return { reason, scope, key, state, retryAfterMs };
}
