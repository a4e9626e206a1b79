/**
 * The peers run by simulated time: their own thresholds and timeouts show, and the runtime's clock comes back.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { crawl } from "./crawl.ts";
import { type Contender, NO_BREAKER } from "./gate.ts";
import { hours } from "./models.ts";
import { COCKATIEL, OPOSSUM } from "./peers.ts";
import { WELL, type Workload } from "./workload.ts";

const OPTIONS = { learnMs: 0, measureMs: hours(1) };

/** Fails so many of its answers, or is down for good. */
function failing(failureShare: number): Workload {
  const isDown = failureShare === 1;
  return {
    name: "failing",
    seed: 5,
    conditionAt: () => ({ ...WELL, isDown, failureShare }),
  };
}

async function opens(contender: Contender, failureShare: number): Promise<number> {
  return (await crawl(failing(failureShare), contender, OPTIONS)).opens;
}

Deno.test("cockatiel asks a host that is down every 10 s, opossum every 30 s", async () => {
  const perHour = [await opens(COCKATIEL, 1), await opens(OPOSSUM, 1)];
  // A probe takes its time too, and is sent by the next worker that has something to send.
  assert(perHour[0]! > 340 && perHour[0]! <= 360, `cockatiel opened ${perHour[0]} times`);
  assert(perHour[1]! > 115 && perHour[1]! <= 120, `opossum opened ${perHour[1]} times`);
});

Deno.test("opossum opens above half of the requests of 10 s, not far below", async () => {
  assertEquals(await opens(OPOSSUM, 0.2), 0);
  assert(await opens(OPOSSUM, 0.8) > 0);
});

Deno.test("cockatiel counts failures in a row", async () => {
  assertEquals(await opens(COCKATIEL, 0.005), 0);
  assert(await opens(COCKATIEL, 0.4) > 0);
});

Deno.test("clock and timers are the runtime's own again after a crawl", async () => {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const { now } = Date;
  for (const contender of [OPOSSUM, COCKATIEL, NO_BREAKER]) {
    await crawl(failing(1), contender, { learnMs: 0, measureMs: 60_000 });
    assertStrictEquals(globalThis.setTimeout, setTimeout);
    assertStrictEquals(globalThis.setInterval, setInterval);
    assertStrictEquals(globalThis.clearTimeout, clearTimeout);
    assertStrictEquals(globalThis.clearInterval, clearInterval);
    assertStrictEquals(Date.now, now);
  }
});
