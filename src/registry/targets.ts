/**
 * Which host or resolver an operator means.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import { checkResolver } from "../breaker/names.ts";
import type { Scope } from "../breaker/state.ts";
import type { Target } from "../breaker/operators.ts";

/** The scope and key that an operator's target names. */
export function resolveTarget(target: Target): { scope: Scope; key: string } {
  if (typeof target === "string") return { scope: "host", key: hostKey(target) };
  if ("host" in target) return { scope: "host", key: hostKey(target.host) };
  const key = checkResolver(target.resolver);
  if (key === "") throw new TypeError("A target names a 'host' or a 'resolver'");
  return { scope: "resolver", key };
}
