/**
 * An edge app over a real registry with a clock that stands still, and the calls that tests make of it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Hono } from "hono";
import type { BreakerConfigInput } from "../../src/breaker/policy_types.ts";
import { createApp, type EdgeOptions } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";

/** 2026-01-01T00:00:00Z */
export const START = Date.UTC(2026, 0, 1);

/** An app with its registry and clock. */
export interface TestEdge {
  app: Hono;
  registry: BreakerRegistry;
  /** Lines logged. */
  lines: string[];
  /** Moves the clock. */
  advance(ms: number): void;
}

/** An app whose breakers open at the second failure, for 30 s. */
export function createEdge(
  config: BreakerConfigInput = {},
  options: Partial<EdgeOptions> = {},
): TestEdge {
  let nowMs = START;
  const now = () => nowMs;
  const defaults = { failMax: 2, resetTimeoutMs: 30_000, ...config.defaults };
  const registry = new BreakerRegistry({ config: { ...config, defaults }, now, random: () => 0.5 });
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const app = createApp({ registry, now, log, ...options });
  return { app, registry, lines, advance: (ms) => void (nowMs += ms) };
}

/** An answer, read. */
export interface Answered {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests look into whatever JSON came back
  body: any;
}

/** Calls with a JSON body; a string is sent as it is. */
export async function call(
  app: Hono,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const init: RequestInit = { method, headers };
  if (body !== undefined) {
    init.headers = { "content-type": "application/json", ...headers };
    init.body = typeof body === "string" ? body : JSON.stringify(body);
  }
  const response = await app.request(path, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/** Calls with POST. */
export function post(app: Hono, path: string, body: unknown): Promise<Answered> {
  return call(app, "POST", path, body);
}

/** Asks, and answers how it went. */
export async function tellOutcome(
  app: Hono,
  ask: Record<string, unknown>,
  outcome: Record<string, unknown>,
): Promise<Answered> {
  const verdict = await post(app, "/v1/allow", ask);
  assertEquals(verdict.body.allowed, true);
  return await post(app, "/v1/record", { permit: verdict.body.permit, ...outcome });
}

/** Checks that it is a problem document of this status, and gives the names of its fields. */
export function problemFields(answer: Answered, status: number): string[] {
  assertEquals(answer.status, status, JSON.stringify(answer.body));
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assertEquals(answer.body.status, status);
  assertEquals(answer.body.type, "about:blank");
  assertEquals(typeof answer.body.title, "string");
  assertEquals(typeof answer.body.detail, "string");
  const errors: { field: string; message: string }[] = answer.body.errors ?? [];
  for (const { message } of errors) assertEquals(typeof message, "string");
  return errors.map(({ field }) => field);
}
