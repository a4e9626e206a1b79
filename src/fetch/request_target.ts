/**
 * What can be said of a request before it is sent, from the two arguments of `fetch`, without touching its body.
 *
 * @module
 */

import { isPlainUrl } from "../breaker/host_key.ts";

/** The first argument of `fetch`, with a URL object written out: its owner may change it while the gate is asked. */
export type RequestTarget = string | Request;

const OVER_HTTP = /^https?:\/\//i;

/**
 * The URL to ask the gate about; undefined where no host is asked over HTTP (`data:`, `blob:`, `file:`).
 *
 * @throws {TypeError} the one that `fetch` gives, where there is no such URL
 */
export function gatedUrl(target: RequestTarget): string | undefined {
  if (typeof target !== "string") return OVER_HTTP.test(target.url) ? target.url : undefined;
  // The parser is asked only where it could say no: it takes longer than all the rest.
  const isUrl = isPlainUrl(target) || URL.canParse(target);
  if (isUrl && OVER_HTTP.test(target)) return target;
  // Relative to the page or to `--location`, padded with blanks, or no URL at all: the platform's to say.
  const resolved = new Request(target).url;
  return OVER_HTTP.test(resolved) ? resolved : undefined;
}

/** The signal that `fetch` would listen to: that of `init`, even where it is null, before the request's own. */
export function callerSignal(target: RequestTarget, init?: RequestInit): AbortSignal | undefined {
  const signal = init?.signal;
  if (signal !== undefined) return signal ?? undefined;
  return typeof target === "string" ? undefined : target.signal;
}

/** `init` with another signal. */
export function withSignal(init: RequestInit | undefined, signal: AbortSignal): RequestInit {
  // A Request serves as init too, but its properties are getters that a spread does not see.
  if (init instanceof Request) return new Request(init, { signal });
  return { ...init, signal };
}

/** The request as a function for role or resolver sees it: method, URL and headers, the body left alone. */
export function describeRequest(target: RequestTarget, init?: RequestInit): Request {
  if (typeof target === "string") {
    return new Request(target, { method: init?.method, headers: init?.headers });
  }
  if (init === undefined) return target;
  return new Request(target.url, {
    method: init.method ?? target.method,
    headers: init.headers ?? target.headers,
  });
}

/** True where the body was sent before, so that `fetch` will refuse the request without asking the host. */
export function isSpent(target: RequestTarget, init?: RequestInit): boolean {
  return typeof target !== "string" && target.bodyUsed && (init?.body ?? null) === null;
}

/**
 * True where the platform refuses to build such a request: a header or method that is none, a GET with a body.
 * `fetch` throws the same TypeError for these as for a host that cannot be reached.
 */
export function isMalformed(url: string, init?: RequestInit): boolean {
  const given = init?.body ?? null;
  // Stands in for the body, which may have been read by now.
  const body = given === null ? null : given instanceof ReadableStream ? new ReadableStream() : "";
  try {
    new Request(url, { ...init, body, signal: null });
    return false;
  } catch {
    return true;
  }
}
