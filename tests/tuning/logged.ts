/**
 * Logs written by hand: seconds since their start, and what became of each request.
 *
 * @module
 */
import type { HttpEvent } from "../../src/tuning/http_event.ts";

export const START = 1_800_000_000_000;
export const HOST = "api.example.org";

/** An event so many seconds after the start; a good answer where nothing else is said. */
export function at(seconds: number, rest: Partial<HttpEvent> = {}): HttpEvent {
  return { ts: START + seconds * 1_000, host: HOST, status: 200, recorded: true, ...rest };
}

export function good(...seconds: number[]): HttpEvent[] {
  return seconds.map((second) => at(second));
}

export function failed(...seconds: number[]): HttpEvent[] {
  return seconds.map((second) => at(second, { status: 503 }));
}

export function denied(...seconds: number[]): HttpEvent[] {
  const rest = { status: undefined, recorded: undefined, breakerState: "open" } as const;
  return seconds.map((second) => at(second, rest));
}

/** In the order of time. */
export function log(...events: HttpEvent[][]): HttpEvent[] {
  return events.flat().sort((a, b) => a.ts - b.ts);
}

/** From the first to the last, both included. */
export function every(stepS: number, fromS: number, toS: number): number[] {
  return Array.from({ length: Math.floor((toS - fromS) / stepS) + 1 }, (_, i) => fromS + i * stepS);
}

/** Down for 50 s, asked every 10 s. */
export const OUTAGE = log(failed(0, 10, 20, 30, 40), good(50, 60, 70, 80, 90));
