/**
 * The rules for pacing, by hand, on both sides of each threshold.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { PolicyPatch } from "../../mod.ts";
import type { Summary } from "../../src/telemetry/summary.ts";
import { paceRule, raisePaceRule, trimPaceRule } from "../../src/tuning/pace_rule.ts";
import { ask, HOST } from "./metrics_of.ts";

Deno.test("5 % of the calls answered 429 make the rate four fifths", () => {
  assertEquals(ask(paceRule, { network: 100, status429: 5 }, { rates: { "*": "10/s,1000/h" } }), {
    host: HOST,
    rule: "pace",
    parameter: "rate",
    from: "10/s,1000/h",
    to: "8/s,800/h",
    patch: { rates: { "*": "8/s,800/h" } },
    evidence: { networkCalls: 100, status429: 5, ratio: 0.05 },
    confidence: 0.67,
    reason: "5 of 100 calls were answered 429 (5 %): rate from 10/s,1000/h to 8/s,800/h",
  });
});

Deno.test("under 5 % there is no advice", () => {
  assertEquals(ask(paceRule, { network: 101, status429: 5 }), undefined);
});

Deno.test("49 calls are too few, 50 are enough", () => {
  const says = (network: number) =>
    ask(paceRule, { network, status429: 40 }, { rates: { "*": "10/s" } })?.to;
  assertEquals([says(49), says(50)], [undefined, "8/s"]);
});

Deno.test("a role's rate is its own", () => {
  const numbers = { network: 100, status429: 50 };
  assertEquals(
    ask(paceRule, numbers, { rates: { metadata: "1/3s" } }, { role: "metadata" })?.patch,
    { rates: { metadata: "1/4s" } },
  );
});

Deno.test("what pacing holds now counts before what the policy says", () => {
  const numbers = { network: 100, status429: 50 };
  const advice = ask(paceRule, numbers, { rates: { "*": "10/s" } }, { rate: "5/s" });
  assertEquals([advice?.from, advice?.to], ["5/s", "4/s"]);
});

Deno.test("without a rate, it is four fifths of what was wanted, times the share that was accepted", () => {
  // In a minute 600 calls, of which one in ten was answered 429, and 600 more that the breaker denied.
  const denials = { open: 400, retry_after: 150, probes: 50, rate: 1_000 };
  const advice = ask(paceRule, { network: 600, status429: 60, denials });
  assertEquals([advice?.from, advice?.to], [undefined, "14/s"]);
  assertEquals(advice?.evidence.acceptedPerSecond, 18);
  assertEquals(
    advice?.reason,
    "60 of 600 calls were answered 429 (10 %): about 18 calls a second would go well, so the rate to 14/s",
  );
});

Deno.test("what was accepted is taken over all the time that was looked at", () => {
  const minutes = [{ network: 1200, status429: 600 }, { network: 1200, status429: 720 }];
  const advice = ask(paceRule, minutes);
  assertEquals([advice?.evidence.acceptedPerSecond, advice?.to], [9, "7/s"]);
});

Deno.test("three opens of which half of the failures were 429s slow the pace, two or fewer do not", () => {
  const says = (opens: number, failures: number, more: Partial<Summary> = {}) =>
    ask(paceRule, { network: 1000, status429: 15, opens, failures, ...more });
  assertEquals([says(2, 30)?.to, says(3, 31)?.to], [undefined, undefined]);
  const { to, evidence, reason } = says(3, 30)!;
  assertEquals(to, "13/s"); // 1,000 a minute, times 0.985, times 0.8
  assertEquals(evidence, {
    networkCalls: 1000,
    status429: 15,
    ratio: 0.015,
    acceptedPerSecond: 1000 / 60 * 0.985,
    opens: 3,
    failures: 30,
  });
  assertStringIncludes(reason, "3 opens, and 15 of 30 failures were 429s: about 16.42 calls");
});

Deno.test("429s that say when to come back slow the pace only from 5 % on", () => {
  const opens = { network: 1000, status429: 15, opens: 3, failures: 15 };
  assertEquals(ask(paceRule, { ...opens, retryAfterS: { 5: 8 } }), undefined);
  assertEquals(ask(paceRule, { ...opens, retryAfterS: { 5: 7 } })?.rule, "pace");
});

Deno.test("three 429s under a rate make it a twentieth less, two do not", () => {
  const says = (status429: number, rates?: PolicyPatch["rates"]) =>
    ask(trimPaceRule, { network: 500, status429 }, { rates });
  assertEquals([says(2, { "*": "20/s" }), says(3)], [undefined, undefined]);
  assertEquals(says(3, { "*": "20/s" }), {
    host: HOST,
    rule: "pace_trim",
    parameter: "rate",
    from: "20/s",
    to: "19/s",
    patch: { rates: { "*": "19/s" } },
    evidence: { networkCalls: 500, status429: 3, ratio: 0.006 },
    confidence: 0.91,
    reason: "3 of 500 calls were answered 429 though they were paced: rate from 20/s to 19/s",
  });
  const few = { network: 49, status429: 3 };
  assertEquals(ask(trimPaceRule, few, { rates: { "*": "20/s" } }), undefined);
});

Deno.test("a rate that held requests back for ten minutes without a 429 is raised by a tenth", () => {
  const says = (minutes: number, numbers: Partial<Summary>, rates?: PolicyPatch["rates"]) =>
    ask(raisePaceRule, [numbers, ...Array.from({ length: minutes - 1 }, () => ({}))], { rates });
  const rates = { "*": "10/s" };
  const held = { network: 500, denials: { rate: 1 } };
  assertEquals(says(10, held, rates), {
    host: HOST,
    rule: "pace_up",
    parameter: "rate",
    from: "10/s",
    to: "11/s",
    patch: { rates: { "*": "11/s" } },
    evidence: { networkCalls: 500, minutes: 10, deniedByPacing: 1 },
    confidence: 0.91,
    reason: "None of 500 calls in 10 min was answered 429, and pacing held requests back: " +
      "rate from 10/s to 11/s",
  });
  assertEquals(says(9, held, rates), undefined);
  assertEquals(says(10, { ...held, status429: 1 }, rates), undefined);
  assertEquals(says(10, { ...held, network: 49 }, rates), undefined);
  assertEquals(says(10, held), undefined);
  // Without a denial: where nine tenths of the rate were used, 5,400 of 6,000 in ten minutes.
  assertEquals(says(10, { network: 5_399 }, rates), undefined);
  assertEquals(says(10, { network: 5_400 }, rates)?.to, "11/s");
});

Deno.test("a host that answers nothing but 429 gives no rate to begin with", () => {
  assertEquals(ask(paceRule, { network: 100, status429: 100 }), undefined);
});

Deno.test("no rate goes below one call a minute", () => {
  const says = (rate: string) =>
    ask(paceRule, { network: 100, status429: 50 }, { rates: { "*": rate } })?.to;
  assertEquals([says("1/48s"), says("1/49s")], ["1/m", undefined]);
});
