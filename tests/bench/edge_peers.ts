/**
 * What the edge is held against, each a server of its own: `echo`, a bare Hono app that reads JSON and answers
 * it; `compare-and-set FILE`, the same with a counter in Deno KV that each request raises by itself.
 *
 * @module
 */
import { Hono } from "hono";

const app = new Hono();
const [kind, file] = Deno.args;
if (kind === "compare-and-set") {
  const kv = await Deno.openKv(file);
  app.post("/", async (c) => {
    const body = await c.req.json();
    await raise(kv);
    return c.json(body);
  });
} else app.post("/", async (c) => c.json(await c.req.json()));

/** Read, change, compare-and-set; again where another came first. */
async function raise(kv: Deno.Kv): Promise<void> {
  const key = ["hot.example.org"];
  for (;;) {
    const found = await kv.get<number>(key);
    const raised = kv.atomic().check(found).set(key, (found.value ?? 0) + 1);
    if ((await raised.commit()).ok) return;
  }
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ hostname, port }) => console.error(`Listening on http://${hostname}:${port}`),
}, app.fetch);
