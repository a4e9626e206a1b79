/**
 * Hosts, roles and resolvers that a client names. The rules are the breaker's; here they are put into the words of a
 * refusal.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import { checkResolver, checkRole } from "../breaker/names.ts";
import { EXPECTED } from "./fields.ts";
import { join } from "./mistakes.ts";
import { type FieldError, found } from "./problem.ts";

const RULES = { role: checkRole, resolver: checkResolver } as const;

/** Whether it is one; where not, a mistake is added. */
export function checkName(
  field: "role" | "resolver",
  name: string,
  at: string,
  errors: FieldError[],
): boolean {
  if (refusalOf(RULES[field], name) === undefined) return true;
  errors.push({ field: join(at, field), found: found(name), message: EXPECTED[field]! });
  return false;
}

/**
 * Whether it names a host; where not, a mistake is added. The value is not shown: a URL may hold secrets, and
 * hostKey's own words repeat what is harmless of it.
 */
export function checkHost(
  field: "host" | "url",
  value: string,
  at: string,
  errors: FieldError[],
): boolean {
  const refusal = refusalOf(hostKey, value);
  if (refusal === undefined) return true;
  errors.push({ field: join(at, field), message: `is not valid. ${refusal.message}` });
  return false;
}

/** Whether it names a host. */
export function isHost(value: string): boolean {
  return refusalOf(hostKey, value) === undefined;
}

/** What a rule has against a value; undefined where nothing. */
function refusalOf(rule: (value: string) => unknown, value: string): TypeError | undefined {
  try {
    rule(value);
    return undefined;
  } catch (error) {
    if (error instanceof TypeError) return error;
    throw error;
  }
}
