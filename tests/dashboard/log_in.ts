/**
 * Edges with tokens, and who is logged in to them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Hono } from "hono";
import type { EdgeOptions } from "../../src/edge/app.ts";
import { type Answered, call, createEdge, type TestEdge } from "../edge/calls.ts";
import { TOKENS } from "./served_app.ts";

/** What the page's own script sends, and no other site can. */
export const CSRF = { "x-breakwater-dashboard": "1" };

/** An edge that asks for tokens. */
export function guardedEdge(options: Partial<EdgeOptions> = {}): TestEdge {
  return createEdge({}, { tokens: TOKENS, ...options });
}

/** Tries a token. */
export function logIn(
  app: Hono,
  token: string,
  headers: Record<string, string> = CSRF,
): Promise<Answered> {
  return call(app, "POST", "/session", { token, name: "ada" }, headers);
}

/** The cookie that an answer sets, as a browser sends it. */
export function cookieOf({ headers }: Answered): string {
  return headers.get("set-cookie")!.split(";")[0]!;
}

/** Logs in; gives the header that shows it from then on. */
export async function sessionOf(app: Hono, token: string): Promise<Record<string, string>> {
  const answer = await logIn(app, token);
  assertEquals(answer.status, 200, JSON.stringify(answer.body));
  return { cookie: cookieOf(answer) };
}
