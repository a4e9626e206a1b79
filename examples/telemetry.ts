/**
 * What a registry does as OpenTelemetry metrics, beside the spans that Deno makes of each `fetch`. Point it at a
 * collector: `OTEL_DENO=true OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 deno run -A examples/telemetry.ts`
 *
 * @module
 */
import { breakerFetch, BreakerOpenError, BreakerRegistry } from "@breakwater/breakwater";
import { observeRegistry } from "@breakwater/breakwater/telemetry";

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  return new Response(null, { status: 503, headers: { "retry-after": "120" } });
});

await using registry = new BreakerRegistry();
observeRegistry(registry); // does nothing where nobody has turned OpenTelemetry on
const get = breakerFetch(registry);

for (let i = 0; i < 10; i++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  await get(`http://127.0.0.1:${server.addr.port}/`).catch((error) => {
    if (!(error instanceof BreakerOpenError)) throw error;
  });
}
await server.shutdown();
