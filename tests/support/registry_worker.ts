// deno-lint-ignore-file no-console -- the parent process reads standard output
/**
 * A process of its own with a registry: `registry_worker.ts BACKEND TARGET CONFIG`, then orders on
 * standard input and tallies on standard output, one JSON a line. Started by `registry_worker_process.ts`,
 * never imported.
 *
 * @module
 */
import { type BreakerConfigInput, BreakerRegistry, type Verdict } from "../../mod.ts";
import { openStore } from "./open_store.ts";
import type { Order, Tally } from "./registry_worker_process.ts";

const [backend = "", target = "", configText = "{}"] = Deno.args;
const open = openStore[backend];
if (open === undefined) throw new RangeError(`No store is called '${backend}'`);
await using store = open(target);
// Longer than any noise of the machine: a degraded verdict would be no exact one.
const options = { store, timeoutMs: 10_000 };
const config = JSON.parse(configText) as BreakerConfigInput; // the parent writes nothing else
await using registry = new BreakerRegistry({ ...options, config });
let storeErrors = 0;
registry.onEvent((event) => {
  if (event.type === "store_error") storeErrors++;
});

/** Asks so often at once; where the order is to fail, tells all outcomes at once too. */
async function carryOut({ host, role, at, times, fail }: Order): Promise<Tally> {
  await until(at ?? 0);
  const verdicts = await Promise.all(
    Array.from({ length: times }, () => registry.allow({ host, role })),
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

/** A timer may come a little early; the clock that the registry looks at does not. */
async function until(at: number): Promise<void> {
  for (let leftMs = at - Date.now(); leftMs > 0; leftMs = at - Date.now()) {
    await new Promise((resolve) => setTimeout(resolve, leftMs));
  }
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
