/**
 * The small grid search beside the rules: which policies are tried on a host's log, and which of them becomes
 * advice. Pure; `grid.ts` searches a log at one go.
 *
 * @module
 */
import { SHARED } from "../breaker/names.ts";
import { breakerName } from "../breaker/limits.ts";
import { mergePolicy } from "../breaker/policy.ts";
import type { BreakerPolicy, PolicyPatch } from "../breaker/policy_types.ts";
import type { Advice, HostMetrics, RoleCalls } from "./advice.ts";
import { TUNER_BOUNDS } from "./clamps.ts";
import { breakerKind, confidence, seconds } from "./breaker_advice.ts";
import { type Bar, judge, type Judgement, LEAST_BLOCKS } from "./judgement.ts";
import { costOf, type Figures } from "./report.ts";

/** Failures of a role that show it to fail. */
const LEAST_ROLE_FAILURES = 10;
/** A role fails by itself where its share of failures is so many times that of the others. */
const ROLE_FACTOR = 2;

const FAIL_MAX = [3, 5, 7, 10];
/** About a third more from one to the next; within the tuner's bounds. */
const RESET_S = [15, 20, 27, 36, 48, 60, 80, 105, 140, 190, 250, 340];

/**
 * What the search must save, as a share of the present cost. The cheapest of some fifty is chosen, and the
 * cheapest of many is partly chance: more is asked of it than of a rule.
 */
const GRID_GAIN = 0.15;
/** A further breaker is a further thing to know of: it must be well worth it. */
const ROLE_GAIN = 0.3;
/**
 * Where a host flaps, nearly all that a log has of it is estimates: when it came back between two probes, nobody
 * knows. There the grid counts only where it halves the opens, as more failures do that open.
 */
const FLAPPING_OPENS = 0.5;
/**
 * What the log does know of such a host is which probe was answered. Where that is mostly the second or the third one,
 * a reset timeout just under twice or three times as long asks when that one would, and spares those before: it opens
 * less often, and need save nothing.
 */
const LATER_PROBES = [1.95, 2.95];
const LATER_PROBE_OPENS = 0.8;

/** A policy to be tried. */
export interface Candidate {
  patch: PolicyPatch;
  /** What it would make of the present policy. */
  policy: BreakerPolicy;
  kind: "grid" | "later_probe" | "role";
  /** Present where it gives a role a breaker of its own. */
  role?: string;
  /** Indices of the candidates with the next shorter and the next longer reset timeout; itself where there is none. */
  beside: readonly [number, number];
}

/** How often the host opened. Where it did not, there is nothing to search for: it is as it should be. */
export function opensOf(metrics: readonly HostMetrics[]): number {
  return metrics.flatMap(({ periods }) => periods)
    .reduce((sum, { summary }) => sum + summary.opens, 0);
}

/**
 * What is tried on the host's log: every pair of failures and reset timeout; a reset timeout two and three times as long;
 * where a role fails much more than the others, a breaker of its own for it.
 */
export function searchCandidates(
  present: BreakerPolicy,
  metrics: readonly HostMetrics[],
): Candidate[] {
  const candidates = gridOf(present);
  const add = (kind: Candidate["kind"], patch: PolicyPatch, role?: string) => {
    const itself = candidates.length;
    const policy = mergePolicy(present, patch);
    candidates.push({ patch, policy, kind, beside: [itself, itself], ...(role && { role }) });
  };
  for (const times of LATER_PROBES) {
    const resetTimeoutMs = Math.round(present.resetTimeoutMs * times);
    if (resetTimeoutMs <= longestOf(present)) add("later_probe", { resetTimeoutMs });
  }
  const roles = metrics.flatMap(({ roles = {} }) => failingRoles(roles))
    .filter((role) => breakerName(present, role) === SHARED);
  for (const role of roles) add("role", { roles: { [role]: { failMax: present.failMax } } }, role);
  return candidates;
}

function gridOf(present: BreakerPolicy): Candidate[] {
  const resets = RESET_S.map((seconds) => seconds * 1000)
    .filter((resetMs) => resetMs <= longestOf(present));
  return FAIL_MAX.flatMap((failMax, row) =>
    resets.map((resetTimeoutMs, column): Candidate => {
      const at = (other: number) =>
        row * resets.length + Math.min(Math.max(other, 0), resets.length - 1);
      const patch = { failMax, resetTimeoutMs };
      const policy = mergePolicy(present, patch);
      return { patch, policy, kind: "grid", beside: [at(column - 1), at(column + 1)] };
    })
  );
}

