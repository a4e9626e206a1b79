/**
 * The OpenAPI 3.1 document, made of the operations that stand beside the routes and of the schemas that
 * validate. Holds no word on a single operation.
 *
 * @module
 */
import * as z from "zod/mini";
import { VERSION } from "../telemetry/version.ts";
import type { AccessScope } from "./auth.ts";
import { ADVICES } from "./advice_operations.ts";
import { BREAKERS } from "./breaker_operations.ts";
import { DASHBOARD } from "./dashboard/dashboard_operations.ts";
import { EVENTS } from "./event_operations.ts";
import { GATE } from "./gate_operations.ts";
import { HEALTH } from "./health_operations.ts";
import { MODES } from "./mode_operations.ts";
import type {
  Json,
  NamedSchema,
  Operation,
  OperationAnswer,
  OperationGroup,
  OperationParameter,
} from "./operation.ts";
import { HEADERS, PROBLEM, problemResponses, REFUSALS } from "./openapi_problems.ts";
import { POLICIES } from "./policy_operations.ts";
import { EXPECTED } from "./fields.ts";

/** Every operation there is. A test holds them against the routes of the app. */
export const GROUPS: readonly OperationGroup[] = [
  GATE,
  BREAKERS,
  POLICIES,
  ADVICES,
  MODES,
  EVENTS,
  DASHBOARD,
  HEALTH,
];

type JsonObject = { [name: string]: Json | undefined };

const SCOPES: Readonly<Record<AccessScope, string>> = {
  crawl: "ask, tell, and both in bulk",
  read: "every GET",
  admin: "everything",
};

const DESCRIPTION =
  `Breakers over HTTP, for crawlers that share them: ask before each request, tell how it went.

A path that there is not is answered with 404, another method on one that there is with 405. What a client sends is \
never answered with a 5xx. Whoever answers GET answers HEAD.`;

/** The document. The same each time. */
export function openApi(): JsonObject {
  const names = new Names(GROUPS);
  return {
    openapi: "3.1.1",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: "Breakwater edge API",
      version: VERSION,
      description: DESCRIPTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: GROUPS.map(({ name, description }) => ({ name, description })),
    paths: pathsOf(names),
    components: {
      schemas: names.schemas(),
      responses: problemResponses(),
      headers: HEADERS,
      parameters: {
        RequestId: {
          in: "header",
          name: "X-Request-Id",
          description: "What to call this request in answers and logs; drawn where it is absent",
          schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,64}$" },
          example: "crawl-7f3a",
        },
      },
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token of the server. What it may do goes by its scope: " +
            Object.entries(SCOPES).map(([scope, what]) => `\`${scope}\` (${what})`).join(", ") +
            ". A server without tokens asks for none.",
        },
      },
    },
  };
}

/** The named schemas, and references to them. */
class Names {
  readonly #groups: readonly OperationGroup[];
  readonly #registry = z.registry<{ id: string }>();

  constructor(groups: readonly OperationGroup[]) {
    this.#groups = groups;
    for (const [id, { schema }] of this.#entries()) this.#registry.add(schema, { id });
  }

  /** `components.schemas` */
  schemas(): JsonObject {
    const { schemas } = z.toJSONSchema(this.#registry, { uri: referenceTo, io: "input" });
    const bodies = new Set(
      this.#groups.flatMap(({ operations }) => operations.map(({ body }) => body?.schema)),
    );
    return Object.fromEntries(
      this.#entries().map(([id, { schema, also }]) => {
        // Safe: what zod makes is JSON, and every name is registered.
        const { $id: _id, $schema: _schema, ...json } = schemas[id] as JsonObject;
        return [id, { ...(bodies.has(schema) ? described(json) : json), ...also }];
      }),
    );
  }

  /** A reference to a named schema; one without a name as it is. */
  of(schema: z.core.$ZodType, io: "input" | "output" = "input"): JsonObject {
    const id = this.#registry.get(schema)?.id;
    if (id !== undefined) return { $ref: referenceTo(id) };
    const { $schema: _schema, ...json } = z.toJSONSchema(schema, { io });
    return json as JsonObject; // safe: what zod makes is JSON
  }

