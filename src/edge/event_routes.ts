/**
 * What dashboards call: what happens, as it happens.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import { coreOf } from "../registry/registry.ts";
import { type EventLog, eventLogOf, type EventLogOptions } from "../telemetry/event_log.ts";
import type { EdgeContext } from "./context.ts";
import { eventStream } from "./event_stream.ts";
import { Problem } from "./problem.ts";
import { secured } from "./secure_headers.ts";

/** How events are told. Everything has a default. */
export interface EventOptions extends EventLogOptions {
  /** Readers at once; one more is answered with 503. @default {100} */
  maxReaders?: number;
  /** A comment is sent this often, in milliseconds. @default {15000} */
  heartbeatMs?: number;
}

/** What became of readers, for the metrics. */
export interface ReaderCounts {
  /** Too slow, and cut off. */
  dropped: number;
  /** Turned away since there were too many. */
  refused: number;
}

const RETRY_AFTER_S = "5";
const HEADERS = {
  "content-type": "text/event-stream",
  // Neither kept nor compressed on the way: a compressor would hold events back.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** Adds `GET /v1/events`. */
export function addEventRoutes(
  app: Hono,
  { registry, guard }: EdgeContext,
  { maxReaders = 100, heartbeatMs = 15_000, ...logOptions }: EventOptions = {},
): { log: EventLog; readers: ReaderCounts } {
  const log = eventLogOf(registry, logOptions);
  const { timers } = coreOf(registry);
  const readers: ReaderCounts = { dropped: 0, refused: 0 };
  const onDropped = () => void readers.dropped++;
  app.get(
    "/v1/events",
    guard("read", (c) => {
      if (log.isClosed || log.readers >= maxReaders) {
        readers.refused++;
        throw tooMany();
      }
      // A HEAD has no body, and nobody would read it.
      if (c.req.raw.method === "HEAD") return secured(new Response(null, { headers: HEADERS }));
      const lastEventId = lastEventIdOf(c);
      const stream = eventStream(log, { lastEventId, heartbeatMs, timers, onDropped });
      return secured(new Response(stream, { headers: HEADERS }));
    }),
  );
  return { log, readers };
}

function tooMany(): Problem {
  return new Problem(503, "Too many read the events now, or the server is about to end", {
    headers: { "retry-after": RETRY_AFTER_S },
  });
}

/** From the header that browsers send, or the query for those who cannot set one. */
function lastEventIdOf(c: Context): string | undefined {
  const id = c.req.header("last-event-id") ?? c.req.query("last_event_id") ?? "";
  return id === "" ? undefined : id;
}
