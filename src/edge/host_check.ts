/**
 * Hosts as requests name them, and which of them are this machine. A request's `Host` header arrives as the authority of
 * its URL, and most requests name the same one: each check remembers the last that passed.
 *
 * @module
 */
import { found, Problem } from "./problem.ts";

/** What a request by this URL is refused with; undefined where it is not. `info` is what the runtime hands in. */
export type HostCheck = (url: string, info: unknown) => Problem | undefined;

/** Any host. One that makes no URL would throw wherever the URL is read. */
export function anyHost(): HostCheck {
  const isUrl = authorityCheck(URL.canParse);
  return (url) => isUrl(url) ? undefined : malformed();
}

/**
 * Refuses with 403 what is addressed to any host but this machine by a name of its own. For a server without tokens: a
 * page whose name is made to point here (DNS rebinding) may call it, since its browser takes it for the page's own
 * server, but what it sends carries the page's name.
 */
export function loopbackHostsOnly(): HostCheck {
  const isOurs = authorityCheck((url) => URL.canParse(url) && isOwnName(new URL(url).hostname));
  return (url, info) => {
    if (isOurs(url)) return undefined;
    if (!URL.canParse(url)) return malformed();
    // A Unix socket is out of reach of pages.
    if (!isFromNetwork(info)) return undefined;
    return new Problem(
      403,
      "This server has no tokens, so it answers to localhost and loopback addresses only: " +
        `current host is ${found(new URL(url).hostname)}. ` +
        "Set tokens, or have the proxy in front send 'Host: localhost'",
    );
  };
}

/** A check of URLs that asks `passes` only where another authority passed last. */
function authorityCheck(passes: (url: string) => boolean): (url: string) => boolean {
  let last: string | undefined;
  return (url) => {
    if (last !== undefined && url.startsWith(last)) return true;
    if (!passes(url)) return false;
    const end = url.indexOf("/", url.indexOf("://") + "://".length);
    if (end > 0) last = url.slice(0, end + 1);
    return true;
  };
}

function malformed(): Problem {
  return new Problem(400, "The Host header and the path make no URL");
}

/** Names that nobody else can make point anywhere (RFC 6761 section 6.3). */
function isOwnName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  return isLoopback(name) || name.endsWith(".localhost");
}

function isFromNetwork(info: unknown): boolean {
  const { remoteAddr } = info as Deno.ServeHandlerInfo; // safe: the runtime hands it to every handler
  return "hostname" in remoteAddr;
}

/** True for addresses that only this machine reaches. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return host === "localhost" || host === "::1" || host === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
