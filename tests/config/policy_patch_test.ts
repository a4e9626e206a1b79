/**
 * Policies in the YAML's names, as the HTTP API takes and gives them.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  ConfigError,
  parseOverride,
  parsePolicyPatch,
  policyFromYaml,
  policyToYaml,
} from "../../src/config/mod.ts";
import { DEFAULT_POLICY, mergePolicy } from "../../src/breaker/policy.ts";

Deno.test("a patch holds only what was said, in the policy's names and units", () => {
  assertEquals(parsePolicyPatch({}), {});
  assertEquals(
    parsePolicyPatch({
      fail_max: 2,
      reset: 1.5,
      backoff: { factor: 2 },
      classify: { neutral_statuses: [404] },
      half_open: {},
      rolling: { enabled: true },
      slow_call: { threshold: 0.5 },
      roles: { meta: { reset: 0.0001 } },
    }),
    {
      failMax: 2,
      resetTimeoutMs: 1_500,
      backoffFactor: 2,
      classify: { neutralStatuses: [404] },
      rolling: { enabled: true },
      slowCall: { thresholdRatio: 0.5 },
      roles: { metadata: { resetTimeoutMs: 1 } },
    },
  );
});

Deno.test("a patch that is wrong is refused, naming each field", () => {
  const input = JSON.parse(
    '{"fail_max":0,"fail_mx":1,"rolling":null,"roles":{"A":{}},"__proto__":{"fail_max":1},"reset":1,"reset_timeout_s":1}',
  );
  const error = assertThrows(() => parsePolicyPatch(input), ConfigError);
  assertEquals(error.issues.map((issue) => issue.path).sort(), [
    "__proto__",
    "fail_max",
    "fail_mx",
    "reset",
    "roles.A",
    "rolling",
  ]);
  for (const input of [null, undefined, [], "fail_max:1", 5]) {
    assertThrows(
      () => parsePolicyPatch(input),
      ConfigError,
      "expected a mapping with keys of fail_max",
    );
  }
});

Deno.test("a policy in the YAML's names makes the same policy again", () => {
  const policy = mergePolicy(DEFAULT_POLICY, {
    resetTimeoutMs: 1_005,
    maxResetTimeoutMs: 4_350,
    failureRate: { windowMs: 60_000, minCalls: 20, thresholdRatio: 0.5 },
    slowCall: { durationMs: 10_000, thresholdRatio: 0.8 },
    roles: { metadata: { failMax: 3, resetTimeoutMs: 1 }, constructor: { trialCalls: 2 } },
  });
  const yaml = policyToYaml(policy);
  assertEquals(yaml.reset_timeout_s, 1.005);
  assertEquals(yaml.backoff, { factor: 1, max_s: 4.35 });
  assertEquals(yaml.roles?.metadata, { fail_max: 3, reset_timeout_s: 0.001 });
  assertEquals<unknown>(policyFromYaml(yaml), policy);
  assertEquals<unknown>(parsePolicyPatch(JSON.parse(JSON.stringify(yaml))), policy);
  assertEquals(policyToYaml(DEFAULT_POLICY).failure_rate, undefined);
});

Deno.test("an override is bounded more tightly than a file, and held against what it is laid over", () => {
  const most = { fail_max: 100, reset_timeout_s: 86_400, failure_rate: { min_calls: 10_000 } };
  const failureRate = { windowMs: 1_000, minCalls: 5, thresholdRatio: 0.5 };
  const below = mergePolicy(DEFAULT_POLICY, { failureRate });
  assertEquals(parseOverride(most, below), {
    failMax: 100,
    resetTimeoutMs: 86_400_000,
    failureRate: { minCalls: 10_000 },
  });
  for (
    const tooMuch of [{ fail_max: 101 }, { reset: 86_401 }, { roles: { x: { reset: 86_401 } } }]
  ) {
    assertThrows(() => parseOverride(tooMuch, below), ConfigError);
    parsePolicyPatch(tooMuch);
  }
  const slow = { slow_call: { duration_ms: 10, threshold: 0.5 } };
  parseOverride(slow, below);
  const error = assertThrows(() => parseOverride(slow, DEFAULT_POLICY), ConfigError);
  assertEquals(error.issues.map(({ path }) => path), ["slow_call"]);
});
