/**
 * The operations of `advice_routes.ts`, described.
 *
 * @module
 */
import * as z from "zod/mini";
import { policySchema } from "./policy_operations.ts";
import {
  WIRE_PARAMETERS,
  type WireAdvice,
  type WireAdviceList,
  type WireApplied,
  type WireStep,
} from "./advice_wire.ts";
import { BATCH_ITEMS } from "./items.ts";
import type { OperationGroup } from "./operation.ts";
import { adviceBody, adviceQuery } from "./advice_schemas.ts";
import { ADVICE_RULES, windowSeconds } from "./fields.ts";

const rule = z.enum(ADVICE_RULES).check(z.describe("Which rule of the advisor"));
const value = z.union([z.number(), z.string()]);
const changeShape = {
  host: z.string(),
  role: z.optional(z.string()).check(z.describe("Where it is for one role")),
  rule,
  parameter: z.enum(WIRE_PARAMETERS).check(
    z.describe("What is changed; breaker: whose breaker a role uses, shared or its own"),
  ),
  from: z.optional(value).check(z.describe("What holds before")),
  to: value.check(z.describe("What holds then")),
  reason: z.string().check(z.describe("One sentence with the numbers it rests on")),
};
const apply: z.ZodMiniType = z.strictObject({
  advice: z.optional(z.array(adviceBody).check(z.maxLength(BATCH_ITEMS))).check(z.describe(
    "What to apply; without it the most urgent of each host that is not withheld",
  )),
  undo: z.optional(z.array(z.string()).check(z.maxLength(BATCH_ITEMS))).check(z.describe(
    "Hosts whose last step is taken back; then nothing is applied but what is named",
  )),
  window_s: z.optional(windowSeconds).check(z.describe("How far back the advice looks")),
});
const replay = z.object({
  cost: z.number().check(z.describe("Wasted plus missed")),
  wasted: z.number().check(z.describe("Requests sent that failed")),
  missed: z.number().check(z.describe("Requests denied that would have been answered")),
  estimated_cost: z.number().check(z.describe("How much of the cost is an estimate")),
  opens: z.number(),
  open_s: z.number(),
  notice_s: z.optional(z.number()).check(z.describe("Mean time to notice a recovery")),
});
const advice: z.ZodMiniType<WireAdvice> = z.object({
  ...changeShape,
  patch: policySchema.check(z.describe("What is laid over the policy")),
  evidence: z.record(z.string(), z.number()).check(z.describe("The numbers it rests on, by name")),
  confidence: z.number().check(
    z.minimum(0),
    z.maximum(1),
    z.describe("n / (n + the fewest samples the rule takes)"),
  ),
  replay: z.optional(z.object({
    verdict: z.enum(["better", "same", "worse"]),
    present: replay,
    candidate: replay,
  })).check(z.describe("Both policies on the host's own log, where there is one")),
  withheld: z.optional(z.string()).check(z.describe("Why it is not applied, where it is not")),
});
const complete = z.optional(z.literal(false)).check(
  z.describe("Not all that happened could be read: the store did not answer, or holds too much"),
);
const list: z.ZodMiniType<WireAdviceList> = z.object({
  window_s: z.int(),
  complete,
  advice: z.array(advice),
});
/** Also of a host's history. */
export const stepShape = {
  at: z.number().check(z.describe("Epoch milliseconds")),
  by: z.string(),
  ...changeShape,
};
const step: z.ZodMiniType<WireStep> = z.object(stepShape);
const applied: z.ZodMiniType<WireApplied> = z.object({
  complete,
  applied: z.array(step),
  undone: z.array(step),
  refused: z.array(z.object({
    host: z.string(),
    role: z.optional(z.string()),
    rule: z.optional(rule),
    reason: z.string(),
  })).check(z.describe("What was wanted and not done, and why")),
});

const CHANGE = {
  host: "api.example.org",
  rule: "retry_after",
  parameter: "reset_timeout_s",
  from: 60,
  to: 120,
  reason: "The median of 12 Retry-After values is 120 s: reset timeout from 60 s to 120 s",
} as const;
const ADVICE = {
  ...CHANGE,
  patch: { reset_timeout_s: 120 },
  evidence: { retry_afters: 12, median_retry_after_s: 120 },
  confidence: 0.8,
} as const;
const STEP = { at: 1_767_225_600_000, by: "operator", ...CHANGE };

/** See the module's description. */
export const ADVICES: OperationGroup = {
  name: "advice",
  description: "What the advisor proposes from what was seen, and the steps made of it",
  schemas: {
    AdviceChoice: { schema: adviceBody },
    AdviceChoices: { schema: apply },
    Advice: { schema: advice },
    AdviceList: { schema: list },
    AdviceStep: { schema: step },
    AdviceApplied: { schema: applied },
  },
  operations: [
    {
      method: "get",
      path: "/v1/advice",
      id: "getAdvice",
      summary: "What the advisor proposes, host by host, the most urgent first",
      description:
        "By what all processes saw of hosts in trouble. Where there is too little to go by, there is no advice.",
      scope: "read",
      query: { schema: adviceQuery, examples: { window_s: 3_600 } },
      answers: {
        200: {
          description: "The advice, and how far back it looks",
          schema: list,
          examples: { "wait longer": { window_s: 3_600, advice: [ADVICE] } },
        },
      },
    },
    {
      method: "post",
      path: "/v1/advice/apply",
      id: "applyAdvice",
      summary: "Applies advice as it is now, or takes back the last step of a host",
      description:
        "A step is a stored override that every process takes up within 2 s. What is named is applied even though " +
        "it is withheld; each parameter moves within the tuner's bounds.",
      scope: "admin",
      body: {
        schema: apply,
        examples: {
          "one piece": { advice: [{ host: "api.example.org", rule: "retry_after" }] },
          "whatever there is": {},
          "take back": { undo: ["api.example.org"] },
        },
      },
      answers: {
        200: {
          description: "What was done, and what was refused",
          schema: applied,
          examples: { applied: { applied: [STEP], undone: [], refused: [] } },
        },
      },
      mayBeUnavailable: true,
    },
  ],
};
