/**
 * The operations of `breaker_routes.ts`, described.
 *
 * @module
 */
import { BREAKER_STATES, OPEN_REASONS, SCOPES } from "../breaker/state.ts";
import * as z from "zod/mini";
import type {
  Operation,
  OperationAnswer,
  OperationGroup,
  OperationParameter,
} from "./operation.ts";
import { EXPECTED } from "./fields.ts";
import { listQuery, stateBody } from "./operator_schemas.ts";
import type { WireSnapshot, WireView } from "./wire.ts";

const milliseconds = z.number().check(z.minimum(0));
const count = z.int().check(z.minimum(0));

const viewShape = {
  state: z.enum(BREAKER_STATES),
  reason: z.optional(z.enum(OPEN_REASONS)).check(
    z.describe("Why it is open; absent where closed"),
  ),
  note: z.optional(z.string()).check(z.describe("An operator's words")),
  until: z.optional(z.nullable(z.number())).check(
    z.describe("Deadline in epoch milliseconds; null for an open without end"),
  ),
  remaining_ms: z.nullable(milliseconds).check(
    z.describe("Milliseconds to the deadline; null for an open without end"),
  ),
  failures: count,
  successes: count.check(z.describe("Probes that have succeeded since it became half-open")),
  opens: count.check(z.describe("Opens in a row, after forgiveness")),
  probes: count.check(z.describe("Probes out now")),
};
const view: z.ZodMiniType<WireView> = z.object(viewShape);
/** Also of the list of what is in trouble. */
export const snapshotShape = {
  scope: z.enum(SCOPES),
  key: z.string().check(z.describe("The host or the resolver")),
  ...viewShape,
  roles: z.record(z.string(), view).check(z.describe("Roles with a breaker of their own")),
  degraded: z.optional(z.boolean()).check(
    z.describe("The store could not be reached: what this server knows itself"),
  ),
};
const snapshot: z.ZodMiniType<WireSnapshot> = z.object(snapshotShape);
const listing = z.object({
  breakers: z.array(snapshot),
  next_cursor: z.optional(z.string()).check(
    z.describe("Asks for the page that follows; absent on the last"),
  ),
  degraded: z.optional(z.boolean()).check(
    z.describe("The store could not be reached: what this server knows itself"),
  ),
});

const CLOSED = {
  scope: "host",
  key: "api.example.org",
  state: "closed",
  remaining_ms: 0,
  failures: 0,
  successes: 0,
  opens: 0,
  probes: 0,
  roles: {},
} as const;
const OPEN = {
  ...CLOSED,
  state: "open",
  reason: "manual",
  note: "maintenance",
  until: 1_767_225_690_000,
  remaining_ms: 90_000,
} as const;

/** The host in a path; also of the policies. */
export const HOST_PARAMETER: OperationParameter = {
  in: "path",
  name: "host",
  description: `Percent-encoded; ${
    EXPECTED["host"]
  }. Read as in an ask: every spelling is one host`,
  schema: z.string(),
  example: "api.example.org",
};
const RESOLVER_PARAMETER: OperationParameter = {
  in: "path",
  name: "name",
  description: "The name of the resolver",
  schema: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)),
  example: "crossref",
};

/** The same three operations for hosts and for resolvers. */
function operationsOn(what: "Breaker" | "Resolver", parameter: OperationParameter): Operation[] {
  const path = what === "Breaker" ? "/v1/breakers/{host}" : "/v1/resolvers/{name}";
  const whose = what === "Breaker" ? "a host" : "a resolver";
  const own = what === "Breaker" ? {} : { scope: "resolver", key: "crossref" } as const;
  const answer = (description: string, examples: OperationAnswer["examples"]) => ({
    200: { description, schema: snapshot, examples },
  });
  return [
    {
      method: "get",
      path,
      id: `get${what}`,
      summary: `The breaker of ${whose} as it stands now`,
      description: `Closed for ${whose} without a record.`,
      scope: "read",
      parameters: [parameter],
      answers: answer("How it stands", {
        closed: { ...CLOSED, ...own },
        open: { ...OPEN, ...own },
      }),
    },
    {
      method: "put",
      path,
      id: `set${what}`,
      summary: `Opens, half-opens or closes the breaker of ${whose} by hand`,
      description: "Every process sees it within the store's freshness_ms.",
      scope: "admin",
      parameters: [parameter],
      body: {
        schema: stateBody,
        examples: {
          "open for a time": { state: "open", seconds: 90, reason: "maintenance" },
          "open until closed": { state: "open" },
          "admit probes": { state: "half_open" },
          close: { state: "closed" },
        },
      },
      answers: answer("How it stands now", { open: { ...OPEN, ...own } }),
    },
    {
      method: "delete",
      path,
      id: `close${what}`,
      summary: `Closes the breaker of ${whose} and clears everything`,
      description: "The same as PUT with state closed.",
      scope: "admin",
      parameters: [parameter],
      answers: answer("How it stands now", { closed: { ...CLOSED, ...own } }),
    },
  ];
}

/** See the module's description. */
export const BREAKERS: OperationGroup = {
  name: "breakers",
  description: "What operators call: see what is in trouble, open and close by hand",
  schemas: {
    State: { schema: stateBody },
    View: { schema: view },
    Snapshot: { schema: snapshot },
    Listing: { schema: listing },
  },
  operations: [
    {
      method: "get",
      path: "/v1/breakers",
      id: "listBreakers",
      summary: "Every host and resolver in trouble, in pages",
      scope: "read",
      query: {
        schema: listQuery,
        examples: { state: "open", limit: 50, cursor: "host:api.example.org" },
      },
      answers: {
        200: {
          description: "A page, in a stable order",
          schema: listing,
          examples: { "the last page": { breakers: [OPEN] } },
        },
      },
    },
    ...operationsOn("Breaker", HOST_PARAMETER),
    ...operationsOn("Resolver", RESOLVER_PARAMETER),
  ],
};
