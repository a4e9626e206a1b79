/**
 * The page as the server sends it: the form that asks for a token, or everything with what is known at that moment.
 * What it says later is for the script. Whatever comes from elsewhere is escaped by `html`.
 *
 * @module
 */
import { html, raw } from "hono/html";
import type { WireStatus, WireTroubleList } from "./board_routes.ts";
import type { WireTrouble } from "./board.ts";
import { count, STATE_WORDS } from "./client/format.ts";
import { headline } from "./client/headline.ts";
import { rowText } from "./client/rows.ts";
import type { WireSession } from "./session_routes.ts";

/** A part of a page. */
type Markup = ReturnType<typeof html>;

/** What the first picture shows. */
export interface PageContent {
  session: WireSession;
  status: WireStatus;
  trouble: WireTroubleList;
  /** Where crawlers find this server, and whether they need a token. */
  origin: string;
  needsToken: boolean;
}

/** Rows in the first picture: more than a screen holds. */
const FIRST_ROWS = 40;

const SHAPES = raw(`<svg class="sr" aria-hidden="true" focusable="false">
<symbol id="shape-open" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M5 0h6l5 5v6l-5 5H5l-5-5V5zM3.5 6.5v3h9v-3z"/></symbol>
<symbol id="shape-half_open" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zm0 2a6 6 0 0 1 0 12z"/></symbol>
<symbol id="shape-failing" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 .6 16 15H0zM7 6v4.5h2V6zm0 5.5v2h2v-2z"/></symbol>
<symbol id="shape-closed" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zM3.4 8.4l3.4 3.3 5.9-6-1.5-1.4-4.4 4.5-1.9-1.9z"/></symbol>
</svg>`);

const LOGO = raw(
  `<svg viewBox="0 0 16 16" aria-hidden="true"><path fill="currentColor" d="M0 11c2.7 0 2.7-2 5.3-2s2.7 2 5.4 2S13.300 9 16 9v2c-2.700 0-2.700 2-5.300 2S8 11 5.300 11 2.700 13 0 13zM7 1h2v6H7zM3 4h2v3H3zm8 0h2v3h-2z"/></svg>`,
);

/**
 * The page for whoever is not logged in. Says nothing of what is inside. Its fields have no names: sent before the
 * script is there, the form would put the token into the address.
 */
export function logInPage(): Markup {
  return wholePage(
    html`
      <main class="panel log-in">
        <h1>Breakwater</h1>
        <p class="muted">Enter a token of this server. It is not kept in the browser.</p>
        <form id="log-in">
          <label class="field"><span>Token</span>
                <input id="token" type="password" autocomplete="current-password" required autofocus></label>
          <label class="field"><span>Your name, for the history (optional)</span>
                <input id="name" autocomplete="nickname" maxlength="64"></label>
          <p id="problem" class="problem" role="alert"></p>
          <button class="primary" type="submit">Log in</button>
        </form>
        <noscript><p class="problem">This page needs JavaScript.</p></noscript>
      </main>
    `,
    "none",
  );
}

/** The page for whoever may look. */
export function dashboardPage(content: PageContent): Markup {
  const { session, status, trouble } = content;
  return wholePage(
    html`${topBar(content)}
    <main>
      ${nowPanel(status, trouble)}
      ${hostsView(content)}
      ${adviceView()}
      ${historyView()}
    </main>
    ${detailPanel()}
    <div id="toast" role="status" aria-live="polite"></div>`,
    session.scope,
  );
}

