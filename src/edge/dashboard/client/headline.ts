/**
 * The answer to the first question: is anything wrong, where, since when and why. Runs on the page and on the server.
 *
 * @module
 */
import type { WireTrouble } from "../board.ts";
import type { WireStatus } from "../board_routes.ts";
import { count, duration, reasonOf, several } from "./format.ts";
import { worstOf } from "./rows.ts";

/** One sentence or two. */
export interface Headline {
  /** How bad it is; also the shape beside it. */
  tone: "open" | "half_open" | "failing" | "closed";
  text: string;
  /** The host that the rest is about. */
  about?: { key: string; scope: string; text: string };
}

/** What is known when the sentence is made. */
export interface Situation {
  status: Pick<WireStatus, "counts" | "mode" | "store">;
  /** The first row. */
  worst: WireTrouble | undefined;
  now: number;
}

/** The sentence. */
export function headline({ status, worst, now }: Situation): Headline {
  const { counts, mode, store } = status;
  const about = worst && aboutOf(worst, now);
  const known = worst === undefined ? "closed" : worstOf(worst, now).state;
  const observing = mode === "enforce" ? "" : ` Mode is ${mode}: nothing is denied.`;
  if (!store.up) {
    return {
      tone: "open",
      text: `The store does not answer: verdicts come from this server's memory.${observing}`,
      about,
    };
  }
  if (counts.open > 0 || known === "open") {
    const open = Math.max(counts.open, 1);
    const text = `${several(open, "host is", "hosts are")} not asked now.${observing}`;
    return { tone: "open", text, about };
  }
  if (counts.half_open > 0 || known === "half_open") {
    const probed = Math.max(counts.half_open, 1);
    return {
      tone: "half_open",
      text: `${several(probed, "host is", "hosts are")} being probed.${observing}`,
      about,
    };
  }
  if (counts.closed > 0) {
    const text = `No host is open. ${
      several(counts.closed, "host counts", "hosts count")
    } failures.${observing}`;
    return { tone: "failing", text, about };
  }
  return { tone: "closed", text: `All is well: no host is in trouble.${observing}` };
}

/** The host that is worst off, with why and since when. */
export function aboutOf(row: WireTrouble, now: number): NonNullable<Headline["about"]> {
  const { view, state } = worstOf(row, now);
  const since = row.since === undefined ? "" : `for ${duration(now - row.since)}`;
  const why = state === "failing" ? `${count(view.failures)} in a row` : reasonOf(view);
  const text = [since, why].filter((part) => part !== "").join(", ");
  return { key: row.key, scope: row.scope, text };
}
