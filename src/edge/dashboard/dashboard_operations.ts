/**
 * The operations of the dashboard, described.
 *
 * @module
 */
import { BREAKER_STATES, MODES, SCOPES } from "../../breaker/state.ts";
import * as z from "zod/mini";
import { stepShape } from "../advice_operations.ts";
import { HOST_PARAMETER, snapshotShape } from "../breaker_operations.ts";
import type { OperationGroup } from "../operation.ts";
import { adviceQuery } from "../advice_schemas.ts";
import { historyQuery, logInBody } from "../operator_schemas.ts";
import type { WireTrouble } from "./board.ts";
import type { WireHistory, WireHostPast, WireStatus, WireTroubleList } from "./board_routes.ts";
import type { WireEvent } from "./history_book.ts";
import type { WireSession } from "./session_routes.ts";

const count = z.int().check(z.minimum(0));
const state = z.enum(BREAKER_STATES);
const time = z.number().check(z.describe("Epoch milliseconds"));
const counts = z.record(z.string(), count);

const session: z.ZodMiniType<WireSession> = z.object({
  scope: z.enum(["none", "read", "admin"]).check(
    z.describe("What may be done; none: nobody is logged in"),
  ),
  name: z.optional(z.string()).check(z.describe("What the person calls himself, for the history")),
  until: z.optional(time).check(z.describe("When the session ends")),
});
const status: z.ZodMiniType<WireStatus> = z.object({
  at: time,
  mode: z.enum(MODES),
  counts: z.object({ open: count, half_open: count, closed: count }).check(
    z.describe("Hosts and resolvers in trouble; closed: those that count failures"),
  ),
  complete: z.boolean().check(
    z.describe("False where there are more than were counted, or the store could not be read"),
  ),
  store: z.object({
    up: z.boolean(),
    outages: count,
    down_ms: z.number().check(z.describe("How long it was left alone, all together")),
    unsaved: count.check(z.describe("Records that it does not hold yet")),
  }),
  verdicts: z.object({ allowed: count, denied: count, would_deny: count, degraded: count }).check(
    z.describe("Of this server since its start; degraded ones are counted among the others too"),
  ),
});
const trouble: z.ZodMiniType<WireTrouble> = z.object({
  ...snapshotShape,
  since: z.optional(time).check(z.describe("Since when it is not closed, where that is known")),
  requests: count.check(
    z.describe("Requests that asked the host in the window, all processes together"),
  ),
  failed: count.check(z.describe("Of them, those that failed")),
  denied: count.check(z.describe("Requests that were denied in the window")),
});
const list: z.ZodMiniType<WireTroubleList> = z.object({
  at: time,
  window_s: z.int(),
  rows: z.array(trouble),
  complete: z.boolean().check(
    z.describe("False where there are more than were looked at, or the store could not be read"),
  ),
});
const event: z.ZodMiniType<WireEvent> = z.object({
  id: z.string(),
  process: z.string(),
  type: z.string().check(z.describe("transition, operator, policy, mode or store_outage")),
  at: time,
  scope: z.optional(z.enum(SCOPES)),
  key: z.optional(z.string()),
  role: z.optional(z.string()),
  from: z.optional(state),
  to: z.optional(state),
  reason: z.optional(z.string()),
  note: z.optional(z.string()).check(z.describe("An operator's words")),
  until: z.optional(z.nullable(z.number())),
  action: z.optional(z.string()),
  by: z.optional(z.string()).check(z.describe("Who did it, where that was told")),
  mode: z.optional(z.string()),
  phase: z.optional(z.enum(["begin", "end"])),
  duration_ms: z.optional(z.number()),
});
const history: z.ZodMiniType<WireHistory> = z.object({ events: z.array(event) });
const band = z.object({
  state,
  from: time,
  until: time,
  reason: z.optional(z.string()).check(z.describe("Why it was open, where that is known")),
});
const bucket = z.object({
  at: time,
  successes: count,
  neutral: count,
  failures: count,
  denied: count,
});
const past: z.ZodMiniType<WireHostPast> = z.object({
  host: z.string(),
  from: time,
  until: time,
  bucket_s: z.int().check(z.describe("How long each of the buckets is")),
  lanes: z.array(z.object({
    role: z.string().check(z.describe("Empty: the breaker that roles share")),
    bands: z.array(band).check(z.describe("States one after the other, without gaps")),
  })),
  buckets: z.array(bucket).check(z.describe("Those in which something happened")),
  latency_ms: z.optional(z.object({ p50: z.number(), p90: z.number(), p99: z.number() })),
  outcomes: counts.check(z.describe("How requests went")),
  denials: counts.check(z.describe("Why requests were denied")),
  retry_after_s: counts.check(z.describe("What the host asked for, by seconds")),
  complete: z.boolean().check(z.describe("False where the store could not be read as a whole")),
  steps: z.array(z.object({ ...stepShape, undone_at: z.optional(time) })).check(
    z.describe("Steps of tuning, the newest first"),
  ),
});

