/**
 * How an `EdgeClient` is made, and what it refuses.
 *
 * @module
 */
import type { BreakerConfigInput } from "../breaker/policy_types.ts";

/** How an {@linkcode EdgeClient} is made. */
export interface EdgeClientOptions {
  /** Where the edge API is, such as `http://127.0.0.1:8000`; a path in front of `/v1` is kept. */
  url: string | URL;
  /** Bearer token with the scope `crawl`. */
  token?: string;
  /** How long a call may take, in milliseconds. @default {1000} */
  timeoutMs?: number;
  /**
   * Who answers while the edge does not: a registry in this process, or one word for all.
   *
   * @default {"local"}
   */
  onUnavailable?: "local" | "allow" | "deny";
  /** Sends the calls. @default {globalThis.fetch}, as it is when the client is made */
  fetch?: typeof fetch;
  /** Policies of the registry in this process. @default the built-in ones */
  config?: BreakerConfigInput;
  /** Epoch milliseconds. @default {Date.now} */
  now?: () => number;
  /** Milliseconds since some moment, never set back: by it the edge is left alone. @default {performance.now} */
  monotonic?: () => number;
  /** Draws evenly from [0, 1), for the jitter of probes. @default {Math.random} */
  random?: () => number;
}

export function baseUrl(input: string | URL): string {
  const url = URL.canParse(String(input)) ? new URL(input) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError(
      `Option 'url' must be the http or https URL of an edge API: current value is '${
        String(input).slice(0, 80)
      }'`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("Option 'url' must not hold credentials: give the token as 'token'");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

export function checkOptions(timeoutMs: number, onUnavailable: string): void {
  if (!(timeoutMs >= 1) || timeoutMs > 2_147_483_647) {
    throw new RangeError(
      `Option 'timeoutMs' must be from 1 to 2147483647: current value is ${timeoutMs}`,
    );
  }
  if (!["local", "allow", "deny"].includes(onUnavailable)) {
    throw new RangeError(
      `Option 'onUnavailable' must be 'local', 'allow' or 'deny': current value is '${onUnavailable}'`,
    );
  }
}
