/**
 * Policies: defaults, merging in depth, bounds.
 *
 * @module
 */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { checkResolver, checkRole } from "../../src/breaker/names.ts";
import { DEFAULT_POLICY, mergePolicy } from "../../src/breaker/policy.ts";
import { limitsOf, ownRoles, trialCallsOf } from "../../src/breaker/limits.ts";
import type { BreakerPolicy, PolicyPatch } from "../../src/breaker/policy_types.ts";

const merge = (patch: PolicyPatch, base: BreakerPolicy = DEFAULT_POLICY) =>
  mergePolicy(base, patch);

/** What a caller without types could pass. */
function mergeAny(patch: unknown): BreakerPolicy {
  return mergePolicy(DEFAULT_POLICY, patch as PolicyPatch); // not safe, which is what is tested
}

Deno.test("the defaults are those of the contract", () => {
  assertEquals(DEFAULT_POLICY, {
    failMax: 5,
    resetTimeoutMs: 60_000,
    successThreshold: 1,
    trialCalls: 1,
    probeLeaseMs: 30_000,
    permitTtlMs: 300_000,
    retryAfterCapMs: 900_000,
    backoffFactor: 1,
    maxResetTimeoutMs: 900_000,
    forgetMs: 3_600_000,
    rolling: { enabled: false, windowMs: 30_000, thresholdFailures: 6, cooldownMs: 60_000 },
    halfOpen: { jitterMs: 150 },
    classify: {
      failureStatuses: [408, 429, 500, 502, 503, 504],
      neutralStatuses: [401, 403, 404, 410, 451],
    },
    roles: {},
  });
});

Deno.test("an empty patch and undefined values change nothing", () => {
  assertEquals(merge({}), DEFAULT_POLICY);
  assertEquals(
    merge({ failMax: undefined, rolling: { windowMs: undefined }, failureRate: undefined }),
    DEFAULT_POLICY,
  );
});

Deno.test("a partial policy is merged in depth", () => {
  const base = merge({
    rolling: { enabled: true },
    failureRate: { windowMs: 1_000, minCalls: 5, thresholdRatio: 0.5 },
    roles: { metadata: { failMax: 3, trialCalls: 2 }, landing: { failMax: 9 } },
  });
  const merged = merge({
    rolling: { windowMs: 500 },
    failureRate: { minCalls: 9 },
    roles: { metadata: { failMax: 1 } },
  }, base);
  assertEquals(merged.rolling, {
    enabled: true,
    windowMs: 500,
    thresholdFailures: 6,
    cooldownMs: 60_000,
  });
  assertEquals(merged.failureRate, { windowMs: 1_000, minCalls: 9, thresholdRatio: 0.5 });
  assertEquals(merged.roles, {
    metadata: { failMax: 1, trialCalls: 2 },
    landing: { failMax: 9 },
  });
});

Deno.test("merging leaves base and patch as they were", () => {
  const base = merge({ roles: { metadata: { failMax: 3 } } });
  const before = structuredClone(base);
  const patch: PolicyPatch = { rolling: { windowMs: 5 }, roles: { metadata: { failMax: 4 } } };
  const patchBefore = structuredClone(patch);
  merge(patch, base);
  assertEquals(base, before);
  assertEquals(patch, patchBefore);
});

for (
  const [field, lowest, highest] of [
    ["failMax", 1, 1_000_000],
    ["resetTimeoutMs", 1, 31_536_000_000],
    ["successThreshold", 1, 1_000],
    ["trialCalls", 1, 256],
    ["probeLeaseMs", 1, 31_536_000_000],
    ["permitTtlMs", 1, 31_536_000_000],
    ["retryAfterCapMs", 0, 31_536_000_000],
    ["backoffFactor", 1, 100],
    ["maxResetTimeoutMs", 1, 31_536_000_000],
    ["forgetMs", 1, 31_536_000_000],
  ] as const
) {
  Deno.test(`${field} may be ${lowest} to ${highest}; one less or more is refused by name`, () => {
    assertEquals(merge({ [field]: lowest })[field], lowest);
    assertEquals(merge({ [field]: highest })[field], highest);
    for (const wrong of [lowest - 1, highest + 1, NaN, -Infinity, Infinity]) {
      assertThrows(
        () => merge({ [field]: wrong }),
        RangeError,
        `Policy '${field}' must be`,
      );
      assertThrows(() => merge({ [field]: wrong }), RangeError, `current value is ${wrong}`);
    }
    for (const wrong of ["5", null, true, {}, [5]]) {
      assertThrows(() => mergeAny({ [field]: wrong }), RangeError, `'${field}'`);
    }
  });
}

for (const field of ["failMax", "successThreshold", "trialCalls"] as const) {
  Deno.test(`${field} is a whole number`, () => {
    assertThrows(() => merge({ [field]: 1.5 }), RangeError, "whole number");
    assertThrows(
      () => merge({ roles: { metadata: { [field]: 1.5 } } }),
      RangeError,
      "roles.metadata",
    );
  });
}

