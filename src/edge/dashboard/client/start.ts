/**
 * The dashboard's page put together in the browser: who is told what, which view is shown.
 *
 * @module
 */
import type { WireTrouble } from "../board.ts";
import type { WireSnapshot } from "../../wire.ts";
import type { WireSession } from "../session_routes.ts";
import { AdviceList } from "./advice_list.ts";
import { ask, problemWords, Refused } from "./ask.ts";
import { askMode } from "./dialogs.ts";
import { byId, toast } from "./dom.ts";
import { HostDetail } from "./detail.ts";
import { EventList } from "./event_list.ts";
import { HostList } from "./host_list.ts";
import { LiveFeed } from "./live.ts";
import { NowPanel } from "./now_panel.ts";
import { readHash, rowKey, type TargetName } from "./target.ts";

/** Begins, on whichever page this is. */
export function start(): void {
  if (document.getElementById("log-in") === null) startDashboard();
  else startLogIn();
}

/** The page that asks for a token. */
export function startLogIn(): void {
  const form = byId<HTMLFormElement>("log-in");
  const problem = byId("problem");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = byId<HTMLInputElement>("token").value.trim();
    const name = byId<HTMLInputElement>("name").value.trim();
    problem.textContent = "";
    ask("POST", "/session", { token, ...(name !== "" && { name }) }).then(
      () => location.reload(),
      (error) => {
        problem.textContent = logInProblem(error);
      },
    );
  });
  // Whoever follows a link from another site is logged in all the same, only the browser did not say so.
  ask<WireSession>("GET", "/session").then(({ scope }) => {
    if (scope !== "none") location.reload();
  }, () => {});
}

/** What is wrong with a token, in words for who typed it. */
export function logInProblem(error: unknown): string {
  const status = error instanceof Refused ? error.status : 0;
  if (status === 401 || status === 400) return "This token is not known here.";
  if (status === 403) return "This token may not look: use one with the scope read or admin.";
  return problemWords(error);
}

/** The page that shows everything. */
export function startDashboard(): void {
  const isAdmin = document.body.dataset["scope"] === "admin";
  let skewMs = 0;
  const now = () => Date.now() + skewMs;
  const panel = new NowPanel(now);
  const list = new HostList(now, () => panel.show(list.worst, list.counts));
  const events = new EventList(now);
  const advice = new AdviceList(isAdmin, () => {
    loadAdvice();
    detail.refresh();
  });
  const rowOf = (target: TargetName) => list.rows.get(rowKey(target));
  const onSnapshot = (snapshot: WireSnapshot) => {
    list.put(rowFrom(snapshot, rowOf(snapshot), now()));
    detail.tick();
  };
  const detail = new HostDetail({ isAdmin, now, advice, rowOf, onChanged: onSnapshot });
  const loadAdvice = () =>
    advice.load().then(() => detail.showAdvice(), (error) => console.warn(problemWords(error)));
  const feed = new LiveFeed({
    onStatus: (status) => {
      skewMs = status.at - Date.now();
      panel.take(status);
    },
    onRows: ({ rows, complete }) => list.replace(rows, complete),
    onSnapshot,
    onEvent: (event) => {
      events.add(event);
      const { scope, key } = detail.target ?? {};
      if (event.key === key && event.scope === scope) detail.refresh();
    },
    onAdvice: loadAdvice,
  });
  addControls(list, events, panel);
  const route = () => {
    const place = readHash(location.hash);
    detail.show(place.target);
    list.select(place.target && rowKey(place.target));
    showView(place.view, events);
  };
  addEventListener("hashchange", route);
  route();
  feed.start();
  setInterval(() => {
    list.draw();
    detail.tick();
  }, 1_000);
}

/** A row made of what was told of its breaker now and of its requests before. */
export function rowFrom(
  snapshot: WireSnapshot,
  before: WireTrouble | undefined,
  now: number,
): WireTrouble {
  const { requests = 0, failed = 0, denied = 0, since } = before ?? {};
  const isClosed = snapshot.state === "closed" &&
    Object.values(snapshot.roles).every(({ state }) => state === "closed");
  return { ...snapshot, requests, failed, denied, since: isClosed ? undefined : since ?? now };
}

/** Search, filters and buttons. */
export function addControls(list: HostList, events: EventList, panel: NowPanel): void {
  const search = byId<HTMLInputElement>("search");
  search.addEventListener("input", () => list.filter({ text: search.value }));
  for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=state]")) {
    radio.addEventListener("change", () => list.filter({ state: radio.value }));
  }
  for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=kind]")) {
    radio.addEventListener("change", () => loadEvents(events, radio.value));
  }
  byId("detail-close").addEventListener("click", closeDetail);
  document.getElementById("change-mode")
    ?.addEventListener("click", () => void askMode(panel.mode));
  document.getElementById("log-out")?.addEventListener("click", () => {
    ask("DELETE", "/session").finally(() => location.reload());
  });
  byId("copy").addEventListener("click", copyCommand);
  addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement ||
      document.querySelector("dialog[open]") !== null;
    if (event.key === "Escape" && document.querySelector("dialog[open]") === null) closeDetail();
    if (event.key !== "/" || isTyping) return;
    event.preventDefault();
    search.focus();
  });
}

/** Closes the panel, and goes back to the row that opened it. */
export function closeDetail(): void {
  if (byId("detail").hidden) return;
  const row = document.querySelector<HTMLElement>("#rows tr.selected a");
  location.hash = "hosts";
  (row ?? byId("search")).focus();
}

/** Shows one of the views. */
export function showView(view: string, events: EventList): void {
  for (const section of document.querySelectorAll<HTMLElement>("[data-view]")) {
    section.hidden = section.dataset["view"] !== view;
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view === "history") loadEvents(events);
}

/** Shows the history, or why there is none. */
export function loadEvents(events: EventList, kind?: string): void {
  events.load(kind).catch((error) => toast(problemWords(error)));
}

/** Puts the command of the empty page where it can be pasted from. */
export function copyCommand(): void {
  const command = byId("command");
  const select = () => getSelection()?.selectAllChildren(command);
  // Not every address is one where a browser lets pages write there.
  if (navigator.clipboard === undefined) return select();
  navigator.clipboard.writeText(command.textContent ?? "").then(() => toast("Copied."), select);
}
