/**
 * A crawl with roles and resolvers: records are looked up at a service that throttles, pages and files come from
 * the publisher's host, and each part is held back by itself. `deno run --allow-net examples/crawl.ts`
 *
 * @module
 */
// deno-lint-ignore-file no-console -- an example speaks to whoever runs it
import { breakerFetch, BreakerOpenError, BreakerRegistry } from "@breakwater/breakwater";

// Both hosts of this example are one server on loopback: the registry has 5 lookups to give, the files are lost.
let lookups = 0;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/lookup/") && ++lookups > 5) {
    return new Response(null, { status: 429, headers: { "retry-after": "30" } });
  }
  return new Response(pathname, { status: pathname.startsWith("/file/") ? 502 : 200 });
});
const { port } = server.addr;
const lookup = `http://localhost:${port}/lookup`; // the service, by another name than the publisher
const publisher = `http://127.0.0.1:${port}`;

await using registry = new BreakerRegistry({
  config: { defaults: { failMax: 4, roles: { artifact: { failMax: 2 } } } },
});
const get = breakerFetch(registry, { timeoutMs: 5_000 });
const tally = new Map<string, number>();

/** One request; false where it was not sent, or failed. */
async function step(url: string, role: string, resolver?: string): Promise<boolean> {
  let word: string;
  try {
    const response = await get(url, { breaker: { role, resolver } });
    await response.body?.cancel();
    word = String(response.status);
  } catch (error) {
    if (!(error instanceof BreakerOpenError)) throw error;
    word = `not sent (${error.scope}, ${error.reason})`;
  }
  const line = `${role}: ${word}`;
  tally.set(line, (tally.get(line) ?? 0) + 1);
  return word === "200";
}

for (let id = 1; id <= 8; id++) {
  // Without its record the page can still be read; without the page nobody needs the file.
  await step(`${lookup}/${id}`, "metadata", "crossref");
  if (await step(`${publisher}/page/${id}`, "landing")) {
    await step(`${publisher}/file/${id}`, "artifact");
  }
}
for (const [line, count] of tally) console.log(`${count} x ${line}`);
await server.shutdown();
