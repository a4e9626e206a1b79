/**
 * What of a policy holds for one breaker: its own role's, or what all roles share.
 *
 * @module
 */
import { SHARED } from "./names.ts";
import type { BreakerPolicy, RolePolicy } from "./policy_types.ts";

/** The limits of one breaker: its host's, or its role's own. */
export interface Limits {
  failMax: number;
  resetTimeoutMs: number;
  successThreshold: number;
}

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
