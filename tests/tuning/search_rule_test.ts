/**
 * The search: what is tried on a host's log, and which of it becomes advice, by hand.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { DEFAULT_POLICY, type PolicyPatch } from "../../mod.ts";
import { mergePolicy } from "../../src/breaker/policy.ts";
import type { RoleCalls } from "../../src/tuning/advice.ts";
import { TUNER_BOUNDS } from "../../src/tuning/clamps.ts";
import {
  type Candidate,
  opensOf,
  searchAdvice,
  searchCandidates,
} from "../../src/tuning/search_rule.ts";
import { blocksOf } from "./figures_of.ts";
import { HOST, metricsOf } from "./metrics_of.ts";

const OPENS = metricsOf({ opens: 1 });

function candidatesFor(
  patch: PolicyPatch = {},
  roles?: Record<string, RoleCalls>,
): Candidate[] {
  const present = mergePolicy(DEFAULT_POLICY, patch);
  return searchCandidates(present, [{ ...OPENS, ...(roles && { roles }) }]);
}

const indexOf = (candidates: Candidate[], failMax: number, resetS: number) =>
  candidates.findIndex(({ patch }) =>
    patch.failMax === failMax && patch.resetTimeoutMs === resetS * 1000
  );

/** Two blocks for each candidate, whose cost is 100 but where the test says otherwise. */
function found(candidates: Candidate[], costs: Record<number, number>, presentCost = 100) {
  const figures = candidates.map((_, i) => blocksOf([costs[i] ?? 100, costs[i] ?? 100]));
  const present = { policy: DEFAULT_POLICY, figures: blocksOf([presentCost, presentCost]) };
  return searchAdvice(HOST, present, candidates, figures, false);
}

Deno.test("the opens of all breakers of a host count", () => {
  assertEquals(opensOf([metricsOf([{ opens: 1 }, {}]), OPENS]), 2);
  assertEquals(opensOf([metricsOf({ network: 1000, failures: 500 })]), 0);
});

Deno.test("what is tried lies within the tuner's bounds, and within the policy's", () => {
  const [least, most] = TUNER_BOUNDS.failMax;
  const [shortest, longest] = TUNER_BOUNDS.resetTimeoutMs;
  const all = candidatesFor();
  assertEquals(all.length, 50);
  for (const { policy, patch } of all) {
    assert(policy.failMax >= least && policy.failMax <= most, JSON.stringify(patch));
    assert(policy.resetTimeoutMs >= shortest && policy.resetTimeoutMs <= longest);
  }
  const bounded = candidatesFor({ maxResetTimeoutMs: 80_000 });
  assertEquals(bounded.length, 4 * 7);
  assertEquals(Math.max(...bounded.map(({ policy }) => policy.resetTimeoutMs)), 80_000);
});

Deno.test("the cheapest candidate is advised, with both changes and its figures", () => {
  const all = candidatesFor();
  // Taken with what stands beside them, 20 s costs (80 + 2 * 60 + 80) / 4 = 70, and 15 s and 27 s more.
  const costs = {
    [indexOf(all, 10, 15)]: 80,
    [indexOf(all, 10, 20)]: 60,
    [indexOf(all, 10, 27)]: 80,
  };
  const { replay, ...advice } = found(all, costs)!;
  assertEquals(advice, {
    host: HOST,
    rule: "search",
    parameter: "resetTimeoutMs",
    from: 60_000,
    to: 20_000,
    patch: { failMax: 10, resetTimeoutMs: 20_000 },
    evidence: { costFrom: 200, costTo: 120, differingBlocks: 2, betterBlocks: 2 },
    confidence: 0.5,
    reason:
      "On the host's own log it would have wasted or missed 120 requests instead of 200, less in 2 " +
      "of the 2 blocks in which they differ: reset timeout from 60 s to 20 s, failures that open from 5 to 10",
  });
  assertEquals([replay?.verdict, replay?.cost], ["better", [200, 120]]);
});

