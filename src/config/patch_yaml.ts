/**
 * Changes of policies as the text of a configuration file: what an operator adds to his own, or lays beside
 * it. Writing the file is for whoever asks.
 *
 * @module
 */
import { stringify } from "@std/yaml";
import { hostKey } from "../breaker/host_key.ts";
import type { PolicyChange } from "../breaker/operators.ts";
import { policyToYaml } from "./names.ts";
import { isTree, layOver } from "./tree.ts";

/**
 * The changes as `hosts:` and `rates:`, each with its reason in a comment. Several of one host are laid over each
 * other in their order. `parseConfig` reads what this writes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseConfig, policyChangesYaml } from "@breakwater/breakwater/config";
 *
 * const yaml = policyChangesYaml([
 *   { host: "api.example.org", patch: { failMax: 3 }, reason: "4 opens" },
 *   { host: "api.example.org", patch: { rates: { "*": "8/s" } } },
 * ]);
 * assertEquals(parseConfig(yaml), {
 *   hosts: { "api.example.org": { fail_max: 3 } },
 *   rates: { "api.example.org": { "*": "8/s" } },
 * });
 * ```
 */
export function policyChangesYaml(changes: readonly PolicyChange[]): string {
  const comments: string[] = [];
  let file: unknown = {};
  for (const { host, patch, reason } of changes) {
    const { rates, ...policy } = patch;
    const name = spelled(host);
    if (reason !== undefined) comments.push(`# ${oneLine(`${name}: ${reason}`)}\n`);
    const yaml = policyToYaml(policy);
    if (Object.keys(yaml).length > 0) file = layOver(file, { hosts: { [name]: yaml } });
    if (rates !== undefined) file = layOver(file, { rates: { [name]: rates } });
  }
  const isEmpty = isTree(file) && Object.keys(file).length === 0;
  return comments.join("") + (isEmpty ? "" : stringify(file));
}

/** By its origin where the key, read again, would be another host: the port of the other scheme. */
function spelled(host: string): string {
  if (hostKey(host) === host) return host;
  return `${host.endsWith(":443") ? "http" : "https"}://${host}`;
}

/** Nothing that would end the comment. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
