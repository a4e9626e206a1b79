/**
 * The operations of `gate_routes.ts`, described.
 *
 * @module
 */
import { BREAKER_STATES, DENIAL_REASONS, SCOPES } from "../breaker/state.ts";
import * as z from "zod/mini";
import { BATCH_ITEMS } from "./items.ts";
import type { OperationGroup } from "./operation.ts";
import { allowBody, recordBody } from "./gate_schemas.ts";
import type { WireDenial, WireRecordResult, WireVerdict } from "./wire.ts";

const state = z.enum(BREAKER_STATES);
const milliseconds = z.number().check(z.minimum(0));
const retryAfterMs = milliseconds.check(z.describe("Milliseconds until it is worth asking again"));
const degraded = z.optional(z.boolean()).check(
  z.describe("The store could not be asked in time: the process's own answer"),
);

const denialShape = {
  reason: z.enum(DENIAL_REASONS),
  scope: z.enum(SCOPES).check(z.describe("Whose breaker says no")),
  key: z.string().check(z.describe("The host or the resolver of that breaker")),
  state,
  retry_after_ms: retryAfterMs,
};
const denial: z.ZodMiniType<WireDenial> = z.object(denialShape);

const verdict: z.ZodMiniType<WireVerdict> = z.union([
  z.object({
    allowed: z.literal(true),
    permit: z.string().check(z.describe("Goes back with the outcome, as it is")),
    state: z.enum(["closed", "half_open"]),
    wait_ms: milliseconds.check(z.describe("Milliseconds to wait before sending")),
    would_deny: z.optional(denial).check(
      z.describe("In mode observe: why it would have been denied"),
    ),
    degraded,
  }),
  z.object({ allowed: z.literal(false), ...denialShape, degraded }),
]);

const recordResult: z.ZodMiniType<WireRecordResult> = z.object({
  recorded: z.boolean().check(
    z.describe("False where the permit was late, used or unreadable: nothing was counted"),
  ),
  state,
  retry_after_ms: retryAfterMs.check(z.describe("0 where a request may go out now")),
});

/** What `parseBatch` reads, with the schemas that it reads the items with. */
const batch = z.strictObject({
  allow: z.optional(z.array(allowBody).check(z.maxLength(BATCH_ITEMS))),
  record: z.optional(z.array(recordBody).check(z.maxLength(BATCH_ITEMS))),
});
const batchAnswer = z.object({ allow: z.array(verdict), record: z.array(recordResult) });

const PERMIT = "1~x3k9q2ab0~mjv4xqo0~c0~~metadata~~api.example.org";
const ALLOWED = { allowed: true, permit: PERMIT, state: "closed", wait_ms: 0 } as const;
const DENIED = {
  allowed: false,
  reason: "retry_after",
  scope: "host",
  key: "api.example.org",
  state: "open",
  retry_after_ms: 119_500,
} as const;
const RECORDED = { recorded: true, state: "closed", retry_after_ms: 0 } as const;

/** See the module's description. */
export const GATE: OperationGroup = {
  name: "gate",
  description: "What crawlers call: ask before each request, tell how it went",
  schemas: {
    Ask: {
      schema: allowBody,
      also: { oneOf: [{ required: ["host"] }, { required: ["url"] }] },
    },
    Told: {
      schema: recordBody,
      also: {
        oneOf: [{ required: ["status"] }, { required: ["error"] }, { required: ["result"] }],
      },
    },
    Batch: { schema: batch },
    Denial: { schema: denial },
    Verdict: { schema: verdict },
    RecordResult: { schema: recordResult },
    BatchAnswer: { schema: batchAnswer },
  },
  operations: [
    {
      method: "post",
      path: "/v1/allow",
      id: "allow",
      summary: "May this request go out?",
      description:
        "Where it may, wait wait_ms, send it, and tell its outcome with the permit. Where it may not, do " +
        "not send it: ask again after retry_after_ms.",
      scope: "crawl",
      body: {
        schema: allowBody,
        examples: {
          "a host and a role": { host: "api.example.org", role: "metadata" },
          "a URL and a resolver": {
            url: "https://api.example.org/works?q=1",
            resolver: "crossref",
          },
        },
      },
      answers: {
        200: {
          description: "The verdict. A denial is no error, and carries Retry-After",
          schema: verdict,
          examples: { allowed: ALLOWED, denied: DENIED },
          mayRetryAfter: true,
        },
      },
    },
    {
      method: "post",
      path: "/v1/record",
      id: "record",
      summary: "How a request went",
      description:
        "Exactly one of status, error and result. A permit that is late, used or unreadable is no error: recorded " +
        "is false.",
      scope: "crawl",
      body: {
        schema: recordBody,
        examples: {
          "an answer": { permit: PERMIT, status: 200, latency_ms: 84 },
          "an answer that asks for a pause": { permit: PERMIT, status: 429, retry_after: "120" },
          "no answer": { permit: PERMIT, error: "TimeoutError", latency_ms: 10_000 },
        },
      },
      answers: {
        200: {
          description: "Whether it counted, and how the breaker stands now",
          schema: recordResult,
          examples: {
            recorded: RECORDED,
            opened: { recorded: true, state: "open", retry_after_ms: 120_000 },
          },
        },
      },
    },
    {
      method: "post",
      path: "/v1/batch",
      id: "batch",
      summary: `Up to ${BATCH_ITEMS} asks and ${BATCH_ITEMS} outcomes at once`,
      description: "Outcomes are taken first. One bad item refuses the whole batch.",
      scope: "crawl",
      body: {
        schema: batch,
        examples: {
          both: {
            allow: [{ host: "api.example.org" }],
            record: [{ permit: PERMIT, status: 200 }],
          },
        },
      },
      answers: {
        200: {
          description: "The same answers, in the order of the items",
          schema: batchAnswer,
          examples: { both: { allow: [ALLOWED], record: [RECORDED] } },
        },
      },
    },
  ],
};
