/**
 * The contract before a database at Upstash, where `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN` name
 * one. It must be empty, and is empty again afterwards.
 *
 * @module
 */
import { Redis } from "@upstash/redis/cloudflare";
import { upstashStore } from "../../src/stores/upstash.ts";
import { testStore } from "../contract/store_contract.ts";
import { upstashTarget } from "../support/open_store.ts";
import { NEVER_DOWN, VERSION_IS_VALUE } from "../support/upstash_cases.ts";

const url = Deno.env.get("UPSTASH_REDIS_REST_URL");
const token = Deno.env.get("UPSTASH_REDIS_REST_TOKEN");

if (url && token) {
  const admin = new Redis({ url, token });
  const settings = { url, token, timeoutMs: 10_000, allowKeyLocking: url.includes("upstash.io") };

  testStore("upstash, a database", async () => {
    // Not of this test: left alone.
    const size = await admin.dbsize();
    if (size > 0) throw new Error(`Use an empty database: this one has ${size} keys`);
    return {
      store: upstashStore(settings),
      second: () => Promise.resolve(upstashStore(settings)),
      worker: { backend: "upstash", target: upstashTarget(url, token) },
      plant: {
        "a number": (key) => admin.set(key, "9007199254740993"),
        "an empty text": (key) => admin.set(key, ""),
        "a list": (key) => admin.rpush(key, "one"),
        "a hash": (key) => admin.hset(key, { field: "one" }),
      },
      cleanUp: async () => void await admin.flushdb(),
    };
  }, { skip: [VERSION_IS_VALUE, NEVER_DOWN] });
}
