/**
 * The OpenAPI document: valid by itself, and true to the app in every path, scope, schema and example.
 *
 * @module
 */
import { Validator } from "npm:@seriousme/openapi-schema-validator@2";
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { Hono } from "hono";
import { createApp } from "../../src/edge/app.ts";
import { CSRF_HEADER } from "../../src/edge/dashboard/client/ask.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { call, createEdge, post, tellOutcome } from "./calls.ts";
import {
  type DocumentedOperation,
  examplePath,
  type JsonObject,
  operationsOf,
  parametersOf,
  readDocument,
  resolved,
  SchemaValidator,
} from "./openapi_document.ts";

const DOCUMENT = await readDocument(createEdge().app);
const OPERATIONS = operationsOf(DOCUMENT);
const OPEN_DOCUMENT = new SchemaValidator(DOCUMENT);
const CLOSED_DOCUMENT = new SchemaValidator(DOCUMENT, { closed: true });

const TOKENS = {
  crawl: ["crawl-token-000001"],
  read: ["read-token-0000001"],
  admin: ["admin-token-000001"],
};

function named({ method, path }: { method: string; path: string }): string {
  return `${method} ${path}`;
}

Deno.test("an independent validator finds the document to be OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(DOCUMENT));
  assertEquals({ valid, errors }, { valid: true, errors: undefined });
  assertEquals(validator.version, "3.1");
  assertMatch(DOCUMENT.openapi, /^3\.1\./);
  // It is one that finds faults.
  const { paths: _, ...rest } = structuredClone(DOCUMENT);
  const broken = { ...rest, paths: { "/x": { get: { responses: { 200: {} } } } } };
  assertEquals((await new Validator().validate(broken)).valid, false);
});

Deno.test("every route of the app is described, and nothing else is", () => {
  const routes = createEdge().app.routes.map(({ method, path }) =>
    `${method} ${path.replace(/:(\w+)/g, "{$1}")}`
  );
  assertEquals(OPERATIONS.map(named).sort(), [...new Set(routes)].sort());
});

