/**
 * The tuner's bounds, at each end.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { DEFAULT_POLICY, type PolicyPatch } from "../../mod.ts";
import { mergePolicy } from "../../src/breaker/policy.ts";
import type { RolePolicy } from "../../src/breaker/policy_types.ts";
import type { Advice } from "../../src/tuning/advice.ts";
import { clampAdvice } from "../../src/tuning/clamps.ts";

const policyOf = (patch: PolicyPatch) => mergePolicy(DEFAULT_POLICY, patch);

function adviceOf(parameter: Exclude<Advice["parameter"], "rate" | "breaker">, to: number): Advice {
  return {
    host: "api.example.org",
    rule: "flapping",
    parameter,
    to,
    patch: { [parameter]: to },
    evidence: {},
    confidence: 1,
    reason: "It says so",
  };
}

function rateAdvice(to: string, role = "*"): Advice {
  const patch = { rates: { [role]: to } };
  return { ...adviceOf("failMax", 0), rule: "pace", parameter: "rate", to, patch };
}

Deno.test.each(
  [
    ["failMax", 20, 1, 2],
    ["failMax", 20, 2, 2],
    ["failMax", 5, 10, 10],
    ["failMax", 5, 11, 10],
    ["resetTimeoutMs", 60_000, 14_000, 15_000],
    ["resetTimeoutMs", 60_000, 15_000, 15_000],
    ["resetTimeoutMs", 60_000, 600_000, 600_000],
    ["resetTimeoutMs", 60_000, 900_000, 600_000],
    ["successThreshold", 1, 3, 3],
    ["successThreshold", 1, 4, 3],
  ] as const,
)("%s from %s to %s becomes %s", (parameter, from, to, expected) => {
  const { patch, to: clamped } = clampAdvice(
    adviceOf(parameter, to),
    policyOf({ [parameter]: from }),
  );
  assertEquals([clamped, patch], [expected, { [parameter]: expected }]);
});

Deno.test("what the bounds change is said in the reason", () => {
  const { reason } = clampAdvice(adviceOf("resetTimeoutMs", 900_000), DEFAULT_POLICY);
  assertEquals(reason, "It says so; by the tuner's bounds only 600 s");
  assertEquals(clampAdvice(adviceOf("failMax", 3), DEFAULT_POLICY).reason, "It says so");
});

Deno.test("advice that the bounds would turn round, or that they leave nothing of, is withheld", () => {
  const withheld = (parameter: "failMax" | "resetTimeoutMs", from: number, to: number) =>
    clampAdvice(adviceOf(parameter, to), policyOf({ [parameter]: from })).withheld;
  const said = "the tuner's bounds leave 'resetTimeoutMs' where it is";
  assertEquals(withheld("resetTimeoutMs", 600_000, 900_000), said);
  assertEquals(withheld("resetTimeoutMs", 700_000, 900_000), said);
  assertEquals(withheld("resetTimeoutMs", 10_000, 12_000), undefined);
  assertEquals(withheld("failMax", 2, 1), "the tuner's bounds leave 'failMax' where it is");
});

Deno.test("a role is held to the same bounds, from what holds for the role", () => {
  const limits: RolePolicy = { failMax: 1 };
  const advice = {
    ...adviceOf("failMax", 1),
    role: "artifact",
    patch: { roles: { artifact: limits } },
  };
  const policy = policyOf({ roles: { artifact: { failMax: 3 } } });
  assertEquals(clampAdvice(advice, policy).patch, { roles: { artifact: { failMax: 2 } } });
});

Deno.test("a breaker of its own is no matter of bounds", () => {
  const advice: Advice = {
    ...adviceOf("failMax", 5),
    rule: "search",
    role: "artifact",
    parameter: "breaker",
    to: "own",
    patch: { roles: { artifact: { failMax: 5 } } },
  };
  assertEquals(clampAdvice(advice, DEFAULT_POLICY), advice);
});

Deno.test("a rate changes by at most a quarter", () => {
  const clamped = (to: string, from: string) =>
    clampAdvice(rateAdvice(to), policyOf({ rates: { "*": from } })).patch;
  assertEquals(clamped("8/s", "10/s"), { rates: { "*": "8/s" } });
  assertEquals(clamped("1/s", "10/s"), { rates: { "*": "8/s" } });
  assertEquals(clamped("100/s", "10/s"), { rates: { "*": "12/s" } });
});

Deno.test("a first rate is taken as it is", () => {
  assertEquals(clampAdvice(rateAdvice("3/s"), DEFAULT_POLICY).patch, { rates: { "*": "3/s" } });
});

Deno.test("a rate that cannot be read leaves the one that holds", () => {
  const { withheld } = clampAdvice(rateAdvice("often"), policyOf({ rates: { "*": "10/s" } }));
  assertEquals(withheld, "the tuner's bounds leave 'rate' where it is");
});
