/**
 * Every store that registries can share, each fresh for one test, with an outage on demand.
 *
 * @module
 */
import { memoryStore } from "../../src/stores/memory.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { MaybePromise, Store } from "../../src/stores/store.ts";
import { upstashStore } from "../../src/stores/upstash.ts";
import { hasRedisServer } from "./redis_server.ts";
import { BRIDGE_TOKEN, startBridgedRedis } from "./upstash_bridge.ts";

/** One place for records, and several ways to it. */
export interface SharedStore extends AsyncDisposable {
  /** A handle as another process has it. */
  open(): Store;
  /** Whether commands fail from now on. */
  setDown(down: boolean): void;
  /** Commands sent so far, by all handles. */
  commands(): number;
}

/** By name; without a Redis, those that need none. */
export const SHARED_STORES: Readonly<Record<string, () => Promise<SharedStore>>> = {
  memory: () => {
    const store = memoryStore();
    return Promise.resolve(shared(() => store, () => store[Symbol.asyncDispose]()));
  },
  "deno-kv": () => inFile("breakers.kv", denoKvStore),
  sqlite: () => inFile("breakers.sqlite", (path) => sqliteStore(path)),
  ...(await hasRedisServer() && { "upstash before a real Redis": openUpstash }),
};

async function inFile(name: string, open: (path: string) => Store): Promise<SharedStore> {
  const folder = await Deno.makeTempDir({ prefix: "breakwater-shared-" });
  return shared(
    () => open(`${folder}/${name}`),
    () => Deno.remove(folder, { recursive: true }),
  );
}

async function openUpstash(): Promise<SharedStore> {
  const bridge = await startBridgedRedis();
  const { url } = bridge;
  const it = shared(
    () => upstashStore({ url, token: BRIDGE_TOKEN }),
    () => bridge[Symbol.asyncDispose](),
  );
  // Where there is a real endpoint, that is what fails.
  const instead = { status: 503, body: "down" };
  return { ...it, setDown: (down) => bridge.trouble = down ? { instead } : {} };
}

function shared(open: () => Store, cleanUp: () => PromiseLike<unknown>): SharedStore {
  const opened = new Set<Store>();
  let isDown = false;
  let commands = 0;
  function pass<A extends unknown[], T>(command: (...args: A) => MaybePromise<T>) {
    return (...args: A): MaybePromise<T> => {
      commands++;
      if (isDown) throw new Error("the store is down");
      return command(...args);
    };
  }
  return {
    open() {
      const store = open();
      opened.add(store);
      return {
        read: pass((keys: readonly string[]) => store.read(keys)),
        write: pass((...args: Parameters<Store["write"]>) => store.write(...args)),
        list: pass((...args: Parameters<Store["list"]>) => store.list(...args)),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
    setDown: (down) => isDown = down,
    commands: () => commands,
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store[Symbol.asyncDispose]();
      await cleanUp();
    },
  };
}
