/**
 * Who may do what: bearer tokens (RFC 6750) and their scopes. Knows no routes.
 *
 * @module
 */
import { Problem } from "./problem.ts";

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

/** Bits, so that a token that stands in several lists has all of their scopes. */
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
}

/** The check for these tokens; undefined where there are none, and the app is open. */
export function authorizer(tokens: EdgeTokens = {}): Authorize | undefined {
  const known = [
    ...knownTokens(tokens.crawl, CRAWL),
    ...knownTokens(tokens.read, READ),
    ...knownTokens(tokens.admin, ADMIN),
  ];
  if (known.length === 0) return undefined;
  return (request, wanted) => {
    const presented = bearerToken(request.headers.get("authorization"));
    if (presented === undefined) throw unauthorized("Send a token: Authorization: Bearer <token>");
    const scopes = scopesOf(presented, known);
    if (scopes === 0) {
      throw unauthorized("The token is not known here", ', error="invalid_token"');
    }
    if ((scopes & GRANTED_BY[wanted]) === 0) throw forbidden(wanted);
  };
}

function knownTokens(tokens: readonly string[] = [], scopes: number): KnownToken[] {
  return tokens.filter((token) => token !== "")
    .map((token) => ({ codes: Uint16Array.from(token, codeAt), scopes }));
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
function scopesOf(presented: string, known: readonly KnownToken[]): number {
  let scopes = 0;
  for (const token of known) {
    const { codes } = token;
    let difference = codes.length ^ presented.length;
    for (let i = 0; i < presented.length; i++) {
      difference |= presented.charCodeAt(i) ^ codes[i % codes.length]!;
    }
    scopes |= difference === 0 ? token.scopes : 0;
  }
  return scopes;
}

function unauthorized(detail: string, error = ""): Problem {
  const headers = { "www-authenticate": `Bearer realm="breakwater"${error}` };
  return new Problem(401, detail, { headers });
}

function forbidden(wanted: string): Problem {
  return new Problem(403, `The token lacks the scope '${wanted}'`, {
    headers: {
      "www-authenticate":
        `Bearer realm="breakwater", error="insufficient_scope", scope="${wanted}"`,
    },
  });
}
