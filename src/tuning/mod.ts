/**
 * Learning from what happened: an advisor that names the numbers it rests on, a tuner that applies advice in
 * small steps that can be undone, and a replay of what another policy would have done with a recorded log.
 *
 * ## Replay
 *
 * The machine is pure, so a log can be put to it again under another policy:
 *
 * ```ts
 * import { BreakerRegistry, DEFAULT_POLICY } from "@breakwater/breakwater";
 * import { openSqliteLog } from "@breakwater/breakwater/telemetry";
 * import { compareReports, openEventFile, replay, searchPolicy } from "@breakwater/breakwater/tuning";
 *
 * const path = await Deno.makeTempFile(); // yours: "./events.sqlite"
 * {
 *   await using registry = new BreakerRegistry();
 *   await openSqliteLog(registry, path); // ... crawl
 * }
 * using log = await openEventFile(path); // or JSON lines with the names of the columns
 * const present = replay(log.events(), DEFAULT_POLICY);
 * const candidate = replay(log.events(), { ...DEFAULT_POLICY, failMax: 3 });
 * console.log(compareReports(present, candidate));
 * console.log(searchPolicy(log.events(), DEFAULT_POLICY)); // the best policy per host, by its own log
 * await Deno.remove(path);
 * ```
 *
 * A replay knows how the requests went that the log holds, when each left and came back, and so which of them the
 * candidate would have denied: under the policy that wrote the log it comes to the very same verdicts. How a request
 * would have gone that the log denied it cannot know: that is estimated from the nearest outcomes around it (failed
 * while the host had asked to be left alone), within five minutes, and counted apart under `estimated`. Nor can it know
 * that callers would have asked at other times, or that the host would have fared differently under more or fewer
 * requests. Pacing is not replayed; requests that it denied are left out and counted. A log written in mode `observe`
 * denies nothing, and leaves nothing to estimate.
 *
 * @example What another threshold would have spared
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
