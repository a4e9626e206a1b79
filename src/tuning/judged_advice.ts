/**
 * The advice for one host as its own log has it: what the rules say and what a search finds, each with its
 * figures, and which comes first. What a log has to say for a policy stands in `judgement.ts`.
 *
 * @module
 */
import { mergePolicy } from "../breaker/policy.ts";
import type { Advice, HostMetrics } from "./advice.ts";
import type { Evidence } from "./evidence.ts";
import { bounded, type HostLook } from "./host_look.ts";
import { judge } from "./judgement.ts";
import type { Figures } from "./report.ts";
import { LEAST_REOPENS } from "./reset_rules.ts";
import { searchAdvice, searchCandidates } from "./search_rule.ts";

/**
 * What a rule's advice must save on the log, as a share of the present cost. Less is chance: without it every
 * round lets through whatever did a little better on the last outage.
 */
const RULE_GAIN = 0.05;

/** A host that came back so often in one block of its log flaps: one outage an hour or two does not do that. */
const FLAPPING_RECOVERIES = 3;

/** True where the log may have something to say: pacing is not replayed, and comes before the breaker. */
export function isForTheLog({ opens, advice }: HostLook): boolean {
  if (advice.some(({ rule }) => rule === "pace")) return false;
  return advice.some(isJudged) || opens > 0;
}

/**
 * All advice for the host, judged; what would have cost least comes first, what is withheld last. Without a log of
 * the host, what the rules say stands by itself.
 *
 * @throws whatever the evidence throws
 */
export async function judgedAdvice(
  look: HostLook,
  evidence: Evidence,
  now: number,
): Promise<readonly Advice[]> {
  const { host, policy, metrics, opens, advice } = look;
  const candidates = opens > 0 ? searchCandidates(policy, metrics) : [];
  const rules = advice.filter(isJudged);
  const policies = [
    policy,
    ...rules.map(({ patch }) => mergePolicy(policy, patch)),
    ...candidates.map((candidate) => candidate.policy),
  ];
  const figures = await evidence(host, policies, now);
  if (figures === undefined) return advice;
  const [present = [], ...others] = figures;
  const isFlapping = metrics.some(hasReopened) || present.some(hasClosedOften);
  const judged = rules.map((one, i): Advice => {
    const bar = { gain: RULE_GAIN, ...(isFlapping && { mostOpens: 1 }) };
    const { comparison: replay, withheld } = judge(present, others[i]!, bar);
    return { ...one, replay, ...(withheld !== undefined && { withheld }) };
  });
  const tried = others.slice(rules.length);
  const found = searchAdvice(host, { policy, figures: present }, candidates, tried, isFlapping);
  const rest = advice.filter((one) => !isJudged(one));
  return [...judged, ...(found === undefined ? [] : [bounded(found, look, now)]), ...rest]
    .sort((a, b) => placeOf(a) - placeOf(b));
}

/** Pacing is not replayed, and what is withheld already needs no reason more. */
function isJudged({ parameter, withheld }: Advice): boolean {
  return parameter !== "rate" && withheld === undefined;
}

function hasReopened({ periods }: HostMetrics): boolean {
  return periods.reduce((sum, { summary }) => sum + summary.reopens, 0) >= LEAST_REOPENS;
}

/** The window of the metrics may just hold a rest. A host that asks for pauses does not flap. */
function hasClosedOften({ recoveries, opens, cooldowns }: Figures): boolean {
  return recoveries >= FLAPPING_RECOVERIES && opens > cooldowns;
}

function placeOf({ replay, withheld }: Advice): number {
  if (withheld !== undefined) return Infinity;
  return replay === undefined ? Number.MAX_VALUE : replay.cost[1];
}
