/**
 * Opens a store in Upstash Redis, over HTTP: what crawlers at several sites share. Only the settings of the
 * connection live here. Knows nothing of breakers, and reads no environment of its own.
 *
 * @example
 * ```ts
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { upstashStore } from "@breakwater/breakwater/stores/upstash";
 *
 * await using store = upstashStore({ url: "https://example.upstash.io", token: "secret" });
 * const registry = new BreakerRegistry({ store }); // asks the database when it is first asked itself
 * ```
 *
 * @module
 */
import { Redis } from "@upstash/redis/cloudflare";
import type { Store } from "./store.ts";
import { type UpstashClient, UpstashRecords } from "./upstash_records.ts";
import { compareAndSetScript } from "./upstash_script.ts";

export type { UpstashClient } from "./upstash_records.ts";

/** What both ways to open the store take. */
export interface UpstashScriptOptions {
  /**
   * Starts the script with `#!lua flags=allow-key-locking`, so that a write locks its own key and not the
   * whole database. Upstash knows that flag; Redis itself refuses it.
   *
   * @default {false}
   */
  allowKeyLocking?: boolean;
}

/** A database by its address. */
export interface UpstashAddress extends UpstashScriptOptions {
  /** The REST URL, `https://....upstash.io`. */
  url: string | URL;
  /** The REST token; not the read-only one. */
  token: string;
  /** A request that has no answer after this many milliseconds is given up. @default {2000} */
  timeoutMs?: number;
}

/** A client that the caller has already. */
export interface UpstashGivenClient extends UpstashScriptOptions {
  /** Made with `automaticDeserialization: false` and `responseEncoding: false`: values must come back as they are. */
  redis: UpstashClient;
}

/**
 * A store in Upstash Redis.
 *
 * Each call is one request (a listing: two), tried once; calls made at the same moment travel together, reads
 * apart from writes. What this store wrote, it reads; what others wrote may show a little later where the
 * database has replicas, which costs a conflict, never an update. An entry's version is its value. Where the
 * table of keys shrinks meanwhile, SCAN, and so a listing, may name a key on more than one page.
 *
 * @throws {TypeError} where `url` or `token` cannot be those of a database
 * @throws {RangeError} where `timeoutMs` is not above 0
 */
export function upstashStore(options: UpstashAddress | UpstashGivenClient): Store {
  const script = compareAndSetScript(options.allowKeyLocking ?? false);
  if ("redis" in options) return new UpstashRecords(options.redis, script, false);
  return new UpstashRecords(connect(options), script, true);
}

/**
 * A store in the database that `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN` name. The environment
 * is handed in: `upstashFromEnv(Deno.env)`.
 *
 * @throws {TypeError} where one of them is not set, or cannot be right
 */
export function upstashFromEnv(
  env: { get(name: string): string | undefined },
  options: Omit<UpstashAddress, "url" | "token"> = {},
): Store {
  function required(name: string): string {
    const value = env.get(name);
    if (value) return value;
    throw new TypeError(`Cannot open Upstash: set ${name}, from the database's page, REST API`);
  }
  const url = required("UPSTASH_REDIS_REST_URL");
  return upstashStore({ ...options, url, token: required("UPSTASH_REDIS_REST_TOKEN") });
}

/** Every setting that has burnt somebody is set on purpose. Messages name neither URL nor token: they may be swapped. */
function connect({ url, token, timeoutMs = 2_000 }: UpstashAddress): UpstashClient {
  const address = URL.parse(url);
  if (address === null || !/^https?:$/.test(address.protocol) || /\s/.test(String(url))) {
    throw new TypeError(
      `Cannot open Upstash: 'url' must be like https://example.upstash.io: ` +
        `received ${String(url).length} characters that are not`,
    );
  }
  if (address.username !== "" || address.password !== "") {
    throw new TypeError("Cannot open Upstash: 'url' must not carry credentials: use 'token'");
  }
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new TypeError(
      `Cannot open Upstash: 'token' must be ASCII characters without spaces: ` +
        `received ${typeof token === "string" ? `${token.length} characters` : typeof token}`,
    );
  }
  if (!(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1)) {
    throw new RangeError(
      `Cannot open Upstash: 'timeoutMs' must be above 0 and below 2^31: received ${timeoutMs}`,
    );
  }
  return new Redis({
    url: address.href,
    token,
    // Whoever asks has a deadline of his own, and a breaker for this store.
    retry: { retries: 0 },
    // A signal, instead of a function, makes what was given up look like what is absent.
    signal: () => AbortSignal.timeout(Math.ceil(timeoutMs)),
    automaticDeserialization: false,
    responseEncoding: false,
    enableAutoPipelining: true,
    readYourWrites: true,
    enableTelemetry: false,
    latencyLogging: false,
  });
}
