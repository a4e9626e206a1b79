/**
 * Asking the server, and its refusals.
 *
 * @module
 */
import type { TargetName } from "./target.ts";

/** A header that no form can send, and no other site have a browser send. */
export const CSRF_HEADER = "x-breakwater-dashboard";

/** A refusal of the server, in its words. */
export class Refused extends Error {
  /** HTTP status; 0 where the server was not reached. */
  readonly status: number;

  /** With the words of the server. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the server.
 *
 * @throws {Refused} in words that can be shown
 */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json", [CSRF_HEADER]: "1" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = body === undefined ? undefined : JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body: sent, credentials: "same-origin" });
  } catch {
    throw new Refused(0, "The server cannot be reached");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Refused(response.status, answer.detail ?? `The server answered ${response.status}`);
}

/** What went wrong, in words that can be shown. */
export function problemWords(error: unknown): string {
  return error instanceof Refused ? error.message : String(error);
}

/** The path of a host's or resolver's breaker. */
export function breakerPath({ scope, key }: TargetName): string {
  const kind = scope === "host" ? "breakers" : "resolvers";
  return `/v1/${kind}/${encodeURIComponent(key)}`;
}
