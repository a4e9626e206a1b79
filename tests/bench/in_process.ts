/**
 * What a breaker costs in the process, beside the peers'.
 *
 * @module
 */
import type { Figure, Group } from "./figure.ts";
import { measureAlone } from "./measure_alone.ts";
import { DENIED, FAILING, gatedFetch, HEALTHY, registryPair } from "./peers.ts";
import { beside, type Call, takeTurns } from "./turns.ts";

const CALLS = 100_000;
/** Where errors are thrown. */
const DENIED_CALLS = 20_000;
/** Where one call may take many microseconds, as opossum's does that fails. */
const SLOW_CALLS = 2_000;
const HOSTS = 100_000;
const HOT_HOSTS = 100;

function made(contenders: Record<string, () => Call>): Record<string, Call> {
  return Object.fromEntries(Object.entries(contenders).map(([name, make]) => [name, make()]));
}

/** Single breakers. */
export const inProcess: Group = {
  name: "in the process: one breaker, beside the peers",
  async run({ rounds }) {
    const healthy = await takeTurns(made(HEALTHY), CALLS, rounds);
    const { "Breaker.allow": allow, ...runs } = await takeTurns(made(DENIED), DENIED_CALLS, rounds);
    const { "Breaker.run": _, ...rejections } = runs;
    const failing = await takeTurns(made(FAILING), SLOW_CALLS, rounds);
    return [
      ...beside("healthy", healthy, {
        "cockatiel.execute": "1.0 or less",
        "opossum.fire": "0.4 or less",
      }),
      ...beside("denied, no throw", { "Breaker.allow": allow!, ...rejections }, {
        "cockatiel.execute": "0.05 or less",
        "opossum.fire": "0.05 or less",
      }),
      ...beside("denied, thrown", runs),
      ...beside("failing four times of five", failing),
    ];
  },
};

/** Registries. */
export const registries: Group = {
  name: "in the process: a registry, role and resolver",
  async run({ rounds }) {
    const execute = HEALTHY["cockatiel.execute"]!();
    const { execute: one, all, hot } = await takeTurns(
      { execute, all: registryPair(HOSTS), hot: registryPair(HOT_HOSTS) },
      CALLS,
      rounds,
    );
    const { ours, fedify } = await measureAlone("fedify", "", HOT_HOSTS);
    const figure = (hosts: number, value: number, goals?: Record<string, string>): Figure[] =>
      beside(`${hosts.toLocaleString("en")} hosts`, {
        "allow + record": value,
        "one cockatiel.execute": one!,
      }, goals);
    return [
      ...figure(HOSTS, all!, { "one cockatiel.execute": "1.5 or less" }),
      ...figure(HOT_HOSTS, hot!),
      ...beside(`${HOT_HOSTS} hosts`, {
        "allow + record": ours!,
        "Fedify's beforeSend + recordSuccess": fedify!,
      }),
    ];
  },
};

/** The wrapper around `fetch`. */
export const fetchWrapper: Group = {
  name: "in the process: breakerFetch over a stub",
  async run({ rounds }) {
    const answer = Promise.resolve(new Response());
    const times = await takeTurns(
      { gated: gatedFetch(HOT_HOSTS), stub: async () => await answer },
      CALLS / 2,
      rounds,
    );
    return [{
      name: "added to each call",
      value: times["gated"]! - times["stub"]!,
      unit: "ns",
      goal: "2,000 or less",
      from: [
        { name: "breakerFetch", value: times["gated"]!, unit: "ns" },
        { name: "the stub alone", value: times["stub"]!, unit: "ns" },
      ],
    }];
  },
};