for (
  const [path, patch] of [
    ["rolling.enabled", { rolling: { enabled: 1 } }],
    ["rolling.windowMs", { rolling: { windowMs: 0 } }],
    ["rolling.thresholdFailures", { rolling: { thresholdFailures: 1_001 } }],
    ["rolling.cooldownMs", { rolling: { cooldownMs: -1 } }],
    ["failureRate.minCalls", { failureRate: { windowMs: 1, thresholdRatio: 1 } }],
    ["failureRate.thresholdRatio", {
      failureRate: { windowMs: 1, minCalls: 1, thresholdRatio: 0 },
    }],
    ["failureRate.thresholdRatio", {
      failureRate: { windowMs: 1, minCalls: 1, thresholdRatio: 1.01 },
    }],
    ["slowCall.thresholdRatio", { slowCall: { durationMs: 1 } }],
    ["halfOpen.jitterMs", { halfOpen: { jitterMs: -1 } }],
    ["classify.failureStatuses", { classify: { failureStatuses: [99] } }],
    ["classify.neutralStatuses", { classify: { neutralStatuses: [1000] } }],
    ["classify.neutralStatuses", { classify: { neutralStatuses: 404 } }],
    ["roles.metadata.failMax", { roles: { metadata: { failMax: 0 } } }],
    ["rolling", { rolling: true }],
    ["rolling", { rolling: null }],
    ["halfOpen", { halfOpen: 150 }],
    ["classify", { classify: [404] }],
    ["failureRate", { failureRate: 0.5 }],
    ["slowCall", { slowCall: "2s" }],
    ["roles", { roles: "metadata" }],
    ["roles.metadata", { roles: { metadata: 3 } }],
  ] as const
) {
  Deno.test(`${JSON.stringify(patch)} is refused, naming '${path}'`, () => {
    assertThrows(() => mergeAny(patch), RangeError, `'${path}'`);
  });
}

for (
  const [path, patch] of [
    ["failmax", { failmax: 3 }],
    ["rolling.window", { rolling: { window: 3 } }],
    ["classify.failure", { classify: { failure: [500] } }],
    ["roles.metadata.probeLeaseMs", { roles: { metadata: { probeLeaseMs: 3 } } }],
    ["constructor", { constructor: 5 }],
  ] as const
) {
  Deno.test(`the unknown key '${path}' is refused, naming those that are known`, () => {
    assertThrows(() => mergeAny(patch), TypeError, `Policy has no '${path}': known are`);
  });
}

Deno.test("slowCall without failureRate is refused", () => {
  const slowCall = { durationMs: 1_000, thresholdRatio: 0.5 };
  assertThrows(() => merge({ slowCall }), RangeError, "needs 'failureRate'");
  const failureRate = { windowMs: 1_000, minCalls: 1, thresholdRatio: 1 };
  assertEquals(merge({ slowCall, failureRate }).slowCall, slowCall);
});

Deno.test("a policy names 32 roles, not 33", () => {
  const roles = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}`, { failMax: 2 }]));
  assertEquals(ownRoles(merge({ roles: roles(32) })).length, 32);
  assertThrows(() => merge({ roles: roles(33) }), RangeError, "at most 32: it names 33");
});

Deno.test("a role takes what it overrides, and the rest from its host", () => {
  const policy = merge({ failMax: 7, trialCalls: 4, roles: { metadata: { resetTimeoutMs: 5 } } });
  assertEquals(limitsOf(policy, "metadata"), {
    failMax: 7,
    resetTimeoutMs: 5,
    successThreshold: 1,
  });
  assertEquals([trialCallsOf(policy, "metadata"), trialCallsOf(policy, "landing")], [4, 4]);
  assertStrictEquals(limitsOf(policy, "landing"), policy);
});

Deno.test("a role name begins with a letter, is in lower case and has at most 32 characters", () => {
  for (const role of ["a", "metadata", "r2_d-2", "a".repeat(32), "constructor"]) {
    assertEquals(checkRole(role), role);
  }
  assertEquals(checkRole(undefined), "");
  for (const role of ["", "A", "2r", "_a", "-a", "a b", "a.b", "a\n", "é", "a".repeat(33)]) {
    assertThrows(() => checkRole(role), TypeError, "Role must match");
  }
  assertThrows(() => merge({ roles: { Metadata: {} } }), TypeError, "'Metadata'");
});

Deno.test("a resolver name has at most 64 letters, digits, points, dashes and underscores", () => {
  for (const resolver of ["a", "Crossref", "open.alex_2-x", "9", "a".repeat(64)]) {
    assertEquals(checkResolver(resolver), resolver);
  }
  assertEquals(checkResolver(undefined), "");
  for (const resolver of ["", ".a", "-a", "a b", "a/b", "a~b", "a\n", "a".repeat(65)]) {
    assertThrows(() => checkResolver(resolver), TypeError, "Resolver must match");
  }
});
