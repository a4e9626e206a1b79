/**
 * What client authors call: the description of the API. Nothing of it is loaded before somebody asks.
 *
 * @module
 */
import type { Hono } from "hono";
import { secured } from "./secure_headers.ts";

// A copy per process is enough: the document says nothing of the app that answers.
let text: string | undefined;

/** Adds `GET /openapi.json`. */
export function addOpenApiRoute(app: Hono): void {
  app.get("/openapi.json", async () => {
    const { openApi } = await import("./openapi.ts");
    text ??= JSON.stringify(openApi());
    const headers = { "content-type": "application/json", "cache-control": "public, max-age=300" };
    return secured(new Response(text, { headers }));
  });
}