Deno.test("15 % must be saved, and a reset timeout that does well by itself alone does not count", () => {
  const all = candidatesFor();
  const costs = (cost: number, beside = cost) => ({
    [indexOf(all, 3, 80)]: beside,
    [indexOf(all, 3, 105)]: cost,
    [indexOf(all, 3, 140)]: beside,
  });
  assertEquals(found(all, costs(85))?.to, 105_000);
  assertEquals(found(all, costs(86)), undefined);
  assertEquals(found(all, costs(71, 100)), undefined); // (100 + 2 * 71 + 100) / 4 = 85.5
  assertEquals(found(all, costs(70, 100))?.to, 105_000);
});

Deno.test("what holds already is no change", () => {
  const all = candidatesFor();
  const alone = (failMax: number) => {
    const candidate = all[indexOf(all, failMax, 60)]!;
    return found([{ ...candidate, beside: [0, 0] }], { 0: 10 });
  };
  assertEquals(alone(5), undefined);
  const { parameter, from, to } = alone(7)!;
  assertEquals([parameter, from, to], ["failMax", 5, 7]);
});

Deno.test("a host that flaps must open less often: half as often in the grid, a fifth less with a later probe", () => {
  const all = candidatesFor();
  const opening = (index: number, cost: number, opens: number, isFlapping = true) => {
    const figures = all.map((_, i) =>
      i === index ? blocksOf([cost, cost], opens) : blocksOf([100, 100], 100)
    );
    const present = { policy: DEFAULT_POLICY, figures: blocksOf([100, 100], 100) };
    return searchAdvice(HOST, present, all, figures, isFlapping)?.to;
  };
  const inGrid = indexOf(all, 5, 105);
  assertEquals([opening(inGrid, 40, 50), opening(inGrid, 40, 51)], [105_000, undefined]);
  const [second, third] = [48, 49];
  assertEquals(all[second]!.patch, { resetTimeoutMs: 117_000 });
  assertEquals(all[third]!.patch, { resetTimeoutMs: 177_000 });
  assertEquals([opening(second, 100, 80), opening(second, 100, 81)], [undefined, undefined]);
  assertEquals([opening(second, 99, 80), opening(second, 99, 81)], [117_000, undefined]);
  assertEquals([opening(third, 99, 80), opening(second, 50, 80, false)], [177_000, undefined]);
  assertEquals(opening(inGrid, 40, 51, false), 105_000);
  assertEquals(candidatesFor({ maxResetTimeoutMs: 116_999 }).at(-1)?.kind, "grid");
});

const WELL = { network: 1000, failures: 10 };

Deno.test("a role that fails by itself may have a breaker of its own", () => {
  const all = candidatesFor({}, {
    metadata: WELL,
    artifact: { network: 500, failures: 10 },
  });
  const { replay: _, ...advice } = found(all, { 50: 70 })!;
  assertEquals(advice, {
    host: HOST,
    role: "artifact",
    rule: "search",
    parameter: "breaker",
    from: "shared",
    to: "own",
    patch: { roles: { artifact: { failMax: 5 } } },
    evidence: { costFrom: 200, costTo: 140, differingBlocks: 2, betterBlocks: 2 },
    confidence: 0.5,
    reason:
      "On the host's own log it would have wasted or missed 140 requests instead of 200, less in 2 " +
      "of the 2 blocks in which they differ: a breaker of its own for 'artifact'",
  });
  assertEquals(found(all, { 50: 71 }), undefined); // 30 % are asked for
});

Deno.test("a role counts as failing from ten failures, and from twice the share of the others", () => {
  const rolesTried = (roles: Record<string, RoleCalls>, patch?: PolicyPatch) =>
    candidatesFor(patch, roles).flatMap(({ role }) => role ?? []);
  const failing = (network: number, failures: number) => ({
    metadata: WELL,
    artifact: { network, failures },
  });
  assertEquals(rolesTried(failing(500, 10)), ["artifact"]);
  assertEquals(rolesTried(failing(501, 10)), []);
  assertEquals(rolesTried(failing(10, 9)), []);
  assertEquals(rolesTried({ artifact: { network: 10, failures: 10 } }), []); // there is no other
  const own = { roles: { artifact: { failMax: 3 } } };
  assertEquals(rolesTried(failing(500, 10), own), []);
});
