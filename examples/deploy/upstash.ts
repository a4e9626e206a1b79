/**
 * A crawler on Deno Deploy that shares its breakers through Upstash Redis: no server in between, each instance
 * asks the database, and seldom. Locally: `deno run -A examples/deploy/upstash.ts`
 *
 * @module
 */
import { breakerFetch, BreakerOpenError, BreakerRegistry } from "@breakwater/breakwater";
import { upstashStore } from "@breakwater/breakwater/stores/upstash";

const store = upstashStore({
  url: Deno.env.get("UPSTASH_REDIS_REST_URL") ?? "",
  token: Deno.env.get("UPSTASH_REDIS_REST_TOKEN") ?? "",
});
// `cooldowns` costs least: only what closes a host to everybody travels.
const registry = new BreakerRegistry({ store, share: "cooldowns" });
const get = breakerFetch(registry, { timeoutMs: 10_000 });

const port = Number(Deno.env.get("PORT") ?? "8000");
const server = Deno.serve({ port }, async (request) => {
  const target = new URL(request.url).searchParams.get("url");
  if (target === null || !URL.canParse(target)) {
    return new Response("Ask with ?url=\n", { status: 400 });
  }
  try {
    const { status } = await get(target);
    return Response.json({ target, status });
  } catch (error) {
    if (!(error instanceof BreakerOpenError)) {
      return Response.json({ target, failed: true }, { status: 502 });
    }
    const retryAfterS = Math.ceil(error.retryAfterMs / 1_000);
    return Response.json({ target, denied: error.reason, retryAfterS }, { status: 503 });
  }
});

async function stop() {
  await server.shutdown();
  await registry[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
}
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
