/**
 * A real Redis in real trouble, under load: callers are answered in time, nothing escapes, what was learned
 * meanwhile reaches the store. `tests/bench/outage.ts` prints the figures of longer outages.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import type { BreakerRegistry, Snapshot } from "../../mod.ts";
import {
  endure,
  makeRegistry,
  type Outage,
  OUTAGES,
  type Site,
  startSite,
  TIMEOUT_MS,
} from "../support/outages.ts";
import { hasRedisServer, REDIS_HINT } from "../support/redis_server.ts";
import { expectAllowed, expectDenied, failTimes, send } from "../support/verdicts.ts";

const OUTAGE_MS = 1_500;
/** How much longer than its deadline 99 of 100 calls may take. */
const SLACK_MS = 50;
const BACK_WITHIN_MS = 2_000;
/** Deadlines are compared between processes' answers: to the second is close enough. */
const SECOND = 1_000;

const retryAfter = (seconds: number) => ({ status: 429, retryAfter: String(seconds) });

/** Polls what a registry finds in the store, in the time in which all must be as before. */
async function untilFound(
  registry: BreakerRegistry,
  host: string,
  isRight: (snapshot: Snapshot) => boolean,
): Promise<void> {
  const deadline = performance.now() + BACK_WITHIN_MS;
  for (;;) {
    const snapshot = await registry.inspect(host);
    if (isRight(snapshot)) return;
    assertLess(performance.now(), deadline, `in the store: ${JSON.stringify(snapshot)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function bear(site: Site, outage: Outage): Promise<void> {
  await using one = makeRegistry(site.store);
  await using two = makeRegistry(site.store);
  await send(two, { host: "before.example" }, retryAfter(100));
  expectDenied(await one.allow({ host: "before.example" }));

  const endured = await endure(site, one, outage, OUTAGE_MS, async () => {
    await failTimes(one, { host: "fell.example" }, 4);
    await send(one, { host: "fell.example" }, retryAfter(100));
    assertEquals(expectDenied(await one.allow({ host: "fell.example" })).degraded, true);
    await send(one, { host: "mine.example" }, retryAfter(100));
    await send(two, { host: "mine.example" }, retryAfter(50));
    await send(one, { host: "theirs.example" }, retryAfter(50));
    await send(two, { host: "theirs.example" }, retryAfter(100));
    assertEquals(expectDenied(await one.allow({ host: "before.example" })).degraded, true);
  });

  assertEquals(endured.errors, []);
  assertEquals(endured.degradedRatio, 1);
  for (const { calls, p99 } of [endured.allow, endured.record]) {
    assertGreater(calls, 100);
    assertLessOrEqual(p99, TIMEOUT_MS + SLACK_MS);
  }
  assertLess(endured.recoveryMs, BACK_WITHIN_MS);

  // Not in any memory, so from the store.
  await using witness = makeRegistry(site.store);
  expectDenied(await one.allow({ host: "before.example" }));
  for (const host of ["before.example", "fell.example", "mine.example", "theirs.example"]) {
    await untilFound(
      witness,
      host,
      ({ state, remainingMs }) => state === "open" && remainingMs > 60 * SECOND,
    );
  }
  for (const registry of [one, two, witness]) {
    const verdict = expectDenied(await registry.allow({ host: "before.example" }));
    assertGreaterOrEqual(verdict.retryAfterMs, 60 * SECOND);
    assertEquals(verdict.degraded, undefined);
  }
  assert(await one.ready());
}

const isThere = await hasRedisServer();

for (const outage of OUTAGES) {
  const name = `Redis ${outage.name}, under load: no call late, none throws, all as before in 2 s`;
  if (!isThere) Deno.test.ignore(`${name} (needs redis-server: ${REDIS_HINT})`, () => {});
  else {
    Deno.test(name, async () => {
      await using site = await startSite();
      await bear(site, outage);
    });
  }
}

const manyName = "hundreds of hosts that failed while Redis stood still are open in it within 2 s";
if (!isThere) Deno.test.ignore(`${manyName} (needs redis-server: ${REDIS_HINT})`, () => {});
else {
  Deno.test(manyName, async () => {
    const hosts = Array.from({ length: 300 }, (_, i) => `host${i}.example`);
    await using site = await startSite();
    await using registry = makeRegistry(site.store);
    site.redis.pause();
    for (const host of hosts) await send(registry, { host }, retryAfter(100));
    site.redis.resume();
    const backAt = performance.now();
    for (;;) {
      const found = await site.bridge.redis("DBSIZE");
      if (found === hosts.length) break;
      assertLess(performance.now() - backAt, BACK_WITHIN_MS, `${found} have been written`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await using witness = makeRegistry(site.store);
    for (const host of hosts) expectDenied(await witness.allow({ host }));
    expectAllowed(await witness.allow({ host: "other.example" }));
  });
}
