/**
 * Runs contenders turn by turn, so that a noisy moment hits all alike.
 *
 * @module
 */
import process from "node:process";
import { type Figure, median } from "./figure.ts";

/** One call, awaited where it answers with a promise. */
export type Call = (i: number) => unknown;

/**
 * Nanoseconds of processor time per call, by name, that of collecting the garbage included: the median of the
 * rounds, after one that does not count. Not the time on the clock, in which other programs have their share.
 */
export async function takeTurns(
  contenders: Record<string, Call>,
  calls: number,
  rounds: number,
): Promise<Record<string, number>> {
  const times = Object.entries(contenders).map(([name, call]) => ({
    name,
    call,
    ns: [] as number[],
  }));
  for (let round = 0; round <= rounds; round++) {
    for (const { call, ns } of times) {
      const took = await once(call, calls);
      if (round > 0) ns.push(took);
    }
  }
  return Object.fromEntries(times.map(({ name, ns }) => [name, median(ns)]));
}

async function once(call: Call, calls: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) {
    const answer = call(i);
    if (answer instanceof Promise) await answer;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1_000 / calls;
}

/** The first beside each of the others. */
export function beside(
  what: string,
  times: Record<string, number>,
  goals: Record<string, string> = {},
): Figure[] {
  const [[name, value], ...others] = Object.entries(times) as [
    [string, number], // safe: there is at least one
    ...[string, number][],
  ];
  return others.map(([other, ns]) => ({
    name: `${what}: ${name} beside ${other}`,
    value: value / ns,
    unit: "x",
    goal: goals[other],
    from: [{ name, value, unit: "ns" }, { name: other, value: ns, unit: "ns" }],
  }));
}
