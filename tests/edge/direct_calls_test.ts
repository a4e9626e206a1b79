/**
 * The calls of crawlers go past the router, and their bodies, where a server hands them over, past the text. Whichever
 * way a call takes, it is answered alike.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createEdge, type TestEdge } from "./calls.ts";

const LIMIT = 65_536;
/** What `Deno.serve` hands over with a request. */
const SERVED = { remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 } };

async function answer(
  { app }: TestEdge,
  path: string,
  body: string,
  headers: Record<string, string>,
  env?: unknown,
): Promise<[number, unknown]> {
  const init = { method: "POST", headers: { "x-request-id": "1", ...headers }, body };
  // safe: an env is whatever a server gives
  const response = await app.request(path, init, env as object | undefined);
  const { permit, ...rest } = await response.json();
  return [response.status, { ...rest, permit: typeof permit }];
}

const JSON_TYPE = { "content-type": "application/json" };
const BODIES: [string, string, Record<string, string>][] = [
  ["an ask", '{"host":"example.org"}', JSON_TYPE],
  ["an ask that is denied", '{"host":"down.example.org"}', JSON_TYPE],
  ["an ask beyond ASCII", '{"host":"bücher.example"}', JSON_TYPE],
  ["a mistake", '{"hots":"example.org"}', JSON_TYPE],
  ["half a text", '{"host":', JSON_TYPE],
  ["nothing", "", JSON_TYPE],
  ["too much", JSON.stringify({ host: "x".repeat(LIMIT) }), JSON_TYPE],
  ["another type", '{"host":"example.org"}', { "content-type": "text/plain" }],
];

for (const [name, body, headers] of BODIES) {
  Deno.test(`${name} is answered alike, however the URL is spelt and whoever hands it over`, async () => {
    const edge = createEdge();
    edge.registry.open("down.example.org", { forMs: 30_000 });
    const length = String(new TextEncoder().encode(body).length);
    const declared = { ...headers, "content-length": length };
    const direct = await answer(edge, "/v1/allow", body, headers);
    for (const path of ["/v1/allow", "/v1/%61llow", "/v1/allow?a=b"]) {
      assertEquals(await answer(edge, path, body, declared, SERVED), direct, path);
      assertEquals(await answer(edge, path, body, declared), direct, path);
    }
  });
}

Deno.test("a length that is said twice is no length to rely on", async () => {
  const edge = createEdge();
  const over = JSON.stringify({ host: "x".repeat(LIMIT) });
  const headers = { ...JSON_TYPE, "content-length": "10, 10" };
  assertEquals((await answer(edge, "/v1/allow", over, headers, SERVED))[0], 413);
});
