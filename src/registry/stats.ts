/**
 * What a registry did so far and how its store was, put together for the metrics.
 *
 * @module
 */
import type { RegistryCore } from "./core.ts";
import type { OutcomeCounts, TransitionCount, VerdictCounts } from "./counters.ts";
import type { EngineStats, QueueStats } from "./engine/engine.ts";
import type { Latencies, LatencyStats } from "./latencies.ts";
import type { StoreHealth } from "./engine/store_guard.ts";
import type { StoreOperation } from "../stores/store.ts";

/** What the registry did so far, for the metrics. */
export interface RegistryStats extends EngineStats {
  /** Commands sent to the store. */
  commands: Readonly<Record<StoreOperation, number>>;
  /** Commands that failed. */
  errors: Readonly<Record<StoreOperation, number>>;
  /** Stored values that could not be read. */
  unreadableValues: number;
  /** Verdicts given. */
  verdicts: VerdictCounts;
  /** Outcomes told. */
  outcomes: OutcomeCounts;
  /** Breakers that changed their state, as this process made or saw them do. */
  transitions: readonly TransitionCount[];
  /** Events that wait to be written, now. */
  queues: QueueStats;
  /** How the store was. */
  store: StoreHealth;
  /** How long commands to the store and calls of the gate took. */
  latencies: Readonly<Record<"store" | "allow" | "record", LatencyStats>>;
}

/** As it stands now; a copy. */
export function statsOf(
  core: RegistryCore,
  gate: Readonly<Record<"allow" | "record", Latencies>>,
): RegistryStats {
  const { counters, pacer } = core;
  const { engine, guard } = core.cooldowns ?? core;
  const { verdicts } = counters;
  const queues = engine.queues();
  return {
    ...engine.stats(),
    commands: { ...guard.commands },
    errors: { ...guard.errors },
    unreadableValues: counters.unreadableValues,
    verdicts: {
      ...verdicts,
      denied: { ...verdicts.denied },
      observed: { ...verdicts.observed },
    },
    outcomes: { ...counters.outcomes },
    transitions: counters.transitions(),
    queues: { ...queues, unsaved: queues.unsaved + pacer.unsaved },
    store: guard.health(),
    latencies: {
      store: guard.latencies.stats(),
      allow: gate.allow.stats(),
      record: gate.record.stats(),
    },
  };
}
