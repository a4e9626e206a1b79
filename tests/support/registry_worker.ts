// deno-lint-ignore-file no-console -- the parent process reads standard output
/**
 * A process of its own with a registry on a Deno KV file: `registry_worker.ts PATH CONFIG`, then orders on
 * standard input and tallies on standard output, one JSON a line. Started by `registry_worker_process.ts`,
 * never imported.
 *
 * @module
 */
import { type BreakerConfigInput, BreakerRegistry, type Verdict } from "../../mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import type { Order, Tally } from "./registry_worker_process.ts";

const [path, configText = "{}"] = Deno.args;
await using store = denoKvStore(path);
// Longer than any noise of the machine: a degraded verdict would be no exact one.
const options = { store, timeoutMs: 10_000 };
const config = JSON.parse(configText) as BreakerConfigInput; // the parent writes nothing else
await using registry = new BreakerRegistry({ ...options, config });
let storeErrors = 0;
registry.onEvent((event) => {
  if (event.type === "store_error") storeErrors++;
});

/** Asks so often at once; where the order is to fail, tells all outcomes at once too. */
async function carryOut({ host, times, fail }: Order): Promise<Tally> {
  const verdicts = await Promise.all(
    Array.from({ length: times }, () => registry.allow({ host })),
  );
  const allowed = verdicts.filter((verdict) => verdict.allowed);
  const told = fail
    ? await Promise.all(allowed.map(({ permit }) => registry.record(permit, { status: 500 })))
    : [];
  return {
    allowed: allowed.length,
    reasons: verdicts.map(reasonOf),
    recorded: told.filter(({ recorded }) => recorded).length,
    degraded: registry.stats().degraded + verdicts.filter(({ degraded }) => degraded).length,
    storeErrors,
  };
}

function reasonOf(verdict: Verdict): string {
  return verdict.allowed ? verdict.state : verdict.reason;
}

console.log("ready");
let unread = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (unread + text).split("\n");
  unread = lines.pop() ?? "";
  for (const line of lines) {
    const order = JSON.parse(line) as Order; // the parent writes nothing else
    console.log(JSON.stringify(await carryOut(order)));
  }
}
