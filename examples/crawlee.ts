/**
 * Crawlee with breakers: its queue, its concurrency and its retries, ours to say which host is left alone. What is
 * denied is not an error of the page, so it waits and costs none of its retries.
 * `deno run -A examples/crawlee.ts`
 *
 * @module
 */
// deno-lint-ignore-file no-console -- an example speaks to whoever runs it
import { BasicCrawler, Configuration } from "npm:@crawlee/basic@^3.18";
import { breakerFetch, BreakerOpenError, BreakerRegistry } from "@breakwater/breakwater";

let asked = 0;
const recoversAt = Date.now() + 1_000;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  asked++;
  return new Response("A page\n", { status: Date.now() < recoversAt ? 503 : 200 });
});

const registry = new BreakerRegistry({ config: { defaults: { failMax: 3, resetTimeoutMs: 500 } } });
const get = breakerFetch(registry, { timeoutMs: 5_000 });
const pages = Array.from({ length: 20 }, (_, i) => `http://127.0.0.1:${server.addr.port}/${i}`);
let done = 0;

/** Sends until the gate lets it: a denial says how long to wait. */
async function page(url: string): Promise<Response> {
  while (true) {
    try {
      return await get(url);
    } catch (error) {
      if (!(error instanceof BreakerOpenError)) throw error;
      const ms = Math.min(error.retryAfterMs, 5_000);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}

const crawler = new BasicCrawler({
  maxConcurrency: 4,
  maxRequestRetries: 10,
  async requestHandler({ request }) {
    const response = await page(request.url);
    await response.body?.cancel();
    if (!response.ok) throw new Error(`answered ${response.status}`);
    done++;
  },
}, new Configuration({ persistStorage: false }));
crawler.log.setLevel(0);
await crawler.run(pages);

console.log(`${done} pages read, the host was asked ${asked} times`);
await registry[Symbol.asyncDispose]();
await server.shutdown();
Deno.exit(); // Crawlee leaves timers behind
