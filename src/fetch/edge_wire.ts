/**
 * The edge API's JSON as its client writes and reads it. Answers are checked, since anything may listen at an
 * address; hand-written, since this side imports nothing from outside.
 *
 * @module
 */
import { hostKeyOf } from "../breaker/host_key.ts";
import { retryAfterFromHeaders, textOf } from "../breaker/retry_after.ts";
import type {
  AllowRequest,
  Denial,
  Outcome,
  Permit,
  RecordResult,
  Verdict,
} from "../breaker/gate.ts";
import { BREAKER_STATES, DENIAL_REASONS, isOneOf, SCOPES } from "../breaker/state.ts";

/** What is sent of a request: its host, never its path. */
export interface Asked {
  host?: string;
  /** Only for the rare origin that no bare host names, and then without a path. */
  url?: string;
  role?: string;
  resolver?: string;
}

/**
 * What the edge is asked.
 *
 * @throws {TypeError} where the request names neither or both of host and url, or no host
 */
export function askedOf(request: AllowRequest): Asked {
  const { role, resolver } = request;
  return { ...addressOf(hostKeyOf(request)), role, resolver };
}

/** `example.org:443` is the key of `http://example.org:443`; as a bare host it would lose its port. */
function addressOf(key: string): Asked {
  if (key.endsWith(":443")) return { url: `http://${key}/` };
  if (key.endsWith(":80")) return { url: `https://${key}/` };
  return { host: key };
}

const EDGE = "edge:";

/** A permit of the edge that says what it is for: so that its outcome counts somewhere while the edge is away. */
export function edgePermit(asked: Asked, permit: Permit): Permit {
  return EDGE + JSON.stringify([asked, permit]);
}

/** The edge's own permit in it. Anything else is passed on as it is: the edge says `recorded: false` of it. */
export function readEdgePermit(permit: Permit): { asked?: Asked; permit: Permit } {
  if (!permit.startsWith(EDGE)) return { permit };
  const parts = parseJson(permit.slice(EDGE.length));
  if (!Array.isArray(parts) || typeof parts[1] !== "string") return { permit };
  try {
    // Safe: askedOf checks that it names a host, and the registry checks the rest.
    return { asked: askedOf(parts[0] as AllowRequest), permit: parts[1] };
  } catch {
    return { permit: parts[1] };
  }
}

/** The value; undefined where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An outcome as the edge reads it, without the permit. */
export function outcomeBody(outcome: Outcome, nowMs: number): Record<string, unknown> {
  const latency_ms = latency(outcome.latencyMs);
  if ("result" in outcome) {
    const { result, retryAfterMs } = outcome;
    return { result, retry_after_ms: finite(retryAfterMs), latency_ms };
  }
  if ("status" in outcome) {
    const { status, fromCache } = outcome;
    return { status, retry_after: retryAfter(outcome, nowMs), latency_ms, from_cache: fromCache };
  }
  return { error: errorName(outcome.error), latency_ms };
}

/** A clock that was set back is no reason for the edge to refuse the outcome. */
function latency(ms: number | undefined): number | undefined {
  return ms !== undefined && ms >= 0 ? finite(ms) : undefined;
}

/** JSON has no Infinity; a wait that cannot be told is none. */
function finite(ms: number | undefined): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}

/** The header as it came, for the edge to read by its own clock; of the rate-limit headers the seconds. */
function retryAfter(
  { retryAfter: stated, headers }: Extract<Outcome, { status: number }>,
  nowMs: number,
): string | number | undefined {
  const header = stated ?? (headers && textOf(headers, "retry-after"));
  if (header !== null && header !== undefined) return header;
  const ms = headers === undefined ? undefined : retryAfterFromHeaders(headers, nowMs);
  return ms === undefined ? undefined : Math.ceil(ms / 1_000);
}

const LONGEST_NAME = 200;

/** Only the name goes out: messages hold URLs and worse. */
function errorName(error: unknown): string {
  const named = typeof error === "object" && error !== null && "name" in error;
  const name = named && typeof error.name === "string" ? error.name : "";
  return name === "" ? "Error" : name.slice(0, LONGEST_NAME);
}

/** The verdict in an answer; undefined where it holds none. */
export function readVerdict(answer: unknown): Verdict | undefined {
  if (!isObject(answer)) return undefined;
  const degraded = answer["degraded"] === true ? { degraded: true } : {};
  if (answer["allowed"] === false) {
    const denial = readDenial(answer);
    return denial && { allowed: false, ...denial, ...degraded };
  }
  const { allowed, permit, state, wait_ms: waitMs, would_deny: shadow } = answer;
  if (allowed !== true || typeof permit !== "string" || typeof waitMs !== "number") {
    return undefined;
  }
  if (state !== "closed" && state !== "half_open") return undefined;
  const wouldDeny = readDenial(shadow);
  return { allowed, permit, state, waitMs, ...degraded, ...(wouldDeny && { wouldDeny }) };
}

function readDenial(value: unknown): Denial | undefined {
  if (!isObject(value)) return undefined;
  const { reason, scope, key, state, retry_after_ms: retryAfterMs } = value;
  if (
    !isOneOf(DENIAL_REASONS, reason) || !isOneOf(SCOPES, scope) || !isOneOf(BREAKER_STATES, state)
  ) {
    return undefined;
  }
  if (typeof key !== "string" || typeof retryAfterMs !== "number") return undefined;
  return { reason, scope, key, state, retryAfterMs };
}

/** The result in an answer; undefined where it holds none. */
export function readRecordResult(answer: unknown): RecordResult | undefined {
  if (!isObject(answer)) return undefined;
  const { recorded, state, retry_after_ms: retryAfterMs } = answer;
  if (typeof recorded !== "boolean" || typeof retryAfterMs !== "number") return undefined;
  // Safe: it stands in the list.
  return isOneOf(BREAKER_STATES, state) ? { recorded, state, retryAfterMs } : undefined;
}

/** What a refusal says, in one line: title and detail of its problem document, where it has them. */
export function problemOf(status: number, answer: unknown, base: string): string {
  const { title, detail } = isObject(answer) ? answer : {};
  const said = [title, detail].filter((text) => typeof text === "string").join(": ");
  const advice = said === "" ? "is there an edge API at this address?" : said;
  return `The edge at ${base} answered ${status}: ${advice}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
