/**
 * What a configuration may hold, as zod schemas whose messages say what is allowed, so that `validate.ts` can
 * put them into an issue as they are. What one schema cannot see (two keys of one meaning, names of hosts) is in `checks.ts`.
 *
 * @module
 */
import * as z from "zod";
import { BOUNDS, LONGEST_MS } from "../breaker/policy_bounds.ts";
import type { FileConfig, PolicyYaml, RoleYaml } from "./file_config.ts";

/** The longest time that can be set, in seconds. */
const LONGEST_S = LONGEST_MS / 1_000;

/** A role as it is written: with the alias of `reset_timeout_s`. */
export interface WrittenRole extends RoleYaml {
  /** Alias of `reset_timeout_s`. */
  reset?: number;
}

/** A policy as it is written: with the aliases. */
export interface WrittenPolicy extends Omit<PolicyYaml, "roles"> {
  /** Alias of `reset_timeout_s`. */
  reset?: number;
  /** Alias of `retry_after_cap_s`. */
  retry_after_cap?: number;
  /** What roles set differently. */
  roles?: Record<string, WrittenRole>;
}

/** A configuration as it is written: with the aliases, and `advanced` apart. */
export interface WrittenConfig extends Omit<FileConfig, "defaults" | "hosts" | "resolvers"> {
  /** What every host and resolver starts from. */
  defaults?: WrittenPolicy;
  /** More of `defaults`. */
  advanced?: Pick<WrittenPolicy, "rolling" | "failure_rate" | "slow_call">;
  /** Policies by host, however it is spelled. */
  hosts?: Record<string, WrittenPolicy>;
  /** Policies by resolver. */
  resolvers?: Record<string, Omit<WrittenPolicy, "roles" | "rolling">>;
}

function whole(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`;
  return z.number(expected).int(expected).min(least, expected).max(most, expected);
}

function amount(least: number, most: number, unit: string) {
  const expected = `a number${unit} from ${least} to ${most}`;
  return z.number(expected).min(least, expected).max(most, expected);
}

function above0(most: number, unit: string) {
  const expected = `a number${unit} above 0, up to ${most}`;
  return z.number(expected).gt(0, expected).max(most, expected);
}

function oneOf<const T extends readonly string[]>(...words: T) {
  return z.enum(words, `one of ${words.join(", ")}`);
}

/** Refuses unknown keys; the message is the list of those that are known. */
function section<T extends z.core.$ZodLooseShape>(shape: T) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => issue.code === "unrecognized_keys" ? keys : `a mapping with keys of ${keys}`,
  });
}

function named<T extends z.ZodType>(what: string, value: T) {
  return z.record(z.string(), value, `a mapping of ${what}`);
}

const seconds = () => above0(LONGEST_S, " of seconds");
const ratio = () => above0(1, "");
const statuses = () =>
  z.array(whole(...BOUNDS.status), `a list of HTTP statuses, ${BOUNDS.status.join(" to ")}`).max(
    500,
    "at most 500 statuses",
  );

const roleShape = {
  fail_max: whole(...BOUNDS.failMax).optional(),
  reset_timeout_s: seconds().optional(),
  reset: seconds().optional(),
  success_threshold: whole(...BOUNDS.successThreshold).optional(),
  trial_calls: whole(...BOUNDS.trialCalls).optional(),
};

const rolling = section({
  enabled: z.boolean("true or false").optional(),
  threshold_failures: whole(...BOUNDS.thresholdFailures).optional(),
  window_s: seconds().optional(),
  cooldown_s: seconds().optional(),
});

const rateShape = {
  failure_rate: section({
    window_s: seconds().optional(),
    min_calls: whole(...BOUNDS.minCalls).optional(),
    threshold: ratio().optional(),
  }).optional(),
  slow_call: section({
    duration_ms: amount(0, LONGEST_MS, " of milliseconds").optional(),
    threshold: ratio().optional(),
  }).optional(),
};

const resolverShape = {
  ...roleShape,
  retry_after_cap_s: amount(0, LONGEST_S, " of seconds").optional(),
  retry_after_cap: amount(0, LONGEST_S, " of seconds").optional(),
  probe_lease_s: seconds().optional(),
  permit_ttl_s: seconds().optional(),
  forget_s: seconds().optional(),
  backoff: section({
    factor: amount(...BOUNDS.backoffFactor, "").optional(),
    max_s: seconds().optional(),
  }).optional(),
  classify: section({
    failure_statuses: statuses().optional(),
    neutral_statuses: statuses().optional(),
  }).optional(),
  half_open: section({ jitter_ms: amount(0, LONGEST_MS, " of milliseconds").optional() })
    .optional(),
  ...rateShape,
};

const policy = section({
  ...resolverShape,
  rolling: rolling.optional(),
  roles: named("roles", section(roleShape)).optional(),
});

const store = section({
  backend: oneOf("memory", "deno-kv", "sqlite", "upstash").optional(),
  share: oneOf("state", "cooldowns").optional(),
  path: z.string("a path").min(1, "a path").optional(),
  url: z.url({ protocol: /^https?$/, error: "an address that starts with https:// or http://" })
    .optional(),
  token_env: z.string("the name of an environment variable")
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "the name of an environment variable").optional(),
  freshness_ms: amount(0, 3_600_000, " of milliseconds").optional(),
  timeout_ms: whole(1, 60_000).optional(),
  on_error: oneOf("local", "allow", "deny").optional(),
});

const LIMIT = String.raw`[1-9]\d{0,6}\/(?:[1-9]\d{0,5})?[smhd]`;
const LIMITS = new RegExp(String.raw`^\s*${LIMIT}\s*(?:,\s*${LIMIT}\s*)*$`);
const LIMITS_EXPECTED = "limits such as 10/s, 1/3s or 10/s,1000/h (units s, m, h, d)";

/** A policy as a file or a request body may write it. */
export const policySchema: z.ZodType<WrittenPolicy> = policy;

/** A whole file, apart from empty sections. */
export const configSchema: z.ZodType<WrittenConfig> = section({
  mode: oneOf("enforce", "observe", "off").optional(),
  store: store.optional(),
  defaults: policy.optional(),
  advanced: section({ rolling: rolling.optional(), ...rateShape }).optional(),
  rates: named("hosts", named("roles", z.string(LIMITS_EXPECTED).regex(LIMITS, LIMITS_EXPECTED)))
    .optional(),
  hosts: named("hosts", policy).optional(),
  resolvers: named("resolvers", section(resolverShape)).optional(),
});
