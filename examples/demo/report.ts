/**
 * What the demonstration prints: lines of the timeline and the table at the end. Only text from figures.
 *
 * @module
 */
import type { Tallies, Tally } from "./crawler.ts";
import type { Received } from "./origin.ts";
import { HOSTS, TIMEOUT_MS } from "./script.ts";
import type { Change } from "./timeline.ts";

/** Wraps a text in a colour, or leaves it as it is. */
export type Paint = (colour: keyof typeof COLOURS, text: string) => string;

const COLOURS = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

/** Colours on a terminal whose user has not said no (NO_COLOR). */
export function painter(isColoured: boolean): Paint {
  return (colour, text) => isColoured ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text;
}

/** One run: what its crawlers met, and what its origin received. */
export interface Run {
  tallies: readonly Tallies[];
  received: (host: string) => Received;
}

const STATE_COLOURS = { open: "red", half_open: "yellow", closed: "green" } as const;

/** `  2.1 s  journal.example   closed    -> open       3 failures in a row: ...` */
export function changeLine(change: Change, startedAt: number, paint: Paint): string {
  const { host, at, from, to, why } = change;
  const state = paint(STATE_COLOURS[to], to.padEnd(9));
  return `${clock(at - startedAt)}  ${host.padEnd(15)}  ${from.padEnd(9)} -> ${state}  ${why}`;
}

/** `  2.0 s  journal.example   answers 503` */
export function originLine(host: string, words: string, atMs: number, paint: Paint): string {
  return paint("dim", `${clock(atMs)}  ${host.padEnd(15)}  the host ${words}`);
}

function clock(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1).padStart(5)} s`;
}

/** One line of the table. */
interface Row {
  host: string;
  sent: number;
  denied: number;
  failures: number;
  probes: number;
  plainSent: number;
  plainFailures: number;
}

/** The table, and what it comes to. */
export function report(withBreakers: Run, without: Run, paint: Paint): string {
  const rows = HOSTS.map((host) => rowOf(host, withBreakers, without));
  const all = rows.reduce((sum, row) => ({
    host: "all",
    sent: sum.sent + row.sent,
    denied: sum.denied + row.denied,
    failures: sum.failures + row.failures,
    probes: sum.probes + row.probes,
    plainSent: sum.plainSent + row.plainSent,
    plainFailures: sum.plainFailures + row.plainFailures,
  }));
  const lost = (run: Run) => `${(sum(run, "lostMs") / 1_000).toFixed(1)} s`;
  return [
    paint("bold", "                 |         with breakers          | without breakers"),
    paint("bold", "host             |   sent  denied failures probes |   sent failures"),
    "-----------------+--------------------------------+-----------------",
    ...rows.map(rowLine),
    paint("bold", rowLine(all)),
    "",
    "The hosts counted sent and failures, the crawlers denied and probes. A failure is a 429 or 503,",
    `no answer within ${TIMEOUT_MS / 1_000} s, or an answer of mirror.example while it was slow.`,
    "",
    compared("Failures met", all.failures, all.plainFailures),
    compared("Pages fetched", sum(withBreakers, "pages"), sum(without, "pages")),
    compared("Time spent on requests in vain", lost(withBreakers), lost(without)),
  ].join("\n");
}

function rowOf(host: string, withBreakers: Run, without: Run): Row {
  const { requests: sent, failures } = withBreakers.received(host);
  const plain = without.received(host);
  return {
    host,
    sent,
    denied: sum(withBreakers, "denied", host),
    failures,
    probes: sum(withBreakers, "probes", host),
    plainSent: plain.requests,
    plainFailures: plain.failures,
  };
}

/** A figure of all crawlers together, for one host or for all. */
function sum({ tallies }: Run, figure: keyof Tally, host?: string): number {
  return tallies
    .flatMap((byHost) => host === undefined ? Object.values(byHost) : byHost[host] ?? [])
    .reduce((total, tally) => total + tally[figure], 0);
}

function rowLine(row: Row): string {
  const { host, sent, denied, failures, probes, plainSent, plainFailures } = row;
  const cell = (figure: number, width: number) => String(figure).padStart(width);
  const gated = cell(sent, 7) + cell(denied, 8) + cell(failures, 9) + cell(probes, 7);
  const plain = cell(plainSent, 7) + cell(plainFailures, 9);
  return `${host.padEnd(17)}|${gated} |${plain}`;
}

function compared(what: string, gated: number | string, plain: number | string): string {
  return `${`${what}:`.padEnd(33)}${gated} with breakers, ${plain} without`;
}
