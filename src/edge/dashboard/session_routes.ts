/**
 * Logging in to the dashboard and out again.
 *
 * @module
 */
import type { Hono } from "hono";
import { BODY_LIMIT, readJson } from "../body.ts";
import { parseLogIn } from "../operator_requests.ts";
import { stateAnswer } from "../wire.ts";
import { cookieHeader, requireSameSite, type Session, type Sessions } from "./sessions.ts";

/** Who is logged in. */
export interface WireSession {
  /** `none`: nobody. */
  scope: "none" | "read" | "admin";
  name?: string;
  /** Epoch milliseconds; absent where the server asks for no token. */
  until?: number;
}

/** What everybody is where the server asks for no token. */
export const OPEN_SESSION: WireSession = { scope: "admin" };
const NOBODY: WireSession = { scope: "none" };

/** Adds GET, POST and DELETE of `/session`; `sessions` is absent where the app is open. */
export function addSessionRoutes(app: Hono, sessions: Sessions | undefined): void {
  const path = "/session";
  app.get(path, async (c) => {
    const session = sessions === undefined ? OPEN_SESSION : await sessions.of(c.req.raw);
    // No refusal: browsers tell of those on the console, and nothing is wrong.
    return stateAnswer(session === undefined ? NOBODY : wireSession(session));
  });
  app.post(path, async (c) => {
    const { token, name } = parseLogIn(await readJson(c, BODY_LIMIT));
    if (sessions === undefined) return stateAnswer(OPEN_SESSION);
    requireSameSite(c.req.raw);
    const { session, value } = await sessions.begin(token, name);
    return withCookie(stateAnswer(wireSession(session)), cookieHeader(c.req.raw, value));
  });
  app.delete(path, async (c) => {
    if (sessions === undefined) return stateAnswer(NOBODY);
    requireSameSite(c.req.raw);
    await sessions.end(c.req.raw);
    return withCookie(stateAnswer(NOBODY), cookieHeader(c.req.raw, undefined));
  });
}

function wireSession({ scope, name, until }: Session | WireSession): WireSession {
  return { scope, name, until };
}

function withCookie(response: Response, cookie: string): Response {
  response.headers.append("set-cookie", cookie);
  return response;
}
