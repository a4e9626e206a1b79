/**
 * What operators call to look at a host's policy, and to lay an override over it for every process.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import type { PolicyView } from "../breaker/operators.ts";
import { StoreUnavailableError } from "../registry/engine/store_guard.ts";
import { BODY_LIMIT, readJson } from "./body.ts";
import type { EdgeContext } from "./context.ts";
import { parsePolicyBody } from "./policy_body.ts";
import { type PolicySources, wirePolicy } from "./policy_wire.ts";
import { Problem } from "./problem.ts";
import { parseHostParameter, parseReasonQuery } from "./operator_requests.ts";
import { stateAnswer } from "./wire.ts";

/** Adds GET, PUT and DELETE of `/v1/policies/{host}`. */
export function addPolicyRoutes(
  app: Hono,
  { registry, guard, operatorOf }: EdgeContext,
  sources: PolicySources | undefined,
): void {
  const path = "/v1/policies/:host";
  const answer = async (view: PolicyView) =>
    stateAnswer(wirePolicy(view, sources, await registry.pace(view.host)));
  /** Who changes it and why, where that is said. */
  const told = (c: Context) => ({
    by: operatorOf(c.req.raw),
    ...parseReasonQuery(new URL(c.req.url).searchParams),
  });
  app.get(path, guard("read", async (c) => answer(await registry.inspectPolicy(hostOf(c)))));
  app.put(
    path,
    guard("admin", async (c) => {
      const host = hostOf(c);
      const body = await readJson(c, BODY_LIMIT);
      const { local } = await registry.inspectPolicy(host);
      const patch = parsePolicyBody(body, local);
      return answer(await stored(registry.setPolicy(host, patch, told(c))));
    }),
  );
  app.delete(
    path,
    guard("admin", async (c) => answer(await stored(registry.clearPolicy(hostOf(c), told(c))))),
  );
}

function hostOf(c: Context): string {
  return parseHostParameter(c.req.param("host") ?? "");
}

/** A change that not every process will hear of is none: unlike a breaker, a policy can wait. */
export async function stored<T>(change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    throw new Problem(503, "The store did not confirm the change: send it again", {
      headers: { "retry-after": "1" },
    });
  }
}
