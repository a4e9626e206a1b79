/**
 * Watching breakers: events of every process on a store, metrics for Prometheus and OpenTelemetry. The edge
 * does all of this by itself; here it is for crawlers that use a registry of their own.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { eventLogOf, prometheusText, registryMetrics } from "@breakwater/breakwater/telemetry";
 *
 * await using registry = new BreakerRegistry();
 * eventLogOf(registry); // what happens here is told to the readers of every edge on the same store
 * const text = prometheusText(registryMetrics(registry.stats()));
 * assertStringIncludes(text, "breakwater_verdicts_total");
 * ```
 *
 * @module
 */
export {
  EventCursor,
  EventLog,
  eventLogOf,
  type EventLogOptions,
  type EventLogStats,
  type EventReader,
} from "./event_log.ts";
export type { RingBounds } from "./event_ring.ts";
export type { ToldEvent } from "./event_wire.ts";
export type { SharedPace } from "./shared_events.ts";
export {
  type Family,
  type Histogram,
  type Labels,
  PROMETHEUS_TYPE,
  prometheusText,
  type Sample,
} from "./prometheus.ts";
export { registryMetrics } from "./metrics.ts";
export { observeRegistry } from "./otel.ts";
export {
  readSummaries,
  Summaries,
  summariesOf,
  type SummariesOptions,
  type SummariesStats,
} from "./summaries.ts";
export type { SummaryQuery, SummaryReading } from "./summary_share.ts";
export { EMPTY_SUMMARY, type HostMinute, mergeSummaries, type Summary } from "./summary.ts";
export { countOf, type Histogram as ValueCounts, quantile } from "./histogram.ts";
export {
  openSqliteLog,
  SqliteLog,
  type SqliteLogOptions,
  type SqliteLogStats,
} from "./sqlite_log.ts";
