/**
 * The history on the page: what changed, who did it, when and why; the newest first.
 *
 * @module
 */
import type { WireHistory } from "../board_routes.ts";
import type { WireEvent } from "../history_book.ts";
import { ask } from "./ask.ts";
import { byId, el, hostLink, shape } from "./dom.ts";
import { clock, duration, REASON_WORDS, STATE_WORDS } from "./format.ts";
import type { RowState } from "./rows.ts";

/** Events on the page at once. */
export const MAX_EVENTS = 200;

/** What was done, in words. */
export const ACTION_WORDS: Readonly<Record<string, string>> = {
  open: "opened by hand",
  half_open: "half-opened by hand",
  close: "closed by hand",
  set: "policy changed",
  remove: "override removed",
};

/** See the module's description. */
export class EventList {
  readonly #body = byId("events");
  readonly #now: () => number;
  #kind = "all";
  /** By id, the rows on the page. */
  #rows = new Map<string, { event: WireEvent; element: HTMLElement }>();

  /** Empty until it is loaded. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Reads what is known. */
  async load(kind = this.#kind): Promise<void> {
    this.#kind = kind;
    const { events } = await ask<WireHistory>(
      "GET",
      `/v1/history?kind=${kind}&limit=${MAX_EVENTS}`,
    );
    this.#rows.clear();
    this.#body.replaceChildren();
    for (const event of events.reverse()) this.#put(event);
    this.#note();
  }

  /** One that happened just now. */
  add(event: WireEvent): void {
    if (this.#rows.has(event.id) || (this.#kind === "acts" && event.type === "transition")) return;
    const same = [...this.#rows.values()].find((row) => isSameAct(row.event, event));
    if (same !== undefined && event.type === "transition") return;
    if (same !== undefined) this.#drop(same.event.id);
    this.#put(event);
    this.#note();
  }

  #put(event: WireEvent): void {
    const element = eventRow(event, this.#now());
    this.#rows.set(event.id, { event, element });
    this.#body.prepend(element);
    if (this.#rows.size > MAX_EVENTS) this.#drop(this.#rows.keys().next().value!);
  }

  #drop(id: string): void {
    this.#rows.get(id)?.element.remove();
    this.#rows.delete(id);
  }

  #note(): void {
    const isEmpty = this.#body.childElementCount === 0;
    byId("no-events").hidden = !isEmpty;
    byId("event-table").hidden = isEmpty;
  }
}

/** An operator's act, and the change of state that it was. */
export function isSameAct(a: WireEvent, b: WireEvent): boolean {
  const types = [a.type, b.type].sort().join(" ");
  return types === "operator transition" && a.at === b.at && a.key === b.key && a.scope === b.scope;
}

/** One row. */
export function eventRow(event: WireEvent, now: number): HTMLTableRowElement {
  const { at, scope, key, role, by } = event;
  const { what, why, state } = eventWords(event);
  const name = key === undefined ? "all hosts" : role === undefined ? key : `${key}, role ${role}`;
  const who = by ??
    (event.type === "transition" ? "breaker" : event.type === "store_outage" ? "store" : "API");
  return el(
    "tr",
    {},
    el("td", { class: "when" }, clock(at, now)),
    el(
      "td",
      { class: "host" },
      scope === undefined || key === undefined ? name : hostLink({ scope, key }, name),
    ),
    el("td", { class: "what" }, state === undefined ? undefined : shape(state), what),
    el("td", { class: "who" }, who),
    el("td", { class: "why" }, why),
  );
}

/** What happened and why. */
export function eventWords(event: WireEvent): { what: string; why: string; state?: RowState } {
  const { type, at, to, reason = "", note, until, action = "", mode, phase, duration_ms } = event;
  if (type === "transition") {
    // The event still says why it was open before.
    const words = to === "half_open" ? "its time was up" : REASON_WORDS[reason] ?? reason;
    const why = note === undefined ? words : `${words}: ${note}`;
    const lasts = to === "open" && typeof until === "number" ? ` for ${duration(until - at)}` : "";
    return { what: `${STATE_WORDS[to ?? ""] ?? to}${lasts}`, why, state: to };
  }
  if (type === "mode") {
    return { what: action === "set" ? `mode set to ${mode}` : "stored mode removed", why: reason };
  }
  if (type === "store_outage") {
    const ended = `store answers again, after ${duration(duration_ms ?? 0)}`;
    return phase === "begin"
      ? { what: "store does not answer", why: "", state: "open" }
      : { what: ended, why: "", state: "closed" };
  }
  const lasts = action !== "open"
    ? ""
    : typeof until === "number"
    ? ` for ${duration(until - at)}`
    : " until closed by hand";
  return { what: `${ACTION_WORDS[action] ?? `${type} ${action}`}${lasts}`, why: note ?? reason };
}
