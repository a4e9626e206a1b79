/**
 * What the dashboard asks beside what every operator can: how things stand, what is in trouble, what happened.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import { hostKey } from "../../breaker/host_key.ts";
import type { BreakerState, Mode } from "../../breaker/state.ts";
import { readSummaries } from "../../telemetry/summaries.ts";
import type { TuningStep } from "../../tuning/tuning_record.ts";
import { type WireStep, wireStep } from "../advice_wire.ts";
import type { EdgeContext } from "../context.ts";
import type { EdgeTuner } from "../late_tuner.ts";
import { parseAdviceQuery, parseHistoryQuery, parseHostParameter } from "../operator_requests.ts";
import { stateAnswer } from "../wire.ts";
import { type TroubleBoard, VOLUME_MS, type WireTrouble } from "./board.ts";
import type { HistoryBook, WireEvent } from "./history_book.ts";
import { hostHistory, type WireHostHistory } from "./host_history.ts";

/** The answer to `GET /v1/status`. */
export interface WireStatus {
  /** Epoch milliseconds. */
  at: number;
  mode: Mode;
  /** Hosts and resolvers in trouble, by state; `closed`: those that count failures. */
  counts: Readonly<Record<BreakerState, number>>;
  /** False where there are more than were counted. */
  complete: boolean;
  store: {
    up: boolean;
    /** Times that it was left alone. */
    outages: number;
    /** How long, all together. */
    down_ms: number;
    /** Records that it does not hold yet. */
    unsaved: number;
  };
  /** Verdicts of this server since it was started. */
  verdicts: { allowed: number; denied: number; would_deny: number; degraded: number };
}

/** The answer to `GET /v1/trouble`. */
export interface WireTroubleList {
  /** Epoch milliseconds. */
  at: number;
  /** How far back requests are counted. */
  window_s: number;
  /** Worst first. */
  rows: readonly WireTrouble[];
  complete: boolean;
}

/** The answer to `GET /v1/history`. */
export interface WireHistory {
  /** The newest first. */
  events: WireEvent[];
}

/** The answer to `GET /v1/hosts/{host}/history`. */
export interface WireHostPast extends WireHostHistory {
  /** Steps of tuning that were made and hold, or were undone; the newest first. */
  steps: (WireStep & { undone_at?: number })[];
}

/** What the routes work with. */
export interface BoardParts {
  board: TroubleBoard;
  book: HistoryBook;
  tuner: Pick<EdgeTuner, "steps">;
}

const DAY_S = 86_400;
const EVENTS = 200;

/** Adds `GET /v1/status`, `/v1/trouble`, `/v1/history` and `/v1/hosts/{host}/history`. */
export function addBoardRoutes(app: Hono, context: EdgeContext, parts: BoardParts): void {
  const { guard } = context;
  const { board, book } = parts;
  const query = (c: Context) => new URL(c.req.url).searchParams;
  app.get(
    "/v1/status",
    guard("read", async () => {
      const { counts, complete } = await board.read();
      return stateAnswer(statusOf(context, { counts, complete }));
    }),
  );
  app.get("/v1/trouble", guard("read", async () => stateAnswer(await troubleList(board))));
  app.get(
    "/v1/history",
    guard("read", async (c) => {
      const { host, kind, limit = EVENTS } = parseHistoryQuery(query(c));
      const events = await book.read({ host, limit, acts: kind === "acts" });
      return stateAnswer({ events } satisfies WireHistory);
    }),
  );
  app.get(
    "/v1/hosts/:host/history",
    guard("read", async (c) => {
      const host = hostKey(parseHostParameter(c.req.param("host") ?? ""));
      const { window_s = DAY_S } = parseAdviceQuery(query(c));
      return stateAnswer(await pastOf(context, parts, host, window_s));
    }),
  );
}

/** How things stand. */
export function statusOf(
  { registry, now }: EdgeContext,
  { counts, complete }: Pick<WireStatus, "counts" | "complete">,
): WireStatus {
  const { verdicts, store, queues } = registry.stats();
  const sum = (counted: Readonly<Record<string, number>>) =>
    Object.values(counted).reduce((total, count) => total + count, 0);
  const wouldDeny = sum(verdicts.observed);
  return {
    at: now(),
    mode: registry.mode,
    counts,
    complete,
    store: {
      up: store.up,
      outages: store.outages,
      down_ms: store.downMs,
      unsaved: queues.unsaved,
    },
    verdicts: {
      allowed: verdicts.allowed + verdicts.probes + wouldDeny,
      denied: sum(verdicts.denied),
      would_deny: wouldDeny,
      degraded: verdicts.degraded,
    },
  };
}

/** Everything in trouble. */
export async function troubleList(board: TroubleBoard): Promise<WireTroubleList> {
  const { at, rows, complete } = await board.read();
  return { at, window_s: VOLUME_MS / 1_000, rows, complete };
}

async function pastOf(
  { registry, now }: EdgeContext,
  { book, tuner }: BoardParts,
  host: string,
  windowS: number,
): Promise<WireHostPast> {
  const until = now();
  const from = until - windowS * 1_000;
  const [snapshot, { minutes, complete }, steps] = await Promise.all([
    registry.inspect({ host }),
    readSummaries(registry, { sinceMs: from, host }),
    tuner.steps(host),
  ]);
  const past = hostHistory({
    host,
    from,
    until,
    minutes,
    complete,
    changes: book.changesOf(host),
    roles: Object.keys(snapshot.roles),
    stateNow: (role) => (role === "" ? snapshot : snapshot.roles[role])?.state ?? "closed",
  });
  return { ...past, steps: steps.map((step) => pastStep(host, step)).reverse() };
}

function pastStep(host: string, step: TuningStep): WireStep & { undone_at?: number } {
  return { ...wireStep(host, step), undone_at: step.undoneAt };
}
