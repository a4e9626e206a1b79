/**
 * The refusals of the API as its OpenAPI document describes them: what every operation has in common.
 *
 * @module
 */
import * as z from "zod/mini";
import type { Json } from "./operation.ts";
import { type FieldError, TITLES } from "./problem.ts";

/** A refusal as it goes out. */
export interface WireProblem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: FieldError[];
}

const fieldError: z.ZodMiniType<FieldError> = z.object({
  field: z.string().check(z.describe("Where: host, allow[3].role; body for the whole")),
  found: z.optional(z.string()).check(z.describe("What was found there, shortened")),
  message: z.string().check(z.describe("What is expected instead")),
});

/** The schema of every refusal (RFC 9457). */
export const PROBLEM: z.ZodMiniType<WireProblem> = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int().check(z.minimum(400), z.maximum(599)),
  detail: z.string(),
  errors: z.optional(z.array(fieldError)).check(
    z.describe("Everything that is wrong, field by field"),
  ),
});

interface Refusal {
  /** In `components.responses`. */
  name: string;
  description: string;
  detail: string;
  errors?: readonly { field: string; found?: string; message: string }[];
  /** Headers that belong to the status. */
  headers?: readonly string[];
}

/** By status. */
export const REFUSALS: Readonly<Record<number, Refusal>> = {
  400: {
    name: "BadRequest",
    description: "The body, the query or the path is not understood; each mistake is named",
    detail: "role must match [a-z][a-z0-9_-]{0,31}",
    errors: [{
      field: "role",
      found: '"Meta Data"',
      message: "must match [a-z][a-z0-9_-]{0,31}",
    }],
  },
  401: {
    name: "Unauthorized",
    description: "There is no token, or one that is not known",
    detail: "Send a token: Authorization: Bearer <token>",
    headers: ["WWW-Authenticate"],
  },
  403: {
    name: "Forbidden",
    description:
      "The token lacks the scope, a change by cookie does not come from the dashboard, or a server without tokens " +
      "is called by another name than one of its own machine",
    detail: "The token lacks the scope 'admin'",
    headers: ["WWW-Authenticate"],
  },
  404: {
    name: "NotFound",
    description: "There is no such path",
    detail: "There is nothing at this path",
  },
  405: {
    name: "MethodNotAllowed",
    description: "This path takes other methods",
    detail: "This path takes POST",
    headers: ["Allow"],
  },
  413: {
    name: "ContentTooLarge",
    description: "The body is too long, or a batch holds too many items",
    detail: "The body is longer than 65536 bytes",
  },
  415: {
    name: "UnsupportedMediaType",
    description: "The body is not said to be JSON",
    detail: "The type of the body is text/plain: send content-type: application/json",
  },
  429: {
    name: "TooManyRequests",
    description:
      "The token has made too many requests, where the server limits them, or too many log-ins failed",
    detail: "The token has made too many requests: ask again in 1 s",
    headers: ["Retry-After"],
  },
  500: {
    name: "InternalServerError",
    description: "A fault of the server. Its log says more, under the request's id",
    detail: "The server failed to answer; its log says why",
  },
  503: {
    name: "ServiceUnavailable",
    description: "What is needed for the answer is not to be had now",
    detail: "The store did not confirm the change: send it again",
    headers: ["Retry-After"],
  },
};

/** `components.headers` */
export const HEADERS: Readonly<Record<string, Json>> = {
  "Retry-After": {
    description: "Whole seconds until it is worth asking again, rounded up (RFC 9110)",
    schema: { type: "integer", minimum: 0 },
    example: 120,
  },
  "WWW-Authenticate": {
    description: "What is wrong with the token, and which scope is needed (RFC 6750)",
    schema: { type: "string" },
    example: 'Bearer realm="breakwater", error="insufficient_scope", scope="admin"',
  },
  Allow: {
    description: "The methods that the path takes",
    schema: { type: "string" },
    example: "GET, HEAD, PUT, DELETE",
  },
  "X-Request-Id": {
    description: "The id of the request, as the client sent it or as it was drawn",
    schema: { type: "string" },
    example: "crawl-7f3a",
  },
};

/** `components.responses` */
export function problemResponses(): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(REFUSALS).map(([status, refusal]) => [
      refusal.name,
      responseOf(Number(status), refusal),
    ]),
  );
}

function responseOf(status: number, { description, detail, errors, headers = [] }: Refusal): Json {
  const example = { type: "about:blank", title: TITLES[status]!, status, detail, errors };
  return {
    description,
    headers: Object.fromEntries(
      [...headers, "X-Request-Id"].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    ),
    content: {
      "application/problem+json": {
        schema: { $ref: "#/components/schemas/Problem" },
        example,
      },
    },
  };
}
