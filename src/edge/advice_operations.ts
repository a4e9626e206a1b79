/**
 * The operations of `advice_routes.ts`, described.
 *
 * @module
 */
import * as z from "zod";
import { policySchema } from "./policy_operations.ts";
import {
  WIRE_PARAMETERS,
  type WireAdvice,
  type WireAdviceList,
  type WireApplied,
  type WireStep,
} from "./advice_wire.ts";
import { BATCH_ITEMS } from "./requests.ts";
import type { OperationGroup } from "./operation.ts";
import { ADVICE_RULES, adviceBody, adviceQuery, windowSeconds } from "./schemas.ts";

const rule = z.enum(ADVICE_RULES).describe("Which rule of the advisor");
const value = z.union([z.number(), z.string()]);
const changeShape = {
  host: z.string(),
  role: z.string().optional().describe("Where it is for one role"),
  rule,
  parameter: z.enum(WIRE_PARAMETERS)
    .describe("What is changed; breaker: whose breaker a role uses, shared or its own"),
  from: value.optional().describe("What holds before"),
  to: value.describe("What holds then"),
  reason: z.string().describe("One sentence with the numbers it rests on"),
};
const apply: z.ZodType = z.strictObject({
  advice: z.array(adviceBody).max(BATCH_ITEMS).optional().describe(
    "What to apply; without it the most urgent of each host that is not withheld",
  ),
  undo: z.array(z.string()).max(BATCH_ITEMS).optional().describe(
    "Hosts whose last step is taken back; then nothing is applied but what is named",
  ),
  window_s: windowSeconds.optional().describe("How far back the advice looks"),
});
const replay = z.object({
  cost: z.number().describe("Wasted plus missed"),
  wasted: z.number().describe("Requests sent that failed"),
  missed: z.number().describe("Requests denied that would have been answered"),
  estimated_cost: z.number().describe("How much of the cost is an estimate"),
  opens: z.number(),
  open_s: z.number(),
  notice_s: z.number().optional().describe("Mean time to notice a recovery"),
});
const advice: z.ZodType<WireAdvice> = z.object({
  ...changeShape,
  patch: policySchema.describe("What is laid over the policy"),
  evidence: z.record(z.string(), z.number()).describe("The numbers it rests on, by name"),
  confidence: z.number().min(0).max(1).describe("n / (n + the fewest samples the rule takes)"),
  replay: z.object({
    verdict: z.enum(["better", "same", "worse"]),
    present: replay,
    candidate: replay,
  }).optional().describe("Both policies on the host's own log, where there is one"),
  withheld: z.string().optional().describe("Why it is not applied, where it is not"),
});
const list: z.ZodType<WireAdviceList> = z.object({
  window_s: z.int(),
  complete: z.literal(false).optional()
    .describe("Not all that happened could be read: the store did not answer, or holds too much"),
  advice: z.array(advice),
});
/** Also of a host's history. */
export const stepShape = {
  at: z.number().describe("Epoch milliseconds"),
  by: z.string(),
  ...changeShape,
};
const step: z.ZodType<WireStep> = z.object(stepShape);
const applied: z.ZodType<WireApplied> = z.object({
  applied: z.array(step),
  undone: z.array(step),
  refused: z.array(z.object({
    host: z.string(),
    role: z.string().optional(),
    rule: rule.optional(),
    reason: z.string(),
  })).describe("What was wanted and not done, and why"),
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
