/**
 * How an operation of the API is described, beside the routes that answer it. Types only: `openapi.ts` makes a
 * document of them.
 *
 * @module
 */
import type * as z from "zod/mini";
import type { AccessScope } from "./auth.ts";

/** Something that JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [name: string]: Json | undefined;
};

/** A schema with a name of its own in the document. */
export interface NamedSchema {
  /** Of a body: the very one that validates it. Of an answer: held to the type of the wire. */
  schema: z.core.$ZodType;
  /** What is checked beside the schema, in the words of JSON Schema. */
  also?: { readonly [keyword: string]: Json };
}

/** A value that no schema of the query reads. */
export interface OperationParameter {
  in: "path" | "query" | "header";
  name: string;
  description: string;
  schema: z.core.$ZodType;
  example: Json;
}

/** An answer that is no refusal. */
export interface OperationAnswer {
  description: string;
  /** @default {"application/json"} */
  type?: string;
  /** One of the group's schemas, or a schema without a name. */
  schema: z.core.$ZodType;
  /** By name; the first is what the example of the body is answered with. */
  examples: Readonly<Record<string, Json>>;
  /** True where the answer may carry `Retry-After`. */
  mayRetryAfter?: boolean;
}

/** One method of one path. What every operation may be refused with is not listed. */
export interface Operation {
  method: "get" | "post" | "put" | "delete";
  /** `/v1/breakers/{host}` */
  path: string;
  /** Name for generated clients. */
  id: string;
  summary: string;
  description?: string;
  /** What a token needs; absent where the operation is open to all. */
  scope?: AccessScope;
  parameters?: readonly OperationParameter[];
  /** The schema that reads the query, and an example of each of its values. */
  query?: { schema: z.core.$ZodType; examples: Readonly<Record<string, Json>> };
  body?: { schema: z.core.$ZodType; examples: Readonly<Record<string, Json>> };
  answers: Readonly<Record<number, OperationAnswer>>;
  /** True where the operation is refused with 503 and Retry-After while it cannot be carried out. */
  mayBeUnavailable?: boolean;
  /** What it is refused with besides: statuses that follow from nothing else said here. */
  refusals?: readonly number[];
}

/** Operations that belong together. */
export interface OperationGroup {
  name: string;
  description: string;
  schemas: Readonly<Record<string, NamedSchema>>;
  operations: readonly Operation[];
}
