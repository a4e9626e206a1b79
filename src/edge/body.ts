/**
 * A request's JSON, read within a limit. Whatever a client does to its body ends in a {@linkcode Problem}, never
 * in an error of ours. What the JSON says is for `schemas.ts`.
 *
 * @module
 */
import { Problem } from "./problem.ts";

/** Longest body of a call, in bytes. */
export const BODY_LIMIT = 64 * 1_024;

/** Longest body of a batch, in bytes. */
export const BATCH_LIMIT = 1_024 * 1_024;

/**
 * The body as a JSON value.
 *
 * @throws {Problem} 415 where it is not said to be JSON, 413 where it is longer than `limit` bytes, 400 where
 * it was cut off or is not JSON
 */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  const { headers } = request;
  requireJson(headers.get("content-type"));
  const length = headers.get("content-length");
  const text =
    await (length === null
      ? readStreamed(request, limit)
      : readDeclared(request, Number(length), limit));
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = text === "" ? "it is empty" : error instanceof Error ? error.message : "";
    throw malformed(`The body is not JSON: ${why}`);
  }
}

function requireJson(contentType: string | null): void {
  if (contentType === "application/json") return;
  const mediaType = contentType?.replace(/;.*/s, "").trim().toLowerCase();
  if (mediaType === "application/json") return;
  const said = contentType === null ? "is not said" : `is ${contentType.slice(0, 80)}`;
  throw new Problem(415, `The type of the body ${said}: send content-type: application/json`);
}

async function readDeclared(request: Request, length: number, limit: number): Promise<string> {
  if (length > limit) throw tooLarge(limit);
  let text: string;
  try {
    text = await request.text();
  } catch {
    throw cutOff();
  }
  // A server holds a body to its declared length; a request made in this process is not held to anything.
  if (text.length > limit) throw tooLarge(limit);
  return text;
}

async function readStreamed(request: Request, limit: number): Promise<string> {
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
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

function malformed(detail: string): Problem {
  return new Problem(400, detail, { errors: [{ field: "body", message: "must be JSON" }] });
}

function cutOff(): Problem {
  return malformed("The body ended before its end");
}

function tooLarge(limit: number): Problem {
  return new Problem(413, `The body is longer than ${limit} bytes`);
}
