/**
 * What no route answers: another method on a path that there is, or no such path.
 *
 * @module
 */
import type { Context } from "hono";
import type { Authorize } from "./auth.ts";
import { Problem } from "./problem.ts";
import type { RouteTable } from "./route_table.ts";

/** A handler that refuses with 405 and `Allow`, or 404; under `/v1/` only after a look at the token. */
export function unrouted(
  table: RouteTable,
  authorize: Authorize | undefined,
): (c: Context) => never {
  return (c) => {
    const { path } = c.req;
    if (path === "/v1" || path.startsWith("/v1/")) authorize?.(c.req.raw, "any");
    const known = table(path);
    if (known === undefined) throw new Problem(404, "There is nothing at this path");
    const allow = known.methods.join(", ");
    throw new Problem(405, `This path takes ${allow}`, { headers: { allow } });
  };
}
