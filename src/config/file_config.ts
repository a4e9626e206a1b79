/**
 * The configuration in the YAML's names, after aliases are resolved and hosts are canonical.
 * Types only: what is allowed stands in `schema.ts`, what it becomes in `names.ts`.
 *
 * @module
 */
import type { Mode } from "../breaker/state.ts";
import type { RatesInput } from "../breaker/policy_types.ts";

/** `backoff:` how opens in a row grow. */
export interface BackoffYaml {
  /** Each open in a row lasts this many times as long as the one before, 1 to 100. @default {1} */
  factor?: number;
  /** The longest open, in seconds. @default {900} */
  max_s?: number;
}

/** `classify:` which statuses count as what; any other is a success. */
export interface ClassifyYaml {
  /** Statuses that fail. @default {[408, 429, 500, 502, 503, 504]} */
  failure_statuses?: readonly number[];
  /** Statuses that say nothing of the host's health. @default {[401, 403, 404, 410, 451]} */
  neutral_statuses?: readonly number[];
}

/** `half_open:` what probes are told. */
export interface HalfOpenYaml {
  /** A probe waits a time drawn evenly from 0 to this many milliseconds. @default {150} */
  jitter_ms?: number;
}

/** `rolling:` opens on bursts of failures. */
export interface RollingYaml {
  /** Whether bursts are looked for at all. @default {false} */
  enabled?: boolean;
  /** Failures within the window that set a cooldown. @default {6} */
  threshold_failures?: number;
  /** Length of the window in seconds. @default {30} */
  window_s?: number;
  /** How long the cooldown lasts, in seconds. @default {60} */
  cooldown_s?: number;
}

/** `failure_rate:` opens on the share of failures; off unless all three are set. */
export interface FailureRateYaml {
  /** Length of the window in seconds. */
  window_s?: number;
  /** Outcomes that must have been counted before the ratio means anything. */
  min_calls?: number;
  /** Share of failures that opens, above 0 to 1. */
  threshold?: number;
}

/** `slow_call:` opens on the share of slow successes, in the window of `failure_rate`. */
export interface SlowCallYaml {
  /** A success that took longer than this many milliseconds is slow. */
  duration_ms?: number;
  /** Share of slow successes that opens, above 0 to 1. */
  threshold?: number;
}

/** What a role may set differently from its host. */
export interface RoleYaml {
  /** Failures in a row that open. */
  fail_max?: number;
  /** How long the first open lasts, in seconds. */
  reset_timeout_s?: number;
  /** Probes that must succeed to close. */
  success_threshold?: number;
  /** Probes of this role that may be out at once. */
  trial_calls?: number;
}

/** A policy, or part of one, in the YAML's names. */
export interface PolicyYaml extends RoleYaml {
  /** The longest cooldown a Retry-After can set, in seconds. */
  retry_after_cap_s?: number;
  /** A probe that has not reported after this many seconds frees its slot. */
  probe_lease_s?: number;
  /** An outcome later than this many seconds after its `allow` counts for nothing. */
  permit_ttl_s?: number;
  /** A record that nobody asked for is dropped after this many seconds. */
  forget_s?: number;
  /** How opens in a row grow. */
  backoff?: BackoffYaml;
  /** Which statuses count as what. */
  classify?: ClassifyYaml;
  /** What probes are told. */
  half_open?: HalfOpenYaml;
  /** Opens on bursts of failures. */
  rolling?: RollingYaml;
  /** Opens on the share of failures. */
  failure_rate?: FailureRateYaml;
  /** Opens on the share of slow successes. */
  slow_call?: SlowCallYaml;
  /** What roles set differently. */
  roles?: Readonly<Record<string, RoleYaml>>;
  /** Limits by role, `*` for all requests of a host together: `10/s,1000/h`. */
  rates?: Readonly<Record<string, string>>;
}

/** `pacing:` how requests are held back to their rates. */
export interface PacingYaml {
  /** The longest that a request is told to wait, in milliseconds, up to 60000; one that would wait longer is denied. @default {1000} */
  max_wait_ms?: number;
}

/** Where records live. */
export type StoreBackend = "memory" | "deno-kv" | "sqlite" | "upstash";

/** `store:` where records live and how patiently they are asked for. */
export interface StoreYaml {
  /** Where records live. @default {"memory"} */
  backend?: StoreBackend;
  /** Whether whole records are shared, or only cooldowns and opens. @default {"state"} */
  share?: "state" | "cooldowns";
  /** File of `deno-kv` (absent: the default database) or `sqlite`. */
  path?: string;
  /** Address of the REST API of `upstash`. */
  url?: string;
  /** Name of the environment variable that holds the token of `upstash`. */
  token_env?: string;
  /** A cached record may answer for this many milliseconds; 0 asks every time. @default {500} */
  freshness_ms?: number;
  /** How long a call to the store may take, in milliseconds. @default {250} */
  timeout_ms?: number;
  /** What the gate does when the store does not answer. @default {"local"} */
  on_error?: "local" | "allow" | "deny";
}

/** A configuration file once parsed. What stood under `advanced` stands in `defaults`. */
export interface FileConfig {
  /** Whether the gate decides. @default {"enforce"} */
  mode?: Mode;
  /** Where records live. */
  store?: StoreYaml;
  /** What every host and resolver starts from. */
  defaults?: PolicyYaml;
  /** Limits by host and role, over the `rates` of `hosts`. */
  rates?: RatesInput;
  /** How requests are held back to their rates. */
  pacing?: PacingYaml;
  /** Policies by canonical host. */
  hosts?: Readonly<Record<string, PolicyYaml>>;
  /** Policies by resolver; without roles, rolling window and rates. */
  resolvers?: Readonly<Record<string, PolicyYaml>>;
}
