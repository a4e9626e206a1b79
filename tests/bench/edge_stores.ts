/**
 * The stores that the edge server is measured on, as its environment names them.
 *
 * @module
 */
import { BRIDGE_TOKEN, startBridgedRedis } from "../support/upstash_bridge.ts";

/** What a server is told of a store that is there until it is disposed. */
export interface OpenedStore extends AsyncDisposable {
  env: Record<string, string>;
}

/** A store by its name on the command line. */
export interface EdgeStore {
  name: string;
  open(): Promise<OpenedStore>;
}

/** In the order in which they are measured. */
export const EDGE_STORES: readonly EdgeStore[] = [
  { name: "memory", open: () => inFolder(() => "memory:") },
  { name: "deno-kv", open: () => inFolder((folder) => `deno-kv:${folder}/bench.kv`) },
  { name: "sqlite", open: () => inFolder((folder) => `sqlite:${folder}/bench.sqlite`) },
  { name: "redis", open: openRedis },
];

async function inFolder(store: (folder: string) => string): Promise<OpenedStore> {
  const folder = await Deno.makeTempDir();
  return {
    env: { BREAKWATER_STORE: store(folder) },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Over REST, as Upstash serves it. */
async function openRedis(): Promise<OpenedStore> {
  const bridge = await startBridgedRedis();
  return {
    env: {
      BREAKWATER_STORE: "upstash:",
      UPSTASH_REDIS_REST_URL: bridge.url,
      UPSTASH_REDIS_REST_TOKEN: BRIDGE_TOKEN,
    },
    [Symbol.asyncDispose]: () => bridge[Symbol.asyncDispose](),
  };
}
