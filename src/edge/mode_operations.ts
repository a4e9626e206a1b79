/**
 * The operations of `mode_routes.ts`, described.
 *
 * @module
 */
import { MODES as ALL_MODES } from "../breaker/state.ts";
import * as z from "zod/mini";
import type { WireMode } from "./mode_routes.ts";
import type { OperationGroup } from "./operation.ts";
import { modeBody } from "./operator_schemas.ts";

const mode = z.enum(ALL_MODES);

const wire: z.ZodMiniType<WireMode> = z.object({
  mode: mode.check(z.describe("What holds in this process")),
  configured: mode.check(z.describe(
    "What this process is configured with; one that is configured off stays so",
  )),
  override: z.optional(mode).check(z.describe("What is stored for every process")),
  overridden_at: z.optional(z.number()).check(
    z.describe("When that was set, in epoch milliseconds"),
  ),
  overridden_by: z.optional(z.string()).check(z.describe("Who set it, where that was told")),
  reason: z.optional(z.string()).check(z.describe("Why, where that was told")),
  degraded: z.optional(z.boolean()).check(
    z.describe("The store could not be asked: what this process knows"),
  ),
});

const CONFIGURED = { mode: "enforce", configured: "enforce" } as const;
const OVERRIDDEN = {
  mode: "observe",
  configured: "enforce",
  override: "observe",
  overridden_at: 1_767_225_600_000,
  reason: "too many denials since the new thresholds",
} as const;

/** See the module's description. */
export const MODES: OperationGroup = {
  name: "mode",
  description: "Whether gates decide, only say what they would decide, or keep out of the way",
  schemas: {
    ModeChange: { schema: modeBody },
    EffectiveMode: { schema: wire },
  },
  operations: [
    {
      method: "get",
      path: "/v1/mode",
      id: "getMode",
      summary: "The mode that holds, and why",
      scope: "read",
      answers: {
        200: {
          description: "What holds in this process, and what is stored for all",
          schema: wire,
          examples: { configured: CONFIGURED, overridden: OVERRIDDEN },
        },
      },
    },
    {
      method: "put",
      path: "/v1/mode",
      id: "setMode",
      summary: "Stores a mode for every process, in place of what each is configured with",
      description:
        "Every process takes it up within 2 s of traffic, and it is kept over restarts. A process that is " +
        "configured off stays off.",
      scope: "admin",
      body: {
        schema: modeBody,
        examples: {
          "keep out of the way": { mode: "off", reason: "rollback" },
          "watch only": { mode: "observe" },
        },
      },
      answers: {
        200: { description: "What holds now", schema: wire, examples: { overridden: OVERRIDDEN } },
      },
      mayBeUnavailable: true,
    },
    {
      method: "delete",
      path: "/v1/mode",
      id: "clearMode",
      summary: "Removes the stored mode: each process goes by its configuration again",
      scope: "admin",
      answers: {
        200: { description: "What holds now", schema: wire, examples: { configured: CONFIGURED } },
      },
      mayBeUnavailable: true,
    },
  ],
};
