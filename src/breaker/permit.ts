/**
 * The permit: one line of text that an allowed request carries, and that tells a late outcome from a timely one.
 * It is not signed: whoever may report outcomes could report them with honest permits too. It is validated.
 *
 * @module
 */
import { isHostKey } from "./host_key.ts";
import { isResolver, isRole } from "./names.ts";
import type { Permit } from "./types.ts";

/** `closed`: a request as any other; `probe`: one that holds a lease; `shadow`: one that would have been denied. */
export type MarkKind = "closed" | "probe" | "shadow";

/** What a permit says of one breaker: how the request was admitted, and in which generation. */
export interface Mark {
  kind: MarkKind;
  generation: number;
}

/** A permit, read. */
export interface PermitParts {
  /** Unique among the permits of all processes. */
  id: string;
  /** When it was issued, in epoch milliseconds by the issuer's clock. */
  issuedAt: number;
  /** Host key. */
  host: string;
  /** `""` where there is none. */
  role: string;
  /** `""` where there is none. */
  resolver: string;
  hostMark: Mark;
  /** Absent where there is no resolver. */
  resolverMark?: Mark;
}

/** Longest permit that is looked at, in characters. */
export const MAX_PERMIT_LENGTH = 600;

const VERSION = "1";
const LETTERS: Record<MarkKind, string> = { closed: "c", probe: "p", shadow: "s" };
const KINDS: Record<string, MarkKind> = { c: "closed", p: "probe", s: "shadow" };
/** Id, time, the two marks, role, resolver, host: one pass, since every outcome comes through here. */
const PATTERN =
  /^1~([a-z0-9]{1,32})~([0-9a-z]{1,10})~([cps][0-9a-z]{1,10})~([cps][0-9a-z]{1,10})?~([a-z0-9_-]*)~([A-Za-z0-9._-]*)~(.+)$/s;

/** The last time that was written out: many permits are of one millisecond, and it takes as long as all the rest. */
let lastIssued = { at: 0, text: "0" };

function writeTime(at: number): string {
  if (lastIssued.at !== at) lastIssued = { at, text: at.toString(36) };
  return lastIssued.text;
}

function writeMark(mark: Mark): string {
  return LETTERS[mark.kind] + mark.generation.toString(36);
}

function readMark(text: string): Mark | undefined {
  const kind = KINDS[text.charAt(0)];
  const generation = parseInt(text.slice(1), 36);
  return kind !== undefined && Number.isSafeInteger(generation) ? { kind, generation } : undefined;
}

/** Writes a permit. The host stands last, so that no character of it can end another field. */
export function writePermit(parts: PermitParts): Permit {
  const { id, issuedAt, host, role, resolver, hostMark, resolverMark } = parts;
  const second = resolverMark === undefined ? "" : writeMark(resolverMark);
  return `${VERSION}~${id}~${writeTime(Math.floor(issuedAt))}~${writeMark(hostMark)}~${second}` +
    `~${role}~${resolver}~${host}`;
}

/** Reads a permit; undefined where it is none. Never throws, whatever it is given. */
export function readPermit(permit: unknown): PermitParts | undefined {
  if (typeof permit !== "string" || permit.length > MAX_PERMIT_LENGTH) return undefined;
  const fields = PATTERN.exec(permit);
  if (fields === null) return undefined;
  const [, id, issued, first, second, role, resolver, host] = fields;
  const issuedAt = parseInt(issued!, 36);
  const hostMark = readMark(first!);
  const resolverMark = second === undefined ? undefined : readMark(second);
  if (!Number.isSafeInteger(issuedAt) || hostMark === undefined) return undefined;
  if ((resolver === "") !== (resolverMark === undefined)) return undefined;
  if (!isHostKey(host!) || !isRole(role!) || !isResolver(resolver!)) return undefined;
  const parts: PermitParts = {
    id: id!,
    issuedAt,
    host: host!,
    role: role!,
    resolver: resolver!,
    hostMark,
  };
  if (resolverMark !== undefined) parts.resolverMark = resolverMark;
  return parts;
}

/**
 * Makes permit ids: a prefix that no two processes share, and a counter.
 *
 * @param drawPrefix asked once, when the first id is made; a few characters of `[a-z0-9]`
 */
export function idMaker(drawPrefix: () => string): () => string {
  let prefix: string | undefined;
  let counter = 0;
  return () => (prefix ??= drawPrefix()) + (counter++).toString(36);
}
