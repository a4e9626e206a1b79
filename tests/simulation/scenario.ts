/**
 * What one seed stands for: policies, hosts, workers, clocks and how bad the network is. Numbers are small,
 * so that deadlines, leases and time-outs meet.
 *
 * @module
 */
import type {
  BreakerConfigInput,
  PolicyPatch,
  RolePolicy,
} from "../../src/breaker/policy_types.ts";
import { Random } from "../support/random.ts";

/** Roles that requests are for; some have a breaker of their own in some seeds. */
export const ROLES = ["", "metadata", "landing", "artifact"];
/** The longest cooldown or open that any policy here can set, in milliseconds. */
export const LONGEST_OPEN_MS = 24_000;
/** An operator's longest open with an end, in milliseconds. */
export const LONGEST_MANUAL_MS = 15_000;

/** See the module's description. */
export interface Scenario {
  seed: number;
  /** No call is lost or late, no worker is cut off: then the promises hold to the letter. */
  exact: boolean;
  config: BreakerConfigInput;
  freshnessMs: number;
  timeoutMs: number;
  latencyMs: number;
  troubleRatio: number;
  replicaLagMs: number;
  lazyTtlMs: number;
  tellsCurrent: boolean;
  hosts: string[];
  resolvers: string[];
  /** Each worker's clock minus virtual time, in milliseconds. */
  skewsMs: number[];
  /** Crawl loops in each worker. */
  loops: number;
  /** Longest pause of a loop between two requests, in milliseconds. */
  thinkMs: number;
  /** Share of requests to hosts that are always well and hardly met twice. */
  tailRatio: number;
  /** Share of requests that are made for a resolver. */
  resolverRatio: number;
  /** Share of requests with which a worker stays with the host it was at. */
  focusRatio: number;
  /** Longest time between two crashes, in milliseconds. */
  crashMs: number;
  /** Operators open, half-open and close. */
  operators: boolean;
}

function drawRoles(random: Random): Record<string, RolePolicy> {
  const roles: Record<string, RolePolicy> = {};
  if (random.chance(0.5)) {
    roles.metadata = { failMax: random.whole(1, 3), resetTimeoutMs: random.whole(300, 6_000) };
  }
  if (random.chance(0.3)) roles.landing = { successThreshold: random.whole(1, 3) };
  if (random.chance(0.5)) roles.artifact = { trialCalls: random.whole(1, 3) };
  return roles;
}

function drawPolicy(random: Random): PolicyPatch {
  return {
    failMax: random.whole(1, 6),
    resetTimeoutMs: random.whole(300, 8_000),
    successThreshold: random.whole(1, 3),
    trialCalls: random.whole(1, 3),
    probeLeaseMs: random.whole(4_500, 9_000),
    permitTtlMs: random.whole(8_000, 30_000),
    retryAfterCapMs: random.pick([0, 2_000, LONGEST_OPEN_MS]),
    backoffFactor: random.pick([1, 1, 1.5, 2]),
    maxResetTimeoutMs: random.whole(1_000, LONGEST_OPEN_MS),
    forgetMs: random.whole(30_000, 60_000),
    halfOpen: { jitterMs: random.whole(0, 200) },
    roles: drawRoles(random),
    ...(random.chance(0.3) && {
      rolling: {
        enabled: true,
        windowMs: random.whole(500, 10_000),
        thresholdFailures: random.whole(2, 6),
        cooldownMs: random.whole(500, LONGEST_OPEN_MS),
      },
    }),
    ...(random.chance(0.3) && {
      failureRate: {
        windowMs: random.whole(1_000, 20_000),
        minCalls: random.whole(3, 12),
        thresholdRatio: random.pick([0.5, 0.75, 1]),
      },
      ...(random.chance(0.5) && { slowCall: { durationMs: 400, thresholdRatio: 0.5 } }),
    }),
  };
}

/** The scenario of a seed. */
export function drawScenario(seed: number): Scenario {
  const random = new Random(seed);
  const exact = seed % 2 === 0;
  const hosts = Array.from({ length: random.whole(1, 5) }, (_, i) => `host-${i}.example`);
  const resolvers = Array.from({ length: random.whole(0, 2) }, (_, i) => `resolver-${i}`);
  const { roles: _, rolling: _rolling, ...resolverPolicy } = drawPolicy(random);
  const skewMs = random.pick([0, 50, 500, 2_000]);
  const config: BreakerConfigInput = {
    defaults: drawPolicy(random),
    hosts: random.chance(0.5) ? { [hosts[0]!]: drawPolicy(random) } : {},
    resolvers: resolvers.length > 0 ? { [resolvers[0]!]: resolverPolicy } : {},
  };
  return {
    seed,
    exact,
    config,
    freshnessMs: random.pick([0, 100, 500, 500, 2_000]),
    timeoutMs: exact ? 5_000 : random.pick([100, 250, 250, 600]),
    latencyMs: random.pick([1, 5, 20, 40]),
    troubleRatio: random.pick([0.01, 0.05, 0.2]),
    replicaLagMs: exact || random.chance(0.5) ? 0 : random.whole(1, 800),
    lazyTtlMs: random.pick([0, 0, 10_000]),
    tellsCurrent: random.chance(0.6),
    hosts,
    resolvers,
    // Two clocks are up to 2 s apart.
    skewsMs: Array.from({ length: random.whole(1, 6) }, () => random.whole(0, skewMs)),
    loops: random.whole(1, 3),
    thinkMs: random.pick([100, 300, 900, 3_000]),
    tailRatio: random.pick([0, 0.1, 0.4]),
    resolverRatio: random.pick([0.1, 0.3, 0.9]),
    focusRatio: random.pick([0, 0.9, 1]),
    crashMs: random.pick([8_000, 8_000, 60_000]),
    operators: random.chance(0.6),
  };
}
