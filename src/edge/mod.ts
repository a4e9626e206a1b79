/**
 * The edge API: breakers over HTTP, for crawlers that share them. `GET /openapi.json` describes every call.
 *
 * ## Events and history
 *
 * `GET /v1/events` sends transitions, operators' actions, policy changes and store outages as they happen, those of
 * other servers on the store too; a client that comes back with `Last-Event-ID` hears what it missed. Streams end with
 * their instance: clients reconnect. `GET /v1/history` tells the same afterwards, with who and why, and
 * `GET /v1/hosts/{host}/history` a host's states and requests of up to 24 hours, latency, statuses, Retry-After.
 *
 * ## The dashboard
 *
 * `GET /` says whether anything is wrong, where, since when and why, and lets an admin act: open, half-open, close,
 * change a policy, apply advice or undo it, change the mode. It follows the events, needs no build and nothing from
 * another origin. Where the server has tokens it asks for one and exchanges it for an HttpOnly cookie that lasts
 * 12 hours, outlives a restart and ends with the token; `read` looks, `admin` acts, and a name given at log-in stands in
 * the history. Its writes are checked against forgery, and the page runs under a strict content security policy. With
 * 5,000 hosts in trouble the first paint takes about 0.1 s, a change about 30 ms (`deno task bench dashboard`).
 *
 * ## Advice
 *
 * | call                                                            | what it does                                                                             |
 * | --------------------------------------------------------------- | ---------------------------------------------------------------------------------------- |
 * | `GET /v1/advice?window_s=3600`                                  | what the advisor proposes, by host, with the numbers each piece rests on (60 to 86400 s) |
 * | `POST /v1/advice/apply` `{}`                                    | applies the most urgent advice of each host that is not withheld                         |
 * | `POST /v1/advice/apply` `{"advice":[{"host","role"?,"rule"?}]}` | applies what is named, withheld or not                                                   |
 * | `POST /v1/advice/apply` `{"undo":["api.example.org"]}`          | takes back the last step of these hosts                                                  |
 *
 * Where not all that happened could be read, since the store did not answer, both calls say `"complete": false`; how
 * often that was stands in `/metrics`, with the shares that wait or were lost, and the tuner's own steps. `apply` answers
 * `{"applied","undone","refused"}`; each refusal says why. A step is a stored override, as `PUT /v1/policies/{host}`
 * makes it. An event log (`BREAKWATER_EVENT_LOG`) is replayed in a thread of its own, and advice is judged by it.
 *
 * @example Mounted in a server of one's own
 * ```ts
 * import { assert } from "@std/assert";
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { createApp } from "@breakwater/breakwater/edge";
 *
 * const app = createApp({ registry: new BreakerRegistry() });
 * const answer = await app.request("/v1/breakers/api.example.org");
 * assert((await answer.json()).state === "closed");
 * // To listen: Deno.serve({ hostname: "127.0.0.1", port: 8000 }, app.fetch)
 * ```
 *
 * @module
 */
export { createApp } from "./app.ts";
export type { EdgeOptions } from "./app.ts";
export type { EdgeTokens } from "./auth.ts";
export type { EventOptions } from "./event_routes.ts";
export type { EdgeTuner } from "./late_tuner.ts";
export type { EventLogOptions } from "../telemetry/event_log.ts";
export type { RingBounds } from "../telemetry/event_ring.ts";
export type { SharedPace } from "../telemetry/shared_events.ts";
export type { PolicySources } from "./policy_wire.ts";
export type { TokenLimit } from "./token_limit.ts";
