/**
 * What can be said of how breakers behave: policies, patches of them, and a whole configuration. The defaults stand
 * in `policy.ts`.
 *
 * @module
 */
import type { Mode } from "./state.ts";

/** Opens on bursts: so many failures of a host within a window, whatever succeeded between them. */
export interface RollingPolicy {
  /** Whether failures are looked at this way. @default {false} */
  enabled: boolean;
  /** Length of the window in milliseconds. @default {30000} */
  windowMs: number;
  /** Failures within the window that set a cooldown. @default {6} */
  thresholdFailures: number;
  /** How long that cooldown lasts, in milliseconds. @default {60000} */
  cooldownMs: number;
}

/** Opens a closed breaker when the share of failures in a window reaches a threshold. Kept in each process's memory. */
export interface FailureRatePolicy {
  /** Length of the window in milliseconds. */
  windowMs: number;
  /** Outcomes that must have been counted in the window before the ratio means anything. */
  minCalls: number;
  /** Share of failures that opens, 0 to 1. */
  thresholdRatio: number;
}

/** Opens a closed breaker when the share of slow successes reaches a threshold, in the window of `failureRate`. */
export interface SlowCallPolicy {
  /** A success that took longer than this many milliseconds is slow. */
  durationMs: number;
  /** Share of slow successes among all counted outcomes that opens, 0 to 1. */
  thresholdRatio: number;
}

/** What half-open callers are told. */
export interface HalfOpenPolicy {
  /** A probe waits a time drawn evenly from 0 to this many milliseconds. @default {150} */
  jitterMs: number;
}

/** Which HTTP statuses count as what. Any status in neither list is a success. */
export interface ClassifyPolicy {
  /** Count against the host. @default {[408, 429, 500, 502, 503, 504]} */
  failureStatuses: readonly number[];
  /** Say nothing of the host's health. @default {[401, 403, 404, 410, 451]} */
  neutralStatuses: readonly number[];
}

/** What a role may set differently from its host. */
export interface RolePolicy {
  /** Failures in a row that open. Gives the role a breaker of its own. */
  failMax?: number;
  /** How long the first open lasts, in milliseconds. Gives the role a breaker of its own. */
  resetTimeoutMs?: number;
  /** Probes that must succeed to close. Gives the role a breaker of its own. */
  successThreshold?: number;
  /** Probes of this role that may be out at once. */
  trialCalls?: number;
}

/** How one breaker behaves. */
export interface BreakerPolicy {
  /** Failures in a row that open the breaker. @default {5} */
  failMax: number;
  /** How long the first open lasts, in milliseconds. @default {60000} */
  resetTimeoutMs: number;
  /** Probes that must succeed before the breaker closes. @default {1} */
  successThreshold: number;
  /** Probes per role that may be out at once. @default {1} */
  trialCalls: number;
  /** A probe that has not reported after this many milliseconds frees its slot. @default {30000} */
  probeLeaseMs: number;
  /** An outcome later than this many milliseconds after its `allow` counts for nothing. @default {300000} */
  permitTtlMs: number;
  /** The longest cooldown a Retry-After can set, in milliseconds. @default {900000} */
  retryAfterCapMs: number;
  /** Each open in a row lasts this many times as long as the one before. @default {1} */
  backoffFactor: number;
  /** The longest open, in milliseconds. @default {900000} */
  maxResetTimeoutMs: number;
  /** A record that nobody asked for is dropped this many milliseconds after its last deadline or event. @default {3600000} */
  forgetMs: number;
  /** Opens on bursts. Off by default. */
  rolling: RollingPolicy;
  /** Opens on the share of failures. Off by default. */
  failureRate?: FailureRatePolicy;
  /** Opens on the share of slow successes; needs `failureRate`. Off by default. */
  slowCall?: SlowCallPolicy;
  /** Jitter of probes. */
  halfOpen: HalfOpenPolicy;
  /** Which statuses count as what. */
  classify: ClassifyPolicy;
  /** What roles set differently. @default {{}} */
  roles: Readonly<Record<string, RolePolicy>>;
  /**
   * Limits by role, `*` for all requests of the host together: `{ metadata: "10/s,1000/h" }`. Several are joined
   * by commas, units are s, m, h and d. Only a registry heeds them. Off by default.
   */
  rates?: Readonly<Record<string, string>>;
}

/** Part of a policy, at any depth; merged over what stands below it. */
export type PolicyPatch =
  & Partial<Omit<BreakerPolicy, "rolling" | "failureRate" | "slowCall" | "halfOpen" | "classify">>
  & {
    rolling?: Partial<RollingPolicy>;
    failureRate?: Partial<FailureRatePolicy>;
    slowCall?: Partial<SlowCallPolicy>;
    halfOpen?: Partial<HalfOpenPolicy>;
    classify?: Partial<ClassifyPolicy>;
  };

/** Limits per role, by host: `{ "api.example.org": { metadata: "10/s,1000/h", "*": "20/s" } }`. */
export type RatesInput = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** How requests are held back to their rates. */
export interface PacingInput {
  /** The longest `waitMs` that pacing gives, in milliseconds up to 60000; a request that would wait longer is denied. @default {1000} */
  maxWaitMs?: number;
}

/** What a registry is configured with: what `./config` makes of a file, or written by hand. */
export interface BreakerConfigInput {
  /** Whether the gate decides, only watches, or keeps out of the way. @default {"enforce"} */
  mode?: Mode;
  /** What every host and resolver starts from. */
  defaults?: PolicyPatch;
  /** Per host, over `defaults`. */
  hosts?: Readonly<Record<string, PolicyPatch>>;
  /** Per resolver, over `defaults`. A resolver has no roles, no rolling window, no cooldown and no rates. */
  resolvers?: Readonly<Record<string, PolicyPatch>>;
  /** Limits per host and role, over the `rates` of `hosts`. */
  rates?: RatesInput;
  /** How requests are held back to their rates. */
  pacing?: PacingInput;
}
