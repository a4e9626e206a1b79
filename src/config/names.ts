/**
 * From the YAML's names and units to the policy's and back. Knows nothing of files, variables and flags.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import type { ClassifyPolicy, PolicyPatch, RolePolicy } from "../breaker/policy_types.ts";
import type { ClassifyYaml, PolicyYaml, RoleYaml } from "./file_config.ts";
import { entriesOf, isTree } from "./tree.ts";

/** Other names of keys that a policy or a role accepts. */
export const KEY_ALIASES: Readonly<Record<string, string>> = {
  reset: "reset_timeout_s",
  retry_after_cap: "retry_after_cap_s",
};

/** Other names of roles. */
export const ROLE_ALIASES: Readonly<Record<string, string>> = { meta: "metadata" };

/**
 * The host as the configuration keeps it: its key, or its origin where the key read again would be another
 * host (`http://example.org:443`).
 *
 * @throws {TypeError} where no host can be told
 */
export function canonicalHost(written: string): string {
  const key = hostKey(written);
  return hostKey(key) === key ? key : new URL(written).origin;
}

/** One policy as it was written, without aliases. */
export function canonicalPolicy(written: unknown): unknown {
  return renamed(written, KEY_ALIASES, (key, value) => {
    if (key === "rates") return canonicalLimits(value);
    if (key !== "roles") return value;
    return renamed(value, ROLE_ALIASES, (_, role) => renamed(role, KEY_ALIASES));
  });
}

/** Limits by role, without aliases and spaces. */
export function canonicalLimits(written: unknown): unknown {
  return renamed(written, ROLE_ALIASES, (_, text) => String(text).replaceAll(/\s/g, ""));
}

function renamed(
  value: unknown,
  aliases: Readonly<Record<string, string>>,
  each: (key: string, value: unknown) => unknown = (_, value) => value,
): unknown {
  if (!isTree(value)) return value;
  return Object.fromEntries(
    entriesOf(value).map(([key, child]) => [
      Object.hasOwn(aliases, key) ? aliases[key] : key,
      each(key, child),
    ]),
  );
}

/** A time below half a millisecond is still a time. */
function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(1, Math.round(seconds * 1000));
}

/** Leaves out what is undefined, and so a section that says nothing. */
function stated<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries) as T; // safe: every key of T that is left out was undefined
}

function section<T extends object>(value: T): T | undefined {
  const said = stated(value);
  return Object.keys(said).length === 0 ? undefined : said;
}

function mapped<A, B>(
  values: Readonly<Record<string, A>> | undefined,
  convert: (value: A) => B,
): Record<string, B> | undefined {
  if (values === undefined) return undefined;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]));
}

function toRole(yaml: RoleYaml): RolePolicy {
  return stated({
    failMax: yaml.fail_max,
    resetTimeoutMs: toMs(yaml.reset_timeout_s),
    successThreshold: yaml.success_threshold,
    trialCalls: yaml.trial_calls,
  });
}

function toClassify(yaml: ClassifyYaml | undefined): Partial<ClassifyPolicy> | undefined {
  return section({
    failureStatuses: yaml?.failure_statuses,
    neutralStatuses: yaml?.neutral_statuses,
  });
}

/** The patch that a policy in the YAML's names stands for; holds only what was said. */
export function policyFromYaml(yaml: PolicyYaml): PolicyPatch {
  return stated<PolicyPatch>({
    ...toRole(yaml),
    retryAfterCapMs: toMs(yaml.retry_after_cap_s),
    probeLeaseMs: toMs(yaml.probe_lease_s),
    permitTtlMs: toMs(yaml.permit_ttl_s),
    forgetMs: toMs(yaml.forget_s),
    backoffFactor: yaml.backoff?.factor,
    maxResetTimeoutMs: toMs(yaml.backoff?.max_s),
    classify: toClassify(yaml.classify),
    halfOpen: section({ jitterMs: yaml.half_open?.jitter_ms }),
    rolling: section({
      enabled: yaml.rolling?.enabled,
      thresholdFailures: yaml.rolling?.threshold_failures,
      windowMs: toMs(yaml.rolling?.window_s),
      cooldownMs: toMs(yaml.rolling?.cooldown_s),
    }),
    failureRate: section({
      windowMs: toMs(yaml.failure_rate?.window_s),
      minCalls: yaml.failure_rate?.min_calls,
      thresholdRatio: yaml.failure_rate?.threshold,
    }),
    slowCall: section({
      durationMs: yaml.slow_call?.duration_ms,
      thresholdRatio: yaml.slow_call?.threshold,
    }),
    roles: mapped(yaml.roles, toRole),
    rates: mapped(yaml.rates, (rate) => rate),
  });
}

function toSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function roleToYaml(role: RolePolicy): RoleYaml {
  return stated({
    fail_max: role.failMax,
    reset_timeout_s: toSeconds(role.resetTimeoutMs),
    success_threshold: role.successThreshold,
    trial_calls: role.trialCalls,
  });
}

/** A policy, or part of one, in the YAML's names and units; `policyFromYaml` makes the same of it again. */
export function policyToYaml(policy: PolicyPatch): PolicyYaml {
  const { backoffFactor, maxResetTimeoutMs, classify, halfOpen } = policy;
  const { rolling, failureRate, slowCall } = policy;
  return stated<PolicyYaml>({
    ...roleToYaml(policy),
    retry_after_cap_s: toSeconds(policy.retryAfterCapMs),
    probe_lease_s: toSeconds(policy.probeLeaseMs),
    permit_ttl_s: toSeconds(policy.permitTtlMs),
    forget_s: toSeconds(policy.forgetMs),
    backoff: section({ factor: backoffFactor, max_s: toSeconds(maxResetTimeoutMs) }),
    classify: section({
      failure_statuses: classify?.failureStatuses && [...classify.failureStatuses],
      neutral_statuses: classify?.neutralStatuses && [...classify.neutralStatuses],
    }),
    half_open: section({ jitter_ms: halfOpen?.jitterMs }),
    rolling: section({
      enabled: rolling?.enabled,
      threshold_failures: rolling?.thresholdFailures,
      window_s: toSeconds(rolling?.windowMs),
      cooldown_s: toSeconds(rolling?.cooldownMs),
    }),
    failure_rate: section({
      window_s: toSeconds(failureRate?.windowMs),
      min_calls: failureRate?.minCalls,
      threshold: failureRate?.thresholdRatio,
    }),
    slow_call: section({
      duration_ms: slowCall?.durationMs,
      threshold: slowCall?.thresholdRatio,
    }),
    roles: mapped(policy.roles, roleToYaml),
    rates: mapped(policy.rates, (rate) => rate),
  });
}
