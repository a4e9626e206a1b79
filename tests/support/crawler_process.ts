/**
 * A crawler as a process of its own. Reads one order a line: `{"edges": [...], "host", "asks", "at"}`; at that
 * epoch millisecond asks each edge so many times at once, and writes the verdicts as one line of JSON.
 *
 * @module
 */
import { EdgeClient } from "../../mod.ts";

interface Order {
  edges: string[];
  host: string;
  asks: number;
  at: number;
}

async function lines(onLine: (line: string) => Promise<void>): Promise<void> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) await onLine(line);
  }
}

await lines(async (line) => {
  const { edges, host, asks, at }: Order = JSON.parse(line);
  const clients = edges.map((url) => new EdgeClient({ url, timeoutMs: 10_000 }));
  await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
  const verdicts = await Promise.all(
    clients.flatMap((client) => Array.from({ length: asks }, () => client.allow({ host }))),
  );
  console.info(JSON.stringify(verdicts));
  for (const client of clients) await client[Symbol.asyncDispose]();
});
