/**
 * An edge as a client has it, over a socket or within this process, and the words that the cases of conformance are
 * written in. The cases themselves are in `conformance_gate_cases.ts` and its siblings.
 *
 * @module
 */
import { assert, assertEquals, assertNotMatch } from "@std/assert";
import type { Answered } from "./calls.ts";

/** Where requests go. */
export interface Edge {
  /** Sends a request to a path of the edge. */
  send(path: string, init?: RequestInit): Promise<Response>;
  /** The status that a body gets which ends before its declared end; undefined where the connection just closes. */
  sendCutOff(path: string, token: string): Promise<number | undefined>;
  /** The status that a good ask gets under this `Host` header. */
  sendWithHost(host: string, token: string): Promise<number>;
}

/** One sentence of the contract. Every case has hosts and resolvers of its own, since all share one edge. */
export type Case = (edge: Edge) => Promise<void>;

/** Cases by their sentence. */
export type Cases = Readonly<Record<string, Case>>;

/** What the edge is started with: two tokens of a scope, so that one can be replaced. */
export const TOKENS = {
  crawl: ["crawl-token-000001", "crawl-token-000002"],
  read: ["read-token-0000001"],
  admin: ["admin-token-000001"],
} as const;

/** The policy it is started with, in the words of `BREAKWATER_DEFAULTS`. */
export const DEFAULTS = "fail_max:2,reset:30";

/** Who calls. */
export type Caller = keyof typeof TOKENS | "nobody";

/** The header that a caller sends. */
export function authorization(caller: Caller): Record<string, string> {
  return caller === "nobody" ? {} : { authorization: `Bearer ${TOKENS[caller][0]}` };
}

let names = 0;

/** A host that no other case asks about. */
export function freshHost(): string {
  return `h${names++}.example.org`;
}

/** A resolver that no other case asks about. */
export function freshResolver(): string {
  return `r${names++}`;
}

/** How a call is made. */
export interface CallOptions {
  /** @default {"admin"} */
  as?: Caller;
  headers?: Record<string, string>;
}

/** Calls, with a body as JSON; a string is sent as it is. Whatever comes back is held to what all answers promise. */
export async function call(
  edge: Edge,
  method: string,
  path: string,
  body?: unknown,
  { as = "admin", headers = {} }: CallOptions = {},
): Promise<Answered> {
  const init: RequestInit = { method, headers: { ...authorization(as), ...headers } };
  if (body !== undefined) {
    init.headers = { "content-type": "application/json", ...init.headers };
    init.body = typeof body === "string" ? body : JSON.stringify(body);
  }
  const response = await edge.send(path, init);
  const text = await response.text();
  assert(response.status < 500, `${method} ${path}: ${response.status} ${text}`);
  const { status, headers: answered } = response;
  if (method === "HEAD" || !answered.get("content-type")?.includes("json")) {
    return { status, headers: answered, body: text };
  }
  // Names are snake_case; values may be anything.
  if (path !== "/openapi.json") assertNotMatch(text, /"[a-z_]*[A-Z]\w*":/);
  return { status, headers: answered, body: JSON.parse(text) };
}

/** Calls as a crawler, and expects an answer. */
// deno-lint-ignore no-explicit-any -- whatever JSON came back
export async function crawl(edge: Edge, path: string, body: unknown): Promise<any> {
  const answer = await call(edge, "POST", path, body, { as: "crawl" });
  assertEquals(answer.status, 200, JSON.stringify(answer.body));
  assertEquals(answer.headers.get("content-type"), "application/json");
  return answer.body;
}

/** Asks, and tells an outcome. */
export async function tell(
  edge: Edge,
  ask: Record<string, unknown>,
  outcome: Record<string, unknown>,
) {
  const verdict = await crawl(edge, "/v1/allow", ask);
  assertEquals(verdict.allowed, true, JSON.stringify(verdict));
  return await crawl(edge, "/v1/record", { permit: verdict.permit, ...outcome });
}

/** Opens by failures, as many as {@linkcode DEFAULTS} takes. */
export async function failOpen(edge: Edge, ask: Record<string, unknown>): Promise<void> {
  await tell(edge, ask, { status: 503 });
  assertEquals((await tell(edge, ask, { status: 503 })).state, "open");
}

/** Registers the cases: one test for the edge, one step for each sentence. */
export function testConformance(
  name: string,
  cases: Cases,
  withEdge: (run: (edge: Edge) => Promise<void>) => Promise<void>,
): void {
  Deno.test(name, (t) =>
    withEdge(async (edge) => {
      for (const [sentence, run] of Object.entries(cases)) await t.step(sentence, () => run(edge));
    }));
}
