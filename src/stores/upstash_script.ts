/**
 * The one script that runs in Redis, and its arguments: compare-and-set by the whole value. No rule of a
 * breaker stands in it.
 *
 * @module
 */
import { LONGEST_TTL_MS } from "./store.ts";

/** Stands where the bytes stored were no UTF-8, so that the value cannot be sent back to be compared. */
const REPLACEMENT = "\ufffd";

/**
 * A key of another type is absent, as MGET has it. Answers {1}, or {0, what stands there}. Where the value
 * seen was no UTF-8, only its ASCII characters are compared: what is damaged can be overwritten.
 */
const COMPARE_AND_SET = String.raw`local held = redis.pcall('GET', KEYS[1])
if type(held) ~= 'string' then held = false end
local same
if ARGV[1] == 'absent' then same = not held
elseif ARGV[1] == 'equal' then same = held == ARGV[2]
else same = held and string.gsub(held, '[\128-\255]', '') == ARGV[2] end
if not same then return {0, held} end
if ARGV[3] == 'remove' then
  if held then redis.call('DEL', KEYS[1]) end
elseif ARGV[3] == 'keep' then redis.call('SET', KEYS[1], ARGV[4])
else redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[3]) end
return {1}`;

/** The script; with the flag by which Upstash locks the script's key alone, and which Redis itself refuses. */
export function compareAndSetScript(allowKeyLocking: boolean): string {
  return allowKeyLocking ? `#!lua flags=allow-key-locking\n${COMPARE_AND_SET}` : COMPARE_AND_SET;
}

/** What the script is called with. */
export function scriptArguments(
  value: string | undefined,
  expected: string | undefined,
  ttlMs: number,
): string[] {
  return [...comparison(expected), ...change(value, ttlMs)];
}

function comparison(expected: string | undefined): string[] {
  if (expected === undefined) return ["absent", ""];
  if (!expected.includes(REPLACEMENT)) return ["equal", expected];
  return ["similar", expected.replaceAll(/[^\0-\x7f]/g, "")];
}

function change(value: string | undefined, ttlMs: number): string[] {
  if (value === undefined) return ["remove"];
  return [ttlMs > LONGEST_TTL_MS ? "keep" : String(Math.ceil(ttlMs)), value];
}

/** The name by which EVALSHA calls a script. */
export async function sha1Of(script: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(script));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
