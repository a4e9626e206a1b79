/**
 * The page as the server sends it: the form that asks for a token, or everything with what is known at that moment.
 * What it says later is for the script. Whatever comes from elsewhere is escaped by `html`.
 *
 * @module
 */
import { html, raw } from "hono/html";
import type { WireStatus, WireTroubleList } from "./board_routes.ts";
import { count } from "./client/format.ts";
import { headline } from "./client/headline.ts";
import { hostLink, type Markup, shape, SHAPES } from "./markup.ts";
import type { WireSession } from "./session_routes.ts";
import { adviceView, detailPanel, historyView, type HostsContent, hostsView } from "./views.ts";

/** What the first picture shows. */
export interface PageContent extends HostsContent {
  session: WireSession;
  status: WireStatus;
}

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
              : html`${hostLink(about)} ${about.text}`}</span></p>
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
