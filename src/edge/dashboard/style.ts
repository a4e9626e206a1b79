/**
 * The page's style: calm, dense, one accent colour; a state is told by colour, word and shape. Light and dark by what
 * the reader's system prefers.
 *
 * @module
 */

/** Colours and measures by name. */
const VARIABLES = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --panel: #ffffff; --raised: #ffffff; --ink: #17202a; --muted: #566170;
  --line: #dfe3e8; --soft: #eef1f4; --accent: #0b62b8; --accent-ink: #ffffff; --accent-soft: #d8e8f8;
  --open: #b3261e; --half: #8a5200;
  --failing: #5f5b00; --closed: #1a7044;
  --open-fill: #c8372d; --half-fill: #e3a008; --closed-fill: #2f9e68; --answered: #8ab6e0; --denied: #a5aeb9; --shadow: 0 1px 2px rgb(16 24 40 / .06);
  --radius: 8px; --gap: 12px; --row: 52px;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1419; --panel: #171d24; --raised: #1e262f; --ink: #e6ebf0; --muted: #9aa7b5;
    --line: #2a333d; --soft: #1f2730; --accent: #6cb2f7; --accent-ink: #08223c; --accent-soft: #16344f;
    --open: #ff8a80; --half: #f5b95a;
    --failing: #d8d06a; --closed: #6fd39b;
    --open-fill: #d9534a; --half-fill: #d69a2d; --closed-fill: #3f9d6b; --answered: #3f74a6; --denied: #5d6875; --shadow: none;
  }
}`;

const BASE = `
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums; }
h1, h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0; }
h1 { font-size: 15px; letter-spacing: .01em; } h2 { font-size: 15px; } h3 { font-size: 13px; margin: 20px 0 8px; }
ul { list-style: none; } a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
button, input, select { font: inherit; color: inherit; }
button { padding: 5px 12px; border: 1px solid var(--line); border-radius: 6px; background: var(--raised); cursor: pointer; }
button:hover { border-color: var(--accent); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); font-weight: 600; }
button:disabled { opacity: .6; cursor: default; }
input:not([type=radio]), select { padding: 6px 10px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--panel); min-width: 0; width: 100%; }
.muted { color: var(--muted); }
.sr { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.shape { width: 14px; height: 14px; flex: none; vertical-align: -2px; margin-right: 6px; fill: currentColor; }
.shape.open { color: var(--open); } .shape.half_open { color: var(--half); }
.shape.failing { color: var(--failing); } .shape.closed { color: var(--closed); }
.chip { padding: 1px 7px; border-radius: 10px; background: var(--soft); color: var(--muted); font-size: 12px; }
.buttons { display: flex; gap: 8px; justify-content: flex-end; flex-wrap: wrap; } .buttons.start { justify-content: flex-start; margin: 8px 0; }
.problem { color: var(--open); } .problem:empty { display: none; }
code, .command { font-family: var(--mono); font-size: 12.5px; }`;

const FRAME = `
.top { display: flex; align-items: center; gap: 20px; padding: 10px 20px; background: var(--panel);
  border-bottom: 1px solid var(--line); flex-wrap: wrap; }
.top h1 { display: flex; align-items: center; gap: 8px; } .top h1 svg { width: 18px; height: 18px; color: var(--accent); }
nav { display: flex; gap: 4px; } nav a { padding: 5px 10px; border-radius: 6px; color: var(--muted); }
nav a[aria-current] { background: var(--accent-soft); color: var(--ink); font-weight: 600; }
nav .badge { margin-left: 4px; padding: 0 6px; border-radius: 9px; background: var(--accent); color: var(--accent-ink); font-size: 12px; }
.top .end { margin-left: auto; display: flex; align-items: center; gap: 14px; flex-wrap: wrap; }
.mode strong[data-mode=observe], .mode strong[data-mode=off] { color: var(--half); }
.live { color: var(--muted); } .live::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 6px;
  border-radius: 50%; background: var(--closed); } .live[data-state=away]::before { background: none; border: 2px solid var(--half); }
.live[data-state=away] { color: var(--half); font-weight: 600; }
main { padding: 16px 20px 60px; max-width: 1500px; margin: 0 auto; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow); }
#now { display: grid; gap: var(--gap); grid-template-columns: auto minmax(280px, 1fr) auto; margin-bottom: 18px; }
.headline { grid-column: 1 / -1; display: flex; align-items: baseline; gap: 4px; padding: 14px 16px; font-size: 18px;
  border-left: 4px solid var(--closed); }
