/**
 * What every route group is given, and how a route is guarded. No routes live here.
 *
 * @module
 */
import type { Context } from "hono";
import type { Verdict } from "../breaker/gate.ts";
import type { BreakerRegistry } from "../registry/registry.ts";
import type { AccessScope } from "./auth.ts";

/** Answers one call. Throws a `Problem` for what the client has to mend. */
export type Answer<C = Context> = (c: C) => Response | Promise<Response>;

/** What of a context the calls of crawlers need: they can be answered without one. */
export interface Call {
  readonly req: { readonly raw: Request };
  /** What the server says of the request. */
  readonly env: unknown;
}

/** What route groups work with. */
export interface EdgeContext {
  readonly registry: BreakerRegistry;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The handler that answers only to tokens of this scope; wraps nothing where the app is open. */
  readonly guard: <C extends Call = Context>(wanted: AccessScope, answer: Answer<C>) => Answer<C>;
  /** What the person calls himself who is logged in and made this request; undefined where a program did. */
  readonly operatorOf: (request: Request) => string | undefined;
  /** Is told each verdict with the request that it answers; absent where nobody wants to know. */
  readonly noteVerdict?: (request: Request, verdict: Verdict) => void;
}
