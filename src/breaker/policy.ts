/**
 * Policies: the built-in defaults, merging in depth, bounds, and what a role makes of its host's policy.
 * Where a policy comes from (file, environment, override) is not known here.
 *
 * @module
 */
import type {
  BreakerPolicy,
  ClassifyPolicy,
  FailureRatePolicy,
  PolicyPatch,
  RolePolicy,
} from "./types.ts";
import { DEFAULT_CLASSIFY } from "./classify.ts";

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

/** The limits of one breaker: its host's, or its role's own. */
export interface Limits {
  failMax: number;
  resetTimeoutMs: number;
  successThreshold: number;
}

/** Name of the breaker that every role without one of its own shares. */
export const SHARED = "";

const ROLE_PATTERN = /^[a-z][a-z0-9_-]{0,31}$/;
const RESOLVER_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What a role sets differently, if anything. Names such as `constructor` are roles like any other. */
function roleOf(policy: BreakerPolicy, role: string): RolePolicy | undefined {
  return role !== SHARED && Object.hasOwn(policy.roles, role) ? policy.roles[role] : undefined;
}

function hasOwnBreaker(role: RolePolicy | undefined): boolean {
  return role !== undefined && (role.failMax !== undefined ||
    role.resetTimeoutMs !== undefined || role.successThreshold !== undefined);
}

/** Which breaker of the host a role uses: its own, or {@linkcode SHARED}. */
export function breakerName(policy: BreakerPolicy, role: string): string {
  return hasOwnBreaker(roleOf(policy, role)) ? role : SHARED;
}

/** The roles that have a breaker of their own. */
export function ownRoles(policy: BreakerPolicy): string[] {
  return Object.keys(policy.roles).filter((role) => hasOwnBreaker(policy.roles[role]));
}

/** The limits of the breaker with this name. */
export function limitsOf(policy: BreakerPolicy, name: string): Limits {
  const role = roleOf(policy, name);
  if (role === undefined) return policy;
  return {
    failMax: role.failMax ?? policy.failMax,
    resetTimeoutMs: role.resetTimeoutMs ?? policy.resetTimeoutMs,
    successThreshold: role.successThreshold ?? policy.successThreshold,
  };
}

/** Probes of this role that may be out at once. */
export function trialCallsOf(policy: BreakerPolicy, role: string): number {
  return roleOf(policy, role)?.trialCalls ?? policy.trialCalls;
}

/**
 * How long the nth open in a row lasts.
 *
 * @param opens counted from 1
 */
export function openDurationMs(policy: BreakerPolicy, limits: Limits, opens: number): number {
  const backoff = limits.resetTimeoutMs * policy.backoffFactor ** (opens - 1);
  return Math.min(backoff, policy.maxResetTimeoutMs);
}

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

type Check = (value: unknown) => string | undefined;

const whole = (min: number, max: number): Check => (value) =>
  Number.isInteger(value) && Number(value) >= min && Number(value) <= max
    ? undefined
    : `must be a whole number from ${min} to ${max}`;

const number = (min: number, max: number): Check => (value) =>
  typeof value === "number" && value >= min && value <= max
    ? undefined
    : `must be a number from ${min} to ${max}`;

const flag: Check = (value) => typeof value === "boolean" ? undefined : "must be true or false";

const statuses: Check = (value) =>
  Array.isArray(value) && value.every((status) => whole(100, 599)(status) === undefined)
    ? undefined
    : "must be a list of HTTP statuses from 100 to 599";

/** The longest duration that a policy may name: a year. */
const YEAR_MS = 365 * 86_400_000;
const duration = number(1, YEAR_MS);
const ratio: Check = (value) =>
  typeof value === "number" && value > 0 && value <= 1
    ? undefined
    : "must be a number above 0, and at most 1";

const ROLE_CHECKS: Record<string, Check> = {
  failMax: whole(1, 1_000_000),
  resetTimeoutMs: duration,
  successThreshold: whole(1, 1_000),
  trialCalls: whole(1, 256),
};

const CLASSIFY_CHECKS: Record<string, Check> = {
  failureStatuses: statuses,
  neutralStatuses: statuses,
};