.headline .shape { width: 18px; height: 18px; margin-right: 8px; }
.headline[data-tone=open] { border-left-color: var(--open); } .headline[data-tone=half_open] { border-left-color: var(--half); }
.headline[data-tone=failing] { border-left-color: var(--failing); } .headline p { overflow-wrap: anywhere; }
.headline strong { font-weight: 650; } .headline span + span { color: var(--muted); font-size: 15px; }
.counts { display: flex; } .counts > div { padding: 12px 18px; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.counts > div + div { border-left: 1px solid var(--line); } .counts dt { color: var(--muted); white-space: nowrap; }
.counts dd { font-size: 26px; line-height: 1.1; font-weight: 600; }
.traffic, .store { padding: 12px 16px; } .traffic h2, .store h2 { font-size: 13px; font-weight: 500; color: var(--muted); }
.traffic .figures { display: flex; gap: 18px; } .traffic .figures b { font-size: 16px; }
.traffic .row { display: flex; gap: 18px; align-items: end; } .strip-box { flex: 1; min-width: 120px; position: relative; }
.strip { display: block; width: 100%; height: 40px; border-bottom: 1px solid var(--line); }
.strip .allowed { fill: var(--accent); opacity: .75; } .strip .denied { fill: var(--denied); } .strip .degraded { fill: var(--half-fill); }
#strip-most { position: absolute; right: 0; top: -16px; font-size: 11px; color: var(--muted); }
.key { display: inline-block; width: 10px; height: 10px; margin-right: 6px; border-radius: 2px; vertical-align: -1px; }
.key.allowed { background: var(--accent); opacity: .75; } .key.degraded { background: var(--half-fill); }
.store p:first-of-type { font-weight: 600; font-size: 15px; }
#toast { position: fixed; left: 50%; bottom: 20px; transform: translateX(-50%); padding: 10px 16px; border-radius: 8px;
  background: var(--ink); color: var(--page); opacity: 0; pointer-events: none; transition: opacity .15s; z-index: 5; }
#toast.shown { opacity: 1; }`;

const LIST = `
.toolbar { display: flex; align-items: center; gap: 14px; margin-bottom: 10px; flex-wrap: wrap; }
.toolbar .search { flex: 0 1 300px; } .toolbar #shown { margin-left: auto; }
.choice { display: inline-flex; border: 1px solid var(--line); border-radius: 6px; overflow: clip; background: var(--panel); padding: 0; margin: 0; }
.choice label { padding: 5px 11px; cursor: pointer; color: var(--muted); } .choice label + label { border-left: 1px solid var(--line); }
.choice input { position: absolute; opacity: 0; pointer-events: none; }
.choice label:has(:checked) { background: var(--accent-soft); color: var(--ink); font-weight: 600; }
.choice label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: -2px; }
table { border-collapse: collapse; width: 100%; }
/* collapsed borders would stay behind when rows scroll under the head */
.list { table-layout: fixed; border-collapse: separate; border-spacing: 0; } .list th, .list td { text-align: left; font-weight: 400; padding: 0 12px; }
.list thead th { white-space: nowrap; position: sticky; top: 0; height: 32px; background: var(--panel); color: var(--muted); font-size: 12px; z-index: 1;
  border-bottom: 1px solid var(--line); }
.list thead th:first-child { border-top-left-radius: var(--radius); } .list thead th:last-child { border-top-right-radius: var(--radius); }
#rows tr[data-key] { cursor: pointer; }
#rows tr[data-key]:hover { background: var(--soft); } #rows tr.selected { background: var(--accent-soft); }
#rows tr.space td { padding: 0; border: 0; }
#rows tr[data-key] > * { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; height: var(--row); border-bottom: 1px solid var(--line); }
#rows td.state { border-left: 3px solid transparent; font-weight: 600; }
#rows tr[data-state=open] td.state { border-left-color: var(--open); color: var(--open); }
#rows tr[data-state=half_open] td.state { border-left-color: var(--half); color: var(--half); }
#rows tr[data-state=failing] td.state { border-left-color: var(--failing); color: var(--failing); }
.host a { font-weight: 600; color: var(--ink); display: block; overflow: hidden; text-overflow: ellipsis; }
.host .why { color: var(--muted); font-size: 12.5px; display: block; overflow: hidden; text-overflow: ellipsis; }
.list .left { font-weight: 600; } #rows td.left { white-space: normal; } .list .number { text-align: right; }
#rows td.failures, #rows td.probes, #rows td.errors, #rows td.requests { text-align: right; }
.w-state { width: 130px; } .w-left { width: 124px; } .w-n { width: 100px; } .w-m { width: 132px; }
.nothing { padding: 36px 24px; text-align: center; } .nothing h3 { font-size: 17px; margin: 0 0 6px; }
.copy { display: flex; gap: 10px; justify-content: center; align-items: center; margin: 16px auto 0; max-width: 820px; }
.command { text-align: left; padding: 9px 12px; border-radius: 6px; background: var(--soft); overflow-x: auto; white-space: pre; }
#events td, #events th, .plain td, .plain th { padding: 6px 10px; text-align: left; border-bottom: 1px solid var(--line);
  vertical-align: top; font-weight: 400; overflow-wrap: break-word; }
.event-table thead th, .plain thead th { padding: 6px 10px; text-align: left; font-size: 12px; font-weight: 500; color: var(--muted); border-bottom: 1px solid var(--line); }
.when { white-space: nowrap; color: var(--muted); } .plain .overridden { background: var(--accent-soft); }
.cards { display: grid; gap: var(--gap); grid-template-columns: repeat(auto-fill, minmax(380px, 1fr)); }
.card { padding: 14px 16px; background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); display: grid; gap: 8px; justify-items: start; align-content: start; }
.card header { display: flex; gap: 8px; flex-wrap: wrap; align-items: baseline; } .card .withheld { color: var(--half); }
.evidence { display: flex; flex-wrap: wrap; gap: 2px 18px; } .evidence > div { display: flex; gap: 6px; } .evidence dt { color: var(--muted); } .evidence dd { font-weight: 600; }
.plain { font-size: 13px; } .plain caption { text-align: left; padding: 4px 0; font-weight: 600; } .scroll { overflow-x: auto; }`;

