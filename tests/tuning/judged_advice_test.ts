/**
 * What a log makes of the advice for one host: what is asked of it, and in which order it comes.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { DEFAULT_POLICY } from "../../mod.ts";
import type { Summary } from "../../src/telemetry/summary.ts";
import type { Advice } from "../../src/tuning/advice.ts";
import { lookAt } from "../../src/tuning/host_look.ts";
import { judgedAdvice } from "../../src/tuning/judged_advice.ts";
import type { Figures } from "../../src/tuning/report.ts";
import { blocksOf } from "./figures_of.ts";
import { HOST, metricsOf } from "./metrics_of.ts";

const RETRY_AFTERS = { network: 40, retryAfterS: { 120: 10 } };
const view = { host: HOST, policy: DEFAULT_POLICY, configured: DEFAULT_POLICY };

/** Advice on what happened, where the present policy would have done this in each block, and every other that. */
async function advised(
  numbers: Partial<Summary>,
  present: readonly Figures[],
  others: readonly Figures[],
): Promise<readonly Advice[]> {
  const look = lookAt([metricsOf(numbers)], view, [], 0);
  const evidence = (_host: string, policies: readonly unknown[]) =>
    policies.map((policy) => policy === DEFAULT_POLICY ? present : others);
  return await judgedAdvice(look, evidence, 0);
}

/** Why the first advice is withheld, as far as it names a share or opens. */
async function why(...args: Parameters<typeof advised>): Promise<string | undefined> {
  const [first] = await advised(...args);
  return first?.withheld?.match(/: 5 % less is asked for|opened \d+ times instead of \d+/)?.[0];
}

Deno.test("a rule's advice must save a twentieth", async () => {
  const present = blocksOf([100, 100]);
  assertEquals(await why(RETRY_AFTERS, present, blocksOf([95, 96])), ": 5 % less is asked for");
  assertEquals(await why(RETRY_AFTERS, present, blocksOf([95, 95])), undefined);
});

Deno.test("on a host that flaps a rule's advice may open no more often", async () => {
  const [present, more] = [blocksOf([100, 100], 10), blocksOf([50, 50], 11)];
  assertEquals(await why(RETRY_AFTERS, present, more), undefined);
  const reopens = (reopens: number) => why({ ...RETRY_AFTERS, opens: 2, reopens }, present, more);
  const flaps = "opened 11 times instead of 10";
  // The search, which asks more of a candidate, speaks first where the host does not flap.
  assertEquals([await reopens(1), await reopens(2)], [undefined, flaps]);
});

Deno.test("a host flaps too where its log shows that it came back again and again", async () => {
  const more = blocksOf([50, 50], 11);
  const cameBack = (recoveries: number, cooldowns = 0) => {
    const [first, second] = blocksOf([100, 100], 10) as [Figures, Figures];
    return why(RETRY_AFTERS, [{ ...first, recoveries, cooldowns }, second], more);
  };
  assertEquals(await cameBack(2), undefined);
  assertEquals(await cameBack(3), "opened 11 times instead of 10");
  assertEquals(await cameBack(3, 10), undefined); // it asked for pauses
});

Deno.test("what did best on the log comes first, then what no log tells of, then what is withheld", async () => {
  const rates = { "*": "10/s" };
  const policy = { ...DEFAULT_POLICY, rates };
  const numbers = { ...RETRY_AFTERS, network: 400, status429: 3, failures: 20, probeFailures: 6 };
  const metrics = metricsOf(numbers, { rates });
  const look = lookAt([metrics], { ...view, policy, configured: policy }, [], 0);
  const rulesFor = async (careful: number, longer: number) => {
    const advice = await judgedAdvice(
      look,
      (_host, policies) =>
        policies.map(({ successThreshold, resetTimeoutMs }) => {
          const cost = successThreshold > 1 ? careful : resetTimeoutMs > 60_000 ? longer : 100;
          return blocksOf([cost, cost]);
        }),
      0,
    );
    return advice.map(({ rule }) => rule);
  };
  assertEquals(await rulesFor(60, 50), ["retry_after", "half_open", "pace_trim"]);
  assertEquals(await rulesFor(60, 70), ["half_open", "retry_after", "pace_trim"]);
  assertEquals(await rulesFor(120, 70), ["retry_after", "pace_trim", "half_open"]);
});
