/**
 * The log of one host put in order for replay: requests begin before they end, and a request that the log denied
 * is given the outcomes around it, to be estimated from. What a policy makes of them is not known here.
 *
 * @module
 */
import { classify } from "../breaker/classify.ts";
import type { ClassifyPolicy } from "../breaker/policy_types.ts";
import type { OutcomeKind } from "../breaker/state.ts";
import { type HttpEvent, isDenial } from "./http_event.ts";

/** A request, as the log tells of it. */
export interface LoggedRequest {
  /** Its place in the log of its host. */
  index: number;
  /** The same, as the machine tells requests apart. */
  id: string;
  /** `""` where there is none. */
  role: string;
  event: HttpEvent;
  /** When it was sent, or denied. */
  startMs: number;
  /** When its outcome was told, or it was denied. */
  endMs: number;
  /** Present where the log denied it. */
  around?: Around;
}

/** What the log holds around a request that it denied: the nearest outcomes on either side. */
interface Around {
  /** The host had asked to be left alone for longer than that. */
  asked: boolean;
  /** Of the same role. */
  same: Neighbours;
  /** Of any role. */
  any: Neighbours;
}

interface Neighbours {
  before?: LoggedRequest;
  after?: LoggedRequest;
}

/** Who is told what begins and what ends, in the order of time. */
export interface LaneReader {
  begin(request: LoggedRequest): void;
  end(request: LoggedRequest): void;
}

/** A request that took longer counts as if it had been sent this long before its outcome, in milliseconds. */
const LONGEST_FLIGHT_MS = 60_000;
const BARE_RESULTS: Record<string, OutcomeKind> = {
  failure: "failure",
  neutral: "neutral",
  cancelled: "cancelled",
};
/** Statuses whose Retry-After is heeded. */
const ASKING_STATUSES: readonly (number | undefined)[] = [429, 503, undefined];

/** What an outcome counts as under these rules. */
export function kindOf(
  { status, error, fromCache }: HttpEvent,
  rules: ClassifyPolicy,
): OutcomeKind {
  if (fromCache) return "cancelled";
  if (status !== undefined) return classify({ status }, rules);
  if (error === undefined) return "success";
  return Object.hasOwn(BARE_RESULTS, error)
    ? BARE_RESULTS[error]!
    : classify({ error: { name: error } }, rules);
}

/** How long the host asked to be left alone, in milliseconds; undefined where it did not. */
export function askedMs({ status, retryAfterS }: HttpEvent): number | undefined {
  return retryAfterS !== undefined && retryAfterS > 0 && ASKING_STATUSES.includes(status)
    ? retryAfterS * 1_000
    : undefined;
}

/**
 * How a request that the log denied would have gone; undefined where nothing around it tells. It would have
 * failed where the host had asked to be left alone; else it would have gone as the nearest outcome of its role
 * did, or as that of any role where its own has none near; where two are as near, as the one that failed.
 */
export function estimateOf(
  { startMs, around }: LoggedRequest,
  rules: ClassifyPolicy,
): "success" | "failure" | undefined {
  if (around === undefined) return undefined;
  if (around.asked) return "failure";
  const { before, after } = hasAny(around.same) ? around.same : around.any;
  const past = before && { failed: hasFailed(before, rules), ms: startMs - before.endMs };
  const next = after && { failed: hasFailed(after, rules), ms: after.endMs - startMs };
  if (past === undefined && next === undefined) return undefined;
  const pastMs = past?.ms ?? Infinity;
  const nextMs = next?.ms ?? Infinity;
  const failed = pastMs === nextMs
    ? past?.failed || next?.failed
    : pastMs < nextMs
    ? past?.failed
    : next?.failed;
  return failed ? "failure" : "success";
}

function hasAny({ before, after }: Neighbours): boolean {
  return before !== undefined || after !== undefined;
}

function hasFailed({ event }: LoggedRequest, rules: ClassifyPolicy): boolean {
  return kindOf(event, rules) === "failure";
}

/** A queue that lets go of what was taken. */
class Queue<T> {
  #items: T[] = [];
  #first = 0;

