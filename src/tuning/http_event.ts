/**
 * One row of `http_events`, as replay takes it: what it means, and how a row or a JSON line is read. Where rows
 * come from is not known here.
 *
 * @module
 */
import { BREAKER_STATES, type BreakerState, isOneOf } from "../breaker/state.ts";

/** A request that was logged: its outcome, or that it was denied. */
export interface HttpEvent {
  /** When the outcome was told or the request denied, in epoch milliseconds. */
  ts: number;
  /** Host key. */
  host: string;
  /** Role of the request. */
  role?: string;
  /** Resolver of the request. */
  resolver?: string;
  /** HTTP status, where there was an answer. */
  status?: number;
  /** Name of what was thrown; or `failure`, `neutral` or `cancelled` where the caller told no more than that. */
  error?: string;
  /** The answer came from a cache, and the host was never asked. */
  fromCache?: boolean;
  /** Milliseconds from sending to the outcome. */
  latencyMs?: number;
  /** Seconds that the host asked to be left alone for, before the cap. */
  retryAfterS?: number;
  /** State of the breaker after the outcome; of a denial the state that denied, `closed` where pacing did. */
  breakerState?: BreakerState;
  /** Whether the breaker counted the outcome. Absent from a denial, and from logs that do not know. */
  recorded?: boolean;
}

/** What is wrong with a row, in words that follow its name: `'status' is 42: must be ...`. */
export interface DamagedRow {
  /** What was found, and what should stand there. */
  problem: string;
}

/** Later than this no `Date` can be. */
const MAX_TS = 8.64e15;
/** More than any duration, and a number all the same. */
const LONGEST = Number.MAX_VALUE;
const MAX_NAME_LENGTH = 300;
const NAME = `up to ${MAX_NAME_LENGTH} characters`;
const NAME_OR_NULL = `a text of ${NAME}, or null`;

/** True where the request was denied: it has neither an answer, an error nor anything that was counted. */
export function isDenial({ status, error, fromCache, recorded }: HttpEvent): boolean {
  return status === undefined && error === undefined && recorded === undefined && !fromCache;
}

/** Reads a row, or a JSON line that has the names of the columns as its keys. What else it has is left unread. */
export function readHttpEvent(row: unknown): HttpEvent | DamagedRow {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    return { problem: `it is ${shown(row)}: must be an object of columns` };
  }
  // Read once each: a row of SQLite is slow to look into, and a log has many.
  const {
    ts,
    host,
    role,
    resolver,
    status,
    error,
    from_cache: cached,
    latency_ms: latency,
    retry_after_s: retryAfter,
    breaker_state: state,
    breaker_recorded: recorded,
  } = row as Row; // safe: an object, and each value is checked before it is used
  if (!isNumber(ts, 0, MAX_TS)) return wrong("ts", ts, "epoch milliseconds");
  if (!isName(host) || host === "") return wrong("host", host, `a host of ${NAME}`);
  if (!isNone(role) && !isName(role)) return wrong("role", role, NAME_OR_NULL);
  if (!isNone(resolver) && !isName(resolver)) return wrong("resolver", resolver, NAME_OR_NULL);
  if (!isNone(status) && !isStatus(status)) {
    return wrong("status", status, "an HTTP status from 100 to 999, or null");
  }
  if (!isNone(error) && !isName(error)) return wrong("error", error, NAME_OR_NULL);
  if (!isFlag(cached)) return wrong("from_cache", cached, "0, 1 or null");
  if (!isNone(latency) && !isNumber(latency, 0, LONGEST)) {
    return wrong("latency_ms", latency, "0 or above, or null");
  }
  if (!isNone(retryAfter) && !isNumber(retryAfter, 0, LONGEST)) {
    return wrong("retry_after_s", retryAfter, "0 or above, or null");
  }
  if (!isNone(state) && !isOneOf(BREAKER_STATES, state)) {
    return wrong("breaker_state", state, "closed, open, half_open or null");
  }
  if (!isFlag(recorded)) return wrong("breaker_recorded", recorded, "0, 1 or null");
  return {
    ts,
    host,
    role: role || undefined,
    resolver: resolver || undefined,
    status: status ?? undefined,
    error: error || undefined,
    fromCache: Boolean(cached),
    latencyMs: latency ?? undefined,
    retryAfterS: retryAfter ?? undefined,
    breakerState: state ?? undefined,
    recorded: isNone(recorded) ? undefined : Boolean(recorded),
  };
}

/** What a row is where nothing is wrong with it. */
interface Row {
  ts: number;
  host: string;
  role?: string | null;
  resolver?: string | null;
  status?: number | null;
  error?: string | null;
  from_cache?: number | boolean | null;
  latency_ms?: number | null;
  retry_after_s?: number | null;
  breaker_state?: BreakerState | null;
  breaker_recorded?: number | boolean | null;
}

function isNone(value: unknown): boolean {
  return value === undefined || value === null;
}

function isNumber(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}

function isStatus(value: unknown): boolean {
  return isNumber(value, 100, 999) && Number.isInteger(value);
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_NAME_LENGTH;
}

function isFlag(value: unknown): boolean {
  return isNone(value) || value === 0 || value === 1 || typeof value === "boolean";
}

function wrong(column: string, value: unknown, rule: string): DamagedRow {
  return { problem: `'${column}' is ${shown(value)}: must be ${rule}` };
}

/** What an error repeats of a value. */
function shown(value: unknown): string {
  if (isNone(value)) return "missing";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : String(value).slice(0, 40);
}
