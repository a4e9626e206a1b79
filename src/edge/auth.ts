/**
 * Who may do what: bearer tokens (RFC 6750) and their scopes. Knows no routes.
 *
 * @module
 */
import { Problem } from "./problem.ts";
import { TokenBucket, type TokenLimit } from "./token_limit.ts";

/** What a token allows: `crawl` asks and tells, `read` looks, `admin` does all. */
export type AccessScope = "crawl" | "read" | "admin";

/** Tokens by scope. Several per scope, so that one can be replaced while the other still works. */
export interface EdgeTokens {
  /** For `POST /v1/allow`, `/v1/record` and `/v1/batch`. */
  crawl?: readonly string[];
  /** For every GET. */
  read?: readonly string[];
  /** For everything. */
  admin?: readonly string[];
}

/** Passes, or throws the {@linkcode Problem} to answer with. */
export type Authorize = (request: Request, wanted: AccessScope | "any") => void;

/** Bits: a token that stands in several lists has all of their scopes. */
const CRAWL = 1;
const READ = 2;
const ADMIN = 4;
const GRANTED_BY: Readonly<Record<AccessScope | "any", number>> = {
  any: CRAWL | READ | ADMIN,
  crawl: CRAWL | ADMIN,
  read: READ | ADMIN,
  admin: ADMIN,
};

/** No token is longer; a longer header is not worth comparing. */
const MAX_TOKEN_LENGTH = 1_024;

interface KnownToken {
  codes: Uint16Array;
  scopes: number;
  /** What it has left, where it is limited. */
  bucket: TokenBucket | undefined;
}

/** What a check needs beside the tokens. */
export interface AuthorizerOptions {
  /** Counts the requests of each token. @default none are counted */
  limit?: TokenLimit;
  /** Epoch milliseconds. @default {Date.now} */
  now?: () => number;
}

/**
 * The check for these tokens; undefined where there are none, and the app is open.
 *
 * @throws {RangeError} where the limit is none
 */
export function authorizer(
  tokens: EdgeTokens = {},
  { limit, now = Date.now }: AuthorizerOptions = {},
): Authorize | undefined {
  const known = knownTokens(tokens, limit);
  if (known.length === 0) return undefined;
  return (request, wanted) => {
    const presented = bearerToken(request.headers.get("authorization"));
    if (presented === undefined) throw unauthorized("Send a token: Authorization: Bearer <token>");
    const token = find(presented, known);
    if (token === undefined) {
      throw unauthorized("The token is not known here", ', error="invalid_token"');
    }
    const waitMs = token.bucket?.take(now()) ?? 0;
    if (waitMs > 0) throw overLimit(waitMs);
    if ((token.scopes & GRANTED_BY[wanted]) === 0) throw forbidden(wanted);
  };
}

/** Each once, with the scopes of all lists that it stands in. */
function knownTokens(
  { crawl = [], read = [], admin = [] }: EdgeTokens,
  limit: TokenLimit | undefined,
): KnownToken[] {
  const scopes = new Map<string, number>();
  const lists: [readonly string[], number][] = [[crawl, CRAWL], [read, READ], [admin, ADMIN]];
  for (const [tokens, scope] of lists) {
    for (const token of tokens) {
      if (token !== "") scopes.set(token, (scopes.get(token) ?? 0) | scope);
    }
  }
  return [...scopes].map(([token, scopes]) => ({
    codes: Uint16Array.from(token, codeAt),
    scopes,
    bucket: limit && new TokenBucket(limit),
  }));
}

function codeAt(character: string): number {
  return character.charCodeAt(0);
}

const SCHEME = "bearer ";

function bearerToken(header: string | null): string | undefined {
  if (header === null || header.length > SCHEME.length + MAX_TOKEN_LENGTH) return undefined;
  if (header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  const token = header.slice(SCHEME.length).trim();
  return token === "" ? undefined : token;
}

/** Compares with every token to its end, so that the time taken says nothing about any of them. */
function find(presented: string, known: readonly KnownToken[]): KnownToken | undefined {
  let found: KnownToken | undefined;
  for (const token of known) {
    const { codes } = token;
    let difference = codes.length ^ presented.length;
    for (let i = 0; i < presented.length; i++) {
      difference |= presented.charCodeAt(i) ^ codes[i % codes.length]!;
    }
    found = difference === 0 ? token : found;
  }
  return found;
}

function unauthorized(detail: string, error = ""): Problem {
  const headers = { "www-authenticate": `Bearer realm="breakwater"${error}` };
  return new Problem(401, detail, { headers });
}

function overLimit(waitMs: number): Problem {
  const seconds = Math.ceil(waitMs / 1_000);
  return new Problem(429, `The token has made too many requests: ask again in ${seconds} s`, {
    headers: { "retry-after": String(seconds) },
  });
}

function forbidden(wanted: string): Problem {
  return new Problem(403, `The token lacks the scope '${wanted}'`, {
    headers: {
      "www-authenticate":
        `Bearer realm="breakwater", error="insufficient_scope", scope="${wanted}"`,
    },
  });
}
