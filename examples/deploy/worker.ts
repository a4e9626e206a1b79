/**
 * A crawler as a Cloudflare Worker behind an edge API; what was set in the dashboard arrives as `env`.
 * Bundle it with `deno bundle --platform browser -o worker.js examples/deploy/worker.ts`.
 *
 * @module
 */
import { breakerFetch, BreakerOpenError, EdgeClient } from "@breakwater/breakwater";

interface Env {
  BREAKWATER_URL: string;
  BREAKWATER_TOKEN?: string;
}

let known: EdgeClient | undefined;

/** One for all requests of this isolate. */
function gateOf({ BREAKWATER_URL: url, BREAKWATER_TOKEN: token }: Env): EdgeClient {
  return known ??= new EdgeClient({ url, token });
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const target = new URL(request.url).searchParams.get("url");
    if (target === null || !URL.canParse(target)) {
      return new Response("Ask with ?url=\n", { status: 400 });
    }
    const get = breakerFetch(gateOf(env), { role: "landing", timeoutMs: 10_000 });
    try {
      const { status } = await get(target);
      return Response.json({ target, status });
    } catch (error) {
      if (!(error instanceof BreakerOpenError)) throw error;
      const retryAfterS = Math.ceil(error.retryAfterMs / 1_000);
      return Response.json({ target, denied: error.reason, retryAfterS }, { status: 503 });
    }
  },
};
