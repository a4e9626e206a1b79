/**
 * Hosts and resolvers as the page names them: in its lists, in links, in its own address. Runs on the page and on the
 * server.
 *
 * @module
 */

/** A host or a resolver. */
export interface TargetName {
  scope: string;
  key: string;
}

/** Tells hosts and resolvers apart. */
export function rowKey({ scope, key }: TargetName): string {
  return `${scope}:${key}`;
}

/** What follows the address of the page where one is shown: `#host=api.example.org`. */
export function hashOf({ scope, key }: TargetName): string {
  return `#${scope}=${encodeURIComponent(key)}`;
}

/** What stands there, read: `#host=api.example.org`, `#history`. */
export function readHash(hash: string): { view: string; target?: TargetName } {
  const [, scope, key = ""] = /^#(host|resolver)=(.+)$/.exec(hash) ?? [];
  if (scope !== undefined) {
    try {
      return { view: "hosts", target: { scope, key: decodeURIComponent(key) } };
    } catch {
      return { view: "hosts" }; // not an address that this page has made
    }
  }
  const view = hash.slice(1);
  return { view: view === "advice" || view === "history" ? view : "hosts" };
}
