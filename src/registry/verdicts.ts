/**
 * The answer to a request, once the breakers and pacing have been asked: the permit or the denial, counted and
 * told. Who is asked, and in which order, stands in `admissions.ts`.
 *
 * @module
 */
import type { Admission } from "../breaker/machine.ts";
import { FRESH_MARK, idMaker, type Mark, writePermit } from "../breaker/permit.ts";
import type { Denial, Verdict } from "../breaker/gate.ts";
import type { DenialEvent } from "../breaker/events.ts";
import type { Scope } from "../breaker/state.ts";
import type { Ask } from "./ask.ts";
import type { RegistryCore } from "./core.ts";
import { drawIdPrefix } from "./id_prefix.ts";

/** What the breakers of a request say, and when. */
export interface Judgement {
  byHost: Admission;
  /** Absent where there is no resolver, or it was not asked. */
  byResolver?: Admission;
  /** True where the store does not stand behind it. */
  degraded: boolean;
  now: number;
}

/** Told to callers while the store is down and `onStoreError` is `deny`, in milliseconds. */
export const STORE_DOWN_RETRY_MS = 1_000;
const UNASKED: Admission = { allowed: true, mark: FRESH_MARK };

/** See the module's description. */
export class Verdicts {
  readonly #core: RegistryCore;
  /** The id of the next permit. */
  readonly nextId = idMaker(drawIdPrefix);

  constructor(core: RegistryCore) {
    this.#core = core;
  }

  /** Lets a request through that nobody has anything to say against. */
  untroubled(ask: Ask): Verdict {
    const second = ask.resolver === "" ? undefined : FRESH_MARK;
    const permit = this.#issue(ask, this.nextId(), FRESH_MARK, second, this.#core.now());
    this.#core.counters.verdicts.allowed++;
    return { allowed: true, permit, state: "closed", waitMs: 0 };
  }

  /** Lets a request through by the breakers' marks. */
  permit(ask: Ask, { byHost, byResolver, degraded, now }: Judgement, id = this.nextId()): Verdict {
    return this.#permit(ask, id, markOf(byHost)!, markOf(byResolver), degraded, now);
  }

  /** Denies, or says in mode `observe` what would have been denied. */
  deny(ask: Ask, denial: Denial, judged: Judgement): Verdict {
    if (ask.turn !== undefined) this.#core.pacer.giveBack(ask.turn);
    const observed = this.#core.mode === "observe";
    this.#emitDenial(ask, denial, observed, judged.now);
    if (observed) return this.#shadowed(ask, judged, denial);
    this.#countDenial(denial, judged.degraded);
    return deniedVerdict(denial, judged.degraded);
  }

  /** The store does not answer, and the process's own view is not wanted. It learns all the same. */
  withoutStore(ask: Ask, byHost: Admission, byResolver: Admission | undefined): Verdict {
    const now = this.#core.now();
    if (this.#core.onStoreError === "allow" || this.#core.mode === "observe") {
      const judged = { byHost, byResolver, degraded: true, now };
      const plain = [byHost, byResolver].every((by) =>
        by === undefined || (by.allowed && by.mark.kind === "closed")
      );
      return plain ? this.permit(ask, judged) : this.#shadowed(ask, judged);
    }
    if (ask.turn !== undefined) this.#core.pacer.giveBack(ask.turn);
    const denial: Denial = {
      reason: "open",
      scope: "host",
      key: ask.host,
      state: "open",
      retryAfterMs: STORE_DOWN_RETRY_MS,
    };
    this.#emitDenial(ask, denial, false, now);
    this.#countDenial(denial, true);
    return deniedVerdict(denial, true);
  }

