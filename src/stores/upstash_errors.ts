/**
 * Errors of a Redis client made fit to be seen. The client's own name the whole command with its values, and
 * sometimes the address: nothing of them is handed on but what is on the lists below.
 *
 * @module
 */
import type { StoreOperation } from "./store.ts";

/** The first words of a server's answer that say something without saying what was asked. */
const REFUSALS: Readonly<Record<string, string>> = {
  BUSY: "a script is running",
  LOADING: "it is starting",
  MISCONF: "it cannot save",
  NOAUTH: "check the token",
  NOPERM: "the token does not allow it; use the one that may write",
  OOM: "its memory is full",
  READONLY: "it takes no writes",
  Unauthorized: "check the token",
  WRONGPASS: "check the token",
};

/** What a client or a server in between puts before the server's own words. */
const PREAMBLE = /^(?:Command failed: |Failed to execute Redis command: )+/;

/** A new error without a trace of the old one, which is neither its cause nor part of its message. */
export function redisError(operation: StoreOperation, error: unknown): Error {
  const { name, message } = error instanceof Error ? error : new Error();
  if (name === "TimeoutError" || name === "AbortError") {
    return new Error(`Upstash did not answer the ${operation} in time`);
  }
  if (name === "UpstashError") {
    return new Error(`Upstash refused the ${operation}${reasonOf(serversWords(message))}`);
  }
  if (name === "UpstashJSONParseError") return unreadableReply(operation);
  return new Error(`Upstash could not be reached for the ${operation}`);
}

/** Something answered, but not as Upstash does: a proxy's page, or an empty reply. */
export function unreadableReply(operation: StoreOperation): Error {
  return new Error(
    `Upstash's answer to the ${operation} could not be read: check that the URL is the database's REST URL`,
  );
}

/** Whether the server does not know the script that EVALSHA named. */
export function isScriptUnknown(error: unknown): boolean {
  return error instanceof Error && serversWords(error.message).startsWith("NOSCRIPT");
}

/** The client puts the command after them. */
function serversWords(message: string): string {
  return message.replace(PREAMBLE, "").split(", command was: ", 1)[0]!;
}

function reasonOf(words: string): string {
  const code = /^[A-Za-z]+/.exec(words)?.[0] ?? "";
  if (Object.hasOwn(REFUSALS, code)) return ` (${code}): ${REFUSALS[code]}`;
  return code === "ERR" && words.includes(" exceeded")
    ? ": a limit of the database is reached"
    : "";
}
