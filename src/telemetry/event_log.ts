/**
 * What happened, as readers are told: this process's events at once, those of other processes on the same
 * store within two seconds. Knows no HTTP.
 *
 * @module
 */
import type { BreakerEvent } from "../breaker/events.ts";
import type { RegistryCore } from "../registry/core.ts";
import { drawIdPrefix } from "../registry/id_prefix.ts";
import { type BreakerRegistry, coreOf } from "../registry/registry.ts";
import { EventRing, LATE_MS, type RingBounds } from "./event_ring.ts";
import {
  gapEvent,
  isOwn,
  readEventId,
  TOLD_TYPES,
  type ToldEvent,
  toldEvent,
} from "./event_wire.ts";
import { type Found, SHARED_RING_KIND, SharedEvents, type SharedPace } from "./shared_events.ts";

/** Who reads. Both are called in a turn of their own. */
export interface EventReader {
  /** There is something to be read. */
  wake(): void;
  /** Nothing more will come. */
  end(): void;
}

/** How a log is bounded and paced. Everything has a default. */
export interface EventLogOptions {
  /** What can be resumed from. @default {{ events: 1000, bytes: 1000000 }} */
  ring?: RingBounds;
  /** How often the store is used. @default {{ flushMs: 500, pollMs: 1000 }} */
  pace?: SharedPace;
}

/** What a log did so far, for the metrics. */
export interface EventLogStats {
  /** Events told so far, by type; those of other processes too. */
  told: ReadonlyMap<string, number>;
  /** Readers now. */
  readers: number;
  /** Events that could not be handed on to other processes. */
  dropped: number;
  /** Times that events of other processes were missed. */
  gaps: number;
}

/** A reader's place in the log. */
export class EventCursor {
  readonly #ring: EventRing;
  /** What is to be told before the ring is. */
  readonly #replay: ToldEvent[];
  #position: number;
  /** Events found in the store that are older are no news to this reader, in epoch milliseconds. */
  readonly #newsSince: number;

  /** At a position of the ring, after what is to be told before. */
  constructor(ring: EventRing, replay: ToldEvent[], position: number, newsSince: number) {
    this.#ring = ring;
    this.#replay = replay.reverse();
    this.#position = position;
    this.#newsSince = newsSince;
  }

  /** True where the reader was so slow that what it has not read is gone. */
  get isOvertaken(): boolean {
    return this.#ring.isOver(this.#position);
  }

  /** The next event; undefined where there is none yet. */
  next(): ToldEvent | undefined {
    const replayed = this.#replay.pop();
    if (replayed !== undefined) return replayed;
    for (;;) {
      const event = this.#ring.at(this.#position);
      if (event === undefined) return undefined;
      this.#position++;
      if (!event.backlog || event.at >= this.#newsSince) return event;
    }
  }
}

/** See the module's description. */
export class EventLog {
  readonly #core: RegistryCore;
  readonly #ring: EventRing;
  readonly #shared: SharedEvents | undefined;
  readonly #process = drawIdPrefix();
  readonly #readers = new Set<EventReader>();
  readonly #followers: ((event: ToldEvent) => void)[] = [];
  readonly #told = new Map<string, number>();
  readonly #stopListening: () => void;
  #count = 0;
  #gaps = 0;
  #waking = false;
  #closed = false;

  /** Listens to the registry until that is disposed. */
  constructor(registry: BreakerRegistry, options: EventLogOptions = {}) {
    const { ring = { events: 1_000, bytes: 1_000_000 } } = options;
    const { pace = { flushMs: 500, pollMs: 1_000 } } = options;
    this.#core = coreOf(registry);
    this.#ring = new EventRing(ring);
    const engine = this.#core.engineBeside?.(SHARED_RING_KIND);
    const onFound = (found: Found) => this.#take(found);
    this.#shared = engine && new SharedEvents(this.#core, engine, pace, onFound);
    this.#stopListening = registry.onEvent((event) => this.#tell(event), TOLD_TYPES);
    this.#core.closers.add(() => this.close());
  }

  /** What was done so far. */
  stats(): EventLogStats {
    return {
      told: this.#told,
      readers: this.#readers.size,
      dropped: this.#shared?.dropped ?? 0,
      gaps: this.#gaps,
    };
  }

  /** True once the registry is disposed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Readers now. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Keeps a reader told, until it leaves. */
  join(reader: EventReader): void {
    this.#readers.add(reader);
    this.#shared?.listen();
  }

  /** Ends that. */
  leave(reader: EventReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#shared?.rest();
  }

  /**
   * Where a reader begins: with what comes from now on, or after the event it has seen last. Looks into the
   * store first, so that it knows as much as can be known.
   */
  async open(lastEventId: string | undefined): Promise<EventCursor> {
    const now = this.#core.now();
    const { next } = this.#ring;
    await this.#shared?.poll();
    if (lastEventId === undefined) return new EventCursor(this.#ring, [], next, now - LATE_MS);
    const resumed = this.#ring.resume(lastEventId);
    const seenAt = readEventId(lastEventId)?.at ?? 0;
    const replay = resumed.gap ? [gapEvent(now, lastEventId), ...resumed.events] : resumed.events;
    return new EventCursor(this.#ring, replay, resumed.next, seenAt - LATE_MS);
  }

  /** Tells what is held and whatever comes, as long as the log lives, to somebody who keeps it in his own way. */
  follow(listener: (event: ToldEvent) => void): void {
    for (const event of this.#ring.resume("").events) listener(event);
    this.#followers.push(listener);
  }

  /** Looks into the store for what others did, where nobody reads and so nobody looks. */
  async look(): Promise<void> {
    await this.#shared?.poll();
  }

  /** Ends every reader. What happens from then on is handed on to other processes, and read by nobody here. */
  endReaders(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
  }

  /** Ends every reader, and hands on what waits. */
  async close(): Promise<void> {
    this.#stopListening();
    this.endReaders();
    await this.#shared?.close();
  }

  #tell(event: BreakerEvent): void {
    if (!isOwn(event)) return;
    const told = toldEvent(event, this.#process, this.#count++);
    this.#push(told);
    this.#shared?.publish(told);
  }

  #take({ events, backlog, missed }: Found): void {
    if (missed) {
      this.#gaps++;
      this.#push(gapEvent(this.#core.now(), undefined));
    }
    for (const event of events) this.#push(event, backlog);
  }

  #push(event: ToldEvent, backlog = false): void {
    if (!this.#ring.push(event, backlog)) return;
    this.#told.set(event.type, (this.#told.get(event.type) ?? 0) + 1);
    for (const follower of this.#followers) follower(event);
    if (this.#waking || this.#readers.size === 0) return;
    // Whoever caused the event does not wait for those who read of it.
    this.#waking = true;
    queueMicrotask(() => {
      this.#waking = false;
      for (const reader of this.#readers) reader.wake();
    });
  }
}

const logs = new WeakMap<BreakerRegistry, EventLog>();

/**
 * The log of a registry: one, however often it is asked for, so that no event is told twice; the options of
 * the first time hold. From then on the registry's events are handed on to the other processes on its store,
 * which costs a read and a write there for what happens within half a second, and nothing where nothing does.
 */
export function eventLogOf(registry: BreakerRegistry, options?: EventLogOptions): EventLog {
  const known = logs.get(registry);
  if (known !== undefined) return known;
  const log = new EventLog(registry, options);
  logs.set(registry, log);
  return log;
}
