/**
 * Who is logged in to the dashboard: a signed cookie that stands for one of the server's tokens. Nothing is kept on
 * the server, so that a session outlives a restart and holds in every process; it ends with its token. Knows no routes.
 *
 * @module
 */
import type { Authorize, EdgeTokens } from "../auth.ts";
import { Problem } from "../problem.ts";
import { TokenBucket } from "../token_limit.ts";
import { CSRF_HEADER } from "./client/ask.ts";

/** A person who is logged in. */
export interface Session {
  /** What he may do. */
  scope: "read" | "admin";
  /** What he calls himself, for the history. */
  name?: string;
  /** Epoch milliseconds. */
  until: number;
}

/** A session with what it is used by. */
interface HeldSession extends Session {
  /** Tells sessions apart. */
  id: string;
  /** A request as its token would send it: what a session may do is asked where tokens are. */
  bearer: Request;
}

/** What sessions are made with. */
export interface SessionsOptions {
  tokens: EdgeTokens;
  /** The check of tokens. */
  authorize: Authorize;
  /** Epoch milliseconds. */
  now: () => number;
}

/** Name of the cookie. */
const SESSION_COOKIE = "breakwater_session";
/** How long a session lasts, in milliseconds. */
const SESSION_MS = 12 * 3_600_000;

/**
 * Wrong tokens, of all who try together; more are told to wait. A right one is let in all the same: otherwise whoever
 * guesses would lock everybody out, and he can guess by header as well. What keeps him out is how long tokens are.
 */
const FAILURES = { perSecond: 0.5, burst: 10 };
/** Sessions whose cookie need not be checked again, and ended ones that are remembered. */
const MAX_HELD = 500;
const MAX_COOKIE = 1_024;
const utf8 = new TextEncoder();

/** A token with the key that its sessions are signed with. */
interface Signer {
  bearer: Request;
  key: Promise<CryptoKey>;
}

/** See the module's description. */
export class Sessions {
  readonly #authorize: Authorize;
  readonly #now: () => number;
  readonly #signers: readonly Signer[];
  readonly #failures = new TokenBucket(FAILURES);
  /** By the value of the cookie. */
  readonly #held = new Map<string, HeldSession>();
  /** Ids of sessions that were ended here before their time. */
  readonly #ended = new Set<string>();

  constructor({ tokens: { read = [], admin = [] }, authorize, now }: SessionsOptions) {
    this.#authorize = authorize;
    this.#now = now;
    this.#signers = [...new Set([...admin, ...read])].filter((token) => token !== "")
      .map((token) => ({ bearer: bearing(token), key: signingKey(token) }));
  }

