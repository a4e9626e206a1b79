/**
 * The body of `PUT /v1/policies/{host}`, read to a patch of the host's policy or refused with every mistake in it.
 *
 * @module
 */
import { mergePolicy } from "../breaker/policy.ts";
import type { BreakerPolicy, PolicyPatch } from "../breaker/policy_types.ts";
import { ConfigError, type ConfigIssue } from "../config/issues.ts";
import { leavesOf } from "../config/tree.ts";
import { parseOverride } from "../config/validate.ts";
import { type FieldError, invalid } from "./problem.ts";

const LONGEST_FIELD = 200;
const LONGEST_FOUND = 80;

/**
 * A patch that makes a policy of the one `below`.
 *
 * @throws {Problem} 400
 */
export function parsePolicyBody(value: unknown, below: BreakerPolicy): PolicyPatch {
  const patch = parsed(value, below);
  try {
    mergePolicy(below, patch);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Each value is within its bounds: what is left is how many roles there are together.
    throw invalid([{
      field: error.message.startsWith("Policy 'rates'") ? "rates" : "roles",
      message: `cannot be laid over the policy: ${error.message}`,
    }]);
  }
  if (leavesOf(patch).length === 0) {
    throw invalid([{ field: "body", message: "says nothing: name a value, or send DELETE" }]);
  }
  return patch;
}

function parsed(value: unknown, below: BreakerPolicy): PolicyPatch {
  try {
    return parseOverride(value, below);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw invalid(error.issues.map(fieldError));
  }
}

/** A mistake as the configuration names it, in the words of a refusal. */
function fieldError({ kind, path, found, expected, suggestion }: ConfigIssue): FieldError {
  const field = path === "" ? "body" : path.slice(0, LONGEST_FIELD);
  if (kind === "unknown_key") {
    const hint = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
    return { field, message: `is not known here: known are ${expected}${hint}` };
  }
  return { field, found: found.slice(0, LONGEST_FOUND), message: `expects ${expected}` };
}
