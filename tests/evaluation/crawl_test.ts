/**
 * The loop of the evaluation: what it counts, on gates whose answers are known, and that one seed is one crawl.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { DEFAULTS } from "./breakwater_gate.ts";
import { crawl, type CrawlOptions } from "./crawl.ts";
import { type Contender, type GateUnderTest, NO_BREAKER, ORACLE, type World } from "./gate.ts";
import { hours, MODELS } from "./models.ts";
import { COCKATIEL, OPOSSUM } from "./peers.ts";
import { TUNED } from "./tuned_gate.ts";
import { WELL, type Workload } from "./workload.ts";

const SHORT: CrawlOptions = { learnMs: 60_000, measureMs: hours(1) };

/** A host that is well, but for the time in which it is down. */
function downBetween(fromMs: number, toMs: number): Workload {
  return {
    name: "down once",
    seed: 1,
    conditionAt: (atMs) => ({
      ...WELL,
      failureShare: 0,
      isDown: atMs >= fromMs && atMs < toMs,
    }),
  };
}

/** A gate that does with each request what it is told. */
function scripted(run: (world: World) => GateUnderTest["run"]): Contender {
  return {
    name: "scripted",
    learns: false,
    make: (world) => ({
      run: run(world),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  };
}

Deno.test("the oracle wastes nothing and misses nothing, without a breaker nothing is missed", async () => {
  for (const [name, model] of Object.entries(MODELS)) {
    for (const seed of [1, 2]) {
      const options = { learnMs: hours(1), measureMs: hours(0.3) };
      const workload = model(seed, hours(2));
      const knowing = await crawl(workload, ORACLE, options);
      assertEquals([knowing.wasted, knowing.missed, knowing.opens], [0, 0, 0], `${name} ${seed}`);
      const without = await crawl(workload, NO_BREAKER, options);
      assertEquals([without.missed, without.opens], [0, 0], `${name} ${seed}`);
      assertEquals(without.sent, without.wanted);
    }
  }
});

Deno.test("a crawl wants eight requests a second", async () => {
  const { wanted } = await crawl(MODELS.healthy!(1, hours(2)), NO_BREAKER, SHORT);
  assertEquals(Math.round(wanted / 3_600), 8);
});

Deno.test("every request to a host that is down is wasted, and its denial is no miss", async () => {
  const down = downBetween(0, hours(9));
  const without = await crawl(down, NO_BREAKER, SHORT);
  assertEquals(without.wasted, without.sent);
  assertGreater(without.wasted, 1_000);
  const closed = await crawl(down, scripted(() => () => Promise.resolve()), SHORT);
  assertEquals([closed.wasted, closed.missed, closed.sent], [0, 0, 0]);
});

Deno.test("every request denied while the host is well is missed", async () => {
  const well = downBetween(0, 0);
  const closed = await crawl(well, scripted(() => () => Promise.resolve()), SHORT);
  assertEquals(closed.missed, closed.wanted);
});

Deno.test("a wait that ends in sending is no miss, what its worker could not send meanwhile is", async () => {
  const well = downBetween(0, 0);
  const patient = (waitMs: number) =>
    scripted(({ scheduler }) => async (_role, send) => {
      await scheduler.sleep(waitMs);
      await send();
    });
  const short = await crawl(well, patient(200), SHORT);
  assertEquals(short.missed, 0);
  // Requests that wait when the crawl ends are neither sent nor missed: one a worker at most.
  assert(short.wanted - short.sent <= 12);
  const long = await crawl(well, patient(5_000), SHORT);
  assertGreater(long.missed, 0);
  assert(Math.abs(long.sent + long.missed - long.wanted) <= 12);
});

Deno.test("what happens before the measured hours is not counted", async () => {
  const early = { learnMs: hours(1), measureMs: hours(1) };
  const learner = { ...NO_BREAKER, learns: true };
  const tally = await crawl(downBetween(0, hours(1)), learner, early);
  assertEquals([tally.wasted, tally.hours], [0, 1]);
  assertEquals(Math.round(tally.wanted / 3_600), 8);
});

Deno.test("a crawl repeats itself, whatever the gate", async () => {
  const workload = MODELS.flapping!(3, hours(2));
  for (const contender of [DEFAULTS, TUNED, OPOSSUM, COCKATIEL]) {
    const options = { learnMs: 0, measureMs: hours(1) };
    const first = await crawl(workload, contender, options);
    assertEquals(await crawl(workload, contender, options), first, contender.name);
  }
});

Deno.test("a default registry closes to a host that is down: five failures, then a probe a minute", async () => {
  const outage = downBetween(600_000, 1_200_000);
  const { wasted, opens, missed } = await crawl(outage, DEFAULTS, SHORT);
  assertGreater(wasted, 5 + 8);
  assert(wasted < 5 + 12 + 10, `${wasted} wasted: more than were under way, and ten probes`);
  assertEquals(opens, 10);
  assert(missed > 0 && missed < 8 * 61, `${missed} missed: more than a minute's`);
});
