/**
 * Policies: the built-in defaults, and merging in depth. Bounds stand in `policy_bounds.ts`, what holds for one breaker
 * in `limits.ts`; where a policy comes from (file, environment, override) is not known here.
 *
 * @module
 */
import { DEFAULT_CLASSIFY } from "./classify.ts";
import { checkFields, CLASSIFY_CHECKS, refuse, validatePolicy } from "./policy_bounds.ts";
import type {
  BreakerPolicy,
  ClassifyPolicy,
  FailureRatePolicy,
  PolicyPatch,
  RolePolicy,
} from "./policy_types.ts";

/** What a breaker does where nothing else was said. */
export const DEFAULT_POLICY: BreakerPolicy = Object.freeze({
  failMax: 5,
  resetTimeoutMs: 60_000,
  successThreshold: 1,
  trialCalls: 1,
  probeLeaseMs: 30_000,
  permitTtlMs: 300_000,
  retryAfterCapMs: 900_000,
  backoffFactor: 1,
  maxResetTimeoutMs: 900_000,
  forgetMs: 3_600_000,
  rolling: Object.freeze({
    enabled: false,
    windowMs: 30_000,
    thresholdFailures: 6,
    cooldownMs: 60_000,
  }),
  halfOpen: Object.freeze({ jitterMs: 150 }),
  classify: DEFAULT_CLASSIFY,
  roles: Object.freeze({}),
});

/**
 * Lays a patch over a policy, in depth: what the patch does not say stays as it was.
 *
 * @throws {TypeError} where the patch has a key that no policy has
 * @throws {RangeError} where a value is out of its bounds
 */
export function mergePolicy(base: BreakerPolicy, patch: PolicyPatch): BreakerPolicy {
  const roles: Record<string, RolePolicy> = { ...base.roles };
  for (const [role, overrides] of Object.entries(part("roles", patch.roles) ?? {})) {
    const below = Object.hasOwn(roles, role) ? roles[role] : {};
    Object.defineProperty(roles, role, {
      value: defined({ ...below }, part(`roles.${role}`, overrides)),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  const merged: BreakerPolicy = {
    ...defined({ ...base }, patch),
    rolling: defined({ ...base.rolling }, part("rolling", patch.rolling)),
    halfOpen: defined({ ...base.halfOpen }, part("halfOpen", patch.halfOpen)),
    classify: mergeClassify(base.classify, part("classify", patch.classify)),
    roles,
  };
  if (patch.failureRate !== undefined) {
    // Safe: validatePolicy refuses it below where a part is still missing.
    const failureRate = part("failureRate", patch.failureRate);
    merged.failureRate = defined({ ...base.failureRate }, failureRate) as FailureRatePolicy;
  }
  if (patch.slowCall !== undefined) {
    // Safe: as above.
    const slowCall = part("slowCall", patch.slowCall);
    merged.slowCall = defined({ ...base.slowCall }, slowCall) as BreakerPolicy["slowCall"];
  }
  const rates = part("rates", patch.rates);
  if (rates !== undefined) merged.rates = defined({ ...base.rates }, rates);
  validatePolicy(merged);
  return merged;
}

/** A status is in one list at a time: the list that was said last has it. */
function mergeClassify(
  base: ClassifyPolicy,
  patch: Partial<ClassifyPolicy> | undefined,
): ClassifyPolicy {
  if (patch === undefined) return base;
  checkFields(patch, CLASSIFY_CHECKS, "classify.");
  const { failureStatuses: failures, neutralStatuses: neutrals } = patch;
  const without = (list: readonly number[], taken: readonly number[] | undefined) =>
    Array.isArray(taken) ? list.filter((status) => !taken.includes(status)) : list;
  return {
    failureStatuses: failures ?? without(base.failureStatuses, neutrals),
    neutralStatuses: neutrals ?? without(base.neutralStatuses, failures),
  };
}

/** A part of a patch: a slip such as `rolling: true` must not pass in silence. */
function part<T>(path: string, value: T): T {
  if (
    value === undefined || (typeof value === "object" && value !== null && !Array.isArray(value))
  ) {
    return value;
  }
  return refuse(path, value, "must be an object");
}

/** Copies what is not undefined. */
function defined<T extends object>(into: T, from: object | undefined): T {
  for (const [key, value] of Object.entries(from ?? {})) {
    if (value !== undefined) {
      Object.defineProperty(into, key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return into;
}
