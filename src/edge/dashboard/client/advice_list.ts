/**
 * Advice on the page, each piece with the numbers it rests on and what the replay of the host's log says of it.
 *
 * @module
 */
import type { WireAdvice, WireAdviceList, WireReplay } from "../../advice_wire.ts";
import { ask } from "./ask.ts";
import { askApply } from "./dialogs.ts";
import { button, byId, el, hostLink, renew, setText } from "./dom.ts";
import { count, duration, percent, several } from "./format.ts";

/** What replays are compared by. */
export const REPLAY_ROWS: readonly (readonly [keyof WireReplay, string])[] = [
  ["wasted", "requests wasted"],
  ["missed", "requests missed"],
  ["opens", "opens"],
  ["open_s", "time open"],
  ["notice_s", "time to notice a recovery"],
];

/** See the module's description. */
export class AdviceList {
  #advice: readonly WireAdvice[] = [];
  readonly #isAdmin: boolean;
  readonly #onApplied: (host: string) => void;

  /** Empty until it is loaded. */
  constructor(isAdmin: boolean, onApplied: (host: string) => void) {
    this.#isAdmin = isAdmin;
    this.#onApplied = onApplied;
  }

  /** Asks for it, and shows all of it. */
  async load(): Promise<void> {
    const { advice } = await ask<WireAdviceList>("GET", "/v1/advice");
    this.#advice = advice;
    const badge = byId("advice-count");
    setText(badge, advice.length === 0 ? "" : count(advice.length));
    badge.hidden = advice.length === 0;
    byId("no-advice").hidden = advice.length > 0;
    setText(
      byId("advice-note"),
      advice.length === 0
        ? ""
        : `${several(advice.length, "piece", "pieces")}, the most urgent of each host first`,
    );
    renew(byId("advice-list"), ...advice.map((one) => this.card(one, true)));
  }

  /** What there is for a host. */
  of(host: string): HTMLElement[] {
    return this.#advice.filter((advice) => advice.host === host)
      .map((advice) => this.card(advice, false));
  }

  /** One piece. */
  card(advice: WireAdvice, withHost: boolean): HTMLElement {
    const {
      host,
      role,
      rule,
      parameter,
      from,
      to,
      reason,
      confidence,
      evidence,
      replay,
      withheld,
    } = advice;
    const apply = () =>
      void askApply(advice).then((isDone) => {
        if (isDone) this.#onApplied(host);
      });
    const name = withHost ? hostLink({ scope: "host", key: host }) : undefined;
    const change = `${parameter} ${from ?? "unset"} → ${to}`;
    return el(
      "article",
      { class: "card", "aria-label": `${host}: ${change}` },
      el(
        "header",
        {},
        name,
        el("strong", {}, change),
        role === undefined ? undefined : el("span", { class: "chip" }, `role ${role}`),
        el("span", { class: "chip" }, rule.replaceAll("_", " ")),
        el("span", { class: "muted" }, `confidence ${percent(confidence)}`),
      ),
      el("p", {}, reason),
      withheld === undefined ? undefined : el("p", { class: "withheld" }, `Withheld: ${withheld}.`),
      evidenceList(evidence),
      replay === undefined
        ? el("p", { class: "muted" }, "Not replayed: there is no log of this host.")
        : replayTable(replay),
      this.#isAdmin ? button("Apply…", apply) : undefined,
    );
  }
}

/** The numbers it rests on. */
export function evidenceList(evidence: Readonly<Record<string, number>>): HTMLElement {
  return el(
    "dl",
    { class: "evidence" },
    ...Object.entries(evidence).map(([name, value]) =>
      el(
        "div",
        {},
        el("dt", {}, name.replaceAll("_", " ")),
        el("dd", {}, Number.isInteger(value) ? count(value) : value.toFixed(2)),
      )
    ),
  );
}

/** Both policies on the host's own log. */
export function replayTable(replay: NonNullable<WireAdvice["replay"]>): HTMLElement {
  const { verdict, present, candidate } = replay;
  const shown = (name: keyof WireReplay, value: number | undefined) =>
    value === undefined ? "–" : name.endsWith("_s") ? duration(value * 1_000) : count(value);
  const rows = REPLAY_ROWS.map(([name, words]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, words),
      el("td", {}, shown(name, present[name])),
      el("td", {}, shown(name, candidate[name])),
    )
  );
  return el(
    "table",
    { class: "plain" },
    el("caption", {}, `Replayed on its log: ${verdict}`),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("td", {}),
        el("th", { scope: "col" }, "now"),
        el("th", { scope: "col" }, "with it"),
      ),
    ),
    el("tbody", {}, ...rows),
  );
}