  get head(): T | undefined {
    return this.#items[this.#first];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Keeps the order; items come nearly in order. */
  insert(item: T, isAfter: (other: T) => boolean): void {
    let at = this.#items.length;
    while (at > this.#first && isAfter(this.#items[at - 1]!)) at--;
    if (at === this.#items.length) this.#items.push(item);
    else this.#items.splice(at, 0, item);
  }

  shift(): void {
    this.#first++;
    if (this.#first < 32 || this.#first * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}

/** The log of one host, put in order as it is read. Holds what began in the last minute, and what waits for evidence. */
export class LogLane {
  readonly #reader: LaneReader;
  readonly #windowMs: number;
  /** By when they began. */
  readonly #starts = new Queue<LoggedRequest>();
  /** By when they ended, which is the order of the log. */
  readonly #ends = new Queue<LoggedRequest>();
  /** The last outcome of each role. */
  readonly #last = new Map<string, LoggedRequest>();
  #lastAny: LoggedRequest | undefined;
  /** Denied requests that no outcome of their role, and of any role, has followed yet. */
  readonly #waiting = new Map<string, Queue<LoggedRequest>>();
  readonly #waitingAny = new Queue<LoggedRequest>();
  /** Until when the host asked to be left alone. */
  #askedUntil = 0;
  #count = 0;
  #latestTs = -Infinity;
  #nowMs = -Infinity;
  #clockJumps = 0;

  /** @param windowMs how near an outcome must be to tell of a denied request */
  constructor(reader: LaneReader, windowMs: number) {
    this.#reader = reader;
    this.#windowMs = windowMs;
  }

  /** Times that the clock went back. */
  get clockJumps(): number {
    return this.#clockJumps;
  }

  /** Takes the next event of the host. */
  take(event: HttpEvent): void {
    if (event.ts < this.#latestTs) this.#clockJumps++;
    this.#latestTs = event.ts;
    const endMs = this.#nowMs = Math.max(this.#nowMs, event.ts);
    const { role = "", latencyMs = 0 } = event;
    const denied = isDenial(event);
    const flightMs = latencyMs > 0 && !denied ? Math.min(latencyMs, LONGEST_FLIGHT_MS) : 0;
    const index = this.#count++;
    const request: LoggedRequest = {
      index,
      id: index.toString(36),
      role,
      event,
      startMs: endMs - flightMs,
      endMs,
    };
    if (denied) this.#await(request);
    else {
      this.#ends.push(request);
      if (isEvidence(event)) this.#tell(request);
    }
    this.#starts.insert(request, (other) => other.startMs > request.startMs);
    this.#advance(endMs - LONGEST_FLIGHT_MS, false);
  }

  /** There is no more. */
  finish(): void {
    this.#advance(Infinity, true);
  }

  /** A denied request: what came before it is known, what comes after is waited for. */
  #await(request: LoggedRequest): void {
    const { startMs, role } = request;
    request.around = {
      asked: this.#askedUntil > startMs,
      same: { before: this.#near(this.#last.get(role), startMs) },
      any: { before: this.#near(this.#lastAny, startMs) },
    };
    let waiting = this.#waiting.get(role);
    if (waiting === undefined) this.#waiting.set(role, waiting = new Queue());
    for (const queue of [waiting, this.#waitingAny]) {
      while (queue.head !== undefined && startMs - queue.head.startMs > this.#windowMs) {
        queue.shift();
      }
      queue.push(request);
    }
  }

  #near(outcome: LoggedRequest | undefined, startMs: number): LoggedRequest | undefined {
    return outcome && startMs - outcome.endMs <= this.#windowMs ? outcome : undefined;
  }

  /** An outcome: it tells of those that were denied before it. */
  #tell(outcome: LoggedRequest): void {
    const { role, endMs, event } = outcome;
    const asked = askedMs(event);
    if (asked !== undefined) this.#askedUntil = Math.max(this.#askedUntil, endMs + asked);
    else if (!isTrouble(event)) this.#askedUntil = 0;
    this.#last.set(role, outcome);
    this.#lastAny = outcome;
    this.#follow(this.#waiting.get(role), outcome, "same");
    this.#follow(this.#waitingAny, outcome, "any");
  }

  /** The outcome is the first to follow all those that wait. */
  #follow(
    waiting: Queue<LoggedRequest> | undefined,
    outcome: LoggedRequest,
    of: "same" | "any",
  ): void {
    for (let request = waiting?.head; request !== undefined; request = waiting!.head) {
      waiting!.shift();
      if (outcome.endMs - request.startMs > this.#windowMs) continue;
      request.around![of].after = outcome; // whatever waits was denied
    }
  }

  /** Tells the reader of all that can no longer be preceded by something else. */
  #advance(untilMs: number, all: boolean): void {
    for (;;) {
      const start = this.#starts.head;
      const end = this.#ends.head;
      const begins = start !== undefined &&
        (end === undefined || start.startMs < end.endMs ||
          (start.startMs === end.endMs && start.index <= end.index));
      if (begins) {
        if (start.startMs > untilMs || (!all && this.#isWaiting(start))) return;
        this.#starts.shift();
        this.#reader.begin(start);
      } else {
        if (end === undefined || end.endMs > untilMs) return;
        this.#ends.shift();
        this.#reader.end(end);
      }
    }
  }

  #isWaiting({ around, startMs }: LoggedRequest): boolean {
    return around !== undefined && !around.asked && around.same.after === undefined &&
      this.#nowMs - startMs <= this.#windowMs;
  }
}

/** Whether an outcome tells how the host was. */
function isEvidence({ error, fromCache }: HttpEvent): boolean {
  return !fromCache && error !== "AbortError" && error !== "cancelled";
}

/** Whether an outcome leaves it open that the host still wants to be left alone. */
function isTrouble({ status, error }: HttpEvent): boolean {
  return error !== undefined || (status !== undefined && (status === 429 || status >= 500));
}
