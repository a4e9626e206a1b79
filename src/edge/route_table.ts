/**
 * The paths that the app has, looked up outside of its own routing: for refusals and for the log. Read from the
 * app's routes, so that none can be forgotten here.
 *
 * @module
 */
import { TrieRouter } from "hono/router/trie-router";

/** A path that there is. */
export interface KnownPath {
  /** As it was registered: `/v1/breakers/:host`. */
  template: string;
  /** The methods it takes. */
  methods: readonly string[];
}

/** What is known of the path of a URL; undefined where there is no such path. */
export type RouteTable = (path: string) => KnownPath | undefined;

/** The table of these routes. */
export function routeTable(routes: readonly { method: string; path: string }[]): RouteTable {
  const methods = new Map<string, string[]>();
  for (const { method, path } of routes) {
    methods.set(path, [...methods.get(path) ?? [], ...spoken(method)]);
  }
  const router = new TrieRouter<KnownPath>();
  for (const [template, taken] of methods) {
    router.add("ALL", template, { template, methods: taken });
  }
  return (path) => {
    const [[match]] = router.match("ALL", path);
    return match?.[0];
  };
}

/** Whatever answers GET answers HEAD. */
function spoken(method: string): string[] {
  return method === "GET" ? ["GET", "HEAD"] : [method];
}
