/**
 * Evidence from a log: in blocks of time, each replayed once for each policy.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { DEFAULT_POLICY } from "../../mod.ts";
import { replayEvidence } from "../../src/tuning/evidence.ts";
import type { HttpEvent } from "../../src/tuning/http_event.ts";
import { replay } from "../../src/tuning/replay.ts";
import { costOf } from "../../src/tuning/report.ts";
import { at, every, failed, good, HOST, log, START } from "./logged.ts";

const BLOCK_MS = 600_000;
const OPTIONS = { logMs: 3 * BLOCK_MS, blockMs: BLOCK_MS };
const STRICT = { ...DEFAULT_POLICY, failMax: 2 };
/** The start of a block, as the logs begin. */
assertEquals(START % BLOCK_MS, 0);

/** Down for a minute in the first block, for two in the second, and well in the third. */
const FIRST = log(failed(...every(1, 0, 59)), good(...every(1, 60, 599)));
const SECOND = log(failed(...every(1, 600, 719)), good(...every(1, 720, 1199)));
const THIRD = good(...every(1, 1200, 1799));
const LOG = [...FIRST, ...SECOND, ...THIRD];
/** All blocks are over, and have been for a minute. */
const LATER = START + 3 * BLOCK_MS + 60_000;

Deno.test("every block is replayed by itself, for every policy", async () => {
  const evidence = replayEvidence(() => LOG, { ...OPTIONS, logMs: 4 * BLOCK_MS });
  const figures = await evidence(HOST, [DEFAULT_POLICY, STRICT], LATER);
  const alone = [DEFAULT_POLICY, STRICT].map((policy) =>
    [FIRST, SECOND, THIRD, []].map((events) => costOf(replay(events, policy)))
  );
  assertEquals(figures?.map((blocks) => blocks.map(costOf)), alone);
  assertEquals(alone.map(([, , third]) => third), [0, 0]);
});

Deno.test("a block that is over is read once; the one that goes on, each time", async () => {
  const asked: number[] = [];
  const evidence = replayEvidence((_host, sinceMs) => {
    asked.push((sinceMs - START) / BLOCK_MS);
    return LOG;
  }, OPTIONS);
  const ask = async (now: number, policies = [DEFAULT_POLICY]) => {
    await evidence(HOST, policies, now);
    return asked.splice(0);
  };
  const over = START + 3 * BLOCK_MS - 1;
  assertEquals(await ask(over), [0, 1, 2]);
  assertEquals(await ask(over), [2]);
  // Another policy needs the blocks again, but not the one in which nothing happened.
  assertEquals(await ask(over, [DEFAULT_POLICY, STRICT]), [0, 1, 2]);
  assertEquals(await ask(over + 1, [DEFAULT_POLICY, STRICT]), [2, 3]);
  // It may still be written for a minute.
  assertEquals(await ask(LATER - 1), [2, 3]);
  assertEquals(await ask(LATER), [2, 3]);
  assertEquals(await ask(LATER), [3]);
});

Deno.test("rates make no other policy: pacing is not replayed", async () => {
  let readings = 0;
  const evidence = replayEvidence(() => {
    readings++;
    return LOG;
  }, { ...OPTIONS, logMs: BLOCK_MS });
  await evidence(HOST, [DEFAULT_POLICY], START + BLOCK_MS - 1);
  const paced = { ...DEFAULT_POLICY, rates: { "*": "10/s" } };
  const figures = await evidence(HOST, [DEFAULT_POLICY, paced], START + BLOCK_MS - 1);
  assertEquals([readings, figures?.[0]], [2, figures?.[1]]);
});

Deno.test("a log that lets go of what is old is judged by what is left, for every policy alike", async () => {
  let kept = LOG;
  const evidence = replayEvidence(() => kept, { ...OPTIONS, logMs: 4 * BLOCK_MS });
  const costs = async () => {
    const figures = await evidence(HOST, [DEFAULT_POLICY, STRICT], LATER);
    return figures?.map(([first]) => costOf(first!));
  };
  await evidence(HOST, [DEFAULT_POLICY], LATER);
  kept = LOG.slice(30);
  const left = FIRST.slice(30);
  const expected = [DEFAULT_POLICY, STRICT].map((policy) => costOf(replay(left, policy)));
  assertEquals(await costs(), expected);
});

Deno.test("what is older than the log's length does not count", async () => {
  const evidence = replayEvidence(() => LOG, OPTIONS);
  const figures = await evidence(HOST, [DEFAULT_POLICY], LATER);
  assertEquals(figures?.[0]?.map(({ requests }) => requests), [600, 600, 0]);
});

Deno.test("nothing is known of a host without a log, or without an event in it", async () => {
  const other = LOG.map((event) => ({ ...event, host: "other.example.org" }));
  for (const events of [undefined, [], other]) {
    const evidence = replayEvidence(() => events, OPTIONS);
    assertEquals(await evidence(HOST, [DEFAULT_POLICY], LATER), undefined);
  }
});

Deno.test("a quiet block still tells how many requests there were, and slow calls are no quiet", async () => {
  const evidence = replayEvidence(() => THIRD, OPTIONS);
  const [present] = (await evidence(HOST, [DEFAULT_POLICY, STRICT], LATER))!;
  assertEquals(present?.map(({ requests, goodSent }) => [requests, goodSent]), [
    [0, 0],
    [600, 600],
    [0, 0],
  ]);
  const slow = THIRD.map((event): HttpEvent => ({ ...event, latencyMs: 5_000 }));
  const wary = {
    ...DEFAULT_POLICY,
    failureRate: { windowMs: 60_000, minCalls: 10, thresholdRatio: 0.5 },
    slowCall: { durationMs: 1_000, thresholdRatio: 0.5 },
  };
  const found = await replayEvidence(() => slow, OPTIONS)(HOST, [wary], LATER);
  assert(found![0]![1]!.opens > 0);
});

Deno.test("of a very busy block only the beginning is replayed", async () => {
  const busy = Array.from({ length: 30_000 }, (_, i) => at(i / 60, i < 10 ? { status: 503 } : {}));
  const evidence = replayEvidence(() => busy, { ...OPTIONS, logMs: BLOCK_MS });
  const figures = await evidence(HOST, [DEFAULT_POLICY], START + BLOCK_MS - 1);
  assertEquals(figures?.[0]?.map(({ requests }) => requests), [20_000]);
});

Deno.test("a clock that jumps in the log breaks nothing", async () => {
  const jumping = log(good(0, 1)).concat(good(5_000), failed(...every(1, 2, 20)));
  const evidence = replayEvidence(() => jumping, OPTIONS);
  const figures = await evidence(HOST, [DEFAULT_POLICY], START + BLOCK_MS);
  assertLess(0, figures![0]!.reduce((sum, { requests }) => sum + requests, 0));
});