  #entries(): [string, NamedSchema][] {
    return [
      ...this.#groups.flatMap(({ schemas }) => Object.entries(schemas)),
      ["Problem", { schema: PROBLEM }],
    ];
  }
}

function referenceTo(id: string): string {
  return `#/components/schemas/${id}`;
}

/** A body, with the words in which its mistakes are told. */
function described(schema: JsonObject): JsonObject {
  const properties = Object.entries(schema["properties"] ?? {}).map(([name, property]) => {
    const known = EXPECTED[name] === undefined ? {} : wordsOf(EXPECTED[name]);
    return [name, { ...known, ...(property as JsonObject) }]; // safe: a schema is an object
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

/** A pattern that is checked beyond the schema stands in the message alone. */
function wordsOf(expected: string): JsonObject {
  const [, pattern] = /^must match (\S+)$/.exec(expected) ?? [];
  const description = capital(expected);
  return pattern === undefined ? { description } : { description, pattern: `^${pattern}$` };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function pathsOf(names: Names): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const { name, operations } of GROUPS) {
    for (const operation of operations) {
      const { method, path } = operation;
      paths[path] = { ...paths[path], [method]: describe(operation, name, names) };
    }
  }
  return paths;
}

function describe(operation: Operation, tag: string, names: Names): JsonObject {
  const { id, summary, description, scope, parameters = [], query, body } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    security: scope === undefined ? [] : securityOf(scope),
    parameters: [
      ...parameters.map((parameter) => parameterOf(parameter, names)),
      ...(query ? queryOf(query, names) : []),
      { $ref: "#/components/parameters/RequestId" },
    ],
    requestBody: body && {
      required: true,
      content: contentOf("application/json", body, names),
    },
    responses: {
      ...refusalsOf(operation),
      ...mapped(operation.answers, (answer) => answerOf(answer, names)),
    },
  };
}

/** One of them is enough. */
function securityOf(scope: AccessScope): Json {
  const scopes = scope === "admin" ? [scope] : [scope, "admin"];
  return scopes.map((scope) => ({ bearer: [scope] }));
}

function parameterOf({ schema, ...parameter }: OperationParameter, names: Names): JsonObject {
  return { ...parameter, required: parameter.in === "path", schema: names.of(schema) };
}

function queryOf(
  { schema, examples }: NonNullable<Operation["query"]>,
  names: Names,
): JsonObject[] {
  // As it comes out of the schema: a number, where the text is read to one.
  const { properties = {} } = names.of(schema, "output");
  return Object.entries(properties as JsonObject).map(([name, property]) => ({
    in: "query",
    name,
    description: capital(EXPECTED[name] ?? ""),
    schema: property,
    example: examples[name],
  }));
}

function answerOf(answer: OperationAnswer, names: Names): JsonObject {
  const { description, type = "application/json", mayRetryAfter } = answer;
  return {
    description,
    headers: mayRetryAfter ? { "Retry-After": headerRef("Retry-After") } : undefined,
    content: contentOf(type, answer, names),
  };
}

function contentOf(
  type: string,
  { schema, examples }: Pick<OperationAnswer, "schema" | "examples">,
  names: Names,
): JsonObject {
  return {
    [type]: { schema: names.of(schema), examples: mapped(examples, (value) => ({ value })) },
  };
}

function refusalsOf({ scope, body, mayBeUnavailable, refusals = [] }: Operation): JsonObject {
  // 403 of all: without tokens a server answers to the names of its own machine alone.
  const statuses = [400, 403, 405, 500, ...refusals];
  if (scope !== undefined) statuses.push(401, 429);
  if (body !== undefined) statuses.push(413, 415);
  if (mayBeUnavailable) statuses.push(503);
  return Object.fromEntries(
    statuses.map((status) => [status, {
      $ref: `#/components/responses/${REFUSALS[status]!.name}`,
    }]),
  );
}

function headerRef(name: string): JsonObject {
  return { $ref: `#/components/headers/${name}` };
}

function mapped<T>(entries: Readonly<Record<string, T>>, made: (value: T) => Json): JsonObject {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, made(value)]));
}
