/**
 * The operations of `policy_routes.ts`, described.
 *
 * @module
 */
import * as z from "zod";
import type { PolicyYaml, RoleYaml } from "../config/mod.ts";
import { overrideSchema } from "../config/schema.ts";
import { HOST_PARAMETER } from "./breaker_operations.ts";
import type { OperationGroup } from "./operation.ts";
import { reasonQuery } from "./schemas.ts";
import type { WirePace, WirePolicy } from "./policy_wire.ts";

const seconds = z.number().optional();
const count = z.int().optional();
const ratio = z.number().min(0).max(1).optional();
const statuses = z.array(z.int()).optional();

const roleShape = {
  fail_max: count.describe("Failures in a row that open"),
  reset_timeout_s: seconds.describe("How long the first open lasts"),
  success_threshold: count.describe("Probes that must succeed to close"),
  trial_calls: count.describe("Probes that may be out at once"),
};
const role: z.ZodType<RoleYaml> = z.object(roleShape);

/** As it goes out: without the aliases that a body may use. */
export const policySchema: z.ZodType<PolicyYaml> = z.object({
  ...roleShape,
  retry_after_cap_s: seconds.describe("The longest cooldown that a Retry-After can set"),
  probe_lease_s: seconds.describe("A probe that has not reported by then frees its slot"),
  permit_ttl_s: seconds.describe("A later outcome counts for nothing"),
  forget_s: seconds.describe("A record that nobody asked for is dropped by then"),
  backoff: z.object({ factor: z.number().optional(), max_s: seconds }).optional(),
  classify: z.object({ failure_statuses: statuses, neutral_statuses: statuses }).optional(),
  half_open: z.object({ jitter_ms: z.number().optional() }).optional(),
  rolling: z.object({
    enabled: z.boolean().optional(),
    threshold_failures: count,
    window_s: seconds,
    cooldown_s: seconds,
  }).optional(),
  failure_rate: z.object({ window_s: seconds, min_calls: count, threshold: ratio }).optional(),
  slow_call: z.object({ duration_ms: z.number().optional(), threshold: ratio }).optional(),
  roles: z.record(z.string(), role).optional().describe("What roles set differently"),
  rates: z.record(z.string(), z.string()).optional()
    .describe("Limits by role, * for all requests of the host together: 10/s,1000/h"),
});

const pace: z.ZodType<WirePace> = z.object({
  rate: z.string().describe("What the policy says"),
  multiplier: z.number().describe("What the host's 429s have left of it, 0.1 to 1"),
  per_second: z.number().describe("Requests per second that may go out in the long run"),
});

const effective: z.ZodType<WirePolicy> = z.object({
  host: z.string(),
  policy: policySchema.describe("What holds now"),
  sources: z.record(
    z.string(),
    z.enum(["default", "file", "environment", "flags", "config", "process", "override"]),
  ).describe("Where each value came from, by its path: fail_max, roles.metadata.fail_max"),
  pace: z.record(z.string(), pace).optional()
    .describe("Where the host has rates: what holds of each now, by role"),
  override: policySchema.optional().describe("What is stored for every process"),
  overridden_at: z.number().optional().describe("When that was set, in epoch milliseconds"),
  overridden_by: z.string().optional().describe("Who set it, where that was told"),
  reason: z.string().optional().describe("Why, where that was told"),
  degraded: z.boolean().optional()
    .describe("The store could not be asked: what this process knows"),
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
