/**
 * The parent's side of `store_worker.ts`: starts one and gives it orders. Since it is up before they come,
 * several workers begin at the same moment.
 *
 * @module
 */

/** What a worker is told: open the store, count, close. */
export interface CountOrder {
  /** Path or address of the store. */
  target: string;
  key: string;
  /** How often to add 1. */
  times: number;
}

/** A worker that waits for orders. */
export interface StoreWorker extends AsyncDisposable {
  /** Resolves once the order is carried out; rejects where the worker failed, which it tells on stderr. */
  count(order: CountOrder): Promise<void>;
}

/** Starts a worker on one of the backends of `open_store.ts`. */
export async function startStoreWorker(backend: string): Promise<StoreWorker> {
  const config = `${import.meta.dirname}/../../deno.json`;
  const script = `${import.meta.dirname}/store_worker.ts`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", config, script, backend],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const orders = child.stdin.getWriter();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();

  async function expect(answer: string): Promise<void> {
    const { value } = await answers.read();
    if (value?.trim() !== answer) throw new Error(`A store worker answered '${value}'`);
  }

  await expect("ready");
  return {
    async count(order) {
      await orders.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
      await expect("done");
    },
    async [Symbol.asyncDispose]() {
      await orders.close().catch(() => {});
      await answers.cancel();
      await child.status;
    },
  };
}
