/**
 * What other circuit breakers call the settings that we have: names only. Keys are looked up in snake_case, times
 * without their unit.
 *
 * @module
 */

/** How a value is read. */
export type Kind = "seconds" | "milliseconds" | "number" | "share" | "switch" | "statuses";

/** Where a value goes, from the policy or section that it stands in. */
export interface Place {
  path: readonly string[];
  kind: Kind;
}

/** Seconds in a unit that a key may end in. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/_(?:ms|millis|milliseconds)$/, 0.001],
  [/_(?:s|sec|secs|seconds)$/, 1],
  [/_(?:min|mins|minutes)$/, 60],
  [/_(?:h|hours)$/, 3_600],
];

/** Names of one place, the first of them ours. */
type Names = readonly [kind: Kind, path: string, ...others: readonly string[]];

const COUNTS: readonly Names[] = [
  ["number", "fail_max", "max_failures", "max_fails", "failures", "failure_threshold", "threshold"],
  ["seconds", "reset_timeout_s", "reset", "recovery_timeout", "open_timeout", "open_duration"],
  ["seconds", "reset_timeout_s", "break_duration", "cooldown"],
  ["number", "success_threshold", "successes", "required_successes", "close_after"],
  ["number", "trial_calls", "trials", "probes", "max_trial_calls", "half_open_calls"],
  ["number", "trial_calls", "half_open_max_calls", "half_open_requests", "half_open_max_requests"],
];

/** What stands in a policy. */
export const POLICY_NAMES: ReadonlyMap<string, Place> = places([
  ...COUNTS,
  ["seconds", "retry_after_cap_s", "retry_after_max", "max_retry_after", "retry_after_limit"],
  ["seconds", "probe_lease_s"],
  ["seconds", "permit_ttl_s"],
  ["seconds", "forget_s"],
  ["statuses", "classify.failure_statuses", "failure_statuses", "failure_codes"],
  ["statuses", "classify.neutral_statuses", "neutral_statuses", "neutral_codes"],
  ["milliseconds", "half_open.jitter_ms", "jitter", "half_open_jitter"],
]);

/** What a role may set. */
export const ROLE_NAMES: ReadonlyMap<string, Place> = places(COUNTS);

/** What stands in each section of a policy. */
export const SECTION_NAMES: Readonly<Record<string, ReadonlyMap<string, Place>>> = {
  backoff: places([
    ["number", "backoff.factor", "factor", "multiplier"],
    ["seconds", "backoff.max_s", "max", "cap"],
  ]),
  classify: places([
    ["statuses", "classify.failure_statuses", "failure_statuses", "failure", "failures", "fail"],
    ["statuses", "classify.neutral_statuses", "neutral_statuses", "neutral", "neutrals", "ignore"],
  ]),
  half_open: places([
    ["milliseconds", "half_open.jitter_ms", "jitter"],
    ["number", "trial_calls", "trials", "max_calls", "max_requests", "calls"],
    ["number", "success_threshold", "successes"],
  ]),
  rolling: places([
    ["switch", "rolling.enabled", "enabled"],
    [
      "number",
      "rolling.threshold_failures",
      "threshold_failures",
      "thresh",
      "threshold",
      "failures",
    ],
    ["seconds", "rolling.window_s", "window"],
    ["seconds", "rolling.cooldown_s", "cooldown"],
  ]),
  failure_rate: places([
    ["seconds", "failure_rate.window_s", "window"],
    ["number", "failure_rate.min_calls", "min_calls", "minimum_calls", "min_requests", "volume"],
    ["share", "failure_rate.threshold", "threshold", "ratio", "rate", "percentage"],
  ]),
  slow_call: places([
    ["milliseconds", "slow_call.duration_ms", "duration"],
    ["share", "slow_call.threshold", "threshold", "ratio", "rate", "percentage"],
  ]),
};

/** Other names of those sections. */
export const SECTION_ALIASES: Readonly<Record<string, string>> = {
  classification: "classify",
  statuses: "classify",
  rolling_window: "rolling",
  burst: "rolling",
  slow_calls: "slow_call",
};

/** Sections of the whole file. */
export const ROOT_ALIASES: Readonly<Record<string, string>> = {
  default: "defaults",
  global: "defaults",
  domains: "hosts",
  per_host: "hosts",
  providers: "resolvers",
  services: "resolvers",
  per_resolver: "resolvers",
  per_role: "roles",
  rate_limits: "rates",
};

function places(names: readonly Names[]): ReadonlyMap<string, Place> {
  return new Map(
    names.flatMap(([kind, path, ...others]) => {
      const keys = path.split(".");
      const own = keys.length === 1 ? [withoutUnit(path).name] : [];
      return [...own, ...others].map((name) => [name, { path: keys, kind }] as const);
    }),
  );
}

/** A key in snake_case without its unit, and the seconds of that unit. */
export function withoutUnit(key: string): { name: string; unitS?: number } {
  const snake = key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll("-", "_").toLowerCase();
  for (const [ending, unitS] of UNITS) {
    if (ending.test(snake)) return { name: snake.replace(ending, ""), unitS };
  }
  return { name: snake };
}
