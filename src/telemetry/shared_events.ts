/**
 * Events of other processes: a short ring of the latest under one key of the store that all of them share.
 * Written at most twice a second where something happens, read once a second where somebody listens, and
 * otherwise left alone.
 *
 * @module
 */
import { plainKind } from "../registry/engine/record_kind.ts";
import type { RegistryCore } from "../registry/core.ts";
import type { Engine } from "../registry/engine/engine.ts";
import { KEY_PREFIX } from "../registry/store_keys.ts";
import { isPromise } from "../registry/maybe_promise.ts";
import { isJson, readEvent, type ToldEvent, writeEvent } from "./event_wire.ts";

/** Where the ring stands. */
export const EVENTS_KEY = `${KEY_PREFIX}events`;
/** The most that it holds, well below the longest value of a store. */
export const MAX_SHARED_EVENTS = 150;
const MAX_SHARED_BYTES = 48_000;
/** A ring whose latest event is older than this many milliseconds goes. */
const KEEP_MS = 3_600_000;
const VERSION = "events 1";

/** The latest events of all processes, in the order in which they were written. */
type SharedRing = readonly ToldEvent[];

/** What the engine must know of the ring: a line that names its version, and one for each event. */
export const SHARED_RING_KIND = plainKind<SharedRing>({
  encode: (ring) => [VERSION, ...ring.map(writeEvent)].join("\n"),
  decode: (text) => {
    const [version, ...lines] = text.split("\n");
    if (version !== VERSION) return undefined;
    const events = lines.map(readEvent);
    return events.every((event) => event !== undefined) ? events : undefined;
  },
  endOf: (_key, ring) => endOf(ring),
  join: joined,
});

function endOf(ring: SharedRing): number {
  return ring.reduce((latest, { at }) => Math.max(latest, at), 0) + KEEP_MS;
}

/** The ring with what it does not hold yet, cut to its bounds. */
function joined(ring: SharedRing, more: readonly ToldEvent[]): SharedRing {
  const known = new Set(ring.map(({ id }) => id));
  const fresh = more.filter(({ id }) => !known.has(id));
  if (fresh.length === 0) return ring;
  const all = [...ring, ...fresh];
  let bytes = 0;
  let kept = 0;
  while (kept < Math.min(all.length, MAX_SHARED_EVENTS)) {
    bytes += writeEvent(all[all.length - 1 - kept]!).length + 1;
    if (bytes > MAX_SHARED_BYTES) break;
    kept++;
  }
  return all.slice(all.length - kept);
}

/** How often the store is used. */
export interface SharedPace {
  /** Least time between two writes, in milliseconds. */
  flushMs: number;
  /** Time between two reads while somebody listens, in milliseconds. */
  pollMs: number;
}

/** What was found in the store. */
export interface Found {
  /** Not known to be known here. */
  events: ToldEvent[];
  /** True at the first look for a while: some may be old. */
  backlog: boolean;
  /** True where others may have been pushed out before they were seen. */
  missed: boolean;
}

/** See the module's description. */
export class SharedEvents {
  /** Events that could not be handed on. */
  dropped = 0;
  readonly #core: RegistryCore;
  readonly #engine: Engine<SharedRing>;
  readonly #pace: SharedPace;
  readonly #onFound: (found: Found) => void;
  #waiting: ToldEvent[] = [];
  #flushedAt = -Infinity;
  #cancelFlush: (() => void) | undefined;
  #cancelPoll: (() => void) | undefined;
  #polling: Promise<void> | undefined;
  #listening = false;
  /** What was seen last; absent while nobody listens. */
  #seen: SharedRing | undefined;

  constructor(
    core: RegistryCore,
    engine: Engine<SharedRing>,
    pace: SharedPace,
    onFound: (found: Found) => void,
  ) {
    this.#core = core;
    this.#engine = engine;
    this.#pace = pace;
    this.#onFound = onFound;
  }

  // ---- to others ----------------------------------------------------------------------------------------

  /** Hands an event on: now, or together with others a little later. */
  publish(event: ToldEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length > MAX_SHARED_EVENTS) {
      this.#waiting.shift();
      this.dropped++;
    }
    if (this.#cancelFlush !== undefined) return;
    const { timers } = this.#core;
    const waitMs = this.#flushedAt + this.#pace.flushMs - timers.monotonic();
    if (waitMs > 0) {
      this.#cancelFlush = timers.idle(waitMs, () => this.#flush());
      return;
    }
    // What happens in the same breath travels together.
    let cancelled = false;
    this.#cancelFlush = () => cancelled = true;
    queueMicrotask(() => cancelled || this.#flush());
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const events = this.#waiting;
    if (events.length === 0) return;
    this.#waiting = [];
    this.#flushedAt = this.#core.timers.monotonic();
    const lost = () => void (this.dropped += events.length);
    try {
      const done = this.#engine.update(EVENTS_KEY, (ring) => {
        return { record: joined(ring ?? [], events), answer: undefined };
      });
      if (isPromise(done)) done.then((written) => written === undefined && lost(), lost);
      else if (done === undefined) lost();
    } catch {
      lost();
    }
  }

  // ---- from others --------------------------------------------------------------------------------------

  /** Looks every now and then from here on. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#pollLater();
  }

  /** No longer looks. */
  rest(): void {
    this.#listening = false;
    this.#seen = undefined;
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
  }

  /** Looks now. Never fails: while the store is down nothing is found. */
  poll(): Promise<void> {
    return this.#polling ??= this.#poll().finally(() => this.#polling = undefined);
  }

  #pollLater(): void {
    this.#cancelPoll = this.#core.timers.idle(this.#pace.pollMs, () => {
      void this.poll().finally(() => {
        if (this.#listening) this.#pollLater();
      });
    });
  }

  async #poll(): Promise<void> {
    const { record, degraded } = await this.#engine.look(EVENTS_KEY);
    if (degraded || record === this.#seen) return;
    const ring = record ?? [];
    const seen = this.#seen;
    this.#seen = ring;
    const events = ring.filter(({ text }) => isJson(text));
    const last = seen?.at(-1);
    const missed = last !== undefined && last.at + KEEP_MS > this.#core.now() &&
      !ring.some(({ id }) => id === last.id);
    this.#onFound({ events, backlog: seen === undefined, missed });
  }

  // ---- the end ------------------------------------------------------------------------------------------

  /** Hands on what waits, and looks no more. */
  async close(): Promise<void> {
    this.rest();
    this.#flush();
    await this.#engine[Symbol.asyncDispose]();
  }
}
