/**
 * 64 callers that fail on one host of one process over Deno KV: group commit beside a compare-and-set per
 * request on the same file.
 *
 * @module
 */
import { BreakerRegistry } from "../../mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import type { Store, Versioned } from "../../src/stores/store.ts";
import { type Group, throughput } from "./figure.ts";

const CALLERS = 64;
const FOR_MS = 3_000;
const HOST = "failing.example.org";

async function failTogether(store: Store): Promise<{ perSecond: number; perWrite: number }> {
  await using registry = new BreakerRegistry({
    store,
    timeoutMs: 5_000,
    config: { defaults: { failMax: 1_000_000 } },
  });
  const perSecond = await throughput(CALLERS, FOR_MS, async () => {
    const verdict = await registry.allow({ host: HOST });
    if (!verdict.allowed) throw new Error("The host must not open in this benchmark");
    const { recorded } = await registry.record(verdict.permit, { status: 503 });
    if (!recorded) throw new Error("An outcome was lost");
  });
  const { committed, commands } = registry.stats();
  return { perSecond, perWrite: committed / commands.write };
}

/** What many do: read, change, compare-and-set, again where another came first. */
function failOneByOne(store: Store): Promise<number> {
  return throughput(CALLERS, FOR_MS, async () => {
    for (;;) {
      const [found] = await store.read(["counter"]) as [Versioned | undefined];
      const next = String(Number(found?.value ?? 0) + 1);
      if ((await store.write("counter", next, found?.version, Infinity)).ok) return;
    }
  });
}

/** The figures. */
export const groupCommit: Group = {
  name: "group commit over Deno KV",
  async run() {
    const folder = await Deno.makeTempDir();
    const store = denoKvStore(`${folder}/bench.kv`);
    try {
      const { perSecond, perWrite } = await failTogether(store);
      const oneByOne = await failOneByOne(store);
      return [
        {
          name: "outcomes/s, 64 callers, one host",
          value: perSecond,
          unit: "/s",
          goal: "20,000 or more",
        },
        { name: "outcomes per write", value: perWrite, unit: "", goal: "20 or more" },
        { name: "compare-and-set per request", value: oneByOne, unit: "/s" },
        { name: "ratio", value: perSecond / oneByOne, unit: "x", goal: "20 or more" },
      ];
    } finally {
      await store[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    }
  },
};
