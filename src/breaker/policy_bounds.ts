/**
 * The bounds of every policy value, and the errors that name what lies outside.
 *
 * @module
 */
import { checkRole } from "./names.ts";
import { EVERY_ROLE, limitsProblem } from "./rate_limits.ts";
import type { BreakerPolicy } from "./policy_types.ts";

/** The longest duration that a policy may name: a year, in milliseconds. */
export const LONGEST_MS = 365 * 86_400_000;

/** The least and the most of every count that a policy holds; the configuration reads them too. */
export const BOUNDS = {
  failMax: [1, 1_000_000],
  successThreshold: [1, 1_000],
  trialCalls: [1, 256],
  backoffFactor: [1, 100],
  thresholdFailures: [1, 1_000],
  minCalls: [1, 1_000_000],
  /** Of pacing, in milliseconds: shorter than a probe's lease should be. */
  maxWaitMs: [0, 60_000],
  /** Some hosts answer statuses that no RFC names. */
  status: [100, 999],
} as const satisfies Record<string, readonly [least: number, most: number]>;

/** What is wrong with a value, in words; undefined where nothing is. */
export type Check = (value: unknown) => string | undefined;

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
  Array.isArray(value) && value.every((status) => whole(...BOUNDS.status)(status) === undefined)
    ? undefined
    : `must be a list of HTTP statuses from ${BOUNDS.status.join(" to ")}`;

const duration = number(1, LONGEST_MS);
const ratio: Check = (value) =>
  typeof value === "number" && value > 0 && value <= 1
    ? undefined
    : "must be a number above 0, and at most 1";

const ROLE_CHECKS: Record<string, Check> = {
  failMax: whole(...BOUNDS.failMax),
  resetTimeoutMs: duration,
  successThreshold: whole(...BOUNDS.successThreshold),
  trialCalls: whole(...BOUNDS.trialCalls),
};

/** Bounds of what `classify` may hold. */
export const CLASSIFY_CHECKS: Record<string, Check> = {
  failureStatuses: statuses,
  neutralStatuses: statuses,
};

const CHECKS: Record<string, Check | Record<string, Check>> = {
  ...ROLE_CHECKS,
  probeLeaseMs: duration,
  permitTtlMs: duration,
  retryAfterCapMs: number(0, LONGEST_MS),
  backoffFactor: number(...BOUNDS.backoffFactor),
  maxResetTimeoutMs: duration,
  forgetMs: duration,
  rolling: {
    enabled: flag,
    windowMs: duration,
    thresholdFailures: whole(...BOUNDS.thresholdFailures),
    cooldownMs: duration,
  },
  failureRate: { windowMs: duration, minCalls: whole(...BOUNDS.minCalls), thresholdRatio: ratio },
  slowCall: { durationMs: number(0, LONGEST_MS), thresholdRatio: ratio },
  halfOpen: { jitterMs: number(0, LONGEST_MS) },
  classify: CLASSIFY_CHECKS,
};

/** Where and what: the misuse errors of this file all read alike. */
export function refuse(path: string, value: unknown, rule: string): never {
  const shown = typeof value === "string" ? `'${value.slice(0, 80)}'` : String(value);
  throw new RangeError(`Policy '${path}' ${rule}: current value is ${shown}`);
}

/**
 * Refuses a key that is not known.
 *
 * @throws {TypeError} naming the path and the known keys
 */
export function checkFields(values: object, checks: Record<string, Check>, path: string): void {
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
    if (key === "roles" || key === "rates") continue;
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    if (check === undefined) {
      throw new TypeError(
        `Policy has no '${key}': known are ${Object.keys(CHECKS).join(", ")}, roles, rates`,
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
  validateRates(policy);
}

/** Most roles that a policy may name, since each may have a breaker of its own in the record. */
const MAX_ROLES = 32;

function validateRates({ rates = {} }: BreakerPolicy): void {
  const { length } = Object.keys(rates);
  if (length > MAX_ROLES) {
    throw new RangeError(`Policy 'rates' must name at most ${MAX_ROLES} roles: it names ${length}`);
  }
  for (const [role, rate] of Object.entries(rates)) {
    if (role !== EVERY_ROLE) checkRole(role);
    const wrong = limitsProblem(rate);
    if (wrong !== undefined) refuse(`rates.${role}`, rate, wrong);
  }
}

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