const AT = 1_767_225_600_000;
const EVENT = {
  id: "1767225600000-x3k9q2ab-17",
  process: "x3k9q2ab",
  type: "operator",
  at: AT,
  scope: "host",
  key: "api.example.org",
  action: "close",
  by: "ada",
} as const;
const ROW = {
  scope: "host",
  key: "api.example.org",
  state: "open",
  reason: "retry_after",
  until: AT + 90_000,
  remaining_ms: 90_000,
  failures: 1,
  successes: 0,
  opens: 0,
  probes: 0,
  roles: {},
  since: AT - 30_000,
  requests: 240,
  failed: 12,
  denied: 310,
} as const;
const PAST = {
  host: "api.example.org",
  from: AT - 86_400_000,
  until: AT,
  bucket_s: 300,
  lanes: [{ role: "", bands: [{ state: "closed", from: AT - 86_400_000, until: AT }] }],
  buckets: [{ at: AT - 300_000, successes: 40, neutral: 2, failures: 3, denied: 0 }],
  latency_ms: { p50: 80, p90: 200, p99: 900 },
  outcomes: { success: 40, neutral: 2, status_503: 3 },
  denials: {},
  retry_after_s: { 120: 3 },
  complete: true,
  steps: [],
} as const;

const ADMIN = { scope: "admin", name: "ada", until: AT } as const;
const NOBODY = { scope: "none" } as const;

/** A text that is no JSON. */
function text(type: string, description: string, beginning: string) {
  return {
    200: { description, type, schema: z.string(), examples: { "its beginning": beginning } },
  };
}

/** See the module's description. */
export const DASHBOARD: OperationGroup = {
  name: "dashboard",
  description: "The page for people, and what it asks beside the rest of the API",
  schemas: {
    LogIn: { schema: logInBody },
    Session: { schema: session },
    Status: { schema: status },
    Trouble: { schema: trouble },
    TroubleList: { schema: list },
    Event: { schema: event },
    History: { schema: history },
    HostHistory: { schema: past },
  },
  operations: [
    {
      method: "get",
      path: "/",
      id: "getDashboard",
      summary: "The dashboard; a form that asks for a token where nobody is logged in",
      answers: text("text/html; charset=utf-8", "A page", "<!DOCTYPE html>"),
    },
    {
      method: "get",
      path: "/dashboard/app.js",
      id: "getDashboardScript",
      summary: "The script of the page",
      answers: text("text/javascript; charset=utf-8", "The script", '"use strict";'),
    },
    {
      method: "get",
      path: "/dashboard/style.css",
      id: "getDashboardStyle",
      summary: "The style of the page",
      answers: text("text/css; charset=utf-8", "The style", ":root {"),
    },
    {
      method: "get",
      path: "/session",
      id: "getSession",
      summary: "Who is logged in, by the cookie",
      answers: {
        200: {
          description: "Whoever it is",
          schema: session,
          examples: { nobody: NOBODY, somebody: ADMIN },
        },
      },
    },
    {
      method: "post",
      path: "/session",
      id: "logIn",
      summary: "Exchanges a token for a cookie that scripts cannot read",
      description:
        "With the cookie, `/v1/*` answers as with the token, for 12 hours or until the token goes. What changes " +
        "something needs the header X-Breakwater-Dashboard then, and must come from the same site. After too " +
        "many wrong tokens the next wrong one is answered with 429.",
      body: {
        schema: logInBody,
        examples: { "with a name": { token: "a-token-of-this-server", name: "ada" } },
      },
      answers: {
        200: { description: "What may be done now", schema: session, examples: { admin: ADMIN } },
      },
      refusals: [401, 429],
    },
    {
      method: "delete",
      path: "/session",
      id: "logOut",
      summary: "Ends the session",
      answers: {
        200: { description: "It has ended", schema: session, examples: { nobody: NOBODY } },
      },
    },
    {
      method: "get",
      path: "/v1/status",
      id: "getStatus",
      summary: "How things stand: mode, counts by state, the store, verdicts of this server",
      scope: "read",
      answers: {
        200: {
          description: "Now, or up to 2 s ago",
          schema: status,
          examples: {
            "all is well": {
              at: AT,
              mode: "enforce",
              counts: { open: 0, half_open: 0, closed: 1 },
              complete: true,
              store: { up: true, outages: 0, down_ms: 0, unsaved: 0 },
              verdicts: { allowed: 1_200, denied: 31, would_deny: 0, degraded: 0 },
            },
          },
        },
      },
    },
    {
      method: "get",
      path: "/v1/trouble",
      id: "listTrouble",
      summary:
        "Up to 10,000 hosts and resolvers in trouble with what is asked of them, worst first",
      description:
        "Open before half-open before those that count failures; in each, by what is asked of them.",
      scope: "read",
      answers: {
        200: {
          description: "Now, or up to 2 s ago",
          schema: list,
          examples: { "one host": { at: AT, window_s: 600, rows: [ROW], complete: true } },
        },
      },
    },
    {
      method: "get",
      path: "/v1/history",
      id: "getHistory",
      summary: "What happened lately: changes of state, what operators did, store outages",
      description:
        "As far as this server knows, the newest first. A change that an operator made stands once.",
      scope: "read",
      query: {
        schema: historyQuery,
        examples: { host: "api.example.org", kind: "acts", limit: 50 },
      },
      answers: {
        200: {
          description: "Events as on `/v1/events`",
          schema: history,
          examples: { "closed by hand": { events: [EVENT] } },
        },
      },
    },
    {
      method: "get",
      path: "/v1/hosts/{host}/history",
      id: "getHostHistory",
      summary: "A host's last hours: its states, how requests went, steps of tuning",
      scope: "read",
      parameters: [HOST_PARAMETER],
      query: { schema: adviceQuery, examples: { window_s: 86_400 } },
      answers: {
        200: {
          description: "What all processes saw of it",
          schema: past,
          examples: { "a good day": PAST },
        },
      },
    },
  ],
};
