/**
 * The canonical key of an origin: every spelling of one host becomes one string.
 * Reading only; what is kept under the key lives elsewhere.
 *
 * @module
 */
import type { AllowRequest } from "./gate.ts";

/** Longest host name in characters, and longest label (RFC 1035 section 2.3.4). */
const MAX_NAME = 253;
const MAX_LABEL = 63;
/** Unicode names shrink under IDNA, but no real one comes near this; longer input is not worth parsing. */
const MAX_BARE_INPUT = 1_024;
/** How much of a refused input an error repeats. */
const MAX_SHOWN = 80;

const SCHEMES: readonly string[] = ["http:", "https:", "ws:", "wss:"];

/**
 * Names that the URL parser would hand back unchanged, so that the hot path need not ask it. The last label
 * starts with a letter: anything else might be an IPv4 address in one of its many spellings. Only the URL parser
 * can tell whether a label that claims to be punycode is.
 */
const PLAIN_NAME = /^(?:(?!xn--)[a-z0-9_-]{1,63}\.)*(?!xn--)[a-z][a-z0-9-]{0,62}$/;
/** A URL whose host is such a name and that states no port and no userinfo. */
const PLAIN_URL =
  /^(?:http|ws)s?:\/\/((?:(?!xn--)[a-z0-9_-]{1,63}\.)*(?!xn--)[a-z][a-z0-9-]{0,62})(?:[/?#]|$)/;

/** Only `scheme://` makes a URL: `localhost:8080` is a host with its port. */
const URL_START = /^([a-z][a-z0-9+.-]*:)\/\/([^/?#\\]*)/i;
const BARE = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s;
const BARE_IPV6 = /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i;
const LABEL = /^[a-z0-9_-]+$/;
const SPACE_OR_CONTROL = /[\s\p{Cc}]/u;
const NOT_IN_A_NAME = /[\s\p{Cc}/\\?#@]/u;

/**
 * The key under which a host is known: lower case, punycode, no trailing dot, the port only where it is not
 * the scheme's default. Of an `http`, `https`, `ws` or `wss` URL only the origin is read. A host given without
 * a scheme loses port 80 or 443. IPv6 addresses stand in brackets. So `HTTP://Example.ORG:80/x` gives
 * `example.org`, and `localhost:8080` stays as it is.
 *
 * A key is the key of itself, except where a URL names the other scheme's port (`http://example.org:443`
 * gives `example.org:443`, which read as a bare host gives `example.org`): name such an origin by its URL.
 *
 * @throws {TypeError} where the input names no host that can be asked over HTTP
 */
export function hostKey(input: string | URL): string {
  if (typeof input === "string") {
    if (input.length <= MAX_NAME && !input.includes(":") && PLAIN_NAME.test(input)) return input;
    const plain = PLAIN_URL.exec(input)?.[1];
    if (plain !== undefined && plain.length <= MAX_NAME) return plain;
    const start = URL_START.exec(input);
    return start === null ? keyOfBareHost(input) : keyOfUrlText(input, start[1]!, start[2]!);
  }
  if (input instanceof URL) return keyOfUrl(input, input.href);
  throw refusal(describe(input), "it is neither a string nor a URL");
}

/**
 * The key of the host that a request is for.
 *
 * @throws {TypeError} where the request names neither or both of host and url, or no host
 */
export function hostKeyOf({ host, url }: Pick<AllowRequest, "host" | "url">): string {
  if ((host === undefined) === (url === undefined)) {
    throw new TypeError("A request names exactly one of 'host' and 'url'");
  }
  return hostKey((host ?? url)!);
}

/**
 * True for an HTTP or WebSocket URL in lower case up to its host, without port or userinfo: there is nothing in it
 * that the URL parser could refuse. False for any other text, URL or not.
 */
export function isPlainUrl(text: string): boolean {
  return PLAIN_URL.test(text);
}

/**
 * Whether a text is a key as {@linkcode hostKey} gives it; also true for `example.org:443`, which only a URL
 * leads to. For keys that come back from outside, as in permits: to ask whether `hostKey` leaves them
 * unchanged would refuse those.
 */
export function isHostKey(text: string): boolean {
  if (keyOrNone(text) === text) return true;
  if (!/:(?:80|443)$/.test(text)) return false;
  return keyOrNone(`http://${text}`) === text || keyOrNone(`https://${text}`) === text;
}

function keyOrNone(text: string): string | undefined {
  try {
    return hostKey(text);
  } catch {
    return undefined; // only a TypeError comes here: the text names no host
  }
}

function keyOfUrlText(text: string, scheme: string, authority: string): string {
  if (!SCHEMES.includes(scheme.toLowerCase())) throw wrongScheme(text, scheme);
  // The parser would drop tabs and line breaks without a word, and skip over an empty authority.
  if (SPACE_OR_CONTROL.test(authority)) {
    throw refusal(shown(text), "its host holds a space or a control character");
  }
  if (authority === "") throw refusal(shown(text), "its host is empty");
  return keyOfUrl(parse(text, text), text);
}

function keyOfUrl(url: URL, text: string): string {
  if (!SCHEMES.includes(url.protocol)) throw wrongScheme(text, url.protocol);
  const name = checkedName(url.hostname, text);
  return url.port === "" ? name : `${name}:${checkedPort(url.port, text)}`;
}

function keyOfBareHost(text: string): string {
  if (text.length > MAX_BARE_INPUT) {
    throw refusal(shown(text), `it is ${text.length} characters long`);
  }
  const odd = NOT_IN_A_NAME.exec(text);
  if (odd !== null) throw refusal(shown(text), `a host name cannot hold ${JSON.stringify(odd[0])}`);
  const [, host, digits] = BARE_IPV6.test(text) ? [text, `[${text}]`] : BARE.exec(text) ?? [];
  if (host === undefined) throw refusal(shown(text), "its brackets or colons are out of place");
  if (host === "") throw refusal(shown(text), "its host is empty");
  const name = checkedName(parse(`http://${host}/`, text).hostname, text);
  if (digits === undefined) return name;
  const port = checkedPort(digits, text);
  return port === 80 || port === 443 ? name : `${name}:${port}`;
}

function parse(url: string, text: string): URL {
  try {
    return new URL(url);
  } catch {
    // The parser's own message repeats the whole input, credentials and all.
    throw refusal(shown(text), "its host or port is not valid");
  }
}

/** The URL parser lower-cases, maps IDN and reads IPv4, but takes names that no resolver can. */
function checkedName(hostname: string, text: string): string {
  if (hostname.startsWith("[")) return hostname;
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  if (name === "") throw refusal(shown(text), "its host is empty");
  if (name.length > MAX_NAME) {
    throw refusal(shown(text), `its host name has ${name.length} characters, over ${MAX_NAME}`);
  }
  for (const label of name.split(".")) {
    if (label === "") throw refusal(shown(text), "its host name has an empty label");
    if (label.length > MAX_LABEL) {
      throw refusal(shown(text), `a label has ${label.length} characters, over ${MAX_LABEL}`);
    }
    if (!LABEL.test(label)) {
      throw refusal(shown(text), `the label ${JSON.stringify(label)} holds more than a-z 0-9 - _`);
    }
  }
  return name;
}

function checkedPort(digits: string, text: string): number {
  const port = /^[0-9]+$/.test(digits) ? Number(digits) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw refusal(shown(text), "its port is not a number from 1 to 65535");
}

function wrongScheme(text: string, scheme: string): TypeError {
  const found = JSON.stringify(cut(scheme.toLowerCase()));
  return refusal(shown(text), `its scheme is ${found}`);
}

function refusal(found: string, why: string): TypeError {
  return new TypeError(
    `Cannot tell the host of ${found}: ${why}. Give a host name such as "example.org" or ` +
      `"example.org:8080", or an http, https, ws or wss URL`,
  );
}

function describe(input: unknown): string {
  if (input === null || input === undefined) return String(input);
  return Array.isArray(input) ? "an array" : `a value of type ${typeof input}`;
}

/** What an error repeats of an input: no userinfo, path or query, since those may hold secrets. */
function shown(text: string): string {
  const start = URL_START.exec(text);
  const head = start === null ? "" : `${start[1]}//`;
  const authority = start === null ? text.slice(0, endOfAuthority(text)) : start[2]!;
  const at = authority.lastIndexOf("@");
  const kept = cut(head + (at < 0 ? authority : `…${authority.slice(at)}`));
  return JSON.stringify(text.length > head.length + authority.length ? `${kept}…` : kept);
}

function endOfAuthority(text: string): number {
  const end = text.search(/[/?#\\]/);
  return end < 0 ? text.length : end;
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
