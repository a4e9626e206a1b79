/**
 * The operations of `policy_routes.ts`, described.
 *
 * @module
 */
import * as z from "zod/mini";
import type { PolicyYaml, RoleYaml } from "../config/mod.ts";
import { overrideSchema } from "../config/schema.ts";
import { HOST_PARAMETER } from "./breaker_operations.ts";
import type { OperationGroup } from "./operation.ts";
import { reasonQuery } from "./operator_schemas.ts";
import type { WirePace, WirePolicy } from "./policy_wire.ts";

const seconds = z.optional(z.number());
const count = z.optional(z.int());
const ratio = z.optional(z.number().check(z.minimum(0), z.maximum(1)));
const statuses = z.optional(z.array(z.int()));

const roleShape = {
  fail_max: count.check(z.describe("Failures in a row that open")),
  reset_timeout_s: seconds.check(z.describe("How long the first open lasts")),
  success_threshold: count.check(z.describe("Probes that must succeed to close")),
  trial_calls: count.check(z.describe("Probes that may be out at once")),
};
const role: z.ZodMiniType<RoleYaml> = z.object(roleShape);

/** As it goes out: without the aliases that a body may use. */
export const policySchema: z.ZodMiniType<PolicyYaml> = z.object({
  ...roleShape,
  retry_after_cap_s: seconds.check(z.describe("The longest cooldown that a Retry-After can set")),
  probe_lease_s: seconds.check(z.describe("A probe that has not reported by then frees its slot")),
  permit_ttl_s: seconds.check(z.describe("A later outcome counts for nothing")),
  forget_s: seconds.check(z.describe("A record that nobody asked for is dropped by then")),
  backoff: z.optional(z.object({ factor: z.optional(z.number()), max_s: seconds })),
  classify: z.optional(z.object({ failure_statuses: statuses, neutral_statuses: statuses })),
  half_open: z.optional(z.object({ jitter_ms: z.optional(z.number()) })),
  rolling: z.optional(z.object({
    enabled: z.optional(z.boolean()),
    threshold_failures: count,
    window_s: seconds,
    cooldown_s: seconds,
  })),
  failure_rate: z.optional(z.object({ window_s: seconds, min_calls: count, threshold: ratio })),
  slow_call: z.optional(z.object({ duration_ms: z.optional(z.number()), threshold: ratio })),
  roles: z.optional(z.record(z.string(), role)).check(z.describe("What roles set differently")),
  rates: z.optional(z.record(z.string(), z.string())).check(
    z.describe("Limits by role, * for all requests of the host together: 10/s,1000/h"),
  ),
});

const pace: z.ZodMiniType<WirePace> = z.object({
  rate: z.string().check(z.describe("What the policy says")),
  multiplier: z.number().check(z.describe("What the host's 429s have left of it, 0.1 to 1")),
  per_second: z.number().check(z.describe("Requests per second that may go out in the long run")),
});

const effective: z.ZodMiniType<WirePolicy> = z.object({
  host: z.string(),
  policy: policySchema.check(z.describe("What holds now")),
  sources: z.record(
    z.string(),
    z.enum(["default", "file", "environment", "flags", "config", "process", "override"]),
  ).check(z.describe("Where each value came from, by its path: fail_max, roles.metadata.fail_max")),
  pace: z.optional(z.record(z.string(), pace)).check(
    z.describe("Where the host has rates: what holds of each now, by role"),
  ),
  override: z.optional(policySchema).check(z.describe("What is stored for every process")),
  overridden_at: z.optional(z.number()).check(
    z.describe("When that was set, in epoch milliseconds"),
  ),
  overridden_by: z.optional(z.string()).check(z.describe("Who set it, where that was told")),
  reason: z.optional(z.string()).check(z.describe("Why, where that was told")),
  degraded: z.optional(z.boolean()).check(
    z.describe("The store could not be asked: what this process knows"),
  ),
});

const POLICY = {
  fail_max: 5,
  reset_timeout_s: 60,
  success_threshold: 1,
  trial_calls: 1,
  retry_after_cap_s: 900,
} as const;
const SOURCES = {
  fail_max: "default",
  reset_timeout_s: "file",
  success_threshold: "default",
  trial_calls: "default",
  retry_after_cap_s: "environment",
} as const;
const CONFIGURED = { host: "api.example.org", policy: POLICY, sources: SOURCES };
const OVERRIDDEN = {
  host: "api.example.org",
  policy: { ...POLICY, fail_max: 2 },
  sources: { ...SOURCES, fail_max: "override" },
  override: { fail_max: 2 },
  overridden_at: 1_767_225_600_000,
} as const;

/** See the module's description. */
export const POLICIES: OperationGroup = {
  name: "policies",
  description: "What operators call: how a host's breaker behaves, and overrides for every process",
  schemas: {
    Override: { schema: overrideSchema },
    RolePolicy: { schema: role },
    Policy: { schema: policySchema },
    Pace: { schema: pace },
    EffectivePolicy: { schema: effective },
  },
  operations: [
    {
      method: "get",
      path: "/v1/policies/{host}",
      id: "getPolicy",
      summary: "The policy that holds for a host, with the source of each value",
      scope: "read",
      parameters: [HOST_PARAMETER],
      answers: {
        200: {
          description: "The effective policy; shortened in the example",
          schema: effective,
          examples: { configured: CONFIGURED, overridden: OVERRIDDEN },
        },
      },
    },
    {
      method: "put",
      path: "/v1/policies/{host}",
      id: "setPolicy",
      summary: "Stores an override of a host's policy, in place of the one before",
      description:
        "Every process takes it up within 2 s. It is kept over restarts, and leaves a cooldown that is running " +
        "alone.",
      scope: "admin",
      parameters: [HOST_PARAMETER],
      query: { schema: reasonQuery, examples: { reason: "fails in short bursts" } },
      body: {
        schema: overrideSchema,
        examples: {
          stricter: { fail_max: 2 },
          "a role": { roles: { artifact: { fail_max: 8, reset_timeout_s: 30 } } },
          slower: { rates: { metadata: "8/s,1000/h", "*": "20/s" } },
        },
      },
      answers: {
        200: {
          description: "What holds now",
          schema: effective,
          examples: { overridden: OVERRIDDEN },
        },
      },
      mayBeUnavailable: true,
    },
    {
      method: "delete",
      path: "/v1/policies/{host}",
      id: "clearPolicy",
      summary: "Removes the override of a host's policy",
      scope: "admin",
      parameters: [HOST_PARAMETER],
      query: { schema: reasonQuery, examples: { reason: "no longer needed" } },
      answers: {
        200: {
          description: "What holds now",
          schema: effective,
          examples: { configured: CONFIGURED },
        },
      },
      mayBeUnavailable: true,
    },
  ],
};
