/**
 * All that is known of one host, beside the list: its last 24 hours, how it answers, its policy, advice, and what can
 * be done.
 *
 * @module
 */
import type { WireTrouble } from "../board.ts";
import type { WireHistory, WireHostPast } from "../board_routes.ts";
import type { WirePolicy } from "../../policy_wire.ts";
import type { WireSnapshot } from "../../wire.ts";
import type { AdviceList } from "./advice_list.ts";
import { ask, breakerPath, problemWords } from "./ask.ts";
import { askClearPolicy, askClose, askHalfOpen, askOpen, askPolicy, askUndo } from "./dialogs.ts";
import { button, byId, type Child, el, renew, setText, shape } from "./dom.ts";
import { eventRow } from "./event_list.ts";
import { clock, count, reasonOf, STATE_WORDS } from "./format.ts";
import { fact, retryAfters, statusMix, table, valueAt } from "./facts.ts";
import { rowText, stateAt, timeLeft, worstOf } from "./rows.ts";
import type { TargetName } from "./target.ts";
import { timeline } from "./timeline.ts";

/** How far back the picture can go. */
export const PAST_WINDOWS: readonly (readonly [seconds: number, words: string])[] = [
  [86_400, "24 hours"],
  [21_600, "6 hours"],
  [3_600, "hour"],
];

/** What the panel works with. */
export interface DetailParts {
  isAdmin: boolean;
  now: () => number;
  advice: AdviceList;
  /** The row of a host, where it is in trouble. */
  rowOf: (target: TargetName) => WireTrouble | undefined;
  /** A host was changed by hand. */
  onChanged: (snapshot: WireSnapshot) => void;
}

/** See the module's description. */
export class HostDetail {
  readonly #parts: DetailParts;
  readonly #panel = byId("detail");
  #target: TargetName | undefined;
  #snapshot: WireSnapshot | undefined;
  #windowS = 86_400;

  /** Closed until a host is shown. */
  constructor(parts: DetailParts) {
    this.#parts = parts;
  }

  /** What is shown. */
  get target(): TargetName | undefined {
    return this.#target;
  }

