/**
 * The edge API as one Hono app: puts the route groups together and answers what none of them does. Opens no
 * socket and reads no environment.
 *
 * @module
 */
import { Hono } from "hono";
import type { BreakerRegistry } from "../registry/registry.ts";
import { authorizer, type EdgeTokens } from "./auth.ts";
import { addBreakerRoutes } from "./breaker_routes.ts";
import type { EdgeContext } from "./context.ts";
import { addGateRoutes } from "./gate_routes.ts";
import { addHealthRoutes } from "./health_routes.ts";
import { internalProblem, Problem, problemResponse } from "./problem.ts";
import { unrouted } from "./unrouted.ts";

/** What {@linkcode createApp} is given. */
export interface EdgeOptions {
  /** Decides and remembers. The app does not dispose it. */
  registry: BreakerRegistry;
  /** Without any token the app is open to whoever reaches it. */
  tokens?: EdgeTokens;
  /** Logs a line for every call, and the stack of an unexpected error. @default {false} */
  debug?: boolean;
  /** Where lines go; unexpected errors are told here only. Never given a token. @default nowhere */
  log?: (line: string) => void;
  /** Epoch milliseconds; what a Retry-After date counts from. @default {Date.now} */
  now?: () => number;
}

/**
 * The edge API for a registry.
 */
export function createApp(options: EdgeOptions): Hono {
  const { registry, tokens, debug = false, log = () => {}, now = Date.now } = options;
  const authorize = authorizer(tokens);
  // Not a middleware: a route without any is answered without composing a chain.
  const guard: EdgeContext["guard"] = (wanted, answer) =>
    authorize === undefined ? answer : (c) => {
      authorize(c.req.raw, wanted);
      return answer(c);
    };
  const context: EdgeContext = { registry, now, guard };

  const app = new Hono();
  addGateRoutes(app, context);
  addBreakerRoutes(app, context);
  addHealthRoutes(app, context);
  app.notFound(unrouted(app.routes, authorize));
  app.onError((error, c) => {
    if (error instanceof Problem) return problemResponse(error);
    const said = debug ? error.stack : `${error.name}: ${error.message}`;
    log(`${c.req.method} ${c.req.path} failed: ${said}`);
    return problemResponse(internalProblem());
  });
  if (debug) logCalls(app, log);
  refuseOddHosts(app);
  return app;
}

/** A `Host` header that makes no URL would throw wherever the URL is read. */
function refuseOddHosts(app: Hono): void {
  const { fetch } = app;
  app.fetch = (request, ...rest) =>
    URL.canParse(request.url)
      ? fetch(request, ...rest)
      : problemResponse(new Problem(400, "The Host header and the path make no URL"));
}

function logCalls(app: Hono, log: (line: string) => void): void {
  const { fetch } = app;
  app.fetch = async (request, ...rest) => {
    const startedAt = performance.now();
    const response = await fetch(request, ...rest);
    const ms = (performance.now() - startedAt).toFixed(1);
    log(`${request.method} ${new URL(request.url).pathname} ${response.status} ${ms} ms`);
    return response;
  };
}
