/**
 * Learning from what happened: an advisor that names the numbers it rests on, a tuner that applies advice in
 * small steps that can be undone, and a replay of what another policy would have done with a recorded log.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DEFAULT_POLICY } from "@breakwater/breakwater";
 * import { type HttpEvent, replay } from "@breakwater/breakwater/tuning";
 *
 * const host = "api.example.org";
 * const events = [0, 1, 2, 3, 4, 5].map((n): HttpEvent => {
 *   return { ts: n * 1000, host, status: 503, latencyMs: 100, recorded: true };
 * });
 * assertEquals(replay(events, DEFAULT_POLICY).failuresSent, 5);
 * assertEquals(replay(events, { ...DEFAULT_POLICY, failMax: 2 }).failuresAvoided, 4);
 * ```
 *
 * @module
 */
export type {
  Advice,
  AdviceParameter,
  AdviceRule,
  HostMetrics,
  MetricsPeriod,
  RoleCalls,
} from "./advice.ts";
export { advise } from "./advise.ts";
export { hostMetrics } from "./host_metrics.ts";
export { summaryMetrics } from "./summary_metrics.ts";
export { TUNER_BOUNDS } from "./clamps.ts";
export { type Evidence, type EvidenceOptions, replayEvidence } from "./evidence.ts";
export { Tuner } from "./tuner.ts";
export type { TunerMode, TunerOptions, TunerRound } from "./tuner_options.ts";
export type { TuningRecord, TuningStep } from "./tuning_record.ts";
export { TuningError } from "./tuning_steps.ts";
export type { DamagedRow, HttpEvent } from "./http_event.ts";
export { isDenial, readHttpEvent } from "./http_event.ts";
export { EventFile, EventFileError, type EventFileOptions, openEventFile } from "./event_file.ts";
export { type PolicyOf, replay, type ReplayOptions } from "./replay.ts";
export {
  compareReports,
  type Comparison,
  costOf,
  type Figures,
  type HostReport,
  type Ledger,
  missedOf,
  type Report,
  wastedOf,
} from "./report.ts";
export { type HostSearch, type SearchOptions, searchPolicy } from "./grid.ts";
