/**
 * What a configuration may hold, as zod schemas whose messages say what is allowed, so that `validate.ts` can
 * put them into an issue as they are. What one schema cannot see (two keys of one meaning, names of hosts) is in `checks.ts`.
 *
 * @module
 */
import { MODES } from "../breaker/state.ts";
import * as z from "zod/mini";
import { BOUNDS, LONGEST_MS } from "../breaker/policy_bounds.ts";
import { LIMITS_EXPECTED, LIMITS_PATTERN } from "../breaker/rate_limits.ts";
import { BACKENDS } from "./backends.ts";
import type { FileConfig, PolicyYaml, RoleYaml } from "./file_config.ts";

const DAY_S = 86_400;

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
  resolvers?: Record<string, Omit<WrittenPolicy, "roles" | "rolling" | "rates">>;
}

function whole(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`;
  return z.int(expected).check(z.minimum(least, expected), z.maximum(most, expected));
}

function amount(least: number, most: number, unit: string) {
  const expected = `a number${unit} from ${least} to ${most}`;
  return z.number(expected).check(z.minimum(least, expected), z.maximum(most, expected));
}

function above0(most: number, unit: string) {
  const expected = `a number${unit} above 0, up to ${most}`;
  return z.number(expected).check(z.gt(0, expected), z.maximum(most, expected));
}

function oneOf<const T extends readonly string[]>(...words: T) {
  return z.enum(words, `one of ${words.join(", ")}`);
}

/** Any key may be left out; unknown ones are refused, with the list of those that are known as the message. */
function section<T extends z.core.$ZodLooseShape>(shape: T) {
  const keys = Object.keys(shape).join(", ");
  return z.partial(z.strictObject(shape, {
    error: (issue) => issue.code === "unrecognized_keys" ? keys : `a mapping with keys of ${keys}`,
  }));
}

function named<T extends z.ZodMiniType>(what: string, value: T) {
  return z.record(z.string(), value, `a mapping of ${what}`);
}

/** How far values may go. */
interface Bounds {
  failMax: number;
  successThreshold: number;
  thresholdFailures: number;
  minCalls: number;
  /** Every time but `half_open.jitter_ms`, in seconds. */
  seconds: number;
}

/** What a file, a variable or a flag may say: its author can see the whole of it. */
const FILE_BOUNDS: Bounds = {
  failMax: BOUNDS.failMax[1],
  successThreshold: BOUNDS.successThreshold[1],
  thresholdFailures: BOUNDS.thresholdFailures[1],
  minCalls: BOUNDS.minCalls[1],
  seconds: LONGEST_MS / 1_000,
};

/** What may be said of a running system, so that a slip can neither switch a breaker off nor shut a host for days. */
const OVERRIDE_BOUNDS: Bounds = {
  failMax: 100,
  successThreshold: 10,
  thresholdFailures: 100,
  minCalls: 10_000,
  seconds: DAY_S,
};

/** Limits by role. What the shape of the text leaves open is for `checks.ts`. */
const rates = named(
  "roles",
  z.string(LIMITS_EXPECTED).check(z.regex(LIMITS_PATTERN, LIMITS_EXPECTED)),
);

const ratio = above0(1, "");
const statuses = z
  .array(whole(...BOUNDS.status), `a list of HTTP statuses, ${BOUNDS.status.join(" to ")}`)
  .check(z.maxLength(500, "at most 500 statuses"));

/** What policies are made of, each built once: the server waits for it when it starts. */
function partsWithin(most: Bounds) {
  const seconds = above0(most.seconds, " of seconds");
  const cap = amount(0, most.seconds, " of seconds");
  const role = {
    fail_max: whole(1, most.failMax),
    reset_timeout_s: seconds,
    reset: seconds,
    success_threshold: whole(1, most.successThreshold),
    trial_calls: whole(...BOUNDS.trialCalls),
  };
  const ratios = {
    failure_rate: section({
      window_s: seconds,
      min_calls: whole(1, most.minCalls),
      threshold: ratio,
    }),
    slow_call: section({
      duration_ms: amount(0, most.seconds * 1_000, " of milliseconds"),
      threshold: ratio,
    }),
  };
  const resolver = {
    ...role,
    retry_after_cap_s: cap,
    retry_after_cap: cap,
    probe_lease_s: seconds,
    permit_ttl_s: seconds,
    forget_s: seconds,
    backoff: section({ factor: amount(...BOUNDS.backoffFactor, ""), max_s: seconds }),
    classify: section({ failure_statuses: statuses, neutral_statuses: statuses }),
    half_open: section({ jitter_ms: amount(0, LONGEST_MS, " of milliseconds") }),
    ...ratios,
  };
  const rolling = section({
    enabled: z.boolean("true or false"),
    threshold_failures: whole(1, most.thresholdFailures),
    window_s: seconds,
    cooldown_s: seconds,
  });
  const roles = named("roles", section(role));
  return {
    advanced: section({ rolling, ...ratios }),
    resolver: section(resolver),
    policy: section({ ...resolver, rolling, roles, rates }),
  };
}

const file = partsWithin(FILE_BOUNDS);

const store = section({
  backend: oneOf(...BACKENDS),
  share: oneOf("state", "cooldowns"),
  path: z.string("a path").check(z.minLength(1, "a path")),
  url: z.url({ protocol: /^https?$/, error: "an address that starts with https:// or http://" }),
  token_env: z.string("the name of an environment variable")
    .check(z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "the name of an environment variable")),
  freshness_ms: amount(0, 3_600_000, " of milliseconds"),
  timeout_ms: whole(1, 60_000),
  on_error: oneOf("local", "allow", "deny"),
});

/** A policy as a file may write it. */
export const policySchema: z.ZodMiniType<WrittenPolicy> = file.policy;

/** What may be laid over a host's policy while the system runs: the same keys, within narrower bounds. */
export const overrideSchema: z.ZodMiniType<WrittenPolicy> = partsWithin(OVERRIDE_BOUNDS).policy;

/** A whole file, apart from empty sections. */
export const configSchema: z.ZodMiniType<WrittenConfig> = section({
  mode: oneOf(...MODES),
  store,
  defaults: file.policy,
  advanced: file.advanced,
  rates: named("hosts", rates),
  pacing: section({ max_wait_ms: amount(...BOUNDS.maxWaitMs, " of milliseconds") }),
  hosts: named("hosts", file.policy),
  resolvers: named("resolvers", file.resolver),
});
