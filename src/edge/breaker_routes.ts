/**
 * What operators call: see what is in trouble, open and close by hand.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type { Snapshot, Target } from "../breaker/operators.ts";
import type { SnapshotPage } from "../registry/listing.ts";
import type { BreakerRegistry } from "../registry/registry.ts";
import { BODY_LIMIT, readJson } from "./body.ts";
import type { EdgeContext } from "./context.ts";
import {
  invalidCursor,
  parseHostParameter,
  parseListQuery,
  parseResolverParameter,
  parseState,
} from "./operator_requests.ts";
import type { ListQuery, StateBody } from "./operator_schemas.ts";
import { stateAnswer, wireSnapshot } from "./wire.ts";

/** Adds `GET /v1/breakers`, and GET, PUT and DELETE of `/v1/breakers/{host}` and `/v1/resolvers/{name}`. */
export function addBreakerRoutes(app: Hono, context: EdgeContext): void {
  const { registry, guard } = context;
  app.get(
    "/v1/breakers",
    guard("read", async (c) => {
      const query = parseListQuery(new URL(c.req.url).searchParams);
      const { snapshots, cursor, degraded } = await page(registry, query);
      return stateAnswer({ breakers: snapshots.map(wireSnapshot), next_cursor: cursor, degraded });
    }),
  );
  addTarget(app, context, "/v1/breakers/:host", (c) => ({
    host: parseHostParameter(c.req.param("host") ?? ""),
  }));
  addTarget(app, context, "/v1/resolvers/:name", (c) => ({
    resolver: parseResolverParameter(c.req.param("name") ?? ""),
  }));
}

/** The same three calls for hosts and for resolvers. */
function addTarget(
  app: Hono,
  { registry, guard, operatorOf }: EdgeContext,
  path: string,
  targetOf: (c: Context) => Target,
): void {
  app.get(path, guard("read", async (c) => answer(await registry.inspect(targetOf(c)))));
  app.put(
    path,
    guard("admin", async (c) => {
      const target = targetOf(c);
      const wanted = parseState(await readJson(c, BODY_LIMIT));
      return answer(await setState(registry, target, wanted, operatorOf(c.req.raw)));
    }),
  );
  app.delete(
    path,
    guard("admin", async (c) => {
      return answer(await registry.close(targetOf(c), { by: operatorOf(c.req.raw) }));
    }),
  );
}

/** Only the registry can tell whether a cursor is one of its own. */
async function page(registry: BreakerRegistry, query: ListQuery): Promise<SnapshotPage> {
  try {
    return await registry.page(query);
  } catch (error) {
    const isRefusal = error instanceof TypeError || error instanceof RangeError;
    if (query.cursor === undefined || !isRefusal) throw error;
    throw invalidCursor(query.cursor);
  }
}

function setState(
  registry: BreakerRegistry,
  target: Target,
  { state, seconds, reason }: StateBody,
  by: string | undefined,
): Snapshot | Promise<Snapshot> {
  if (state === "closed") return registry.close(target, { by });
  if (state === "half_open") return registry.halfOpen(target, { by });
  // Whole milliseconds, and never 0.
  const forMs = seconds === undefined ? undefined : Math.ceil(seconds * 1_000);
  return registry.open(target, { forMs, reason, by });
}

function answer(snapshot: Snapshot): Response {
  return stateAnswer(wireSnapshot(snapshot));
}
