/**
 * What load balancers call: open to all, and telling nothing but yes or no.
 *
 * @module
 */
import type { Hono } from "hono";
import type { EdgeContext } from "./context.ts";
import { stateAnswer } from "./wire.ts";

/** Adds `/healthz` (the process answers) and `/readyz` (so does the store). */
export function addHealthRoutes(app: Hono, { registry }: EdgeContext): void {
  app.get("/healthz", () => stateAnswer({ ok: true }));
  app.get("/readyz", async () => {
    const ready = await registry.ready().catch(() => false);
    return stateAnswer({ ready }, ready ? 200 : 503);
  });
}
