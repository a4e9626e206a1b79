/**
 * The edge API on Deno Deploy with Deno KV, as an entry of your own: assign a database to the app, set the
 * tokens, and name this file as the entry. Locally: `deno run --unstable-kv -A examples/deploy/deno_kv.ts`
 *
 * @module
 */
import { BreakerRegistry } from "@breakwater/breakwater";
import { createApp } from "@breakwater/breakwater/edge";
import { denoKvStore } from "@breakwater/breakwater/stores/deno-kv";

// On Deploy there is no path: the database is the one assigned. It is opened when it is first asked.
const store = denoKvStore(Deno.env.get("KV_PATH"));
const registry = new BreakerRegistry({ store, config: { defaults: { failMax: 3 } } });
const tokens = {
  crawl: [Deno.env.get("CRAWL_TOKEN") ?? ""],
  admin: [Deno.env.get("ADMIN_TOKEN") ?? ""],
};
if (!tokens.crawl[0] || !tokens.admin[0]) throw new Error("Set CRAWL_TOKEN and ADMIN_TOKEN");

const port = Number(Deno.env.get("PORT") ?? "8000");
const server = Deno.serve({ port }, createApp({ registry, tokens }).fetch);

// An instance is stopped with SIGINT and has 5 s: what is queued is written first.
async function stop() {
  await server.shutdown();
  await registry[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
}
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