  /** Lets a request through that counts for nothing. */
  #shadowed(ask: Ask, judged: Judgement, wouldDeny?: Denial): Verdict {
    const { byHost, byResolver, degraded, now } = judged;
    const second = byResolver ?? (ask.resolver === "" ? undefined : UNASKED);
    const mark = second && shadowOf(second);
    return this.#permit(ask, this.nextId(), shadowOf(byHost), mark, degraded, now, wouldDeny);
  }

  #permit(
    ask: Ask,
    id: string,
    mark: Mark,
    resolverMark: Mark | undefined,
    degraded: boolean,
    now: number,
    wouldDeny?: Denial,
  ): Verdict {
    const permit = this.#issue(ask, id, mark, resolverMark, now);
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
    if (ask.turn?.granted && enforces) {
      verdict.waitMs = Math.max(verdict.waitMs, Math.ceil(ask.turn.at - now));
    }
    if (degraded) verdict.degraded = true;
    if (wouldDeny !== undefined) verdict.wouldDeny = wouldDeny;
    return verdict;
  }

  #issue(
    { host, role, resolver, hostStoreKey, resolverStoreKey }: Ask,
    id: string,
    hostMark: Mark,
    resolverMark: Mark | undefined,
    issuedAt: number,
  ): string {
    const parts = {
      id,
      issuedAt,
      host,
      role,
      resolver,
      hostMark,
      resolverMark,
      hostStoreKey,
      resolverStoreKey,
    };
    const permit = writePermit(parts);
    this.#core.issued.add(permit, parts);
    return permit;
  }

  #countDenial({ reason }: Denial, degraded: boolean): void {
    const { verdicts } = this.#core.counters;
    verdicts.denied[reason]++;
    if (degraded) verdicts.degraded++;
  }

  /** Field by field, since a host that is down is asked for often and to spread takes longer. */
  #emitDenial({ host, role, resolver }: Ask, denial: Denial, observed: boolean, at: number): void {
    if (!this.#core.listeners.hearsDenials) return;
    const { reason, scope, key, state, retryAfterMs } = denial;
    const event: DenialEvent = {
      type: "denial",
      at,
      host,
      observed,
      reason,
      scope,
      key,
      state,
      retryAfterMs,
    };
    if (role !== "") event.role = role;
    if (resolver !== "") event.resolver = resolver;
    this.#core.listeners.emit(event);
  }
}

/** True where being let through takes a probe's lease. */
export function isProbe(admission: Admission | undefined): boolean {
  return admission?.allowed === true && admission.mark.kind === "probe";
}

/** How a breaker marks what it lets through; undefined where it does not, or was not asked. */
export function markOf(admission: Admission | undefined): Mark | undefined {
  return admission?.allowed ? admission.mark : undefined;
}

function shadowOf(admission: Admission): Mark {
  const generation = admission.allowed ? admission.mark.generation : admission.generation;
  return { kind: "shadow", generation };
}

/** The longer of the two, where both are probes. */
function jitterOf(ask: Ask, hostMark: Mark, resolverMark: Mark | undefined): number {
  const ofHost = hostMark.kind === "probe" ? ask.hostPolicy.halfOpen.jitterMs : 0;
  const ofResolver = resolverMark?.kind === "probe" ? ask.resolverPolicy!.halfOpen.jitterMs : 0;
  return Math.max(ofHost, ofResolver);
}

/** The first that denies is named. */
export function denialOf(
  { host, resolver }: Ask,
  byHost: Admission,
  byResolver: Admission | undefined,
): Denial | undefined {
  if (!byHost.allowed) return toDenial("host", host, byHost);
  if (byResolver?.allowed === false) return toDenial("resolver", resolver, byResolver);
  return undefined;
}

/** Why pacing denies, if it does: the breaker of the host is closed, or would take a probe. */
export function paceDenialOf({ host, turn }: Ask, byHost: Admission): Denial | undefined {
  if (turn === undefined || turn.granted) return undefined;
  const state = isProbe(byHost) ? "half_open" : "closed";
  return { reason: "rate", scope: "host", key: host, state, retryAfterMs: turn.retryAfterMs };
}

/** Field by field too. */
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
