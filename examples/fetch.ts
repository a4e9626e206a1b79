/**
 * `fetch` behind a breaker, against a server of its own that answers 503 for a second and then recovers:
 * `deno run --allow-net examples/fetch.ts`
 *
 * @module
 */
// deno-lint-ignore-file no-console -- an example speaks to whoever runs it
import { breakerFetch, BreakerOpenError, BreakerRegistry } from "@breakwater/breakwater";

const recoversAt = Date.now() + 1_000;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  const isDown = Date.now() < recoversAt;
  return new Response(isDown ? "Down\n" : "A page\n", { status: isDown ? 503 : 200 });
});
const url = `http://127.0.0.1:${server.addr.port}/records/1`;

const registry = new BreakerRegistry({ config: { defaults: { failMax: 3, resetTimeoutMs: 400 } } });
const get = breakerFetch(registry, { timeoutMs: 5_000 });

for (let i = 1; i <= 18; i++) {
  try {
    const response = await get(url);
    console.log(`${i}: ${response.status} ${(await response.text()).trim()}`);
  } catch (error) {
    if (!(error instanceof BreakerOpenError)) throw error;
    console.log(`${i}: not sent, ask again in ${Math.ceil(error.retryAfterMs)} ms`);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
}

await registry[Symbol.asyncDispose]();
await server.shutdown();
