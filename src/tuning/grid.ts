/**
 * A small grid search: which policy would have done best on the log of each host, by replay. Proposes, and
 * changes nothing.
 *
 * @module
 */
import { mergePolicy } from "../breaker/policy.ts";
import type { BreakerPolicy, PolicyPatch } from "../breaker/policy_types.ts";
import type { HttpEvent } from "./http_event.ts";
import { policyFor, type PolicyOf, replayEach, type ReplayOptions } from "./replay.ts";
import { compareReports, type Comparison, costOf, type HostReport } from "./report.ts";

/** What is tried. Every value is tried with every other. */
export interface SearchOptions extends ReplayOptions {
  /** Failures in a row that open. @default {[2, 3, 4, 5, 7, 10]} */
  failMax?: readonly number[];
  /** How long the first open lasts, in milliseconds. @default {[15000, 30000, 60000, 120000, 300000, 600000]} */
  resetTimeoutMs?: readonly number[];
  /** Probes that must succeed to close. @default {[1, 2, 3]} */
  successThreshold?: readonly number[];
  /** A host with fewer requests keeps its policy: what fits a short log best fits chance. @default {200} */
  minRequests?: number;
}

/** What was found for one host. */
export interface HostSearch {
  /** Host key. */
  host: string;
  /** Requests in its log. */
  requests: number;
  /** False where those are too few to choose by; then the present policy is proposed. */
  enough: boolean;
  /** What the present policy would have done. */
  present: HostReport;
  /** What the policy that is proposed would have done. */
  best: HostReport;
  /** What the policy that is proposed sets differently from the present one; empty where that stays. */
  patch: PolicyPatch;
  /** Both compared. */
  comparison: Comparison;
}

/** One candidate: the values that it sets. */
type Point = Pick<BreakerPolicy, "failMax" | "resetTimeoutMs" | "successThreshold">;

const NAMES = ["failMax", "resetTimeoutMs", "successThreshold"] as const;

/**
 * The policy that would have cost each host least on its own log: wasted plus missed requests. Among equals it is
 * the one nearest to the present policy, which so stays where nothing is better. All candidates are replayed in
 * one reading of the events; time grows with their number. Roles that override a value keep theirs.
 *
 * The log that chooses also judges: the gain on requests to come will be smaller than the one shown.
 *
 * @throws {RangeError} where a value to be tried is out of the bounds of policies
 */
export function searchPolicy(
  events: Iterable<HttpEvent>,
  present: PolicyOf,
  options: SearchOptions = {},
): HostSearch[] {
  const { minRequests = 200 } = options;
  const points = pointsOf(options);
  const candidates = (host: string) => {
    const base = policyFor(present, host);
    return [base, ...points.map((point) => mergePolicy(base, point))];
  };
  const [atPresent, ...others] = replayEach(events, candidates, points.length + 1, options);
  return atPresent!.hosts.map((report, host): HostSearch => {
    const policy = policyFor(present, report.host);
    const tried = points.map((point, i) => ({
      report: others[i]!.hosts[host]!,
      patch: patchOf(point, policy),
      distance: distanceOf(point, policy),
    }));
    const { requests } = report;
    const enough = requests >= minRequests;
    const stay = { report, patch: {}, distance: 0 };
    const best = enough ? [stay, ...tried].reduce(cheaper) : stay;
    return {
      host: report.host,
      requests,
      enough,
      present: report,
      best: best.report,
      patch: best.patch,
      comparison: compareReports(report, best.report),
    };
  });
}

interface Tried {
  report: HostReport;
  patch: PolicyPatch;
  distance: number;
}

function cheaper(best: Tried, other: Tried): Tried {
  const gain = costOf(best.report) - costOf(other.report);
  return gain > 0 || (gain === 0 && other.distance < best.distance) ? other : best;
}

function pointsOf({
  failMax = [2, 3, 4, 5, 7, 10],
  resetTimeoutMs = [15_000, 30_000, 60_000, 120_000, 300_000, 600_000],
  successThreshold = [1, 2, 3],
}: SearchOptions): Point[] {
  return failMax.flatMap((failures) =>
    resetTimeoutMs.flatMap((resetMs) =>
      successThreshold.map((successes) => ({
        failMax: failures,
        resetTimeoutMs: resetMs,
        successThreshold: successes,
      }))
    )
  );
}

function patchOf(point: Point, policy: BreakerPolicy): PolicyPatch {
  const patch: PolicyPatch = {};
  for (const name of NAMES) if (point[name] !== policy[name]) patch[name] = point[name];
  return patch;
}

/** How many times as large or as small, all values together: from 5 to 10 is as far as from 4 to 2. */
function distanceOf(point: Point, policy: BreakerPolicy): number {
  return NAMES.reduce((sum, name) => sum + Math.abs(Math.log(point[name] / policy[name])), 0);
}
