/**
 * What a registry tells of its requests, kept in memory as the rows that replay reads: what the event log in
 * SQLite keeps in a file.
 *
 * @module
 */
import type { BreakerEvent, BreakerRegistry } from "../../mod.ts";
import type { HttpEvent } from "../../src/tuning/http_event.ts";

/** See the module's description. */
export class EventTape {
  readonly #events: HttpEvent[] = [];

  constructor(registry: BreakerRegistry) {
    registry.onEvent((event) => this.#note(event), ["outcome", "denial"]);
  }

  /** From a moment on, in epoch milliseconds, oldest first. */
  *since(sinceMs: number): Generator<HttpEvent> {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.ts < sinceMs) low = middle + 1;
      else high = middle;
    }
    for (; low < this.#events.length; low++) yield this.#events[low]!;
  }

  #note(event: BreakerEvent): void {
    if (event.type === "denial") {
      const { at, host, role, state } = event;
      this.#events.push({ ts: at, host, role, breakerState: state });
      return;
    }
    if (event.type !== "outcome") return;
    const { at, host, role, status, error, latencyMs, retryAfterMs, state, recorded } = event;
    this.#events.push({
      ts: at,
      host,
      role,
      status,
      error,
      latencyMs,
      ...(retryAfterMs !== undefined && { retryAfterS: retryAfterMs / 1_000 }),
      breakerState: state,
      recorded,
    });
  }
}
