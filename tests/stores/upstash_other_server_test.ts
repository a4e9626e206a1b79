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
import { VERSION_IS_VALUE } from "../support/upstash_cases.ts";

if (await hasRedisServer()) {
  const server = await startOtherUpstashServer();
  const { url, token } = server;
  Deno.test.afterAll(async () => await server[Symbol.asyncDispose]());

  testStore("upstash, another server", async () => {
    await server.clear();
    return {
      store: upstashStore({ url, token }),
      second: () => Promise.resolve(upstashStore({ url, token })),
      worker: { backend: "upstash", target: upstashTarget(url, token) },
    };
  }, { skip: [VERSION_IS_VALUE] });
}
