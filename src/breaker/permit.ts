/**
 * The permit: one line of text that an allowed request carries, and that tells a late outcome from a timely one.
 * It is not signed: whoever may report outcomes could report them with honest permits too. It is validated.
 *
 * @module
 */
import { isHostKey } from "./host_key.ts";
import { checkResolver, checkRole } from "./names.ts";
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
const SEPARATOR = "~";
const LETTERS: Record<MarkKind, string> = { closed: "c", probe: "p", shadow: "s" };
const KINDS: Record<string, MarkKind> = { c: "closed", p: "probe", s: "shadow" };
const ID_PATTERN = /^[a-z0-9]{1,32}$/;
const NUMBER_PATTERN = /^[0-9a-z]{1,10}$/;

function writeMark(mark: Mark): string {
  return LETTERS[mark.kind] + mark.generation.toString(36);
}

function readNumber(text: string): number | undefined {
  if (!NUMBER_PATTERN.test(text)) return undefined;
  const value = parseInt(text, 36);
  return Number.isSafeInteger(value) ? value : undefined;
}

function readMark(text: string): Mark | undefined {
  const kind = KINDS[text.charAt(0)];
  const generation = readNumber(text.slice(1));
  return kind === undefined || generation === undefined ? undefined : { kind, generation };
}

/** Writes a permit. The host stands last, so that no character of it can end another field. */
export function writePermit(parts: PermitParts): Permit {
  const { id, issuedAt, host, role, resolver, hostMark, resolverMark } = parts;
  return VERSION + SEPARATOR + id + SEPARATOR + Math.floor(issuedAt).toString(36) + SEPARATOR +
    writeMark(hostMark) + SEPARATOR + (resolverMark === undefined ? "" : writeMark(resolverMark)) +
    SEPARATOR + role + SEPARATOR + resolver + SEPARATOR + host;
}

/** Reads a permit; undefined where it is none. Never throws, whatever it is given. */
export function readPermit(permit: unknown): PermitParts | undefined {
  if (typeof permit !== "string" || permit.length > MAX_PERMIT_LENGTH) return undefined;
  const fields = permit.split(SEPARATOR);
  const [version, id, issued, first, second, role, resolver] = fields;
  if (version !== VERSION || fields.length < 8) return undefined;
  if (id === undefined || !ID_PATTERN.test(id)) return undefined;
  const issuedAt = readNumber(issued ?? "");
  const hostMark = readMark(first ?? "");
  const resolverMark = readMark(second ?? "");
  if (issuedAt === undefined || hostMark === undefined) return undefined;
  if ((resolver === "") !== (second === "") || (second !== "" && resolverMark === undefined)) {
    return undefined;
  }
  const host = fields.length === 8 ? fields[7]! : fields.slice(7).join(SEPARATOR);
  try {
    if (!isHostKey(host)) return undefined;
    checkRole(role || undefined);
    checkResolver(resolver || undefined);
  } catch {
    return undefined; // the checks throw on what no honest permit holds
  }
  return {
    id,
    issuedAt,
    host,
    role: role!,
    resolver: resolver!,
    hostMark,
    ...(resolverMark && { resolverMark }),
  };
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
