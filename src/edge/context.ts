/**
 * What every route group is given, and how a route is guarded. No routes live here.
 *
 * @module
 */
import type { Context, Handler } from "hono";
import type { Verdict } from "../breaker/types.ts";
import type { BreakerRegistry } from "../registry/registry.ts";
import type { AccessScope } from "./auth.ts";

/** Answers one call. Throws a `Problem` for what the client has to mend. */
export type Answer = (c: Context) => Response | Promise<Response>;

/** What route groups work with. */
export interface EdgeContext {
  readonly registry: BreakerRegistry;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The handler that answers only to tokens of this scope; wraps nothing where the app is open. */
  readonly guard: (wanted: AccessScope, answer: Answer) => Handler;
  /** Is told each verdict with the request that it answers; absent where nobody wants to know. */
  readonly noteVerdict?: (request: Request, verdict: Verdict) => void;
}
