/**
 * What another policy would have done with the requests of a log. Every request is put to the same machine that
 * decides in earnest; there is no registry, no store and no clock here.
 *
 * What a replay knows: how the requests went that the log holds with their outcomes, when each began and ended,
 * and so which of them the candidate would have denied, and when it would have opened and closed.
 *
 * What it cannot know: how a request would have gone that the log denied. That is estimated from the outcomes
 * around it (see `estimateOf`), and counted apart under `estimated`. Nor can it know that callers would have
 * asked less or more often under another policy (one that is denied may ask again soon: each time counts), that
 * the host would have fared better or worse with more or fewer requests, what pacing would have done, or which
 * of the denials were a resolver's. A log in mode `observe` denies nothing: there is nothing to estimate.
 *
 * @module
 */
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import { type HttpEvent, isDenial } from "./http_event.ts";
import { type LoggedRequest, LogLane } from "./log_lane.ts";
import { type HostReport, type Report, sumOf } from "./report.ts";
import { Trial } from "./trial.ts";

/** How a replay estimates. */
export interface ReplayOptions {
  /** How near an outcome must be to tell of a request that the log denied, in milliseconds. @default {300000} */
  estimateWithinMs?: number;
}

/** A policy for every host, or by host key. */
export type PolicyOf = BreakerPolicy | ((host: string) => BreakerPolicy);

/** The log of one host, and each candidate's trial on it. */
interface Lane {
  log: LogLane;
  trials: readonly Trial[];
}

/**
 * What a policy would have done with the requests of a log. Reads the events once, in their order, and holds of
 * them only what began within the last minute, or was denied and waits for an outcome to be estimated from.
 *
 * @throws {RangeError} where the window is not 0 or above, or an event's time is no number
 * @throws {TypeError} where an event has a status that cannot be
 */
export function replay(
  events: Iterable<HttpEvent>,
  policy: PolicyOf,
  options: ReplayOptions = {},
): Report {
  return replayEach(events, (host) => [policyFor(policy, host)], 1, options)[0]!;
}

/**
 * The same for several candidates in one reading.
 *
 * @param candidates the policies of each host, as many for one as for another
 */
export function replayEach(
  events: Iterable<HttpEvent>,
  candidates: (host: string) => readonly BreakerPolicy[],
  count: number,
  { estimateWithinMs = 300_000 }: ReplayOptions,
): Report[] {
  if (!(estimateWithinMs >= 0)) {
    throw new RangeError(
      `Cannot replay as 'estimateWithinMs' must be 0 or above: received ${estimateWithinMs}`,
    );
  }
  const lanes = new Map<string, Lane>();
  const rest = { cached: 0, paced: 0, clockJumps: 0 };
  let startMs = Infinity;
  let endMs = -Infinity;
  for (const event of events) {
    if (!Number.isFinite(event.ts)) {
      throw new RangeError(
        `Cannot replay an event whose 'ts' is ${event.ts}: give epoch milliseconds`,
      );
    }
    startMs = Math.min(startMs, event.ts);
    endMs = Math.max(endMs, event.ts);
    if (event.fromCache) rest.cached++;
    else if (event.breakerState === "closed" && isDenial(event)) rest.paced++;
    else laneOf(lanes, event.host, candidates, estimateWithinMs).log.take(event);
  }
  for (const { log } of lanes.values()) {
    log.finish();
    rest.clockJumps += log.clockJumps;
  }
  const span = lanes.size > 0 ? { startMs, endMs } : {};
  return Array.from({ length: count }, (_, i) => {
    const hosts = [...lanes.values()].map(({ trials }): HostReport => trials[i]!.report(endMs));
    return { ...sumOf(hosts), hosts, ...rest, ...span };
  });
}

/** The policy of a host. */
export function policyFor(policy: PolicyOf, host: string): BreakerPolicy {
  return typeof policy === "function" ? policy(host) : policy;
}

function laneOf(
  lanes: Map<string, Lane>,
  host: string,
  candidates: (host: string) => readonly BreakerPolicy[],
  windowMs: number,
): Lane {
  const known = lanes.get(host);
  if (known !== undefined) return known;
  const trials = candidates(host).map((policy) => new Trial(host, policy));
  const [only] = trials;
  const reader = trials.length === 1 ? only! : {
    begin: (request: LoggedRequest) => trials.forEach((trial) => trial.begin(request)),
    end: (request: LoggedRequest) => trials.forEach((trial) => trial.end(request)),
  };
  const lane = { log: new LogLane(reader, windowMs), trials };
  lanes.set(host, lane);
  return lane;
}
