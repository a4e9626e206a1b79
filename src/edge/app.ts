/**
 * The edge API as one Hono app: puts the route groups together and answers what none of them does. Opens no
 * socket and reads no environment.
 *
 * @module
 */
import { Hono } from "hono";
import type { Verdict } from "../breaker/gate.ts";
import type { BreakerRegistry } from "../registry/registry.ts";
import { AccessLog } from "./access_log.ts";
import { authorizer, type EdgeTokens } from "./auth.ts";
import { summaryMetrics } from "../tuning/summary_metrics.ts";
import { addAdviceRoutes } from "./advice_routes.ts";
import { addBreakerRoutes } from "./breaker_routes.ts";
import type { EdgeContext } from "./context.ts";
import { addDashboardRoutes } from "./dashboard/dashboard_routes.ts";
import { guarding } from "./dashboard/guard.ts";
import { Sessions } from "./dashboard/sessions.ts";
import { addEventRoutes, type EventOptions } from "./event_routes.ts";
import { addGateRoutes, type GateCalls, gateCalls } from "./gate_routes.ts";
import { addHealthRoutes } from "./health_routes.ts";
import { anyHost, type HostCheck } from "./host_check.ts";
import { type EdgeTuner, lateTuner } from "./late_tuner.ts";
import { addModeRoutes } from "./mode_routes.ts";
import { addMetricsRoutes } from "./metrics_routes.ts";
import { addPolicyRoutes } from "./policy_routes.ts";
import type { PolicySources } from "./policy_wire.ts";
import { addOpenApiRoute } from "./openapi_routes.ts";
import { internalProblem, Problem, problemResponse } from "./problem.ts";
import { REQUEST_ID, type RequestIds, requestIds } from "./request_ids.ts";
import { type RouteTable, routeTable } from "./route_table.ts";
import type { TokenLimit } from "./token_limit.ts";
import { Tracing } from "./tracing.ts";
import { unrouted } from "./unrouted.ts";

/** What {@linkcode createApp} is given. */
export interface EdgeOptions {
  /** Decides and remembers. The app does not dispose it. */
  registry: BreakerRegistry;
  /** Without any token the app is open to whoever reaches it. */
  tokens?: EdgeTokens;
  /** How many requests each token may make; without tokens it limits nobody. @default no limit */
  tokenLimit?: TokenLimit;
  /** Where each value of the registry's configuration came from: `sources` of a resolved configuration. */
  sources?: PolicySources;
  /** Logs a line of JSON for every call, and where an unexpected error came from. @default {false} */
  debug?: boolean;
  /** Where lines go; unexpected errors are told here only. Never given a token. @default nowhere */
  log?: (line: string) => void;
  /** Epoch milliseconds; what a Retry-After date counts from. @default {Date.now} */
  now?: () => number;
  /** What `/v1/advice` asks. @default one that goes by the registry's summaries, which are collected then */
  tuner?: EdgeTuner;
  /** Bounds and pace of `GET /v1/events`. From now on the registry's events are told to others on its store. */
  events?: EventOptions;
}

/**
 * The edge API for a registry.
 *
 * @throws {RangeError} where the token limit is none
 */
export function createApp(options: EdgeOptions): Hono {
  return createCheckedApp(options, anyHost());
}

/**
 * {@linkcode createApp} with the hosts that it answers to, for a server of our own: whoever mounts the app knows his.
 *
 * @throws {RangeError} where the token limit is none
 */
