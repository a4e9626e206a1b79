/**
 * OpenTelemetry of a real server process, as a collector receives it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { spanSource } from "../../src/telemetry/otel.ts";
import { OtlpReceiver, type ReceivedSpan } from "./otlp_receiver.ts";
import { ServerProcess } from "./server_process.ts";

async function ask(url: string, body: unknown): Promise<void> {
  const response = await fetch(`${url}/v1/allow`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
}

Deno.test("with OTEL_DENO spans name their route and verdict, and the counters are exported", async () => {
  await using receiver = new OtlpReceiver();
  await using server = new ServerProcess({
    env: { BREAKWATER_STORE: "memory:", ...receiver.env },
  });
  const url = await server.url();
  await ask(url, { host: "healthy.example.org" });
  const put = await fetch(`${url}/v1/breakers/down.example.org`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: '{"state":"open"}',
  });
  await put.body?.cancel();
  await ask(url, { host: "down.example.org" });
  await (await fetch(`${url}/no/such/path`)).body?.cancel();
  const named = (name: string) => receiver.spans.filter((span) => span.name === name);
  const allow = "POST /v1/allow";
  await receiver.until(() => named(allow).length === 2, allow);
  await receiver.until(() => named("PUT /v1/breakers/:host").length === 1, "PUT");
  const verdicts = named(allow).map(({ attributes }: ReceivedSpan) => [
    attributes["http.route"],
    attributes["breakwater.verdict"],
    attributes["breakwater.reason"],
    attributes["breakwater.key"],
  ]);
  assertEquals(verdicts, [
    ["/v1/allow", "allowed", undefined, undefined],
    ["/v1/allow", "denied", "manual", "down.example.org"],
  ]);
  const denied = 'breakwater.verdicts{outcome="denied",reason="manual"}';
  await receiver.until(() => receiver.series.get(denied) === 1, denied);
  assertEquals(receiver.series.get('breakwater.verdicts{outcome="allowed",reason="closed"}'), 1);
  assertEquals(
    receiver.series.get('breakwater.transitions{from="closed",scope="host",to="open"}'),
    1,
  );
  assertEquals(receiver.series.get("breakwater.store_up{}"), 1);
  const unrouted = receiver.spans.filter(({ attributes }) =>
    String(attributes["url.full"]).endsWith("/no/such/path") &&
    attributes["http.route"] !== undefined
  );
  assertEquals(unrouted, []);
});

Deno.test("where nobody has turned it on there is no span to ask for", () => {
  assertEquals(spanSource(), undefined);
});
