/**
 * Why something failed, in a few words for whoever typed the command.
 *
 * @module
 */

const LONGEST = 160;
const KNOWN = new RegExp(
  "connection refused|connection reset|connection closed|dns error|failed to lookup address|" +
    "invalid peer certificate|timed out|network is unreachable|requires net access",
  "i",
);

/** The message of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What may be done about it: another address, or a permission. */
export function whatToDo(reason: string): string {
  return /net access/i.test(reason)
    ? "Start deno with --allow-net, or with -A"
    : "Is the server running (breakwater serve), and --url or BREAKWATER_URL its address?";
}

/** Why an address could not be reached; without what repeats the address. */
export function unreachable(error: unknown): string {
  const messages: string[] = [];
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if (each.name === "TimeoutError") return "no answer in time";
    messages.push(each.message);
  }
  const all = messages.join(": ");
  return (KNOWN.exec(all)?.[0].toLowerCase() ?? all.slice(0, LONGEST)) || "no connection";
}