export function createCheckedApp(options: EdgeOptions, hostCheck: HostCheck): Hono {
  const { registry, tokens, tokenLimit, debug = false, log = () => {}, now = Date.now } = options;
  const authorize = authorizer(tokens, { limit: tokenLimit, now });
  const sessions = authorize && new Sessions({ tokens: tokens ?? {}, authorize, now });
  const ids = requestIds();
  // Filled when the routes are: nobody asks before the first request.
  const table: RouteTable = (path) => known(path);
  const accessLog = debug ? new AccessLog({ table, ids, log, now }) : undefined;
  const tracing = Tracing.start();
  const noteVerdict = noters(accessLog, tracing);
  const context = { registry, now, noteVerdict, ...guarding(authorize, sessions) };
  const { tuner = lateTuner({ registry, metrics: summaryMetrics(registry) }) } = options;

  const app = new Hono();
  const calls = gateCalls(context);
  addGateRoutes(app, calls);
  addBreakerRoutes(app, context);
  addPolicyRoutes(app, context, options.sources);
  addAdviceRoutes(app, context, tuner);
  addModeRoutes(app, context);
  const events = addEventRoutes(app, context, options.events);
  addMetricsRoutes(app, context, events);
  addDashboardRoutes(app, context, { log: events.log, tuner, sessions });
  addHealthRoutes(app, context);
  addOpenApiRoute(app);
  const known = routeTable(app.routes);
  app.notFound(unrouted(table, authorize));
  const refuse: Refuse = (error, request, path) => {
    const id = ids(request);
    if (error instanceof Problem) return refusal(error, id);
    const known = table(path)?.template ?? "(no route)";
    log(`${request.method} ${known} failed (request ${id}): ${told(error, debug)}`);
    return refusal(internalProblem(), id);
  };
  app.onError((error, c) => refuse(error, c.req.raw, c.req.path));
  answerDirectly(app, calls, refuse);
  wrapAnswers(app, { hostCheck, ids, accessLog });
  tracing?.follow(app, table);
  return app;
}

/** Tells verdicts to those who want to know; undefined where nobody does. */
function noters(
  ...observers: ({ noteVerdict(request: Request, verdict: Verdict): void } | undefined)[]
): EdgeContext["noteVerdict"] {
  const present = observers.filter((observer) => observer !== undefined);
  if (present.length === 0) return undefined;
  return (request, verdict) =>
    present.forEach((observer) => observer.noteVerdict(request, verdict));
}

/** The answer to what was thrown while a request was answered. */
type Refuse = (error: Error, request: Request, path: string) => Response;

/**
 * What crawlers call for each of their requests goes past Hono, whose router and context take some 5 % of such a call's
 * time. Only where the URL is spelt as the route is: all else is left to the routes, which answer alike.
 */
function answerDirectly(app: Hono, calls: GateCalls, refuse: Refuse): void {
  const { fetch } = app;
  app.fetch = (request, env, ...rest) => {
    const path = request.url.slice(request.url.indexOf("/", "https://".length));
    const call = request.method === "POST" ? calls.get(path) : undefined;
    if (call === undefined) return fetch(request, env, ...rest);
    const refused = (error: Error) => refuse(error, request, path);
    try {
      const answer = call({ req: { raw: request }, env });
      return answer instanceof Promise ? answer.catch(refused) : answer;
    } catch (error) {
      return refused(error as Error); // safe: nothing of ours throws anything else
    }
  };
}

/** What {@linkcode wrapAnswers} works with. */
interface Wrapping {
  hostCheck: HostCheck;
  ids: RequestIds;
  accessLog: AccessLog | undefined;
}

/** What every call goes through, before and after the routes. */
function wrapAnswers(app: Hono, { hostCheck, ids, accessLog }: Wrapping): void {
  const { fetch } = app;
  const answer: typeof fetch = (request, env, ...rest) => {
    const problem = hostCheck(request.url, env);
    return problem === undefined ? fetch(request, env, ...rest) : refusal(problem, ids(request));
  };
  app.fetch = accessLog === undefined ? answer : async (request, ...rest) => {
    const response = await accessLog.observe(request, () => answer(request, ...rest));
    response.headers.set(REQUEST_ID, ids(request));
    return response;
  };
}

function refusal(problem: Problem, id: string): Response {
  return problemResponse(problem, { [REQUEST_ID]: id });
}

const LONGEST_TOLD = 500;
/** `registry.ts:120` in the first line of a stack. */
const PLACE = /([^/\\\s()]+:\d+):\d+\)?$/m;

/** An error of ours in one line, without its stack. */
function told({ name, message, stack = "" }: Error, debug: boolean): string {
  const place = debug ? PLACE.exec(stack)?.[1] : undefined;
  const said = `${name}: ${message}`.slice(0, LONGEST_TOLD).replace(/\p{Cc}+/gu, " ");
  return place === undefined ? said : `${said} (at ${place})`;
}
