/**
 * A record as the text that a store holds, and back. What cannot be read counts as absent.
 *
 * @module
 */
import {
  type BreakerRecord,
  type ClosedTrack,
  HEALTHY,
  type Lease,
  MAX_COUNTED,
  MAX_LEASES,
  type OpenTrack,
  type RollingEntry,
  type Track,
} from "./record.ts";
import { isOneOf, OPEN_REASONS } from "./state.ts";

/** Version of the stored form; a record of another version counts as absent. */
const VERSION = 1;

const MAX_ROLLING = 1_000;
const MAX_TRACKS = 256;

type Json = Record<string, unknown>;

/** Numbers that both states have; left out where they are 0, so that a record stays small. */
const NUMBERS = ["generation", "since", "at", "failures", "opens", "creditMs"] as const;

/** Fields in one order, so that equal records are equal texts. */
function trackToJson(track: Track): Json {
  const json: Json = { state: track.state };
  for (const field of NUMBERS) {
    if (track[field] !== 0) json[field] = track[field];
  }
  if (track.byHand) json.byHand = true;
  if (track.state === "closed") {
    if (track.counted.length > 0) json.counted = track.counted;
    return json;
  }
  // JSON has no Infinity: an open without end has no deadline.
  json.until = track.until === Infinity ? null : track.until;
  json.reason = track.reason;
  if (track.note !== undefined) json.note = track.note;
  if (track.probing) json.probing = true;
  if (track.successes !== 0) json.successes = track.successes;
  if (track.leases.length > 0) {
    json.leases = track.leases.map(({ id, role, until }) => [id, role, until]);
  }
  return json;
}

/** The plain JSON value of a record. */
export function recordToJson(record: BreakerRecord): Json {
  const tracks: Json = {};
  for (const [name, track] of record.tracks) {
    // Not an assignment: a role may be called `__proto__` by whoever forged it.
    Object.defineProperty(tracks, name, { value: trackToJson(track), enumerable: true });
  }
  return {
    v: VERSION,
    ...(record.rest && { rest: trackToJson(record.rest) }),
    ...(record.tracks.size > 0 && { tracks }),
    ...(record.rolling.length > 0 && { rolling: record.rolling }),
  };
}

/** The text that a store holds. */
export function encodeRecord(record: BreakerRecord): string {
  return JSON.stringify(recordToJson(record));
}

/** Reads what a store holds; undefined where it is no record of this version. Never throws. */
export function decodeRecord(text: string): BreakerRecord | undefined {
  try {
    return recordFromJson(JSON.parse(text));
  } catch {
    return undefined; // JSON.parse, or `bad` below
  }
}

/**
 * Reads the plain JSON value of a record.
 *
 * @throws {TypeError} where it is none of this version
 */
export function recordFromJson(value: unknown): BreakerRecord {
  const json = object(value);
  if (json.v !== VERSION) bad("v", json.v);
  const tracks = new Map<string, Track>();
  const entries = Object.entries(object(json.tracks ?? {}));
  if (entries.length > MAX_TRACKS) bad("tracks", entries.length);
  for (const [name, track] of entries) tracks.set(name, trackFromJson(track));
  const rolling = list(json.rolling ?? [], MAX_ROLLING).map(rollingFromJson);
  return { ...(json.rest !== undefined && { rest: trackFromJson(json.rest) }), tracks, rolling };
}

function bad(field: string, value: unknown): never {
  throw new TypeError(`Not a breaker record: '${field}' is ${String(value).slice(0, 40)}`);
}

function object(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) bad("record", value);
  return value as Json; // safe: neither null nor a list
}

function list(value: unknown, most: number): unknown[] {
  if (!Array.isArray(value) || value.length > most) bad("list", value);
  return value;
}

function text(value: unknown, most: number): string {
  if (typeof value !== "string" || value.length > most) bad("text", value);
  return value;
}

/** A count or a time: no NaN, no Infinity, nothing negative. */
function numberField(json: Json, field: string): number {
  const value = json[field] ?? 0;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) bad(field, value);
  return value;
}

/** A generation is written into permits: a whole number, or none could be read back. */
function generationField(json: Json): number {
  const generation = numberField(json, "generation");
  return Number.isSafeInteger(generation) ? generation : bad("generation", generation);
}

function trackFromJson(value: unknown): Track {
  const json = object(value);
  const common = {
    generation: generationField(json),
    since: numberField(json, "since"),
    at: numberField(json, "at"),
    failures: numberField(json, "failures"),
    opens: numberField(json, "opens"),
    creditMs: numberField(json, "creditMs"),
  };
  if (json.state === "closed") return closedFromJson(json, common);
  if (json.state === "open") return openFromJson(json, common);
  return bad("state", json.state);
}

type Common = Omit<ClosedTrack, "state" | "counted">;

function byHandOf(json: Json): { byHand?: true } {
  return json.byHand === true ? { byHand: true } : {};
}

function closedFromJson(json: Json, common: Common): ClosedTrack {
  const counted = list(json.counted ?? [], MAX_COUNTED).map((id) => text(id, 64));
  return { ...HEALTHY, ...common, counted, ...byHandOf(json) };
}

function openFromJson(json: Json, common: Common): OpenTrack {
  const { reason } = json;
  if (!isOneOf(OPEN_REASONS, reason)) bad("reason", reason);
  if (json.until === undefined) bad("until", json.until);
  return {
    state: "open",
    ...common,
    until: json.until === null ? Infinity : numberField(json, "until"),
    reason,
    ...byHandOf(json),
    ...(json.note !== undefined && { note: text(json.note, 1_000) }),
    probing: json.probing === true,
    successes: numberField(json, "successes"),
    leases: list(json.leases ?? [], MAX_LEASES).map(leaseFromJson),
  };
}

function leaseFromJson(value: unknown): Lease {
  const [id, role, until] = list(value, 3);
  return { id: text(id, 64), role: text(role, 64), until: numberField({ until }, "until") };
}

function rollingFromJson(value: unknown): RollingEntry {
  const [at, id] = list(value, 2);
  return [numberField({ at }, "at"), text(id, 64)];
}
