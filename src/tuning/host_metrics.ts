/**
 * From summaries of host-minutes to what the advisor reads: which minutes count for which breaker, and
 * several minutes as one. Where summaries come from is not known here.
 *
 * @module
 */
import { SHARED } from "../breaker/names.ts";
import { breakerName } from "../breaker/limits.ts";
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import { addMinute, type HostMinute, MINUTE_MS, type Summary } from "../telemetry/summary.ts";
import type { HostMetrics, MetricsPeriod, RoleCalls } from "./advice.ts";

/**
 * What the advisor reads of these minutes: for each host one entry for the breaker that its roles share, and
 * one for each role that has a breaker or a rate of its own.
 *
 * @param policyOf what holds now for a host key
 */
export function hostMetrics(
  minutes: Iterable<HostMinute>,
  policyOf: (host: string) => BreakerPolicy,
): HostMetrics[] {
  return [...byHost(minutes)].flatMap(([host, rows]) => metricsOf(host, rows, policyOf(host)));
}

/** What is known of each host, in the order in which hosts are first named. */
export function byHost<T extends { host: string }>(all: Iterable<T>): Map<string, T[]> {
  const hosts = new Map<string, T[]>();
  for (const one of all) {
    const known = hosts.get(one.host);
    if (known === undefined) hosts.set(one.host, [one]);
    else known.push(one);
  }
  return hosts;
}

function metricsOf(host: string, rows: HostMinute[], policy: BreakerPolicy): HostMetrics[] {
  const roles = new Set(rows.map(({ role }) => role).filter((role) => role !== SHARED));
  const apart = [...roles].filter((role) =>
    breakerName(policy, role) === role || ownRate(policy, role) !== undefined
  );
  const shared = rows.filter(({ role }) => breakerName(policy, role) === SHARED);
  return [
    { host, policy, periods: periodsOf(shared), roles: rolesOf(shared) },
    ...apart.map((role) => {
      return { host, role, policy, periods: periodsOf(rows.filter((row) => row.role === role)) };
    }),
  ];
}

/** How the roles fared that were named; requests without a role count for none. */
function rolesOf(rows: readonly HostMinute[]): Record<string, RoleCalls> {
  const roles = new Map<string, RoleCalls>();
  for (const { role, summary } of rows) {
    if (role === SHARED) continue;
    const { network, failures } = roles.get(role) ?? { network: 0, failures: 0 };
    roles.set(role, {
      network: network + summary.network,
      failures: failures + summary.failures,
    });
  }
  return Object.fromEntries(roles);
}

/** The rate that a policy names for a role, or for the host as a whole. */
export function ownRate(policy: BreakerPolicy, role = "*"): string | undefined {
  const { rates = {} } = policy;
  return Object.hasOwn(rates, role) ? rates[role] : undefined;
}

/** One period for each minute, oldest first. */
function periodsOf(rows: readonly HostMinute[]): MetricsPeriod[] {
  const minutes = new Map<number, Summary>();
  for (const { minute, summary } of rows) {
    addMinute(minutes, minute, summary);
  }
  return [...minutes].sort(([a], [b]) => a - b).map(([minute, summary]) => {
    return { startMs: minute * MINUTE_MS, durationMs: MINUTE_MS, summary };
  });
}

const COUNTS = [
  "calls",
  "network",
  "failures",
  "status429",
  "opens",
  "reopens",
  "probeSuccesses",
  "probeFailures",
] as const;
const HISTOGRAMS = ["retryAfterS", "openS", "runs"] as const;

/** What rules read of a summary. */
interface Totals extends Pick<Summary, typeof COUNTS[number] | typeof HISTOGRAMS[number]> {
  /** Requests that pacing denied. */
  paced: number;
  /** Requests that a breaker or a cooldown denied. */
  denied: number;
}

/** Metrics with all their periods taken together: what a rule reads. */
export interface PooledMetrics extends HostMetrics {
  /** All periods as one. */
  total: Totals;
  /** Milliseconds that at least one period covers. */
  observedMs: number;
}

/** Takes all periods together; undefined where they hold nothing, or something that is no count. */
export function pool(metrics: HostMetrics): PooledMetrics | undefined {
  const periods = metrics.periods.filter(({ startMs, durationMs }) =>
    Number.isFinite(startMs) && Number.isFinite(durationMs) && durationMs > 0
  );
  const total = totalOf(periods);
  if (total.calls === 0 || !isSound(total)) return undefined;
  return { ...metrics, periods, total, observedMs: coveredMs(periods) };
}

/** Into one object and not by merging: there are many periods, and most of a summary no rule asks for. */
function totalOf(periods: readonly MetricsPeriod[]): Totals {
  const retryAfterS: Record<string, number> = {};
  const openS: Record<string, number> = {};
  const runs: Record<string, number> = {};
  const total = {
    ...{ calls: 0, network: 0, failures: 0, status429: 0, opens: 0, reopens: 0 },
    ...{ probeSuccesses: 0, probeFailures: 0, paced: 0, denied: 0, retryAfterS, openS, runs },
  };
  for (const { summary } of periods) {
    for (const name of COUNTS) total[name] += summary[name];
    for (const [reason, count] of Object.entries(summary.denials)) {
      total[reason === "rate" ? "paced" : "denied"] += count;
    }
    for (const name of HISTOGRAMS) {
      const into = total[name];
      const from = summary[name];
      for (const value in from) into[value] = (into[value] ?? 0) + from[value]!;
    }
  }
  return total;
}

/** True where every number is a count, and every value of a histogram a number. */
function isSound(total: Totals): boolean {
  const isCount = (value: number) => Number.isFinite(value) && value >= 0;
  const histograms = HISTOGRAMS.flatMap((name) => Object.entries(total[name]).flat());
  const counts = COUNTS.map((name) => total[name]);
  return [...counts, total.paced, total.denied, ...histograms.map(Number)].every(isCount);
}

/** A clock that jumped back leaves periods that overlap. */
function coveredMs(periods: readonly MetricsPeriod[]): number {
  let covered = 0;
  let end = -Infinity;
  for (const { startMs, durationMs } of [...periods].sort((a, b) => a.startMs - b.startMs)) {
    const next = startMs + durationMs;
    covered += Math.max(0, next - Math.max(startMs, end));
    end = Math.max(end, next);
  }
  return covered;
}
