/**
 * The tuner with the host's own log at hand: advice is judged on it, and better policies are searched for.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { replayEvidence } from "../../src/tuning/evidence.ts";
import type { HttpEvent } from "../../src/tuning/http_event.ts";
import type { TunerOptions } from "../../src/tuning/tuner_options.ts";
import { HOST, metricsOf } from "./metrics_of.ts";
import { asksFor, INTERVAL_MS, TunerWorld } from "./tuner_world.ts";

/** A request a second for the last two hours, of which those fail that are in the first seconds of a stretch. */
function* log(untilMs: number, stretchS: number, failingS: number): Generator<HttpEvent> {
  for (let ago = 7_200; ago > 0; ago--) {
    const status = (7_200 - ago) % stretchS < failingS ? 503 : 200;
    yield { ts: untilMs - ago * 1000, host: HOST, status, latencyMs: 10, recorded: true };
  }
}

/** A tuner whose host has such a log. */
function logWorld(stretchS: number, failingS: number, options: Partial<TunerOptions> = {}) {
  let readings = 0;
  const world: TunerWorld = new TunerWorld({
    evidence: replayEvidence(() => {
      readings++;
      return log(world.clock.ms, stretchS, failingS);
    }),
    ...options,
  });
  return { world, readings: () => readings };
}

Deno.test("advice that the host's own log speaks against is withheld, with the figures", async () => {
  // Down for ten seconds at a time: after a minute open 50 s are missed, after two 110.
  await using world = logWorld(300, 10).world;
  const { advice: [advice], steps } = await world.tuner.run();
  const { replay, withheld } = advice!;
  assertEquals([replay?.verdict, steps.length], ["worse", 0]);
  const [from, to] = replay!.cost;
  assertEquals(
    withheld,
    `on the host's own log it would have wasted or missed ${to} requests, and what holds ${from}`,
  );
  assertEquals(world.policy().resetTimeoutMs, 60_000);
});

Deno.test("advice that the log speaks for is shown with the figures, and applied", async () => {
  // Down all the time: every probe is wasted.
  await using world = logWorld(1, 1).world;
  const { advice: [advice] } = await world.tuner.run();
  assertEquals([advice?.replay?.verdict, advice?.withheld], ["better", undefined]);
  assertEquals(world.policy().resetTimeoutMs, 120_000);
});

Deno.test("a host that opens has policies searched for, and what does best on its log comes first", async () => {
  await using world = logWorld(1, 1).world;
  world.happens = { ...asksFor(120), opens: 1 };
  const { advice, steps } = await world.tuner.run();
  assertEquals(advice.map(({ rule }) => rule), ["search", "retry_after"]);
  assertEquals(steps.map(({ rule, from, to }) => [rule, from, to]), [["search", 60_000, 340_000]]);
  assertEquals([world.policy().resetTimeoutMs, world.policy().failMax], [340_000, 3]);
});

Deno.test("a search that was undone is not repeated for a day", async () => {
  await using world = logWorld(1, 1).world;
  world.happens = { opens: 1 };
  const { tuner, clock } = world;
  await tuner.run();
  await tuner.undo(HOST);
  clock.advance(INTERVAL_MS);
  const { advice: [advice], steps } = await tuner.run();
  assertEquals(advice?.withheld, "the same was undone within the last 24 hours");
  assertEquals(steps, []);
});

Deno.test("a log that was looked at is not looked at again before the interval is over", async () => {
  const { world, readings } = logWorld(300, 10);
  await using _ = world;
  const { tuner, clock } = world;
  await tuner.run();
  const once = readings();
  clock.advance(INTERVAL_MS - 1);
  assertEquals((await tuner.run()).advice, []);
  assertEquals(readings(), once);
  clock.advance(1);
  assertEquals((await tuner.run()).advice.length, 1);
  assert(readings() > once);
});

Deno.test("in a round twenty logs are looked at, of the hosts that open most; the next goes on with the others", async () => {
  const hosts = Array.from({ length: 25 }, (_, i) => `h${i}.example`);
  const looked: string[] = [];
  const evidence = (host: string) => {
    looked.push(host);
    return undefined;
  };
  const metrics = () =>
    hosts.map((host, i) => ({ ...metricsOf({ ...asksFor(120), opens: i }), host }));
  await using world = new TunerWorld({ evidence, metrics });
  const { tuner } = world;
  const asked = await tuner.advise();
  assertEquals(looked.splice(0), hosts.slice(5).reverse());
  const withheld = asked.filter((one) => one.withheld !== undefined).map(({ host }) => host);
  assertEquals([...new Set(withheld)], hosts.slice(0, 5).reverse());
  assertEquals((await tuner.run()).steps.map(({ host }) => host), looked);
  assertEquals(looked.splice(0).length, 20);
  await tuner.run();
  assertEquals(looked, hosts.slice(0, 5).reverse());
});

Deno.test("without a log of the host, advice stands by itself", async () => {
  const otherHost = [{ ts: 0, host: "other.example", status: 503, recorded: true }];
  for (const events of [undefined, [], otherHost]) {
    await using world = new TunerWorld({ evidence: replayEvidence(() => events) });
    const { advice: [advice], steps } = await world.tuner.run();
    assertEquals([advice?.replay, steps.length], [undefined, 1]);
  }
});

Deno.test("where the log cannot be read, advice is withheld", async () => {
  const evidence = () => Promise.reject(new Error("row 7 is damaged"));
  await using world = new TunerWorld({ evidence });
  const { tuner } = world;
  const { advice: [advice], steps, problems } = await tuner.run();
  const withheld = "the host's log could not be read: row 7 is damaged";
  assertEquals([advice?.withheld, steps, problems], [withheld, [], [`${HOST}: ${withheld}`]]);
});

Deno.test("pace is not replayed", async () => {
  const evidence = () => Promise.reject(new Error("not asked for"));
  await using world = new TunerWorld({ evidence });
  const { tuner } = world;
  world.happens = { network: 600, status429: 60 };
  await tuner.run();
  assertEquals(world.policy().rates, { "*": "7/s" });
});