  /**
   * Begins a session.
   *
   * @returns the session and the value of its cookie
   * @throws {Problem} 401 where the token is not known, 429 after too many of these, 403 where it may not look
   */
  async begin(
    token: string,
    name: string | undefined,
  ): Promise<{ session: Session; value: string }> {
    const bearer = bearing(token);
    try {
      this.#authorize(bearer, "read");
    } catch (error) {
      throw error instanceof Problem && error.status === 401 ? this.#refusal(error) : error;
    }
    // Only now: this comparison may tell how much of a token is right.
    const known = this.#signers.find((signer) =>
      signer.bearer.headers.get("authorization") === bearer.headers.get("authorization")
    );
    if (known === undefined) throw new Error("A token that may read has no key");
    const until = this.#now() + SESSION_MS;
    const id = crypto.randomUUID();
    const payload = base64url(utf8.encode(JSON.stringify([id, until, name ?? ""])));
    const mac = await crypto.subtle.sign("HMAC", await known.key, utf8.encode(payload));
    const value = `${payload}.${base64url(new Uint8Array(mac))}`;
    return { session: { scope: this.#scopeOf(bearer), name, until }, value };
  }

  /** The session of a request; undefined where there is none. */
  async of(request: Request): Promise<(Session & { bearer: Request }) | undefined> {
    const value = cookieOf(request);
    if (value === undefined) return undefined;
    const session = this.#held.get(value) ?? await this.#read(value);
    if (session === undefined) return undefined;
    if (session.until <= this.#now() || this.#ended.has(session.id)) {
      this.#held.delete(value);
      return undefined;
    }
    return session;
  }

  /** Ends the session of a request, as far as this process can. */
  async end(request: Request): Promise<void> {
    const value = cookieOf(request);
    const session = value === undefined
      ? undefined
      : this.#held.get(value) ?? await this.#read(value);
    if (session === undefined) return;
    keepUpTo(MAX_HELD, this.#ended);
    this.#ended.add(session.id);
    this.#held.delete(value!);
  }

  async #read(value: string): Promise<HeldSession | undefined> {
    const [payload = "", mac = ""] = value.split(".");
    const signature = fromBase64url(mac);
    if (signature === undefined) return undefined;
    for (const { bearer, key } of this.#signers) {
      if (!(await crypto.subtle.verify("HMAC", await key, signature, utf8.encode(payload)))) {
        continue;
      }
      // Safe: nobody but `begin` can have signed it.
      const said = new TextDecoder().decode(fromBase64url(payload));
      const [id, until, name] = JSON.parse(said) as [string, number, string];
      const session: HeldSession = {
        id,
        until,
        scope: this.#scopeOf(bearer),
        ...(name !== "" && { name }),
        bearer,
      };
      keepUpTo(MAX_HELD, this.#held);
      this.#held.set(value, session);
      return session;
    }
    return undefined;
  }

  #scopeOf(bearer: Request): "read" | "admin" {
    try {
      this.#authorize(bearer, "admin");
      return "admin";
    } catch (error) {
      if (error instanceof Problem && error.status === 403) return "read";
      throw error;
    }
  }

  /** Of a wrong token, with how long to wait after too many. */
  #refusal(unknown: Problem): Problem {
    const waitMs = this.#failures.take(this.#now());
    if (waitMs === 0) return unknown;
    const seconds = Math.ceil(waitMs / 1_000);
    return new Problem(429, `Too many log-ins failed: try again in ${seconds} s`, {
      headers: { "retry-after": String(seconds) },
    });
  }
}

/**
 * Refuses what another site had a browser send: whatever changes something needs a header that only our own script
 * can set, and must come from a page of ours where the browser says where from.
 *
 * @throws {Problem} 403
 */
export function requireSameSite(request: Request): void {
  const { headers } = request;
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  // A browser that does not say whether the site is the same says at least which one it is.
  const isSame = site === null
    ? origin === null || hostOf(origin) === (headers.get("host") ?? new URL(request.url).host)
    : site === "same-origin";
  const isOurs = isSame && headers.get(CSRF_HEADER) !== null;
  if (isOurs) return;
  throw new Problem(403, `A change by cookie must come from the dashboard, with ${CSRF_HEADER}`, {
    headers: { "www-authenticate": 'Bearer realm="breakwater"' },
  });
}

/** What sets the cookie; without a value, what removes it. */
export function cookieHeader(request: Request, value: string | undefined): string {
  const isSecure = new URL(request.url).protocol === "https:" ||
    request.headers.get("x-forwarded-proto") === "https";
  const lasts = value === undefined ? 0 : SESSION_MS / 1_000;
  return `${SESSION_COOKIE}=${value ?? ""}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${lasts}` +
    (isSecure ? "; Secure" : "");
}

/** The header's form allows fewer characters than a person may type: what does not fit is no token. */
function bearing(token: string): Request {
  const headers = new Headers();
  if (/^[\x21-\x7e]+$/.test(token)) headers.set("authorization", `Bearer ${token}`);
  return new Request("http://localhost/", { headers });
}

function signingKey(token: string): Promise<CryptoKey> {
  const secret = utf8.encode(`breakwater session 1\n${token}`);
  return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
}

function cookieOf(request: Request): string | undefined {
  const header = request.headers.get("cookie") ?? "";
  const found = header.split(";").map((part) => part.trim())
    .find((part) => part.startsWith(`${SESSION_COOKIE}=`));
  const value = found?.slice(SESSION_COOKIE.length + 1) ?? "";
  return value === "" || value.length > MAX_COOKIE ? undefined : value;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function keepUpTo(most: number, collection: Map<string, unknown> | Set<string>): void {
  if (collection.size < most) return;
  const [oldest] = collection.keys();
  collection.delete(oldest!);
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(
      atob(text.replaceAll("-", "+").replaceAll("_", "/")),
      (c) => c.charCodeAt(0),
    );
  } catch {
    return undefined; // not base64
  }
}
