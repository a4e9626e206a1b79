/**
 * How a call shows who makes it: by a bearer token, or by the cookie of a session. Knows no routes.
 *
 * @module
 */
import type { AccessScope, Authorize } from "../auth.ts";
import type { EdgeContext } from "../context.ts";
import { requireSameSite, type Sessions } from "./sessions.ts";

/** What keeps the routes of an app. */
export type Guarding = Pick<EdgeContext, "guard" | "operatorOf">;

/** Lets in whoever has a token or, for all that crawlers do not call, a session. */
export function guarding(
  authorize: Authorize | undefined,
  sessions: Sessions | undefined,
): Guarding {
  const operators = new WeakMap<Request, string>();
  const operatorOf = (request: Request) => operators.get(request);
  if (authorize === undefined || sessions === undefined) {
    return { guard: (_wanted, answer) => answer, operatorOf };
  }
  const admit = async (request: Request, wanted: AccessScope) => {
    const session = await sessions.of(request);
    if (session === undefined) return authorize(request, wanted);
    if (request.method !== "GET" && request.method !== "HEAD") requireSameSite(request);
    authorize(session.bearer, wanted);
    if (session.name !== undefined) operators.set(request, session.name);
  };
  return {
    operatorOf,
    // Not a middleware: a route without any is answered without composing a chain.
    guard: (wanted, answer) => {
      const byToken: typeof answer = (c) => {
        authorize(c.req.raw, wanted);
        return answer(c);
      };
      if (wanted === "crawl") return byToken;
      return (c) => {
        const request = c.req.raw;
        if (request.headers.has("authorization")) return byToken(c);
        return admit(request, wanted).then(() => answer(c));
      };
    },
  };
}
