/**
 * Numbers and words as people read them. Runs on the page and on the server.
 *
 * @module
 */
import type { WireView } from "../../wire.ts";

/** A state in a word. */
export const STATE_WORDS: Readonly<Record<string, string>> = {
  open: "Open",
  half_open: "Half-open",
  closed: "Closed",
  failing: "Failing",
};

/** Why, in words. */
export const REASON_WORDS: Readonly<Record<string, string>> = {
  open: "too many failed or slow calls",
  retry_after: "the host asked for quiet",
  rolling: "burst of failures",
  manual: "opened by hand",
  probes: "probes succeeded",
  rate: "pacing",
};

/** `1:05`, `12:00`, `2 h 05 min`: a time left that counts down. */
export function countdown(ms: number): string {
  const s = Math.ceil(ms / 1_000);
  if (s >= 3_600) return `${Math.floor(s / 3_600)} h ${two(Math.floor(s / 60) % 60)} min`;
  return `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** `8 s`, `4 min`, `3 h 20 min`, `2 d`: how long something lasts or lasted. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000));
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) {
    const min = Math.floor(s / 60) % 60;
    return `${Math.floor(s / 3_600)} h${min === 0 ? "" : ` ${min} min`}`;
  }
  return `${Math.floor(s / 86_400)} d`;
}

/** Two digits. */
export function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `14:02:09` of the reader's day, with the date where it is another. */
export function clock(at: number, now: number): string {
  const then = new Date(at);
  const time = `${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}`;
  const isToday = then.toDateString() === new Date(now).toDateString();
  return isToday ? time : `${two(then.getDate())}.${two(then.getMonth() + 1)}. ${time}`;
}

/** `950`, `1,204`, `13.5 k`: a count in little room. */
export function count(value: number): string {
  if (value < 10_000) return Math.round(value).toLocaleString("en");
  if (value < 1e6) return `${(value / 1e3).toFixed(value < 1e5 ? 1 : 0)} k`;
  return `${(value / 1e6).toFixed(1)} M`;
}

/** `12`, `0.4`: a rate per second. */
export function rate(value: number): string {
  return value === 0 || value >= 10 ? count(value) : value.toFixed(1);
}

/** `0 %`, `0.4 %`, `37 %` */
export function percent(ratio: number): string {
  const value = ratio * 100;
  return `${value === 0 || value >= 1 ? Math.round(value) : value.toFixed(1)} %`;
}

/** `1 host`, `3 hosts` */
export function several(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Why a breaker is as it is, with the operator's words. */
export function reasonOf(view: Pick<WireView, "reason" | "note" | "failures">): string {
  const { reason, note, failures } = view;
  if (reason === undefined) return "";
  // One that opened for being slow has counted none.
  if (reason === "open" && failures > 0) return "too many failures";
  const words = REASON_WORDS[reason] ?? reason;
  return note === undefined ? words : `${words}: ${note}`;
}

/** Above an empty list of hosts in trouble; `complete` is false where there may be others. */
export function emptyTitle(complete: boolean): string {
  const known = complete ? "" : " that this server knows of: the store could not be read";
  return `No host is in trouble${known}`;
}
