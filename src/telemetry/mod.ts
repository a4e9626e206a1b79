/**
 * Watching breakers: events of every process on a store, metrics for Prometheus and OpenTelemetry, summaries per
 * minute, and an event log for local runs. The edge does the first three by itself; here they are for crawlers that
 * use a registry of their own.
 *
 * ## Summaries
 *
 * What happens to a host in trouble is summed up per host, role and minute: outcomes, denials by reason, Retry-After
 * values, latencies, opens and how long they lasted, probes, runs of failures. Every process adds its share to the
 * store, so that a reader sees all of them together:
 *
 * ```ts
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { readSummaries, summariesOf } from "@breakwater/breakwater/telemetry";
 *
 * await using registry = new BreakerRegistry(); // with a store: the summaries of all processes on it
 * summariesOf(registry, { keptMs: 24 * 3_600_000 }); // from now on
 * // ... crawl
 * const { minutes } = await readSummaries(registry, { sinceMs: Date.now() - 3_600_000 });
 * for (const { host, role, minute, summary } of minutes) {
 *   console.log(host, role, minute, summary.calls);
 * }
 * ```
 *
 * A host that is well is written nowhere. From a failure, a 429 or 503, a denial or a change of state on, a host counts
 * as in trouble for an hour, and all its minutes are kept, the quiet ones too: ratios have their denominators. Shares
 * are written every 5 s while there is trouble, else once a minute, and when the registry is disposed. They are kept for
 * 24 hours, in one value per host, role and hour that fits into every store (where it would not, values are told apart
 * less finely; no count is lost). A process that is killed loses what it had not written, 5 s at most while the store
 * answers; a write whose answer was lost counts once.
 *
 * ## Event log
 *
 * What a registry decides and hears can go into an SQLite file, to be queried by hand and replayed under other policies
 * (`./tuning`):
 *
 * ```ts
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { openSqliteLog } from "@breakwater/breakwater/telemetry";
 *
 * await using registry = new BreakerRegistry();
 * // A path such as "./events.sqlite" to keep it.
 * await openSqliteLog(registry, ":memory:", { onTrouble: console.warn });
 * // ... crawl; the log is written to the end when the registry is disposed
 * ```
 *
 * `http_events` holds a row for each outcome, and one for each request denied (there `breaker_recorded` is NULL).
 * `breaker_transitions` holds a row for each change of state. `ts` is in epoch milliseconds. Rows are written in
 * transactions of up to 500, a second late at most; the newest million rows of the last seven days are kept. Several
 * processes can write to one file. A file that cannot be written costs rows, never a request.
 *
 * Opens per host in the last hour (a cooldown opens all breakers of a host at one moment, and is one open):
 *
 * ```sql
 * SELECT host, count(DISTINCT ts) AS opens
 * FROM breaker_transitions
 * WHERE scope = 'host' AND new_state = 'open' AND old_state <> 'open'
 *   AND ts > unixepoch() * 1000 - 3600000
 * GROUP BY host ORDER BY opens DESC, host;
 * ```
 *
 * Mean open duration, from the open to the first probe or to the close by hand:
 *
 * ```sql
 * WITH changes AS (
 *   SELECT host, new_state, ts,
 *     lead(ts) OVER (PARTITION BY scope, host, role ORDER BY ts, rowid) AS ended
 *   FROM breaker_transitions WHERE old_state <> new_state
 * )
 * SELECT host, avg(ended - ts) / 1000 AS mean_open_s
 * FROM changes WHERE new_state = 'open' AND ended IS NOT NULL
 * GROUP BY host ORDER BY mean_open_s DESC, host;
 * ```
 *
 * Half-open success rate: how many of the half-open periods ended closed:
 *
 * ```sql
 * SELECT host, avg(new_state = 'closed') AS success_ratio, count(*) AS periods
 * FROM breaker_transitions
 * WHERE old_state = 'half_open' AND reason <> 'manual'
 * GROUP BY host ORDER BY success_ratio, host;
 * ```
 *
 * @example Metrics
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
