/**
 * What a row of the list of hosts in trouble says, and the order of the rows. Runs on the page and on the server.
 *
 * @module
 */
import type { WireTrouble } from "../board.ts";
import type { WireView } from "../../wire.ts";
import { count, countdown, duration, percent, reasonOf } from "./format.ts";

/** A state as the list has it: a closed breaker that counts failures is `failing`. */
export type RowState = "open" | "half_open" | "failing" | "closed";

/** How bad a state is: the worst has the lowest number. */
export const SEVERITY: Readonly<Record<string, number>> = {
  open: 0,
  half_open: 1,
  failing: 2,
  closed: 3,
};

/** The worst breaker of a row. */
export interface Worst {
  state: RowState;
  view: WireView;
  /** Present where it is a role's own. */
  role?: string;
}

/** What the cells of a row say. */
export interface RowText {
  state: RowState;
  /** The key, and what kind it is where that is no host. */
  name: string;
  /** Why, since when, for which role. */
  why: string;
  left: string;
  failures: string;
  probes: string;
  errors: string;
  requests: string;
}

/** The state of a breaker at a time: an open one is half-open once its deadline has passed. */
export function stateAt(view: WireView, now: number): RowState {
  const { state, until, failures } = view;
  if (state === "open") {
    return until !== null && until !== undefined && until <= now ? "half_open" : "open";
  }
  return state === "closed" && failures > 0 ? "failing" : state;
}

/** The host's own breaker, or that of a role that is worse off. */
export function worstOf(row: WireTrouble, now: number): Worst {
  let worst: Worst = { state: stateAt(row, now), view: row };
  for (const role in row.roles) {
    const view = row.roles[role]!;
    const state = stateAt(view, now);
    if (SEVERITY[state]! < SEVERITY[worst.state]!) worst = { state, view, role };
  }
  return worst;
}

/** By severity, then by what is asked of the host, then by name. */
export function bySeverity(rows: readonly WireTrouble[], now: number): WireTrouble[] {
  const keyed = rows.map((row) => ({
    row,
    rank: SEVERITY[worstOf(row, now).state]!,
    volume: row.requests + row.denied,
  }));
  keyed.sort((a, b) => a.rank - b.rank || b.volume - a.volume || (a.row.key < b.row.key ? -1 : 1));
  return keyed.map(({ row }) => row);
}

/** How many rows there are of each state; `closed`: those that count failures. */
export function countStates(
  rows: Iterable<WireTrouble>,
  now: number,
): { open: number; half_open: number; closed: number } {
  const counts = { open: 0, half_open: 0, closed: 0 };
  for (const row of rows) {
    const { state } = worstOf(row, now);
    counts[state === "failing" ? "closed" : state]++;
  }
  return counts;
}

/** What a row says at a time. */
export function rowText(row: WireTrouble, now: number): RowText {
  const { state, view, role } = worstOf(row, now);
  const since = row.since === undefined ? "" : `for ${duration(now - row.since)}`;
  const reason = state === "failing" ? "failures in a row, still closed" : reasonOf(view);
  const of = role === undefined ? "" : `role ${role}`;
  return {
    state,
    name: row.scope === "host" ? row.key : `${row.key} (resolver)`,
    why: [of, reason, state === "failing" ? "" : since].filter((part) => part !== "").join(" · "),
    left: timeLeft(view, state, now),
    failures: count(view.failures),
    probes: state === "half_open" || view.probes > 0 ? count(view.probes) : "–",
    errors: row.requests === 0 ? "–" : percent(row.failed / row.requests),
    requests: row.requests + row.denied === 0 ? "–" : count(row.requests + row.denied),
  };
}

/** Until when it stays so, counting down. */
export function timeLeft(view: WireView, state: RowState, now: number): string {
  if (state === "half_open") return "probing";
  if (state !== "open") return "–";
  if (view.until === null || view.until === undefined) return "until closed";
  return countdown(view.until - now);
}

/** What a search looks through. */
export function searchText(row: WireTrouble): string {
  return `${row.key} ${reasonOf(row)} ${Object.keys(row.roles).join(" ")}`.toLowerCase();
}
