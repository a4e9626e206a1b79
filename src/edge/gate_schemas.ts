/**
 * The shape of what crawlers send, as schemas that refuse unknown keys. What a field may say beyond its type is in
 * `gate_requests.ts`.
 *
 * @module
 */
import * as z from "zod/mini";
// Once more by its name: the compiler takes an assertion from no member of a namespace.
import { ZodMiniObject } from "zod/mini";
import { $constructor, $ZodObjectJIT } from "zod/v4/core";
import type { OutcomeKind } from "../breaker/state.ts";
import { MAX_URL, text } from "./fields.ts";
import type { ObjectSchema } from "./mistakes.ts";

/** `zod/mini` leaves out the generated code with which `zod` reads an object in half the time. */
const CompiledObject = $constructor<z.ZodMiniObject>("CompiledObject", (schema, def) => {
  $ZodObjectJIT.init(schema, def);
  ZodMiniObject.init(schema, def);
});

/** The same schema, for what comes with each request of a crawler. */
function compiled<T extends z.ZodMiniObject>(schema: T): T {
  return new CompiledObject(schema.def) as T; // safe: an object of the same definition
}

/** The body of `POST /v1/allow`. */
export interface AllowBody {
  host?: string;
  url?: string;
  role?: string;
  resolver?: string;
}

/** The schema of {@linkcode AllowBody}. */
export const allowBody: ObjectSchema<AllowBody> = compiled(z.strictObject({
  host: z.optional(text(MAX_URL)),
  url: z.optional(text(MAX_URL)),
  role: z.optional(z.string()),
  resolver: z.optional(z.string()),
}));

/** The body of `POST /v1/record`. */
export interface RecordBody {
  permit: string;
  status?: number;
  /** Name of the error that was thrown. */
  error?: string;
  result?: OutcomeKind;
  /** The header as it came, or seconds. */
  retry_after?: string | number | null;
  retry_after_ms?: number;
  latency_ms?: number;
  from_cache?: boolean;
}

/** The schema of {@linkcode RecordBody}. */
export const recordBody: ObjectSchema<RecordBody> = compiled(z.strictObject({
  permit: z.string(),
  status: z.optional(z.int().check(z.minimum(100), z.maximum(999))),
  error: z.optional(text(1_024)),
  result: z.optional(z.enum(["success", "failure", "neutral", "cancelled"])),
  retry_after: z.optional(z.nullable(z.union([z.string(), z.number()]))),
  retry_after_ms: z.optional(z.number()),
  latency_ms: z.optional(z.number().check(z.minimum(0))),
  from_cache: z.optional(z.boolean()),
}));

/** The body of `POST /v1/batch`, its items unread. */
export interface BatchBody {
  allow?: unknown[];
  record?: unknown[];
}

/** The schema of {@linkcode BatchBody}. */
export const batchBody: ObjectSchema<BatchBody> = z.strictObject({
  allow: z.optional(z.array(z.unknown())),
  record: z.optional(z.array(z.unknown())),
});