function wholePage(body: Markup, scope: string): Markup {
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Breakwater</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/dashboard/style.css">
        <script src="/dashboard/app.js" defer></script>
      </head>
      <body data-scope="${scope}">
    ${SHAPES}
    ${body}
      </body>
    </html>
  `;
}

function topBar({ session, status, needsToken }: PageContent): Markup {
  const { scope, name } = session;
  return html`
    <header class="top">
      <h1>${LOGO}Breakwater</h1>
      <nav aria-label="Views">
        <a href="#hosts" aria-current="page">Hosts</a>
        <a href="#advice">Advice<span id="advice-count" class="badge" hidden></span></a>
        <a href="#history">History</a>
      </nav>
      <div class="end">
          <span id="live" class="live" role="status"><span id="live-text">Connecting…</span></span>
          <span class="mode">Mode <strong id="mode" data-mode="${status.mode}">${status
            .mode}</strong></span>
          ${scope === "admin"
            ? html`<button id="change-mode" type="button">Change mode…</button>`
            : ""}
          ${needsToken
            ? html`
              <span class="muted">${name ?? ""} ${scope === "read" ? "(read only)" : ""}</span>
              <button id="log-out" type="button">Log out</button>
            `
            : ""}
        </div>
    </header>
  `;
}

function nowPanel(status: WireStatus, { rows, at }: WireTroubleList): Markup {
  const { tone, text, about } = headline({ status, worst: rows[0], now: at });
  const { counts, store } = status;
  const storeState = store.up ? "closed" : "open";
  return html`
    <section id="now" aria-label="Now">
      <div id="headline" class="headline panel" data-tone="${tone}">
        <span id="headline-shape">${shape(tone)}</span>
        <p><strong id="headline-text" role="status">${text}</strong>
            <span id="headline-about">${about === undefined
              ? ""
              : html`${hostLink(about.scope, about.key)} ${about.text}`}</span></p>
      </div>
      <dl class="counts panel">
          ${countTile("open", "Open", "count-open", counts.open)}
          ${countTile("half_open", "Half-open", "count-half-open", counts.half_open)}
          ${countTile("failing", "Failing", "count-failing", counts.closed)}
        </dl>
      <div class="traffic panel">
        <div class="row">
          <div>
            <h2>Verdicts per second, by this server</h2>
            <div class="figures">
              <span><span class="key allowed"></span><b id="rate-allowed">–</b> allowed</span>
              <span><span class="key denied"></span><b id="rate-denied">–</b> denied</span>
              <span><span class="key degraded"></span><b id="rate-degraded">–</b> degraded</span>
            </div>
          </div>
          <div class="strip-box"><span id="strip-most"></span>
              <svg id="strip" class="strip" viewBox="0 0 120 40" preserveAspectRatio="none" role="img"
                aria-label="Verdicts in each of the last 120 seconds"></svg></div>
        </div>
      </div>
      <div class="store panel" id="store" data-state="${storeState}">
        <h2>Store</h2>
        <p id="store-state">${shape(storeState)}${store.up ? "Answers" : "Does not answer"}</p>
        <p id="store-more" class="muted"></p>
      </div>
    </section>
  `;
}

function countTile(state: string, word: string, id: string, value: number): Markup {
  return html`
    <div>
      <dt>${shape(state)}${word}</dt>
      <dd id="${id}">${count(value)}</dd>
    </div>
  `;
}

function hostsView({ trouble, origin, needsToken }: PageContent): Markup {
  const { rows, at } = trouble;
  const isEmpty = rows.length === 0;
  const choices = [["all", "All"], ["open", "Open"], ["half_open", "Half-open"], [
    "failing",
    "Failing",
  ]];
  return html`
    <section data-view="hosts" aria-labelledby="hosts-title">
      <div class="toolbar">
        <h2 id="hosts-title">Hosts in trouble</h2>
        <label class="search"><span class="sr">Search hosts and reasons</span>
            <input id="search" type="search" placeholder="Search hosts and reasons ( / )" autocomplete="off"></label>
        <fieldset class="choice"><legend class="sr">State</legend>
            ${choices.map(([value, word], i) => radio("state", value!, word!, i === 0))}</fieldset>
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
          origin,
          needsToken,
        )}</div>
        <p id="no-match" class="nothing muted"
          hidden>No host matches. Search for less, or choose All.</p>
      </div>
    </section>
  `;
}

function firstRow(row: WireTrouble, index: number, now: number): Markup {
  const { state, why, left, failures, probes, errors, requests } = rowText(row, now);
  return html`
    <tr data-key="${row.scope}:${row.key}" data-state="${state}" aria-rowindex="${index + 2}">
      <td class="state">${shape(state)}${STATE_WORDS[state]}</td>
      <th scope="row" class="host">${hostLink(
        row.scope,
        row.key,
      )}<span class="why">${why}</span></th>
      <td class="left">${left}</td>
      <td class="failures">${failures}</td>
      <td class="probes">${probes}</td>
      <td class="errors">${errors}</td>
      <td class="requests">${requests}</td>
    </tr>
  `;
}

function emptyState(origin: string, needsToken: boolean): Markup {
  const token = needsToken ? ' -H "Authorization: Bearer $TOKEN"' : "";
  const command =
    `curl --json '{"url":"https://api.example.org/works"}'${token} ${origin}/v1/allow`;
  return html`
    <h3>No host is in trouble</h3>
    <p
      class="muted">Hosts appear here when they fail. To begin, let a crawler ask before each request and tell how it went:</p>
    <div class="copy"><code id="command" class="command" tabindex="0">${command}</code>
          <button id="copy" type="button">Copy</button></div>
  `;
}

function adviceView(): Markup {
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

function historyView(): Markup {
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

function detailPanel(): Markup {
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

function shape(state: string): Markup {
  return html`
    <svg class="shape ${state}" viewBox="0 0 16 16" aria-hidden="true">
      <use href="#shape-${state}"></use>
    </svg>
  `;
}

function hostLink(scope: string, key: string): Markup {
  return html`<a href="#${scope}=${encodeURIComponent(key)}">${key}</a>`;
}
