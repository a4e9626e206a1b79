/**
 * The operations of `health_routes.ts` and `openapi_routes.ts`, described.
 *
 * @module
 */
import * as z from "zod/mini";
import type { OperationGroup } from "./operation.ts";

const readiness = z.object({ ready: z.boolean() });

/** See the module's description. */
export const HEALTH: OperationGroup = {
  name: "health",
  description: "What is open to all, and tells nothing of what is inside",
  schemas: { Readiness: { schema: readiness } },
  operations: [
    {
      method: "get",
      path: "/healthz",
      id: "isAlive",
      summary: "Whether the process answers",
      answers: {
        200: {
          description: "It does",
          schema: z.object({ ok: z.literal(true) }),
          examples: { alive: { ok: true } },
        },
      },
    },
    {
      method: "get",
      path: "/readyz",
      id: "isReady",
      summary: "Whether the store answers",
      answers: {
        200: { description: "It does", schema: readiness, examples: { ready: { ready: true } } },
        503: {
          description: "It does not: verdicts come from memory",
          schema: readiness,
          examples: { "not ready": { ready: false } },
        },
      },
    },
    {
      method: "get",
      path: "/openapi.json",
      id: "getOpenApi",
      summary: "This document",
      answers: {
        200: {
          description: "An OpenAPI 3.1 document",
          schema: z.looseObject({ openapi: z.string(), paths: z.looseObject({}) }),
          examples: { "its beginning": { openapi: "3.1.1", paths: {} } },
        },
      },
    },
  ],
};
