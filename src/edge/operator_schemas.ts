/**
 * The shape of what operators and the dashboard send, as schemas that refuse unknown keys. What a field may say
 * beyond its type is in `operator_requests.ts`; what is about advice is in `advice_schemas.ts`.
 *
 * @module
 */
import * as z from "zod/mini";
import { BREAKER_STATES, type BreakerState, type Mode, MODES } from "../breaker/state.ts";
import { digits, MAX_URL, ONE_YEAR_S, reason, text } from "./fields.ts";
import type { ObjectSchema } from "./mistakes.ts";

/** A cursor may name breakers that a store gave beyond the page. */
const MAX_CURSOR = 16_384;

/** A number of items asked for, in a query. */
const limit = digits(4, z.int().check(z.minimum(1), z.maximum(1_000)));

/** The body of `PUT /v1/breakers/{host}` and `/v1/resolvers/{name}`. */
export interface StateBody {
  state: BreakerState;
  /** How long it stays open; absent: until closed. */
  seconds?: number;
  reason?: string;
}

/** The schema of {@linkcode StateBody}. */
export const stateBody: ObjectSchema<StateBody> = z.strictObject({
  state: z.enum(BREAKER_STATES),
  seconds: z.optional(z.number().check(z.positive(), z.maximum(ONE_YEAR_S))),
  reason: z.optional(reason),
});

/** The body of `PUT /v1/mode`. */
export interface ModeBody {
  mode: Mode;
  reason?: string;
}

/** The schema of {@linkcode ModeBody}. */
export const modeBody: ObjectSchema<ModeBody> = z.strictObject({
  mode: z.enum(MODES),
  reason: z.optional(reason),
});

/** The query of a change of a policy. */
export interface ReasonQuery {
  reason?: string;
}

/** The schema of {@linkcode ReasonQuery}. */
export const reasonQuery: ObjectSchema<ReasonQuery> = z.strictObject({
  reason: z.optional(reason),
});

/** The query of `GET /v1/breakers`, read. */
export interface ListQuery {
  state?: BreakerState;
  limit?: number;
  cursor?: string;
}

/** The schema of {@linkcode ListQuery}. */
export const listQuery: ObjectSchema<ListQuery> = z.strictObject({
  state: z.optional(z.enum(BREAKER_STATES)),
  limit: z.optional(limit),
  cursor: z.optional(text(MAX_CURSOR)),
});

/** The query of `GET /v1/history`. */
export interface HistoryListQuery {
  host?: string;
  kind?: "all" | "acts";
  limit?: number;
}

/** The schema of {@linkcode HistoryListQuery}. */
export const historyQuery: ObjectSchema<HistoryListQuery> = z.strictObject({
  host: z.optional(text(MAX_URL)),
  kind: z.optional(z.enum(["all", "acts"])),
  limit: z.optional(limit),
});

/** The body of `POST /session`. */
export interface LogInBody {
  token: string;
  /** What the person calls himself. */
  name?: string;
}

/** The schema of {@linkcode LogInBody}. */
export const logInBody: ObjectSchema<LogInBody> = z.strictObject({
  token: text(1_024),
  name: z.optional(text(64)),
});
