/**
 * Rules for half-open, by hand, on both sides of each threshold.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { halfOpenRecoveredRule, halfOpenRule } from "../../src/tuning/probe_rules.ts";
import { ask, HOST } from "./metrics_of.ts";

const probes = (probeSuccesses: number, probeFailures: number) => ({
  probeSuccesses,
  probeFailures,
});

Deno.test("half of six probes failed: two successes close", () => {
  assertEquals(ask(halfOpenRule, probes(3, 3)), {
    host: HOST,
    rule: "half_open",
    parameter: "successThreshold",
    from: 1,
    to: 2,
    patch: { successThreshold: 2 },
    evidence: { probes: 6, probeFailures: 3 },
    confidence: 0.5,
    reason: "3 of 6 probes failed (50 %): successes that close from 1 to 2",
  });
});

Deno.test("just under half of the probes failed: nothing", () => {
  assertEquals(ask(halfOpenRule, probes(51, 49)), undefined);
});

Deno.test("five probes are too few", () => {
  assertEquals(ask(halfOpenRule, probes(0, 5)), undefined);
});

Deno.test("where probes fail, one is out at a time", () => {
  const both = ask(halfOpenRule, probes(0, 6), { trialCalls: 3 });
  assertEquals(both?.patch, { successThreshold: 2, trialCalls: 1 });
  const fewer = ask(halfOpenRule, probes(0, 6), { trialCalls: 3, successThreshold: 2 });
  assertEquals([fewer?.parameter, fewer?.from, fewer?.to], ["trialCalls", 3, 1]);
  assertEquals(fewer?.patch, { trialCalls: 1 });
});

Deno.test("a host that asks for two or three successes already is left alone", () => {
  for (const successThreshold of [2, 3]) {
    assertEquals(ask(halfOpenRule, probes(0, 6), { successThreshold }), undefined);
  }
});

const ASKS_FOR_TWO = { successThreshold: 2 };

Deno.test("80 % of ten probes in three periods went well: one success closes again", () => {
  const minutes = [probes(4, 0), probes(0, 0), probes(3, 2), probes(1, 0)];
  const advice = ask(halfOpenRecoveredRule, minutes, ASKS_FOR_TWO);
  assertEquals([advice?.from, advice?.to, advice?.patch], [2, 1, { successThreshold: 1 }]);
  assertEquals(advice?.evidence, { probes: 10, probeSuccesses: 8, periods: 3 });
});

Deno.test("less than 80 %, nine probes or two periods are not enough for that", () => {
  const says = (...minutes: [number, number][]) =>
    ask(halfOpenRecoveredRule, minutes.map((one) => probes(...one)), ASKS_FOR_TWO)?.to;
  assertEquals(says([3, 0], [3, 1], [2, 1]), 1);
  assertEquals(says([3, 0], [3, 1], [1, 2]), undefined);
  assertEquals(says([3, 0], [3, 0], [3, 0]), undefined);
  assertEquals(says([5, 0], [5, 0]), undefined);
});

Deno.test("where one success closes already there is nothing to go back to", () => {
  assertEquals(ask(halfOpenRecoveredRule, [probes(5, 0), probes(5, 0), probes(5, 0)]), undefined);
});
