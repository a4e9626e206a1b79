/**
 * The registry with its tuner: begins with the default policy, and takes a step each interval on the summaries
 * and the log of its own events.
 *
 * @module
 */
import { replayEvidence, summaryMetrics, Tuner } from "../../src/tuning/mod.ts";
import { runThrough, simulatedRegistry } from "./breakwater_gate.ts";
import { EventTape } from "./event_tape.ts";
import type { Contender } from "./gate.ts";

/** Least time between two steps, and between two looks: the tuner's default. */
const INTERVAL_MS = 900_000;

/** The default policy, then what the tuner makes of it. */
export const TUNED: Contender = {
  name: "tuned",
  learns: true,
  make(world) {
    const registry = simulatedRegistry(world);
    const tape = new EventTape(registry);
    const tuner = new Tuner({
      registry,
      mode: "enforce",
      intervalMs: INTERVAL_MS,
      metrics: summaryMetrics(registry),
      evidence: replayEvidence((_host, sinceMs) => tape.since(sinceMs)),
      onRound: ({ steps, problems }) => {
        for (const problem of problems) world.onTrouble(problem);
        for (const step of steps) world.onStep(step);
      },
    });
    tuner.start(INTERVAL_MS);
    return {
      run: runThrough(registry, world),
      [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
    };
  },
};