Deno.test("every operation says what it is, and has a name of its own", () => {
  for (const operation of OPERATIONS) {
    const { summary, operationId, tags, security } = operation.said;
    assert(summary.length > 0 && operationId.length > 0, named(operation));
    const known = DOCUMENT.tags.map(({ name }: JsonObject) => name);
    assert(tags.length === 1 && known.includes(tags[0]), named(operation));
    assert(Array.isArray(security), named(operation));
    const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const said = parametersOf(DOCUMENT, operation).filter((each) => each.in === "path");
    assertEquals(said.map(({ name }) => name), inPath, named(operation));
  }
  const ids = OPERATIONS.map(({ said }) => said.operationId);
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("every reference leads somewhere, and nothing but the refusal of unknown paths is unused", () => {
  const references = new Set<string>();
  JSON.stringify(DOCUMENT, (name, value) => {
    if (name === "$ref") {
      references.add(value);
      resolved(DOCUMENT, { $ref: value });
    }
    return value;
  });
  const unused: string[] = [];
  for (const kind of ["schemas", "responses", "headers", "parameters"]) {
    for (const name of Object.keys(DOCUMENT.components[kind])) {
      if (!references.has(`#/components/${kind}/${name}`)) unused.push(name);
    }
  }
  assertEquals(unused, ["NotFound"]);
});

/** Every content of an operation with its examples: that of the body, of each answer, of each refusal. */
function contentsOf({ said }: DocumentedOperation): [string, JsonObject][] {
  const bodies = said.requestBody ? [["the body", said.requestBody.content]] : [];
  const answers = Object.entries<JsonObject>(said.responses).map((
    [status, response],
  ) => [status, resolved(DOCUMENT, response).content]);
  return [...bodies, ...answers].flatMap(([what, content]) =>
    Object.values<JsonObject>(content).map((media): [string, JsonObject] => [what, media])
  );
}

Deno.test("every example is valid by the schema beside it", () => {
  let examples = 0;
  for (const operation of OPERATIONS) {
    for (const [what, { schema, example, examples: several = {} }] of contentsOf(operation)) {
      const values = Object.values<JsonObject>(several).map(({ value }) => value);
      if (example !== undefined) values.push(example);
      assertGreater(values.length, 0, `${named(operation)}, ${what} has no example`);
      for (const value of values) {
        examples++;
        const mistakes = OPEN_DOCUMENT.mistakes(schema, value);
        assertEquals(mistakes, "", `${named(operation)}, ${what}: ${JSON.stringify(value)}`);
      }
    }
    for (const { name, schema, example } of parametersOf(DOCUMENT, operation)) {
      assertEquals(OPEN_DOCUMENT.mistakes(schema, example), "", `${named(operation)}, ${name}`);
    }
  }
  assertGreater(examples, 100);
});

/** Sends an operation's own example, and gives what came back with the schema that it should have. */
async function sendExample(app: Hono, operation: DocumentedOperation, body?: unknown) {
  const path = examplePath(DOCUMENT, operation);
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await app.request(path, {
    method: operation.method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const type = response.headers.get("content-type") ?? "";
  const answer = operation.said.responses[response.status];
  const media = answer && resolved(DOCUMENT, answer).content[type];
  assert(media, `${named(operation)}: ${response.status} of ${type} is not described`);
  // Events never end.
  if (type !== "application/json") await response.body?.cancel();
  const value = type === "application/json" ? await response.json() : "";
  return { status: response.status, schema: media.schema, value };
}

for (const operation of OPERATIONS) {
  Deno.test(`${named(operation)} takes its examples, and answers as described`, async () => {
    const { content } = operation.said.requestBody ?? { content: undefined };
    const bodies = content === undefined
      ? [undefined]
      : Object.values<JsonObject>(content["application/json"].examples).map(({ value }) => value);
    for (const body of bodies) {
      const { app } = createEdge();
      const { status, schema, value } = await sendExample(app, operation, body);
      assertEquals(status, 200, JSON.stringify(value));
      assertEquals(CLOSED_DOCUMENT.mistakes(schema, value), "", JSON.stringify(value));
    }
  });
}

function mistakesIn(name: string, value: unknown): string {
  return CLOSED_DOCUMENT.mistakes({ $ref: `#/components/schemas/${name}` }, value);
}

Deno.test("verdicts of every kind are as described", async () => {
  const { app } = createEdge({ resolvers: { crossref: { failMax: 1 } } });
  const ask = { host: "example.org", role: "metadata", resolver: "crossref" };
  const verdicts = [(await post(app, "/v1/allow", ask)).body];
  await tellOutcome(app, ask, { status: 429, retry_after: "60" });
  verdicts.push((await post(app, "/v1/allow", ask)).body);
  verdicts.push((await post(app, "/v1/allow", { ...ask, host: "other.example.org" })).body);
  await call(app, "PUT", "/v1/breakers/half.example.org", { state: "half_open" });
  for (let i = 0; i < 2; i++) {
    verdicts.push((await post(app, "/v1/allow", { host: "half.example.org" })).body);
  }
  const seen = verdicts.map(({ allowed, state, reason, scope }) =>
    [allowed, state, reason, scope].filter((word) => word !== undefined).join(" ")
  );
  assertEquals(seen, [
    "true closed",
    "false open retry_after host",
    "false open open resolver",
    "true half_open",
    "false half_open probes host",
  ]);
  for (const verdict of verdicts) assertEquals(mistakesIn("Verdict", verdict), "");
});

Deno.test("what would be denied, and what is answered without the store, is as described", async () => {
  const observing = createEdge({ mode: "observe" });
  await call(observing.app, "PUT", "/v1/breakers/example.org", { state: "open" });
  const { body } = await post(observing.app, "/v1/allow", { host: "example.org" });
  assertEquals([body.allowed, body.would_deny.reason], [true, "manual"]);
  assertEquals(mistakesIn("Verdict", body), "");

  const store = memoryStore();
  await store[Symbol.asyncDispose]();
  await using registry = new BreakerRegistry({ store });
  const app = createApp({ registry });
  const degraded = await post(app, "/v1/allow", { host: "example.org" });
  assertEquals(degraded.body.degraded, true);
  assertEquals(mistakesIn("Verdict", degraded.body), "");
  const policy = await call(app, "GET", "/v1/policies/example.org");
  assertEquals(mistakesIn("EffectivePolicy", policy.body), "", JSON.stringify(policy.body));
  const ready = await call(app, "GET", "/readyz");
  assertEquals([ready.status, mistakesIn("Readiness", ready.body)], [503, ""]);
});

Deno.test("snapshots of every state, with roles, and a listing with a next page are as described", async () => {
  const { app } = createEdge({ defaults: { roles: { metadata: { failMax: 1 } } } });
  await tellOutcome(app, { host: "a.example.org", role: "metadata" }, { status: 500 });
  await call(app, "PUT", "/v1/breakers/b.example.org", { state: "open" });
  await call(app, "PUT", "/v1/resolvers/crossref", { state: "half_open" });
  const listing = (await call(app, "GET", "/v1/breakers?limit=2")).body;
  assertEquals(listing.breakers[0].roles.metadata.state, "open");
  assertEquals(listing.breakers[1].remaining_ms, null);
  assert(typeof listing.next_cursor === "string");
  assertEquals(mistakesIn("Listing", listing), "");
  const resolver = (await call(app, "GET", "/v1/resolvers/crossref")).body;
  assertEquals([resolver.state, mistakesIn("Snapshot", resolver)], ["half_open", ""]);
});

Deno.test("an override, set and looked at, is as described", async () => {
  const { app } = createEdge();
  const patch = { fail_max: 7, roles: { artifact: { fail_max: 8 } }, rolling: { enabled: true } };
  const set = await call(app, "PUT", "/v1/policies/example.org", patch);
  assertEquals([set.status, mistakesIn("EffectivePolicy", set.body)], [200, ""]);
  assertEquals(set.body.override, patch);
});

const BODIES: [string, string, unknown][] = [
  ["Ask", "/v1/allow", { host: "example.org" }],
  ["Ask", "/v1/allow", { url: "https://example.org/", role: "metadata", resolver: "crossref" }],
  ["Ask", "/v1/allow", {}],
  ["Ask", "/v1/allow", { host: "example.org", url: "https://example.org/" }],
  ["Ask", "/v1/allow", { host: "" }],
  ["Ask", "/v1/allow", { host: 1 }],
  ["Ask", "/v1/allow", { host: "example.org", role: "Meta Data" }],
  ["Ask", "/v1/allow", { host: "example.org", resolver: "-" }],
  ["Ask", "/v1/allow", { host: "example.org", port: 80 }],
  ["Ask", "/v1/allow", []],
  ["Told", "/v1/record", { permit: "x", status: 200 }],
  ["Told", "/v1/record", { permit: "x", error: "TimeoutError", latency_ms: 0 }],
  ["Told", "/v1/record", { permit: "x", result: "neutral", retry_after: null }],
  ["Told", "/v1/record", { permit: "x" }],
  ["Told", "/v1/record", { status: 200 }],
  ["Told", "/v1/record", { permit: "x", status: 99 }],
  ["Told", "/v1/record", { permit: "x", status: 200.5 }],
  ["Told", "/v1/record", { permit: "x", status: 200, result: "success" }],
  ["Told", "/v1/record", { permit: "x", status: 200, latency_ms: -1 }],
  ["Told", "/v1/record", { permit: "x".repeat(2_049), status: 200 }],
  ["Batch", "/v1/batch", {}],
  ["Batch", "/v1/batch", { allow: [{ host: "example.org" }], record: [] }],
  ["Batch", "/v1/batch", { allow: [{}] }],
  ["Batch", "/v1/batch", { record: {} }],
  ["Batch", "/v1/batch", { allow: Array(101).fill({ host: "example.org" }) }],
  ["State", "/v1/breakers/example.org", { state: "open", seconds: 1, reason: "why" }],
  ["State", "/v1/breakers/example.org", { state: "opened" }],
  ["State", "/v1/breakers/example.org", { state: "open", seconds: 0 }],
  ["Override", "/v1/policies/example.org", { fail_max: 3, backoff: { factor: 2 } }],
  ["Override", "/v1/policies/example.org", { fail_max: 0 }],
  ["Override", "/v1/policies/example.org", { fail_maxx: 1 }],
  ["Override", "/v1/policies/example.org", { reset_timeout_s: 86_401 }],
];

for (const [name, path, body] of BODIES) {
  Deno.test(`the schema ${name} and the app agree on ${JSON.stringify(body).slice(0, 60)}`, async () => {
    const { app } = createEdge();
    const method = path.startsWith("/v1/breakers") || path.startsWith("/v1/policies")
      ? "PUT"
      : "POST";
    const { status } = await call(app, method, path, body);
    const mistakes = OPEN_DOCUMENT.mistakes({ $ref: `#/components/schemas/${name}` }, body);
    assertEquals(status === 200, mistakes === "", `${status}, but the schema says: ${mistakes}`);
  });
}

for (const operation of OPERATIONS) {
  Deno.test(`${named(operation)} is for the scopes that are described`, async () => {
    const said: JsonObject[] = operation.said.security;
    const scopes = said.map(({ bearer: [scope] }) => scope).sort();
    const { app } = createEdge({}, { tokens: TOKENS });
    const path = examplePath(DOCUMENT, operation);
    const admitted: string[] = [];
    for (const [scope, [token]] of Object.entries(TOKENS)) {
      const response = await app.request(path, {
        method: operation.method,
        headers: { authorization: `Bearer ${token}` },
      });
      await response.body?.cancel();
      if (response.status !== 403) admitted.push(scope);
    }
    const anonymous = await app.request(path, { method: operation.method });
    await anonymous.body?.cancel();
    const isOpen = anonymous.status !== 401;
    assertEquals([isOpen, isOpen ? [] : admitted.sort()], [said.length === 0, scopes]);
  });
}

/** A refusal of each kind, made by a call. */
const REFUSALS: [number, string, string, unknown, Record<string, string>][] = [
  [400, "POST", "/v1/allow", { host: "a b", rolle: 1 }, {}],
  [404, "GET", "/v1/nothing", undefined, {}],
  [405, "GET", "/v1/allow", undefined, {}],
  [413, "POST", "/v1/allow", `"${"x".repeat(70_000)}"`, {}],
  [413, "POST", "/v1/batch", { allow: Array(101).fill({ host: "example.org" }) }, {}],
  [415, "POST", "/v1/allow", "host=example.org", { "content-type": "text/plain" }],
  [401, "GET", "/v1/breakers", undefined, { authorization: "Bearer nobody-knows-this" }],
  [403, "DELETE", "/v1/breakers/x", undefined, { authorization: `Bearer ${TOKENS.read[0]}` }],
  [429, "GET", "/v1/breakers", undefined, { authorization: `Bearer ${TOKENS.read[0]}` }],
];

for (const [status, method, path, body, headers] of REFUSALS) {
  Deno.test(`the refusal ${status} of ${method} ${path} is as described, headers and all`, async () => {
    const needsToken = "authorization" in headers;
    const { app } = createEdge(
      {},
      needsToken ? { tokens: TOKENS, tokenLimit: { perSecond: 0.01, burst: 1 } } : {},
    );
    if (status === 429) await call(app, method, path, body, headers);
    const answer = await call(app, method, path, body, headers);
    assertEquals(answer.status, status);
    const described = Object.values<JsonObject>(DOCUMENT.components.responses)
      .find(({ content }) => content["application/problem+json"].example.status === status);
    assertEquals(mistakesIn("Problem", answer.body), "");
    for (const name of Object.keys(described!.headers)) {
      assert(answer.headers.has(name), `${name} is missing`);
    }
  });
}

/** What logging in and out is refused with, beyond what every body may be. */
const SESSION_REFUSALS: [number, string, unknown, Record<string, string>][] = [
  [401, "POST", { token: "nobody-knows-this" }, {}],
  [403, "POST", { token: TOKENS.crawl[0] }, {}],
  [403, "POST", { token: TOKENS.read[0] }, { "sec-fetch-site": "cross-site" }],
  [429, "POST", { token: "nobody-knows-this" }, {}],
  [403, "DELETE", undefined, { "sec-fetch-site": "cross-site" }],
];

for (const [status, method, body, headers] of SESSION_REFUSALS) {
  Deno.test(`the refusal ${status} of ${method} /session is described, headers and all: ${JSON.stringify(headers)}`, async () => {
    const { app } = createEdge({}, { tokens: TOKENS });
    const ask = () => call(app, method, "/session", body, { [CSRF_HEADER]: "1", ...headers });
    for (let i = 0; status === 429 && i < 10; i++) await ask();
    const answer = await ask();
    assertEquals(answer.status, status);
    const said = DOCUMENT.paths["/session"][method.toLowerCase()].responses[status];
    assert(said, "it is not described");
    for (const name of Object.keys(resolved(DOCUMENT, said).headers)) {
      assert(answer.headers.has(name), `${name} is missing`);
    }
  });
}

Deno.test("every operation may be refused with 403: a server without tokens answers to this machine's names alone", () => {
  for (const operation of OPERATIONS) {
    const { $ref } = operation.said.responses[403] ?? {};
    assertEquals($ref, "#/components/responses/Forbidden", named(operation));
  }
});

Deno.test("the document is the same text each time, may be kept a while, and needs no token", async () => {
  const { app } = createEdge({}, { tokens: TOKENS });
  const [first, second] = [await app.request("/openapi.json"), await app.request("/openapi.json")];
  assertEquals(first.status, 200);
  assertEquals(first.headers.get("content-type"), "application/json");
  assertEquals(first.headers.get("cache-control"), "public, max-age=300");
  assertEquals(await first.text(), await second.text());
});

Deno.test("the document describes how to get in, and what a token may do", () => {
  const { bearer } = DOCUMENT.components.securitySchemes;
  assertEquals([bearer.type, bearer.scheme], ["http", "bearer"]);
  for (const scope of ["crawl", "read", "admin"]) {
    assert(bearer.description.includes(`\`${scope}\``), scope);
  }
});