const CHECKS: Record<string, Check | Record<string, Check>> = {
  ...ROLE_CHECKS,
  probeLeaseMs: duration,
  permitTtlMs: duration,
  retryAfterCapMs: number(0, YEAR_MS),
  backoffFactor: number(1, 100),
  maxResetTimeoutMs: duration,
  forgetMs: duration,
  rolling: {
    enabled: flag,
    windowMs: duration,
    thresholdFailures: whole(1, 1_000),
    cooldownMs: duration,
  },
  failureRate: { windowMs: duration, minCalls: whole(1, 1_000_000), thresholdRatio: ratio },
  slowCall: { durationMs: number(0, YEAR_MS), thresholdRatio: ratio },
  halfOpen: { jitterMs: number(0, YEAR_MS) },
  classify: CLASSIFY_CHECKS,
};

/** Where and what: the misuse errors of this file all read alike. */
function refuse(path: string, value: unknown, rule: string): never {
  const shown = typeof value === "string" ? `'${value.slice(0, 80)}'` : String(value);
  throw new RangeError(`Policy '${path}' ${rule}: current value is ${shown}`);
}

function checkFields(values: object, checks: Record<string, Check>, path: string): void {
  for (const key of Object.keys(values)) {
    if (!Object.hasOwn(checks, key)) {
      throw new TypeError(
        `Policy has no '${path}${key}': known are ${Object.keys(checks).join(", ")}`,
      );
    }
  }
}

/**
 * Refuses a policy that no breaker could follow.
 *
 * @throws {TypeError} for a key that is not known
 * @throws {RangeError} for a value out of its bounds
 */
export function validatePolicy(policy: BreakerPolicy): void {
  for (const [key, value] of Object.entries(policy)) {
    if (key === "roles") continue;
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    if (check === undefined) {
      throw new TypeError(
        `Policy has no '${key}': known are ${Object.keys(CHECKS).join(", ")}, roles`,
      );
    }
    if (value === undefined && (key === "failureRate" || key === "slowCall")) continue;
    if (typeof check === "function") {
      const wrong = check(value);
      if (wrong !== undefined) refuse(key, value, wrong);
      continue;
    }
    if (typeof value !== "object" || value === null) refuse(key, value, "must be an object");
    checkFields(value, check, `${key}.`);
    for (const [field, fieldCheck] of Object.entries(check)) {
      const found = (value as Record<string, unknown>)[field]; // safe: an object, checked above
      const wrong = fieldCheck(found);
      if (wrong !== undefined) refuse(`${key}.${field}`, found, wrong);
    }
  }
  if (policy.slowCall !== undefined && policy.failureRate === undefined) {
    throw new RangeError(
      "Policy 'slowCall' needs 'failureRate', whose window and minCalls it uses: set failureRate too",
    );
  }
  validateRoles(policy);
}

/** Most roles that a policy may name, since each may have a breaker of its own in the record. */
const MAX_ROLES = 32;

function validateRoles(policy: BreakerPolicy): void {
  const { length } = Object.keys(policy.roles);
  if (length > MAX_ROLES) {
    throw new RangeError(`Policy 'roles' must name at most ${MAX_ROLES}: it names ${length}`);
  }
  for (const [role, overrides] of Object.entries(policy.roles)) {
    checkRole(role);
    checkFields(overrides, ROLE_CHECKS, `roles.${role}.`);
    for (const [field, value] of Object.entries(overrides)) {
      const wrong = ROLE_CHECKS[field]?.(value);
      if (wrong !== undefined) refuse(`roles.${role}.${field}`, value, wrong);
    }
  }
}

/**
 * Returns the role as it stands, or `""` where there is none.
 *
 * @throws {TypeError} for a name that is not `[a-z][a-z0-9_-]{0,31}`
 */
export function checkRole(role: string | undefined): string {
  if (role === undefined) return SHARED;
  if (typeof role === "string" && ROLE_PATTERN.test(role)) return role;
  throw new TypeError(
    `Role must match [a-z][a-z0-9_-]{0,31}: current value is '${String(role).slice(0, 80)}'`,
  );
}

/**
 * Returns the resolver as it stands, or `""` where there is none.
 *
 * @throws {TypeError} for a name that is not `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`
 */
export function checkResolver(resolver: string | undefined): string {
  if (resolver === undefined) return "";
  if (typeof resolver === "string" && RESOLVER_PATTERN.test(resolver)) return resolver;
  throw new TypeError(
    `Resolver must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}: ` +
      `current value is '${String(resolver).slice(0, 80)}'`,
  );
}