const DETAIL = `
#detail { position: fixed; inset: 0 0 0 auto; width: min(760px, 100%); overflow-y: auto; background: var(--panel);
  border-left: 1px solid var(--line); box-shadow: -8px 0 30px rgb(16 24 40 / .14); padding: 16px 20px 40px; z-index: 3; }
@media (min-width: 1360px) { body.with-detail main { margin-right: 760px; } body.with-detail .w-n, body.with-detail .w-m { width: 0; }
  body.with-detail .list thead .w-left { border-top-right-radius: var(--radius); }
  body.with-detail .list .number, body.with-detail #rows td.failures, body.with-detail #rows td.probes, body.with-detail #rows td.requests,
  body.with-detail #rows td.errors { display: none; } body.with-detail #now { grid-template-columns: auto 1fr; } body.with-detail .traffic { grid-column: 1 / -1; grid-row: 3; } }
#detail header { display: flex; gap: 12px; align-items: start; } #detail header > div { flex: 1; min-width: 0; }
#detail h2 { font-size: 19px; overflow-wrap: anywhere; outline: none; }
#detail-state { font-weight: 600; } #detail-state[data-state=open] { color: var(--open); } #detail-state[data-state=half_open] { color: var(--half); }
#detail-state[data-state=failing] { color: var(--failing); } #detail-state[data-state=closed] { color: var(--closed); }
#detail-left { font-weight: 600; margin-left: 10px; } #detail-why { color: var(--muted); overflow-wrap: anywhere; }
#detail-actions { display: flex; gap: 8px; margin: 14px 0; flex-wrap: wrap; } #detail-actions:empty { margin: 6px 0; }
.chart-box { position: relative; } .timeline { display: block; width: 100%; height: 150px; } .chart figcaption { margin-top: 4px; color: var(--muted); }
.band.open { fill: var(--open-fill); } .band.half_open { fill: var(--half-fill); } .band.closed { fill: var(--closed-fill); }
.bar.success { fill: var(--answered); } .bar.failure { fill: var(--open-fill); } .bar.denied { fill: var(--denied); }
.timeline .base { stroke: var(--line); } .timeline .hour { stroke: var(--line); stroke-dasharray: 2 3; }
.timeline .base, .timeline .hour { vector-effect: non-scaling-stroke; }
.hours { position: relative; height: 16px; margin-top: -16px; font-size: 11px; color: var(--muted); } .hours span { position: absolute; transform: translateX(-50%); }
.windows { display: flex; gap: 4px; margin-left: auto; } .windows button { padding: 2px 9px; font-size: 12.5px; color: var(--muted); }
.windows button[aria-pressed=true] { background: var(--accent-soft); color: var(--ink); font-weight: 600; }
#detail .toolbar { margin: 20px 0 8px; } #detail .toolbar h3 { margin: 0; }
.lanes { color: var(--muted); font-size: 12px; } .figures span { white-space: nowrap; } .legend { display: flex; gap: 4px 16px; flex-wrap: wrap; margin-top: 6px; font-size: 12.5px; color: var(--muted); }
.key.band.open { background: var(--open-fill); } .key.band.half_open { background: var(--half-fill); height: 6px; vertical-align: 1px; } .key.band.closed { background: var(--closed-fill); height: 3px; vertical-align: 3px; }
.key.bar.success, .mix.success { background: var(--answered); } .key.bar.failure { background: var(--open-fill); } .key.bar.denied, .key.denied { background: var(--denied); }
.facts { margin-top: 12px; } .fact { display: flex; gap: 10px; } .fact span { color: var(--muted); min-width: 130px; }
.status-mix { margin-top: 4px; } .mix-bar { display: flex; height: 10px; gap: 1px; margin-top: 6px; border-radius: 3px; overflow: hidden; }
.mix.neutral { background: var(--line); } .mix.status_429 { background: var(--half-fill); } .mix.status_503 { background: var(--open-fill); }
.mix.status_5xx { background: color-mix(in srgb, var(--open-fill) 60%, var(--panel)); } .mix.timeout { background: color-mix(in srgb, var(--open-fill) 45%, var(--half-fill)); }
.mix.other_error { background: var(--denied); } .mix-bar .mix { min-width: 2px; }
#detail summary { cursor: pointer; color: var(--accent); } #detail .card { background: none; }`;

