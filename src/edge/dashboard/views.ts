/**
 * The views of the page as the server sends them: the list with what is known at that moment, the others empty. What
 * they say later is for the script.
 *
 * @module
 */
import { html } from "hono/html";
import type { WireTrouble } from "./board.ts";
import type { WireTroubleList } from "./board_routes.ts";
import { count, emptyTitle, STATE_WORDS } from "./client/format.ts";
import { rowText } from "./client/rows.ts";
import { rowKey } from "./client/target.ts";
import { hostLink, type Markup, shape } from "./markup.ts";

/** What the list shows, or what to do first where it is empty. */
export interface HostsContent {
  trouble: WireTroubleList;
  /** Where crawlers find this server, and whether they need a token. */
  origin: string;
  needsToken: boolean;
}

/** Rows in the first picture: more than a screen holds. */
const FIRST_ROWS = 40;

const STATE_CHOICES = [
  ["all", "All"],
  ["open", "Open"],
  ["half_open", "Half-open"],
  ["failing", "Failing"],
] as const;

/** Hosts in trouble. */
export function hostsView(content: HostsContent): Markup {
  const { rows, at } = content.trouble;
  const isEmpty = rows.length === 0;
  return html`
    <section data-view="hosts" aria-labelledby="hosts-title">
      <div class="toolbar">
        <h2 id="hosts-title">Hosts in trouble</h2>
        <label class="search"><span class="sr">Search hosts and reasons</span>
            <input id="search" type="search" placeholder="Search hosts and reasons ( / )" autocomplete="off"></label>
        <fieldset class="choice"><legend class="sr">State</legend>
            ${STATE_CHOICES.map(([value, word], i) =>
              radio("state", value, word, i === 0)
            )}</fieldset>
        <span id="shown" class="muted" role="status">${count(rows.length)} in all</span>
      </div>
      <div class="panel">
        <table id="table" class="list" aria-labelledby="hosts-title" aria-rowcount="${rows.length +
          1}"
          ${isEmpty ? "hidden" : ""}>
          <thead>
            <tr aria-rowindex="1">
              <th scope="col" class="w-state">State</th>
              <th scope="col">Host, why, since when</th>
              <th scope="col" class="w-left">Time left</th>
              <th scope="col" class="number w-n">Failures</th>
              <th scope="col" class="number w-n">Probes out</th>
              <th scope="col" class="number w-m">Errors, 10 min</th>
              <th scope="col" class="number w-m">Requests, 10 min</th>
            </tr>
          </thead>
          <tbody id="rows">${rows.slice(0, FIRST_ROWS).map((row, i) =>
            firstRow(row, i, at)
          )}</tbody>
        </table>
        <div id="empty" class="nothing" ${isEmpty ? "" : "hidden"}>${emptyState(
          content,
        )}</div>
        <p id="no-match" class="nothing muted"
          hidden>No host matches. Search for less, or choose All.</p>
      </div>
    </section>
  `;
}

function firstRow(row: WireTrouble, index: number, now: number): Markup {
  const { state, name, why, left, failures, probes, errors, requests } = rowText(row, now);
  return html`
    <tr data-key="${rowKey(row)}" data-state="${state}" aria-rowindex="${index + 2}">
      <td class="state">${shape(state)}${STATE_WORDS[state]}</td>
      <th scope="row" class="host">${hostLink(row, name)}<span class="why">${why}</span></th>
      <td class="left">${left}</td>
      <td class="failures">${failures}</td>
      <td class="probes">${probes}</td>
      <td class="errors">${errors}</td>
      <td class="requests">${requests}</td>
    </tr>
  `;
}

function emptyState({ trouble, origin, needsToken }: HostsContent): Markup {
  const token = needsToken ? ' -H "Authorization: Bearer $TOKEN"' : "";
  const command =
    `curl --json '{"url":"https://api.example.org/works"}'${token} ${origin}/v1/allow`;
  return html`
    <h3 id="empty-title">${emptyTitle(trouble.complete)}</h3>
    <p
      class="muted">Hosts appear here when they fail. To begin, let a crawler ask before each request and tell how it went:</p>
    <div class="copy"><code id="command" class="command" tabindex="0">${command}</code>
          <button id="copy" type="button">Copy</button></div>
  `;
}

/** Advice. */
export function adviceView(): Markup {
  return html`
    <section data-view="advice" aria-labelledby="advice-title" hidden>
      <div
        class="toolbar"><h2 id="advice-title">Advice</h2><span id="advice-note" class="muted"></span></div>
      <div id="advice-list" class="cards"></div>
      <p id="no-advice"
        class="panel nothing muted">No advice: too little is known, or nothing would get better.</p>
    </section>
  `;
}

/** What happened. */
export function historyView(): Markup {
  return html`
    <section data-view="history" aria-labelledby="history-title" hidden>
      <div class="toolbar">
        <h2 id="history-title">History</h2>
        <fieldset class="choice"><legend class="sr">What</legend>
            ${radio("kind", "all", "Everything", true)}${radio(
              "kind",
              "acts",
              "Operators and store",
              false,
            )}</fieldset>
      </div>
      <div class="panel">
        <table id="event-table" class="event-table" aria-labelledby="history-title" hidden>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Host</th>
              <th scope="col">What</th>
              <th scope="col">Who</th>
              <th scope="col" class="why-col">Why</th>
            </tr>
          </thead>
          <tbody id="events"></tbody>
        </table>
        <p id="no-events" class="nothing muted">Nothing happened that this server knows of.</p>
      </div>
    </section>
  `;
}

/** All that is known of a host, beside the list. */
export function detailPanel(): Markup {
  return html`
    <aside id="detail" aria-labelledby="detail-name" hidden>
      <header><div><h2 id="detail-name" tabindex="-1">Host</h2>
          <p><span id="detail-state"></span><span id="detail-left"></span></p>
          <p id="detail-why"></p></div>
          <button id="detail-close" type="button" aria-label="Close the panel">✕</button></header>
      <div id="detail-actions"></div>
      <div id="detail-facts"></div>
      <div id="detail-past"></div>
      <div id="detail-advice"></div>
      <div id="detail-policy"></div>
      <div id="detail-events"></div>
    </aside>
  `;
}

function radio(name: string, value: string, word: string, isChosen: boolean): Markup {
  return html`<label><input type="radio" name="${name}" value="${value}" ${
    isChosen ? "checked" : ""
  }>${word}</label>`;
}
