/**
 * The shape of what is sent about advice, as schemas that refuse unknown keys. What a field may say beyond its type
 * is in `operator_requests.ts`.
 *
 * @module
 */
import * as z from "zod/mini";
import type { AdviceRule } from "../tuning/advice.ts";
import { ADVICE_RULES, digits, MAX_URL, text, windowSeconds } from "./fields.ts";
import type { ObjectSchema } from "./mistakes.ts";

/** The query of `GET /v1/advice`. */
export interface AdviceQuery {
  window_s?: number;
}

/** The schema of {@linkcode AdviceQuery}. */
export const adviceQuery: ObjectSchema<AdviceQuery> = z.strictObject({
  window_s: z.optional(digits(5, windowSeconds)),
});

/** The body of `POST /v1/advice/apply`, its items unread. */
export interface ApplyBody {
  advice?: unknown[];
  undo?: unknown[];
  window_s?: number;
}

/** The schema of {@linkcode ApplyBody}. */
export const applyBody: ObjectSchema<ApplyBody> = z.strictObject({
  advice: z.optional(z.array(z.unknown())),
  undo: z.optional(z.array(z.unknown())),
  window_s: z.optional(windowSeconds),
});

/** Which advice is meant. */
export interface AdviceBody {
  host: string;
  role?: string;
  rule?: AdviceRule;
}

/** The schema of {@linkcode AdviceBody}. */
export const adviceBody: ObjectSchema<AdviceBody> = z.strictObject({
  host: text(MAX_URL),
  role: z.optional(z.string()),
  rule: z.optional(z.enum(ADVICE_RULES)),
});
