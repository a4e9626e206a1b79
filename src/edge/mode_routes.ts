/**
 * What operators call to see the mode, and to change it for every process on the store.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Mode } from "../breaker/state.ts";
import type { ModeView } from "../breaker/operators.ts";
import { BODY_LIMIT, readJson } from "./body.ts";
import type { EdgeContext } from "./context.ts";
import { stored } from "./policy_routes.ts";
import { parseMode } from "./operator_requests.ts";
import { stateAnswer } from "./wire.ts";

/** The answer to every call of `/v1/mode`. */
export interface WireMode {
  /** What holds in the process that answers. */
  mode: Mode;
  /** What that process is configured with. */
  configured: Mode;
  /** What is stored for every process, where there is something. */
  override?: Mode;
  /** When that was set, in epoch milliseconds. */
  overridden_at?: number;
  /** Who set it, where that was told. */
  overridden_by?: string;
  /** Why, where that was told. */
  reason?: string;
  /** The store could not be asked; this is what the process knows. */
  degraded?: boolean;
}

/** Adds GET, PUT and DELETE of `/v1/mode`. */
export function addModeRoutes(app: Hono, { registry, guard, operatorOf }: EdgeContext): void {
  const path = "/v1/mode";
  const answer = (view: ModeView) => stateAnswer(wireMode(view));
  app.get(path, guard("read", async () => answer(await registry.inspectMode())));
  app.put(
    path,
    guard("admin", async (c) => {
      const { mode, reason } = parseMode(await readJson(c, BODY_LIMIT));
      return answer(await stored(registry.setMode(mode, { reason, by: operatorOf(c.req.raw) })));
    }),
  );
  app.delete(
    path,
    guard("admin", async (c) => {
      const by = operatorOf(c.req.raw);
      return answer(await stored(registry.setMode(undefined, { by })));
    }),
  );
}

/** The mode as it goes out. */
export function wireMode({ mode, configured, override, degraded }: ModeView): WireMode {
  return {
    mode,
    configured,
    override: override?.mode,
    overridden_at: override?.at,
    overridden_by: override?.by,
    reason: override?.reason,
    degraded,
  };
}
