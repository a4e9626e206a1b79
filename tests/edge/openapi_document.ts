/**
 * The OpenAPI document as a client's author has it: read over HTTP, with its operations and schemas at hand.
 *
 * @module
 */
import { Ajv2020, type ValidateFunction } from "npm:ajv@8/dist/2020.js";
import type { Hono } from "hono";

/** Any JSON object. */
// deno-lint-ignore no-explicit-any -- tests look into whatever JSON came back
export type JsonObject = Record<string, any>;

/** One method of one path. */
export interface DocumentedOperation {
  method: string;
  /** `/v1/breakers/{host}` */
  path: string;
  said: JsonObject;
}

/** The document that an app serves. */
export async function readDocument(app: Hono): Promise<JsonObject> {
  const response = await app.request("/openapi.json");
  return await response.json();
}

/** What it says of each operation. */
export function operationsOf(document: JsonObject): DocumentedOperation[] {
  return Object.entries<JsonObject>(document.paths).flatMap(([path, methods]) =>
    Object.entries<JsonObject>(methods).map(([method, said]) => ({
      method: method.toUpperCase(),
      path,
      said,
    }))
  );
}

/** What a reference in the document leads to; anything else as it is. */
export function resolved(document: JsonObject, value: JsonObject): JsonObject {
  if (typeof value.$ref !== "string") return value;
  const [root, ...names] = value.$ref.split("/");
  let found: JsonObject | undefined = root === "#" ? document : undefined;
  for (const name of names) found = found?.[name];
  if (found === undefined) throw new Error(`${value.$ref} leads nowhere`);
  return found;
}

/** The parameters of an operation, without the id of the request. */
export function parametersOf(document: JsonObject, { said }: DocumentedOperation): JsonObject[] {
  return said.parameters.map((each: JsonObject) => resolved(document, each))
    .filter(({ name }: JsonObject) => name !== "X-Request-Id");
}

/** The path of an operation with the examples of its parameters. */
export function examplePath(document: JsonObject, operation: DocumentedOperation): string {
  let { path } = operation;
  for (const { in: place, name, example } of parametersOf(document, operation)) {
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(example));
  }
  return path;
}

/**
 * Validates by the document's schemas. With `closed`, what a schema does not name is refused, so that an answer cannot
 * say more than is documented.
 */
export class SchemaValidator {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: JsonObject, { closed = false } = {}) {
    const { schemas } = document.components;
    this.#ajv.addSchema({
      $id: "document",
      components: { schemas: closed ? closedSchema(schemas) : schemas },
    });
  }

  /** What is wrong with a value, in words; empty where nothing is. */
  mistakes(schema: JsonObject, value: unknown): string {
    const text = JSON.stringify(schema).replaceAll('"#/', '"document#/');
    const validate = this.#compiled.get(text) ?? this.#ajv.compile(JSON.parse(text));
    this.#compiled.set(text, validate);
    return validate(value) ? "" : this.#ajv.errorsText(validate.errors);
  }
}

function closedSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closedSchema);
  if (typeof schema !== "object" || schema === null) return schema;
  const closed: JsonObject = Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, closedSchema(value)]),
  );
  const isObject = closed.type === "object" && closed.properties !== undefined;
  return isObject ? { additionalProperties: false, ...closed } : closed;
}
