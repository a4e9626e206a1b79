/**
 * The permit: one line of text that an allowed request carries, and that tells a late outcome from a timely one.
 * It is not signed: whoever may report outcomes could report them with honest permits too. It is validated.
 *
 * @module
 */
import { isHostKey } from "./host_key.ts";
import { isResolver, isRole } from "./names.ts";
import type { Permit } from "./gate.ts";

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

/** How a breaker without a record marks what it lets through: one object, so that it is told at a glance. */
export const FRESH_MARK: Mark = Object.freeze({ kind: "closed", generation: 0 });

function writeMark(mark: Mark): string {
  return LETTERS[mark.kind] + mark.generation.toString(36);
}

function readMark(text: string): Mark | undefined {
  const kind = KINDS[text.charAt(0)];
  const generation = parseInt(text.slice(1), 36);
  return kind !== undefined && Number.isSafeInteger(generation) ? { kind, generation } : undefined;
}

/** What two digits of base 36 can say, written out once: to write a number takes longer than to put texts together. */
const DIGIT_PAIRS: readonly string[] = Array.from(
  { length: 36 * 36 },
  (_, i) => i.toString(36).padStart(2, "0"),
);

/** All but the id and the host. */
type Middle = Omit<PermitParts, "id" | "host">;

/** The last middle that was written: many permits of one millisecond have it in common. */
let lastMiddle: Middle = { issuedAt: NaN, role: "", resolver: "", hostMark: FRESH_MARK };
let lastMiddleText = "";

function writeMiddle(middle: Middle): string {
  const { issuedAt, role, resolver, hostMark, resolverMark } = middle;
  const last = lastMiddle;
  const isSame = issuedAt === last.issuedAt && role === last.role && resolver === last.resolver &&
    hostMark === last.hostMark && resolverMark === last.resolverMark;
  if (isSame) return lastMiddleText;
  const second = resolverMark === undefined ? "" : writeMark(resolverMark);
  const issued = Math.floor(issuedAt).toString(36);
  lastMiddle = { issuedAt, role, resolver, hostMark, resolverMark };
  lastMiddleText = `~${issued}~${writeMark(hostMark)}~${second}~${role}~${resolver}~`;
  return lastMiddleText;
}

/** Writes a permit. The host stands last, so that no character of it can end another field. */
export function writePermit(parts: PermitParts): Permit {
  return VERSION + "~" + parts.id + writeMiddle(parts) + parts.host;
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
  let rest = "";
  let [high, low] = [0, DIGIT_PAIRS.length];
  return () => {
    if (low === DIGIT_PAIRS.length) {
      prefix ??= drawPrefix();
      rest = prefix + (high++).toString(36);
      low = 0;
    }
    return DIGIT_PAIRS[low++]! + rest;
  };
}
