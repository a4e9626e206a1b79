/**
 * What the tests of the Upstash store have in common: what they skip, and a Redis for each.
 *
 * @module
 */
import type { Skip } from "../contract/store_contract.ts";
import { hasRedisServer, REDIS_HINT } from "./redis_server.ts";
import { startBridgedRedis, type UpstashBridge } from "./upstash_bridge.ts";

/** Values stand in Redis as they are, with nothing beside them to count writes. */
export const VERSION_IS_VALUE: Skip = {
  reason: "an entry's version is its value: records that are equal say the same",
  tests: [
    "a write gives a new version even where the value is the same",
    "a key that was removed and written again never gets an old version",
  ],
};

/** Of servers that are others': the bridge to a Redis of our own can be kept from answering. */
export const NEVER_DOWN: Skip = {
  reason: "nobody here can keep this server from answering",
  tests: [
    "a write that is not answered fails, names no value, and leaves the old value or the new",
  ],
};

const isThere = await hasRedisServer();

/** Registers a test that gets a Redis of its own behind the bridge; ignored where there is no Redis. */
export function redisTest(name: string, run: (bridge: UpstashBridge) => Promise<void>): void {
  if (!isThere) return Deno.test.ignore(`${name} (needs redis-server: ${REDIS_HINT})`, () => {});
  Deno.test(name, async () => {
    await using bridge = await startBridgedRedis();
    await run(bridge);
  });
}
