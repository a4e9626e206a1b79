/**
 * What a tuner is told and what it tells, as types.
 *
 * @module
 */
import type { PolicyChange } from "../breaker/operators.ts";
import type { BreakerRegistry } from "../registry/registry.ts";
import type { MaybePromise } from "../stores/store.ts";
import type { Advice, HostMetrics } from "./advice.ts";
import type { Evidence } from "./evidence.ts";
import type { TuningStep } from "./tuning_record.ts";

/** What a tuner does with advice: nothing, show how it would have gone on the log, or apply it. */
export type TunerMode = "observe" | "suggest" | "enforce";

/** How a tuner is made. */
export interface TunerOptions {
  /** Whose policies are tuned. Its store keeps what was done, for every process on it. */
  registry: BreakerRegistry;
  /** What happened in the last so many milliseconds. */
  metrics: (windowMs: number) => MaybePromise<readonly HostMetrics[]>;
  /** What it does with advice. @default {"suggest"} */
  mode?: TunerMode;
  /** Least time between two steps of a host, all processes together, in milliseconds. @default {900000} */
  intervalMs?: number;
  /** How far back is looked, in milliseconds. What lies before a host's last step is left out. @default {3600000} */
  windowMs?: number;
  /**
   * What a host's own log says of policies: advice is judged by it before it is shown or applied, and better policies
   * are searched for on it. @default neither is done
   */
  evidence?: Evidence;
  /** With `enforce`: takes all changes so far, to be written into a file, instead of their being set. */
  write?: (changes: readonly PolicyChange[]) => MaybePromise<void>;
  /** Hears of each round that the tuner began by itself. */
  onRound?: (round: TunerRound) => void;
}

/** What came of one look at all hosts. */
export interface TunerRound {
  /** When, in epoch milliseconds. */
  at: number;
  /** What there is to say; for hosts whose turn it is not, with `enforce`, nothing. */
  advice: readonly Advice[];
  /** Hosts, and what was changed. */
  steps: readonly (TuningStep & { host: string })[];
  /** What went wrong, in words. */
  problems: readonly string[];
}
