/**
 * A request's JSON, read within a limit. Whatever a client does to its body ends in a {@linkcode Problem}, never
 * in an error of ours. What the JSON says is for `gate_requests.ts` and `operator_requests.ts`.
 *
 * @module
 */
import type { Call } from "./context.ts";
import { Problem } from "./problem.ts";

/** Longest body of a call, in bytes. */
export const BODY_LIMIT = 64 * 1_024;

/** Longest body of a batch, in bytes. */
export const BATCH_LIMIT = 1_024 * 1_024;

/** The most bytes read of a body that nobody wants. */
const PASSED_OVER = 16 * BATCH_LIMIT;

/**
 * The body as a JSON value.
 *
 * @throws {Problem} 415 where it is not said to be JSON, 413 where it is longer than `limit` bytes, 400 where
 * it was cut off or is not JSON
 */
export function readJson(call: Call, limit: number): Promise<unknown> {
  return useJson(call, limit, (body) => body);
}

/**
 * Goes on with the body as a JSON value: one promise fewer than to wait for {@linkcode readJson}.
 *
 * @throws {Problem} what `readJson` throws, and what `use` does
 */
export function useJson<T>(
  { req: { raw }, env }: Call,
  limit: number,
  use: (body: unknown) => T | Promise<T>,
): Promise<T> {
  const { headers } = raw;
  requireJson(headers.get("content-type"));
  const length = Number(headers.get("content-length") ?? NaN);
  // A server holds a body to its declared length; a request made in this process is not held to anything.
  if (Number.isNaN(length) || !isServed(env)) {
    return readStreamed(raw, limit).then((text) => use(parse(text)));
  }
  if (length > limit) return refuseUnread(raw, limit);
  // Not by way of the text: `Deno.serve` parses a body that has come as a whole in one step.
  return raw.json().then(use, (error) => {
    throw error instanceof SyntaxError ? notJson(length === 0, error) : cutOff();
  });
}

async function refuseUnread(request: Request, limit: number): Promise<never> {
  await passOver(request);
  throw tooLarge(limit);
}

/** Whether `Deno.serve` handed the request over, which tells who is at the other end. */
function isServed(env: unknown): boolean {
  return typeof env === "object" && env !== null && "remoteAddr" in env;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(text === "", error);
  }
}

function requireJson(contentType: string | null): void {
  if (contentType === "application/json") return;
  const mediaType = contentType?.replace(/;.*/s, "").trim().toLowerCase();
  if (mediaType === "application/json") return;
  const said = contentType === null ? "is not said" : `is ${contentType.slice(0, 80)}`;
  throw new Problem(415, `The type of the body ${said}: send content-type: application/json`);
}

/**
 * Reads a body that nobody wants: the server of Deno 2.5 closes the connection over one that is left, and a client
 * that is still sending sees that instead of the answer.
 */
async function passOver(request: Request): Promise<void> {
  let left = PASSED_OVER;
  try {
    for await (const { byteLength } of request.body ?? []) {
      if ((left -= byteLength) < 0) break;
    }
  } catch {
    // It was cut off.
  }
}

async function readStreamed(request: Request, limit: number): Promise<string> {
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  // A byte order mark is no JSON (RFC 8259 section 8.1), as for the server's own parser of whole bodies.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let bytes = 0;
  while (true) {
    const { done, value } = await reader.read().catch(() => {
      throw cutOff();
    });
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > limit) {
      // Not awaited, and what comes of it does not matter: the rest of the body is unwanted.
      reader.cancel().catch(() => {});
      throw tooLarge(limit);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function notJson(isEmpty: boolean, error: unknown): Problem {
  const why = isEmpty ? "it is empty" : error instanceof Error ? error.message : "";
  return malformed(`The body is not JSON: ${why}`);
}

function malformed(detail: string): Problem {
  return new Problem(400, detail, { errors: [{ field: "body", message: "must be JSON" }] });
}

function cutOff(): Problem {
  return malformed("The body ended before its end");
}

function tooLarge(limit: number): Problem {
  return new Problem(413, `The body is longer than ${limit} bytes`);
}
