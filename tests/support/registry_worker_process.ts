/**
 * The parent's side of `registry_worker.ts`: starts one and gives it orders. Since it is up before they
 * come, several workers begin at the same moment.
 *
 * @module
 */
import type { BreakerConfigInput } from "../../mod.ts";

/** What a worker is told: ask for a host so often at once. */
export interface Order {
  host: string;
  role?: string;
  /** Not before this, in epoch milliseconds. */
  at?: number;
  times: number;
  /** Tell a failure with every permit, all at once. */
  fail?: boolean;
}

/** What came of an order. */
export interface Tally {
  allowed: number;
  /** Per verdict: the state where it was allowed, the reason where not. */
  reasons: string[];
  recorded: number;
  /** Answers so far that were given without the store. */
  degraded: number;
  /** Store errors so far. */
  storeErrors: number;
}

/** A worker that waits for orders. */
export interface RegistryWorker extends AsyncDisposable {
  /** Resolves once the order is carried out; rejects where the worker failed, which it tells on stderr. */
  carryOut(order: Order): Promise<Tally>;
  /** Ends it without warning. */
  crash(): Promise<void>;
}

/** Starts a worker on one of the backends of `open_store.ts`. */
export async function startRegistryWorker(
  backend: string,
  target: string,
  config: BreakerConfigInput,
): Promise<RegistryWorker> {
  const configText = JSON.stringify(config);
  const configFile = `${import.meta.dirname}/../../deno.json`;
  const script = `${import.meta.dirname}/registry_worker.ts`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", configFile, script, backend, target, configText],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const orders = child.stdin.getWriter();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let unread = "";

  async function nextLine(): Promise<string> {
    while (!unread.includes("\n")) {
      const { value, done } = await answers.read();
      if (done) throw new Error(`A registry worker ended after '${unread}'`);
      unread += value;
    }
    const end = unread.indexOf("\n");
    const line = unread.slice(0, end);
    unread = unread.slice(end + 1);
    return line;
  }

  const greeting = await nextLine();
  if (greeting !== "ready") throw new Error(`A registry worker said '${greeting}'`);
  return {
    async carryOut(order) {
      await orders.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
      return JSON.parse(await nextLine()) as Tally; // the worker writes nothing else
    },
    async crash() {
      child.kill("SIGKILL");
      await child.status;
    },
    async [Symbol.asyncDispose]() {
      await orders.close().catch(() => {});
      await answers.cancel();
      await child.status;
    },
  };
}
