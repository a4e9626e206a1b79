/**
 * What a workload model is: a host's truth over time, drawn from a seed beforehand, and its answer to one
 * request. Pure: what a gate sends changes nothing here. The limit of a host is kept by `host.ts`.
 *
 * @module
 */
import { Random } from "../support/random.ts";

/** What requests are for. */
export type CrawlRole = "metadata" | "landing" | "artifact";

/** One request of the crawl, the same whatever gate is asked. */
export interface CrawlRequest {
  /** Draws of the host for this request come from it. */
  id: number;
  role: CrawlRole;
}

/** How the host fares at a moment, for one role. */
export interface Condition {
  /** Every answer is a failure, and nobody gains by asking. */
  isDown: boolean;
  /** Share of the answers that fail all the same, where it is not down. */
  failureShare: number;
  /** Status of a failure; absent: the connection is refused, or the answer never comes. */
  failureStatus?: number;
  /** The least and the most that an answer takes, in milliseconds; beyond the crawler's deadline: a time-out. */
  latencyMs: readonly [least: number, most: number];
}

/** A limit: so many requests in each window, windows end to end. */
export interface Limit {
  requests: number;
  windowMs: number;
  /** A refusal carries Retry-After: the whole seconds until the window ends, rounded up. */
  tellsWhen: boolean;
}

/** How a request went. */
export interface Answer {
  /** Absent: no answer came. */
  status?: number;
  /** The value of the header. */
  retryAfter?: string;
  /** No answer came within the crawler's deadline. */
  isTimeout: boolean;
  latencyMs: number;
}

/** A seeded host. Times are milliseconds since the crawl began. */
export interface Workload {
  name: string;
  seed: number;
  limit?: Limit;
  conditionAt(atMs: number, role: CrawlRole): Condition;
}

/** A crawler waits no longer for an answer. */
export const DEADLINE_MS = 10_000;

/** A host that is well: one answer in two hundred fails by itself. */
export const WELL: Condition = {
  isDown: false,
  failureShare: 0.005,
  failureStatus: 502,
  latencyMs: [80, 250],
};

/** The answer to a request that is not over the limit. */
export function answerAt(workload: Workload, atMs: number, request: CrawlRequest): Answer {
  const condition = workload.conditionAt(atMs, request.role);
  const random = drawsOf(workload.seed, request.id);
  const [least, most] = condition.latencyMs;
  const latencyMs = random.whole(least, most);
  if (latencyMs >= DEADLINE_MS) return { isTimeout: true, latencyMs: DEADLINE_MS };
  if (!condition.isDown && !random.chance(condition.failureShare)) {
    return { status: 200, isTimeout: false, latencyMs };
  }
  const { failureStatus: status } = condition;
  return { ...(status !== undefined && { status }), isTimeout: false, latencyMs };
}

/** The answer to a request that is over the limit. */
export function refusal(
  { seed }: Workload,
  { windowMs, tellsWhen }: Limit,
  atMs: number,
  request: CrawlRequest,
): Answer {
  const latencyMs = drawsOf(seed, request.id).whole(20, 60);
  const refused: Answer = { status: 429, isTimeout: false, latencyMs };
  const leftMs = windowMs - atMs % windowMs;
  return tellsWhen ? { ...refused, retryAfter: String(Math.ceil(leftMs / 1_000)) } : refused;
}

/** Every request has draws of its own, so that one gate's requests do not change another's. */
export function drawsOf(seed: number, id: number): Random {
  return new Random(Math.imul(seed, 0x85ebca6b) ^ Math.imul(id + 1, 0x9e3779b1));
}
