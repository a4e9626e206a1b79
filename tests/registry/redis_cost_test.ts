/**
 * What a registry asks of a real Redis: nothing for a healthy host inside `freshnessMs`, and one write at a
 * time, for many outcomes, on a host that fails.
 *
 * @module
 */
import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { BreakerRegistry } from "../../mod.ts";
import { upstashStore } from "../../src/stores/upstash.ts";
import { redisTest } from "../support/upstash_cases.ts";
import { BRIDGE_TOKEN } from "../support/upstash_bridge.ts";
import { expectAllowed, FAILED, send } from "../support/verdicts.ts";
import { WatchedStore } from "../support/watched_store.ts";

const host = "example.org";
const CALLERS = 64;
const ROUNDS = 40;

for (const share of ["state", "cooldowns"] as const) {
  redisTest(
    `a healthy host inside freshnessMs costs Redis no command, share: ${share}`,
    async (bridge) => {
      await using store = new WatchedStore(upstashStore({ url: bridge.url, token: BRIDGE_TOKEN }));
      await using registry = new BreakerRegistry({ store, share, freshnessMs: 60_000 });
      await send(registry, { host }, { status: 200 });
      const [sent, seen] = [store.commands, bridge.seen.length];
      assertEquals([sent, seen], [1, 1]);
      for (let i = 0; i < 500; i++) await send(registry, { host }, { status: 200 });
      assertEquals([store.commands, bridge.seen.length], [sent, seen]);
    },
  );
}

redisTest(
  "64 callers of one process on a failing host: one write to Redis at a time, 20 outcomes or more each",
  async (bridge) => {
    await using store = new WatchedStore(upstashStore({ url: bridge.url, token: BRIDGE_TOKEN }));
    const config = { defaults: { failMax: 1_000_000 } };
    const options = { config, store, timeoutMs: 10_000 };
    await using registry = new BreakerRegistry(options);
    const caller = async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { permit } = expectAllowed(await registry.allow({ host }));
        assertEquals((await registry.record(permit, FAILED)).recorded, true);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    assertEquals(store.mostWritesAtOnce, 1);
    assertGreaterOrEqual(CALLERS * ROUNDS / store.writes, 20);
    await using witness = new BreakerRegistry(options);
    assertEquals((await witness.inspect(host)).failures, CALLERS * ROUNDS);
  },
);