/** What is asked of a candidate; undefined where it is not for such a host. */
function barOf({ kind }: Candidate, isFlapping: boolean): Bar | undefined {
  switch (kind) {
    case "grid":
      return { gain: GRID_GAIN, ...(isFlapping && { mostOpens: FLAPPING_OPENS }) };
    case "later_probe":
      return isFlapping ? { gain: 0, mostOpens: LATER_PROBE_OPENS } : undefined;
    case "role":
      // Flapping or not: a role that opens alone does not keep the others from the host.
      return { gain: ROLE_GAIN };
  }
}

function longestOf({ maxResetTimeoutMs }: BreakerPolicy): number {
  return Math.min(maxResetTimeoutMs, TUNER_BOUNDS.resetTimeoutMs[1]);
}

/** Roles that fail much more than the others do. */
function failingRoles(roles: Readonly<Record<string, RoleCalls>>): string[] {
  const all = Object.values(roles);
  const network = all.reduce((sum, one) => sum + one.network, 0);
  const failures = all.reduce((sum, one) => sum + one.failures, 0);
  return Object.entries(roles).filter(([, of]) => {
    const others = network - of.network;
    return of.failures >= LEAST_ROLE_FAILURES && others > 0 &&
      of.failures / of.network >= ROLE_FACTOR * (failures - of.failures) / others;
  }).map(([role]) => role);
}

/**
 * The candidate that would have cost least, of those that the log speaks for; undefined where it speaks for none.
 *
 * The cost of a reset timeout is taken together with that of the next shorter and the next longer one: by itself,
 * one wins that happens to end with an outage of the log.
 *
 * @param figures of each candidate, block by block
 */
export function searchAdvice(
  host: string,
  present: { policy: BreakerPolicy; figures: readonly Figures[] },
  candidates: readonly Candidate[],
  figures: readonly (readonly Figures[])[],
  isFlapping: boolean,
): Advice | undefined {
  const passed = candidates.flatMap((candidate, i) => {
    const bar = barOf(candidate, isFlapping);
    if (bar === undefined || !isChange(candidate, present.policy)) return [];
    const [shorter, longer] = candidate.beside;
    const costs = figures[i]!.map((here, block) =>
      (costOf(figures[shorter]![block]!) + 2 * costOf(here) + costOf(figures[longer]![block]!)) / 4
    );
    const judgement = judge(present.figures, figures[i]!, bar, costs);
    return judgement.withheld === undefined ? [{ candidate, judgement }] : [];
  });
  const [best] = passed.sort((a, b) => a.judgement.cost - b.judgement.cost);
  return best && adviceOf(host, present.policy, best.candidate, best.judgement);
}

function isChange({ role, policy }: Candidate, present: BreakerPolicy): boolean {
  return role !== undefined || policy.failMax !== present.failMax ||
    policy.resetTimeoutMs !== present.resetTimeoutMs;
}

function adviceOf(
  host: string,
  present: BreakerPolicy,
  candidate: Candidate,
  { comparison, differing, better }: Judgement,
): Advice {
  const { patch, role } = candidate;
  const [costFrom, costTo] = comparison.cost;
  const { words, ...change } = changeOf(candidate, present);
  return {
    host,
    ...(role !== undefined && { role }),
    rule: "search",
    ...change,
    patch,
    evidence: { costFrom, costTo, differingBlocks: differing, betterBlocks: better },
    confidence: confidence(differing, LEAST_BLOCKS),
    reason: `On the host's own log it would have wasted or missed ${costTo} requests instead of ` +
      `${costFrom}, less in ${better} of the ${differing} blocks in which they differ: ${words}`,
    replay: comparison,
  };
}

/** What is named as the change, where there are two: the reset timeout. */
function changeOf(
  { role, policy }: Candidate,
  present: BreakerPolicy,
): Pick<Advice, "parameter" | "from" | "to"> & { words: string } {
  if (role !== undefined) {
    return {
      parameter: "breaker",
      from: breakerKind(present, role),
      to: breakerKind(policy, role),
      words: `a breaker of its own for '${role}'`,
    };
  }
  const [fails, failsNow] = [policy.failMax, present.failMax];
  const [reset, resetNow] = [policy.resetTimeoutMs, present.resetTimeoutMs];
  const failWords = `failures that open from ${failsNow} to ${fails}`;
  const resetWords = `reset timeout from ${seconds(resetNow)} to ${seconds(reset)}`;
  if (reset === resetNow) {
    return { parameter: "failMax", from: failsNow, to: fails, words: failWords };
  }
  const words = fails === failsNow ? resetWords : `${resetWords}, ${failWords}`;
  return { parameter: "resetTimeoutMs", from: resetNow, to: reset, words };
}
