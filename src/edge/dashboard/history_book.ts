/**
 * What happened lately, kept for whoever asks afterwards: changes of state, and what operators did, of every process on
 * the store as far as this one heard of it. In memory and bounded. Knows no HTTP.
 *
 * @module
 */
import type { BreakerState } from "../../breaker/state.ts";
import type { EventLog } from "../../telemetry/event_log.ts";
import type { ToldEvent } from "../../telemetry/event_wire.ts";

/** An event as readers of `/v1/events` see it. */
export interface WireEvent {
  id: string;
  /** Eight characters that tell processes apart. */
  process: string;
  type: string;
  /** Epoch milliseconds. */
  at: number;
  scope?: "host" | "resolver";
  key?: string;
  role?: string;
  from?: BreakerState;
  to?: BreakerState;
  reason?: string;
  note?: string;
  until?: number | null;
  action?: string;
  by?: string;
  mode?: string;
  phase?: "begin" | "end";
  duration_ms?: number;
}

/** Which events to look up. */
export interface HistoryQuery {
  /** Only those of this host. */
  host?: string;
  /** What operators did and what befell the store, without the changes of state. */
  acts?: boolean;
  limit: number;
}

/** How much is kept. */
const MAX_CHANGES = 5_000;
const MAX_ACTS = 1_000;
const KEPT_MS = 86_400_000;

/** See the module's description. */
export class HistoryBook {
  readonly #log: EventLog;
  readonly #changes: WireEvent[] = [];
  readonly #acts: WireEvent[] = [];
  /** Since when a breaker that is not closed has not been: by `scope:key`, then by role. */
  readonly #troubled = new Map<string, Map<string, number>>();

  /** Listens from now on, and begins with what the log knows. */
  constructor(log: EventLog) {
    this.#log = log;
    log.follow((event) => this.#take(event));
  }

  /** Since when a host or resolver is in trouble, in epoch milliseconds; undefined where that is not known. */
  since(scope: string, key: string): number | undefined {
    const roles = this.#troubled.get(`${scope}:${key}`);
    return roles && Math.min(...roles.values());
  }

  /** Events, the newest first. Looks into the store for those of other processes. */
  async read({ host, acts = false, limit }: HistoryQuery): Promise<WireEvent[]> {
    await this.#log.look();
    const all = acts ? this.#acts : [...this.#acts, ...this.#changes.filter(bySelf(this.#acts))];
    const wanted = host === undefined
      ? all
      : all.filter(({ scope, key }) => scope === "host" && key === host);
    // What happened at the same moment keeps its order.
    return wanted.toReversed().sort((a, b) => b.at - a.at).slice(0, limit);
  }

  /** The changes of a host's state that are known, the oldest first. */
  changesOf(host: string): WireEvent[] {
    return this.#changes.filter(({ scope, key }) => scope === "host" && key === host)
      .sort((a, b) => a.at - b.at);
  }

  #take({ id, text, type, at, process }: ToldEvent): void {
    if (type === "gap") return;
    // Safe: JSON of an object, written by a process of ours; what else a store may hold is shown as text at most.
    const event = { ...JSON.parse(text) as WireEvent, id, type, at, process };
    const kept = type === "transition" ? this.#changes : this.#acts;
    kept.push(event);
    const oldest = at - KEPT_MS;
    while (kept.length > (kept === this.#acts ? MAX_ACTS : MAX_CHANGES) || kept[0]!.at < oldest) {
      kept.shift();
    }
    if (type === "transition") this.#note(event);
  }

  #note({ scope, key, role = "", from, to, at }: WireEvent): void {
    const name = `${scope}:${key}`;
    const roles = this.#troubled.get(name);
    if (to === "closed") {
      roles?.delete(role);
      if (roles?.size === 0) this.#troubled.delete(name);
    } else if (roles === undefined) {
      if (from === "closed") this.#troubled.set(name, new Map([[role, at]]));
      if (this.#troubled.size > 2 * MAX_CHANGES) {
        this.#troubled.delete(this.#troubled.keys().next().value!);
      }
    } else if (!roles.has(role)) roles.set(role, at);
  }
}

/** Leaves out the changes that were an operator's act: that is told by itself. */
function bySelf(acts: readonly WireEvent[]): (change: WireEvent) => boolean {
  const byHand = new Set(acts.filter(({ type }) => type === "operator").map(moment));
  return (change) => !byHand.has(moment(change));
}

function moment({ at, scope, key }: WireEvent): string {
  return `${at} ${scope} ${key}`;
}
