/**
 * Rules for the number of failures that opens, by hand, on both sides of each threshold.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { failureRunsRule, relaxRule } from "../../src/tuning/threshold_rules.ts";
import type { Summary } from "../../src/telemetry/summary.ts";
import { ask, HOST } from "./metrics_of.ts";

Deno.test("the threshold goes just above 95 in 100 of the runs that passed by themselves", () => {
  // 19 of 20 runs below the threshold of 5 end by 2; the one of 3 would open from now on, as the one of 7 did.
  assertEquals(ask(failureRunsRule, { opens: 3, runs: { 1: 15, 2: 4, 3: 1, 7: 1 } }), {
    host: HOST,
    rule: "failure_runs",
    parameter: "failMax",
    from: 5,
    to: 3,
    patch: { failMax: 3 },
    evidence: { opens: 3, shorterRuns: 20, p95Run: 2 },
    confidence: 0.5,
    reason:
      "3 opens, and 95 % of 20 shorter runs of failures ended by 2: failures that open from 5 to 3",
  });
});

Deno.test("two opens are too few to change the threshold", () => {
  assertEquals(ask(failureRunsRule, { opens: 2, runs: { 1: 40, 7: 2 } }), undefined);
});

Deno.test("single failures beside outages make the threshold 2, and no lower", () => {
  const runs = { 1: 40, 7: 3 };
  const says = (failMax: number) => ask(failureRunsRule, { opens: 3, runs }, { failMax })?.to;
  assertEquals([says(5), says(2)], [2, undefined]);
});

Deno.test("19 runs tell too little: 3 where none of them would open then, else nothing", () => {
  const few = ask(failureRunsRule, { opens: 3, runs: { 1: 10, 2: 9 } });
  assertEquals([few?.to, few?.evidence], [3, { opens: 3, shorterRuns: 19 }]);
  assertEquals(ask(failureRunsRule, { opens: 3, runs: { 1: 18, 3: 1 } }), undefined);
  assertEquals(ask(failureRunsRule, { opens: 3, runs: { 1: 19, 2: 1, 7: 1 } })?.to, 2);
});

Deno.test("opens that repeat without any run make it 3, and leave alone what is no higher", () => {
  const says = (failMax: number) => ask(failureRunsRule, { opens: 3 }, { failMax })?.to;
  assertEquals([says(4), says(3)], [3, undefined]);
});

Deno.test("no threshold at which more known runs would open anew than opened before", () => {
  // 30 % of calls fail at random: the runs have no gap between noise and outage.
  const runs = (opened: number) => ({ 1: 70, 2: 21, 3: 6, 4: 2, 5: opened });
  assertEquals(ask(failureRunsRule, { opens: 3, runs: runs(1) }), undefined);
  assertEquals(ask(failureRunsRule, { opens: 3, runs: runs(2) })?.to, 4);
});

Deno.test("runs that opened the breaker are no noise, however many there are", () => {
  assertEquals(ask(failureRunsRule, { opens: 30, runs: { 1: 20, 9: 30 } })?.to, 2);
});

const WELL: Partial<Summary> = { network: 20, runs: { 1: 1 } };
const half = (numbers: Partial<Summary> = WELL, minutes = 30) => Array(minutes).fill(numbers);

Deno.test("isolated failures and rare opens relax the threshold by one, towards 5", () => {
  const advice = ask(relaxRule, half(), { failMax: 3 });
  assertEquals([advice?.rule, advice?.from, advice?.to], ["relax", 3, 4]);
  assertEquals(advice?.evidence, { networkCalls: 600, minutes: 30, runs: 30, opens: 0 });
  assertEquals(ask(relaxRule, half(), { failMax: 4 })?.to, 5);
  assertEquals(ask(relaxRule, half(), { failMax: 5 }), undefined);
});

Deno.test("29 minutes are too short to relax, 30 are not", () => {
  assertEquals(ask(relaxRule, half(WELL, 29), { failMax: 3 }), undefined);
  assertEquals(ask(relaxRule, half(WELL, 30), { failMax: 3 })?.to, 4);
});

Deno.test("fewer than 200 calls tell too little to relax", () => {
  const calls = (network: number) => [{ ...WELL, network, runs: { 1: 5 } }, ...half({}, 29)];
  assertEquals(ask(relaxRule, calls(199), { failMax: 3 }), undefined);
  assertEquals(ask(relaxRule, calls(200), { failMax: 3 })?.to, 4);
});

Deno.test("fewer than five failures tell too little to relax", () => {
  const failures = (runs: number) => [{ network: 600, runs: { 1: runs } }, ...half({}, 29)];
  assertEquals(ask(relaxRule, failures(4), { failMax: 3 }), undefined);
  assertEquals(ask(relaxRule, failures(5), { failMax: 3 })?.to, 4);
});

Deno.test("one open is rare, two are not", () => {
  const opens = (count: number) => [{ ...WELL, opens: count }, ...half(WELL, 29)];
  assertEquals(ask(relaxRule, opens(1), { failMax: 3 })?.to, 4);
  assertEquals(ask(relaxRule, opens(2), { failMax: 3 }), undefined);
});

Deno.test("failures are isolated where 95 in 100 stand alone", () => {
  const pairs = (runs: Summary["runs"]) => [{ network: 600, runs }, ...half({}, 29)];
  assertEquals(ask(relaxRule, pairs({ 1: 19, 2: 1 }), { failMax: 3 })?.to, 4);
  assertEquals(ask(relaxRule, pairs({ 1: 18, 2: 1 }), { failMax: 3 }), undefined);
});