  /** Shows a host or resolver; undefined closes the panel. */
  show(target: TargetName | undefined): void {
    this.#target = target;
    this.#snapshot = undefined;
    this.#panel.hidden = target === undefined;
    document.body.classList.toggle("with-detail", target !== undefined);
    if (target === undefined) return;
    setText(byId("detail-name"), target.key);
    for (
      const id of ["detail-facts", "detail-past", "detail-policy", "detail-advice", "detail-events"]
    ) {
      byId(id).replaceChildren();
    }
    byId("detail-actions").replaceChildren(...(this.#parts.isAdmin ? this.#actions(target) : []));
    byId("detail-name").focus();
    this.tick();
    this.refresh();
  }

  /** What stands at its top, as the list has it or as it was told last. */
  tick(): void {
    if (this.#target === undefined) return;
    const row = this.#parts.rowOf(this.#target) ?? asRow(this.#snapshot);
    const state = row === undefined ? "closed" : worstOf(row, this.#parts.now()).state;
    const place = byId("detail-state");
    if (place.dataset["state"] !== state) {
      place.dataset["state"] = state;
      place.replaceChildren(shape(state), STATE_WORDS[state] ?? "");
    }
    const text = row && rowText(row, this.#parts.now());
    const left = text === undefined || state !== "open" ? "" : `${text.left} left`;
    setText(byId("detail-left"), left.startsWith("until") ? "until closed by hand" : left);
    setText(byId("detail-why"), text?.why ?? "not in trouble");
  }

  /** Asks for everything again. */
  refresh(): void {
    const target = this.#target;
    if (target === undefined) return;
    this.#load(target, "detail-facts", this.#facts(target));
    if (target.scope !== "host") return;
    const host = encodeURIComponent(target.key);
    this.#load(target, "detail-past", this.#past(host));
    this.#load(target, "detail-policy", this.#policy(host));
    this.#load(target, "detail-events", this.#events(host));
    this.showAdvice();
  }

  /** What the advisor proposes for it. */
  showAdvice(): void {
    if (this.#target?.scope !== "host") return;
    const cards = this.#parts.advice.of(this.#target.key);
    renew(
      byId("detail-advice"),
      el("h3", {}, "Advice"),
      ...(cards.length > 0 ? cards : [el("p", { class: "muted" }, "None for this host now.")]),
    );
  }

  /** Shows a part once it is there, unless another host is shown by then. */
  #load(target: TargetName, id: string, part: Promise<Child[]>): void {
    part.catch((error) => [el("p", { class: "problem" }, problemWords(error))]).then((children) => {
      if (this.#target !== target) return;
      renew(byId(id), el("div", {}, ...children));
    });
  }

  #actions(target: TargetName): HTMLElement[] {
    const done = (snapshot: WireSnapshot) => {
      this.#parts.onChanged(snapshot);
      this.refresh();
    };
    return [
      button("Open…", () => void askOpen(target, done)),
      button("Half-open…", () => void askHalfOpen(target, done)),
      button("Close…", () => void askClose(target, done)),
    ];
  }

  async #facts(target: TargetName): Promise<Child[]> {
    const snapshot = await ask<WireSnapshot>("GET", breakerPath(target));
    this.#snapshot = snapshot;
    this.tick();
    const views = [["all roles", snapshot] as const, ...Object.entries(snapshot.roles)];
    const now = this.#parts.now();
    const rows = views.map(([name, view]) => {
      const state = stateAt(view, now);
      return el(
        "tr",
        {},
        el("th", { scope: "row" }, name),
        el("td", {}, shape(state), STATE_WORDS[state] ?? state),
        el("td", {}, reasonOf(view)),
        el("td", {}, timeLeft(view, state, now)),
        el("td", {}, count(view.failures)),
        el("td", {}, count(view.probes)),
        el("td", {}, count(view.opens)),
      );
    });
    const heads = ["Breaker", "State", "Why", "Left", "Failures", "Probes out", "Opens in a row"];
    return [table("Breakers", heads, rows)];
  }

  async #past(host: string): Promise<Child[]> {
    const past = await ask<WireHostPast>(
      "GET",
      `/v1/hosts/${host}/history?window_s=${this.#windowS}`,
    );
    const { latency_ms, outcomes, retry_after_s, steps } = past;
    return [
      el(
        "div",
        { class: "toolbar" },
        el("h3", {}, `Last ${PAST_WINDOWS.find(([seconds]) => seconds === this.#windowS)![1]}`),
        this.#windowChoice(host),
      ),
      timeline(past, this.#parts.now()),
      el(
        "div",
        { class: "facts" },
        fact(
          "Latency",
          latency_ms === undefined
            ? "none told"
            : `${latency_ms.p50} ms median, ${latency_ms.p90} ms p90, ${latency_ms.p99} ms p99`,
        ),
        fact("Retry-After seen", retryAfters(retry_after_s)),
      ),
      statusMix(outcomes),
      ...this.#steps(steps),
    ];
  }

  #windowChoice(host: string): HTMLElement {
    const choices = PAST_WINDOWS.map(([seconds, words]) =>
      button(words, () => {
        this.#windowS = seconds;
        this.#load(this.#target!, "detail-past", this.#past(host));
      }, { "aria-pressed": String(seconds === this.#windowS) })
    );
    return el("div", { class: "windows", role: "group", "aria-label": "How far back" }, ...choices);
  }

  #steps(steps: WireHostPast["steps"]): HTMLElement[] {
    if (steps.length === 0) return [];
    const last = steps.find((step) => step.undone_at === undefined);
    const now = this.#parts.now();
    const rows = steps.map((step) => {
      const { at, by, parameter, from, to, reason, undone_at } = step;
      const undo = () => void askUndo(step.host, step).then((isDone) => isDone && this.refresh());
      const state = undone_at === undefined ? "" : `undone ${clock(undone_at, now)}`;
      const end = step === last && this.#parts.isAdmin ? button("Undo…", undo) : state;
      return el(
        "tr",
        {},
        el("td", {}, clock(at, now)),
        el("td", {}, `${parameter} ${from ?? "unset"} → ${to}`),
        el("td", {}, by),
        el("td", {}, reason),
        el("td", {}, end),
      );
    });
    const name = "Steps of tuning";
    return [el("h3", {}, name), table(name, ["When", "Change", "Who", "Why", ""], rows)];
  }

  async #policy(host: string): Promise<Child[]> {
    const policy = await ask<WirePolicy>("GET", `/v1/policies/${host}`);
    const { override, overridden_at = 0, overridden_by, reason } = policy;
    const again = (isDone: boolean) => void (isDone && this.refresh());
    const values = Object.entries(policy.sources).map(([path, source]) =>
      el(
        "tr",
        { class: source === "override" ? "overridden" : undefined },
        el("th", { scope: "row" }, path),
        el("td", {}, valueAt(policy.policy, path)),
        el("td", {}, source),
      )
    );
    const by = overridden_by === undefined ? "" : ` by ${overridden_by}`;
    const why = reason === undefined ? "" : `: ${reason}`;
    return [
      el("h3", {}, "Policy"),
      override === undefined
        ? undefined
        : el("p", {}, `Overridden ${clock(overridden_at, this.#parts.now())}${by}${why}`),
      this.#parts.isAdmin
        ? el(
          "div",
          { class: "buttons start" },
          button("Change policy…", () => void askPolicy(policy).then(again)),
          override &&
            button("Remove override…", () => void askClearPolicy(policy.host).then(again)),
        )
        : undefined,
      el(
        "details",
        {},
        el("summary", {}, `${values.length} values with their sources`),
        table("Values", ["Value", "Holds", "Source"], values),
      ),
    ];
  }

  async #events(host: string): Promise<Child[]> {
    const { events } = await ask<WireHistory>("GET", `/v1/history?host=${host}&limit=20`);
    const rows = events.map((event) => eventRow(event, this.#parts.now()));
    const name = "What happened";
    return [
      el("h3", {}, name),
      rows.length === 0
        ? el("p", { class: "muted" }, "Nothing that this server knows of.")
        : table(name, ["When", "Breaker", "What", "Who", "Why"], rows),
    ];
  }
}

/** A host that is not in the list, as the list would have it. */
export function asRow(snapshot: WireSnapshot | undefined): WireTrouble | undefined {
  return snapshot && { ...snapshot, requests: 0, failed: 0, denied: 0 };
}
