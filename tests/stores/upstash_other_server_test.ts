/**
 * The contract again, before a server of Upstash's API that others have written.
 *
 * @module
 */
import { upstashStore } from "../../src/stores/upstash.ts";
import { testStore } from "../contract/store_contract.ts";
import { upstashTarget } from "../support/open_store.ts";
import { startOtherUpstashServer } from "../support/other_upstash_server.ts";
import { hasRedisServer } from "../support/redis_server.ts";
import { NEVER_DOWN, VERSION_IS_VALUE } from "../support/upstash_cases.ts";

if (await hasRedisServer()) {
  const server = await startOtherUpstashServer();
  const { url, token } = server;
  Deno.test.afterAll(async () => await server[Symbol.asyncDispose]());

  testStore("upstash, another server", async () => {
    await server.redis("FLUSHALL");
    return {
      store: upstashStore({ url, token }),
      second: () => Promise.resolve(upstashStore({ url, token })),
      worker: { backend: "upstash", target: upstashTarget(url, token) },
      plant: {
        "a number": (key) => server.redis("SET", key, "9007199254740993"),
        "an empty text": (key) => server.redis("SET", key, ""),
        "a list": (key) => server.redis("RPUSH", key, "one"),
        "a hash": (key) => server.redis("HSET", key, "field", "one"),
      },
    };
  }, { skip: [VERSION_IS_VALUE, NEVER_DOWN] });
}
