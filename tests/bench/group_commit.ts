/**
 * 64 callers of one process that fail on one host, over each store that processes share: group commit beside
 * a compare-and-set per request on the same store.
 *
 * @module
 */
import { BreakerRegistry } from "../../mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { Store, Versioned } from "../../src/stores/store.ts";
import { upstashStore } from "../../src/stores/upstash.ts";
import { hasRedisServer } from "../support/redis_server.ts";
import { BRIDGE_TOKEN, startBridgedRedis } from "../support/upstash_bridge.ts";
import { type Figure, type Group, throughput } from "./figure.ts";

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

/** Which goals hold: a store that answers at once has nobody waiting while it writes. */
interface Goals {
  perSecond?: string;
  perWrite?: string;
  ratio?: string;
}

async function figuresOf(name: string, store: Store, goals: Goals): Promise<Figure[]> {
  const { perSecond, perWrite } = await failTogether(store);
  const oneByOne = await failOneByOne(store);
  return [
    { name: `${name}: outcomes/s`, value: perSecond, unit: "/s", goal: goals.perSecond },
    { name: `${name}: outcomes per write`, value: perWrite, unit: "", goal: goals.perWrite },
    { name: `${name}: compare-and-set per request`, value: oneByOne, unit: "/s" },
    { name: `${name}: ratio`, value: perSecond / oneByOne, unit: "x", goal: goals.ratio },
  ];
}

/** The figures. */
export const groupCommit: Group = {
  name: "group commit, 64 callers, one host",
  async run() {
    const folder = await Deno.makeTempDir();
    try {
      await using kv = denoKvStore(`${folder}/bench.kv`);
      await using sqlite = sqliteStore(`${folder}/bench.sqlite`);
      const goals = { perWrite: "20 or more" };
      const figures = [
        ...await figuresOf("Deno KV", kv, {
          ...goals,
          perSecond: "20,000 or more",
          ratio: "20 or more",
        }),
        ...await figuresOf("SQLite, which answers at once", sqlite, {}),
      ];
      if (!await hasRedisServer()) return figures;
      await using bridge = await startBridgedRedis();
      await using redis = upstashStore({ url: bridge.url, token: BRIDGE_TOKEN });
      return [...figures, ...await figuresOf("Redis over REST", redis, goals)];
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};
