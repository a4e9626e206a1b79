/**
 * The last events, bounded in number and size, in the order in which they came to be known here. Readers keep
 * a position each, so that a slow one costs nothing.
 *
 * @module
 */
import { readEventId, type ToldEvent } from "./event_wire.ts";

/** An event of another process may become known this much later than one of our own, in milliseconds. */
export const LATE_MS = 2_000;

/** How much a ring holds. */
export interface RingBounds {
  /** Events. */
  events: number;
  /** Bytes of their JSON. */
  bytes: number;
}

/** An event that came to be known. */
interface HeldEvent extends ToldEvent {
  /** True where it was found in the store when somebody began to look, and may be old. */
  backlog: boolean;
}

/** Where to go on after an event that a reader has seen. */
interface Resumed {
  /** The event is not held: something may be missing. */
  gap: boolean;
  /** What the reader has not seen, and perhaps some that it has. */
  events: ToldEvent[];
  /** Position of what comes after those. */
  next: number;
}

/** See the module's description. */
export class EventRing {
  readonly #bounds: RingBounds;
  readonly #events: HeldEvent[] = [];
  readonly #ids = new Set<string>();
  #bytes = 0;
  /** Position of the first event held. */
  #first = 0;

  constructor(bounds: RingBounds) {
    this.#bounds = bounds;
  }

  /** Position of the event that comes next. */
  get next(): number {
    return this.#first + this.#events.length;
  }

  /** Adds an event; false where it is held already. */
  push(event: ToldEvent, backlog = false): boolean {
    if (event.id !== "") {
      if (this.#ids.has(event.id)) return false;
      this.#ids.add(event.id);
    }
    this.#events.push({ ...event, backlog });
    this.#bytes += event.text.length;
    while (this.#events.length > this.#bounds.events || this.#bytes > this.#bounds.bytes) {
      const oldest = this.#events.shift();
      if (oldest === undefined) break;
      this.#ids.delete(oldest.id);
      this.#bytes -= oldest.text.length;
      this.#first++;
    }
    return true;
  }

  /** The event at a position; undefined where it is yet to come, or is no longer held. */
  at(position: number): HeldEvent | undefined {
    return this.#events[position - this.#first];
  }

  /** True where the event at this position is no longer held. */
  isOver(position: number): boolean {
    return position < this.#first;
  }

  /**
   * What to tell a reader who has seen the event `id` last, perhaps in another process: all that came to be
   * known after it here, and what others did shortly before it, since there it may have come later. So an
   * event may be told twice, and none is left out.
   */
  resume(id: string): Resumed {
    const asked = readEventId(id);
    const { next } = this;
    const known = this.#ids.has(id) ? this.#events.findIndex((event) => event.id === id) : -1;
    const events = this.#events.filter((event, i) => {
      if (known !== -1 && i > known) return true;
      if (known === i || event.id === "") return false;
      if (asked === undefined) return true;
      if (event.at < asked.at - LATE_MS) return false;
      return known === -1 || event.process !== asked.process;
    });
    return { gap: known === -1, events, next };
  }
}
