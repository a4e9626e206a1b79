/**
 * What no route answers: another method on a path that there is, or no such path. Reads the routes that the
 * app has, so that none can be forgotten here.
 *
 * @module
 */
import type { Context } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import type { Authorize } from "./auth.ts";
import { Problem } from "./problem.ts";

/** A handler that refuses with 405 and `Allow`, or 404; under `/v1/` only after a look at the token. */
export function unrouted(
  routes: readonly { method: string; path: string }[],
  authorize: Authorize | undefined,
): (c: Context) => never {
  const methods = new Map<string, string[]>();
  for (const { method, path } of routes) {
    methods.set(path, [...methods.get(path) ?? [], ...spoken(method)]);
  }
  const router = new TrieRouter<string>();
  for (const [path, allowed] of methods) router.add("ALL", path, allowed.join(", "));
  return (c) => {
    const { path } = c.req;
    if (path === "/v1" || path.startsWith("/v1/")) authorize?.(c.req.raw, "any");
    const [[match]] = router.match("ALL", path);
    if (match === undefined) throw new Problem(404, "There is nothing at this path");
    const [allow] = match;
    throw new Problem(405, `This path takes ${allow}`, { headers: { allow } });
  };
}

/** Whatever answers GET answers HEAD. */
function spoken(method: string): string[] {
  return method === "GET" ? ["GET", "HEAD"] : [method];
}
