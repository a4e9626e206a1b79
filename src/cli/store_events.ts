/**
 * What happens on a store, as it happens: the events that processes hand on, and beside them what the listing shows to
 * have changed, since a crawler with a registry of its own may hand on nothing.
 *
 * @module
 */
import type { BreakerState } from "../breaker/state.ts";
import type { BreakerView, Snapshot } from "../breaker/operators.ts";
import { type BreakerRegistry, coreOf } from "../registry/registry.ts";
import { eventLogOf } from "../telemetry/event_log.ts";
import type { TailEvent } from "./backend.ts";

/** How often the listing is read. */
const LIST_MS = 1_000;

/** From now on, until the signal is aborted. */
export async function* storeEvents(
  registry: BreakerRegistry,
  signal: AbortSignal,
): AsyncIterable<TailEvent> {
  const states = new ToldStates(coreOf(registry).now);
  states.changes(await listed(registry) ?? []);
  const log = eventLogOf(registry);
  const wait = new Wait();
  const reader = { wake: () => wait.end(), end: () => wait.end() };
  log.join(reader);
  const timer = setInterval(() => wait.end(), LIST_MS);
  signal.addEventListener("abort", () => wait.end());
  try {
    const cursor = await log.open(undefined);
    let listedAt = performance.now();
    while (!signal.aborted) {
      for (let told = cursor.next(); told !== undefined; told = cursor.next()) {
        const event: TailEvent = JSON.parse(told.text);
        if (states.isNews(event)) yield event;
      }
      if (performance.now() - listedAt >= LIST_MS / 2) {
        const snapshots = await listed(registry);
        listedAt = performance.now();
        if (snapshots !== undefined) yield* states.changes(snapshots);
      }
      await wait.untilEnded();
    }
  } finally {
    clearInterval(timer);
    log.leave(reader);
  }
}

/** Undefined while the store cannot be asked: what is in memory then says nothing of others. */
async function listed(registry: BreakerRegistry): Promise<Snapshot[] | undefined> {
  if (!await registry.ready()) return undefined;
  const snapshots: Snapshot[] = [];
  for await (const snapshot of registry.list()) snapshots.push(snapshot);
  return snapshots;
}

/** Ends once, whether or not anybody waits. */
class Wait {
  #ended = Promise.withResolvers<void>();

  end(): void {
    this.#ended.resolve();
  }

  async untilEnded(): Promise<void> {
    await this.#ended.promise;
    this.#ended = Promise.withResolvers<void>();
  }
}

/** One breaker that is not closed. */
interface Told {
  scope: unknown;
  key: unknown;
  role: unknown;
  state: BreakerState;
  until: number | null;
  /** Why, as a listing shows it. */
  reason?: string;
  note?: string;
}

/** What each breaker was last told to be; what is not here is closed. */
class ToldStates {
  readonly #now: () => number;
  #told = new Map<string, Told>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** False where a listing has told it before. */
  isNews(event: TailEvent): boolean {
    if (event.type !== "transition") return true;
    const { scope, key, role, to } = event;
    // Safe: a transition of our own making, or checked JSON of one; an unknown word is only compared.
    const now = { scope, key, role, state: to as BreakerState, until: finite(event.until) };
    const id = idOf(now);
    if (markOf(this.#told.get(id)) === markOf(now)) return false;
    this.#set(id, now);
    return true;
  }

  /** What a listing shows that was not told yet. */
  changes(snapshots: readonly Snapshot[]): TailEvent[] {
    const current = new Map(snapshots.flatMap(toldOf).map((told) => [idOf(told), told]));
    const events: TailEvent[] = [];
    for (const id of new Set([...this.#told.keys(), ...current.keys()])) {
      const [before, now] = [this.#told.get(id), current.get(id)];
      if (markOf(before) === markOf(now)) continue;
      const { scope, key, role } = (now ?? before)!; // the id is of one of both
      const [from, to] = [before?.state ?? "closed", now?.state ?? "closed"];
      const { until, reason, note } = now ?? {};
      events.push({
        type: "transition",
        at: this.#now(),
        scope,
        key,
        role,
        from,
        to,
        ...(to === "open" && { until, reason, note }),
        listed: true,
      });
    }
    this.#told = current;
    return events;
  }

  #set(id: string, told: Told): void {
    if (told.state === "closed") this.#told.delete(id);
    else this.#told.set(id, told);
  }
}

function idOf({ scope, key, role }: Told): string {
  return JSON.stringify([scope, key, role]);
}

function markOf(told: Told | undefined): string {
  if (told === undefined || told.state === "closed") return "closed";
  return told.state === "open" ? `open ${told.until}` : told.state;
}

function toldOf({ scope, key, roles, ...shared }: Snapshot): Told[] {
  const views: [string | undefined, BreakerView][] = [[undefined, shared]];
  views.push(...Object.entries(roles));
  return views.filter(([, { state }]) => state !== "closed")
    .map(([role, view]) => ({ ...view, scope, key, role, until: finite(view.until) }));
}

function finite(until: unknown): number | null {
  return typeof until === "number" && Number.isFinite(until) ? until : null;
}
