/**
 * The edge API: breakers over HTTP, for crawlers that share them.
 *
 * @example
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
