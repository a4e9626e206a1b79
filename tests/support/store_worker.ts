// deno-lint-ignore-file no-console -- the parent process reads standard output
/**
 * A process of its own that counts in a store: `store_worker.ts BACKEND`, then orders on standard input, one
 * JSON a line; `done` on standard output after each. Started by `store_worker_process.ts`, never imported.
 *
 * @module
 */
import { countInStore } from "./count_in_store.ts";
import { openStore } from "./open_store.ts";
import type { CountOrder } from "./store_worker_process.ts";

const backend = Deno.args[0] ?? "";
const open = openStore[backend];
if (open === undefined) throw new RangeError(`No store is called '${backend}'`);

console.log("ready");
let unread = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (unread + text).split("\n");
  unread = lines.pop() ?? "";
  for (const line of lines) {
    // The parent writes nothing else.
    const order = JSON.parse(line) as CountOrder;
    await using store = open(order.target);
    await countInStore(store, order.key, order.times);
    console.log("done");
  }
}
