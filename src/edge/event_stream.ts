/**
 * Server-sent events for one reader: written when the reader reads, so that a slow one holds nothing but its
 * place in the log. Routes live elsewhere.
 *
 * @module
 */
import type { Timers } from "../registry/timers.ts";
import type { EventCursor, EventLog, EventReader } from "../telemetry/event_log.ts";
import type { ToldEvent } from "../telemetry/event_wire.ts";

/** How a stream is made. */
export interface EventStreamOptions {
  /** The event that the reader has seen last, if it says so. */
  lastEventId?: string;
  /** A comment is sent this often, so that nobody takes the connection for dead, in milliseconds. */
  heartbeatMs: number;
  timers: Timers;
  /** The reader was too slow, and its connection is cut. */
  onDropped: () => void;
}

/** Bytes that wait in a stream until the connection takes them. */
const HIGH_WATER_BYTES = 16_384;
/** Heartbeats that found the one before unread, until a reader is given up. */
const MAX_STALLED = 2;
/** How soon a reader whose connection ended should come back, in milliseconds. */
const RETRY_MS = 2_000;

const utf8 = new TextEncoder();

/** Why a connection is cut. The runtime logs what ends a stream, with its stack: this is one line. */
function slowReaderError(): Error {
  const error = new Error("A reader of events is too slow, and is cut off");
  error.stack = error.message;
  return error;
}

/** The events as a body of `text/event-stream`, from now on or after the last one seen. */
export function eventStream(
  log: EventLog,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const strategy = new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES });
  return new ReadableStream(new EventSource(log, options), strategy);
}

class EventSource implements UnderlyingDefaultSource<Uint8Array>, EventReader {
  readonly #log: EventLog;
  readonly #options: EventStreamOptions;
  #controller!: ReadableStreamDefaultController<Uint8Array>; // set by `start`, which comes first
  #cursor: EventCursor | undefined;
  #cancelHeartbeat = () => {};
  #stalled = 0;
  #ended = false;

  constructor(log: EventLog, options: EventStreamOptions) {
    this.#log = log;
    this.#options = options;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#write(`retry: ${RETRY_MS}\n\n`);
    this.#log.join(this);
    this.#beatLater();
    // Not awaited: the reader learns that it is connected before the store has answered.
    this.#log.open(this.#options.lastEventId).then((cursor) => {
      this.#cursor = cursor;
      this.wake();
    });
  }

  pull(): void {
    this.wake();
  }

  cancel(): void {
    this.#leave();
  }

  /** Writes as much as the connection takes. */
  wake(): void {
    if (this.#ended || this.#cursor === undefined) return;
    if (this.#cursor.isOvertaken) return this.#drop();
    while (this.#hasRoom) {
      const text = takeText(this.#cursor, HIGH_WATER_BYTES);
      if (text === "") return;
      this.#write(text);
    }
  }

  end(): void {
    if (this.#ended) return;
    this.wake();
    if (this.#ended) return;
    this.#leave();
    this.#controller.close();
  }

  get #hasRoom(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0;
  }

  #write(text: string): void {
    this.#controller.enqueue(utf8.encode(text));
  }

  #beatLater(): void {
    const { timers, heartbeatMs } = this.#options;
    this.#cancelHeartbeat = timers.idle(heartbeatMs, () => this.#beat());
  }

  #beat(): void {
    if (this.#hasRoom) {
      this.#stalled = 0;
      this.#write(":\n\n");
    } else if (++this.#stalled === MAX_STALLED) return this.#drop();
    this.#beatLater();
  }

  /** Not closed but broken off: what waits is let go at once, and the reader resumes when it can. */
  #drop(): void {
    this.#leave();
    this.#options.onDropped();
    this.#controller.error(slowReaderError());
  }

  #leave(): void {
    this.#ended = true;
    this.#cancelHeartbeat();
    this.#log.leave(this);
  }
}

/** Events up to so many bytes, or one that is longer. */
function takeText(cursor: EventCursor, bytes: number): string {
  let text = "";
  while (text.length < bytes) {
    const event = cursor.next();
    if (event === undefined) break;
    text += frame(event);
  }
  return text;
}

function frame({ id, type, text }: ToldEvent): string {
  const name = id === "" ? "" : `id: ${id}\n`;
  return `${name}event: ${type}\ndata: ${text}\n\n`;
}
