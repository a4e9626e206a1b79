/**
 * `ky` on top: its retries, hooks and JSON, with a breaker underneath. A denied request is not retried: the
 * breaker has said already when to come back. `deno run --allow-net --allow-env examples/ky.ts`
 *
 * @module
 */
// deno-lint-ignore-file no-console -- an example speaks to whoever runs it
import ky from "npm:ky@^2";
import { breakerFetch, BreakerOpenError, BreakerRegistry } from "@breakwater/breakwater";

let answers = 0;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  const isDown = ++answers > 1;
  return Response.json({ answers }, { status: isDown ? 503 : 200 });
});

await using registry = new BreakerRegistry({ config: { defaults: { failMax: 3 } } });
const api = ky.create({
  prefix: `http://127.0.0.1:${server.addr.port}`,
  fetch: breakerFetch(registry, { role: "metadata" }),
  timeout: false, // breakerFetch's own `timeoutMs` counts as a failure; ky's would be an abort
  retry: { limit: 5, delay: () => 10, shouldRetry: ({ error }) => !isDenied(error) },
});

function isDenied(error: unknown): error is BreakerOpenError {
  return error instanceof BreakerOpenError;
}

console.log("first:", await api.get("records/1").json());
try {
  await api.get("records/2").json();
} catch (error) {
  if (!isDenied(error)) throw error;
  console.log(`then: not sent, ask again in ${Math.ceil(error.retryAfterMs / 1_000)} s`);
}
console.log(`the server was asked ${answers} times`);
await server.shutdown();