const DIALOG = `
dialog { width: min(520px, calc(100vw - 32px)); padding: 20px; border: 1px solid var(--line); border-radius: 12px; background: var(--raised); color: var(--ink); }
dialog::backdrop { background: rgb(10 15 20 / .45); } dialog form { display: grid; gap: 14px; } dialog h2 { font-size: 17px; overflow-wrap: anywhere; }
.field { display: grid; gap: 4px; } .field span { color: var(--muted); } .words { padding: 10px 12px; border-radius: 6px; background: var(--soft); overflow-wrap: anywhere; }
.numbers { display: grid; grid-template-columns: 1fr 1fr; gap: 10px 14px; align-items: end; }
.log-in { max-width: 380px; margin: 12vh auto 0; padding: 28px; } .log-in form { display: grid; gap: 14px; margin-top: 18px; } .log-in h1 { font-size: 20px; }`;

const NARROW = `
@media (max-width: 1000px) { #now { grid-template-columns: 1fr auto; } .traffic { grid-column: 1 / -1; grid-row: 3; } }
@media (max-width: 860px) {
  .list .number, #rows td.failures, #rows td.probes, #rows td.errors, #rows td.requests { display: none; } .w-n, .w-m { width: 0; }
  .list thead .w-left { border-top-right-radius: var(--radius); }
}
@media (max-width: 640px) {
  .top { padding: 10px 12px; gap: 8px 14px; } .top .end { margin-left: 0; } main { padding: 12px 12px 60px; }
  #now { grid-template-columns: 1fr; } .headline { font-size: 16px; } .counts > div { padding: 10px 14px; flex: 1; } .counts dd { font-size: 22px; }
  .store { grid-row: 4; display: flex; gap: 12px; align-items: baseline; flex-wrap: wrap; } .traffic .figures { justify-content: space-between; gap: 8px; }
  .traffic .row { flex-direction: column; align-items: stretch; gap: 20px; }
  .w-state { width: 104px; } .w-left { width: 82px; } .list th, .list td { padding: 0 6px; }
  #rows td.state, #rows td.left { font-size: 12.5px; } #rows .host a { font-size: 13px; }
  .toolbar .search { flex: 1 1 100%; } .cards { grid-template-columns: 1fr; } .numbers { grid-template-columns: 1fr; }
  .choice label { padding: 5px 9px; } #detail { padding: 12px 14px 40px; } .copy { flex-direction: column; align-items: stretch; }
  .scroll .plain { min-width: 520px; } button { min-height: 36px; }
  .event-table .why-col, #events .why { display: none; } #events .host { min-width: 140px; overflow-wrap: anywhere; }
  #events td, .event-table thead th { padding: 6px 5px; font-size: 12.5px; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;

/** The whole style sheet. */
export const STYLE: string = [VARIABLES, BASE, FRAME, LIST, DETAIL, DIALOG, NARROW].join("\n");
