/**
 * What is measured, by name: from the numbers that the registry, the event log and the count of troubles keep
 * anyway. Reads no clock and asks no store.
 *
 * @module
 */
import { LATENCY_BOUNDS_MS, type LatencyStats } from "../registry/latencies.ts";
import type { RegistryStats } from "../registry/stats.ts";
import type { EventLogStats } from "./event_log.ts";
import type { Family, Labels, Sample } from "./prometheus.ts";
import type { SummariesStats } from "./summaries.ts";
import type { Trouble } from "./trouble.ts";

const BOUNDS_S = LATENCY_BOUNDS_MS.map((ms) => ms / 1_000);

/** What a registry did. */
export function registryMetrics(stats: RegistryStats): Family[] {
  return [...gateMetrics(stats), ...storeMetrics(stats), ...queueMetrics(stats)];
}

function gateMetrics({ verdicts, outcomes, transitions, latencies }: RegistryStats): Family[] {
  const { success, failure, neutral, cancelled, unreadable } = outcomes;
  return [
    counter("breakwater_verdicts_total", "Verdicts given, by outcome and reason.", [
      { labels: { outcome: "allowed", reason: "closed" }, value: verdicts.allowed },
      { labels: { outcome: "allowed", reason: "probe" }, value: verdicts.probes },
      ...labelled(verdicts.denied, (reason) => ({ outcome: "denied", reason })),
      ...labelled(verdicts.observed, (reason) => ({ outcome: "would_deny", reason })),
    ]),
    counter("breakwater_outcomes_total", "Outcomes told, by what they were classified as.", [
      ...labelled({ success, failure, neutral, cancelled, unreadable }, (result) => ({ result })),
    ]),
    counter("breakwater_outcomes_late_total", "Outcomes that came too late or twice.", [
      { value: outcomes.late },
    ]),
    counter("breakwater_degraded_answers_total", "Answers given without the store.", [
      { labels: { call: "allow" }, value: verdicts.degraded },
      { labels: { call: "record" }, value: outcomes.degraded },
    ]),
    counter(
      "breakwater_transitions_total",
      "Breakers that changed their state.",
      transitions.map(({ scope, from, to, count }) => ({
        labels: { scope, from, to },
        value: count,
      })),
    ),
    // Two metrics rather than one with a label: some parsers add up histograms that differ in a label.
    histogram(
      "breakwater_allow_duration_seconds",
      "How long verdicts took; those that did not wait are timed by sample.",
      latencies.allow,
    ),
    histogram(
      "breakwater_record_duration_seconds",
      "How long taking outcomes took; those that did not wait are timed by sample.",
      latencies.record,
    ),
  ];
}

function storeMetrics(stats: RegistryStats): Family[] {
  const { commands, errors, store, latencies } = stats;
  const byOperation = (operation: string) => ({ operation });
  return [
    counter("breakwater_store_commands_total", "Commands sent to the store.", [
      ...labelled(commands, byOperation),
    ]),
    counter("breakwater_store_errors_total", "Commands that failed or took too long.", [
      ...labelled(errors, byOperation),
    ]),
    histogram(
      "breakwater_store_call_duration_seconds",
      "How long commands to the store took; those that did not wait are timed by sample.",
      latencies.store,
    ),
    counter("breakwater_store_conflicts_total", "Writes that another process had overtaken.", [
      { value: stats.conflicts },
    ]),
    counter("breakwater_store_unreadable_total", "Stored values that could not be read.", [
      { value: stats.unreadableValues },
    ]),
    gauge("breakwater_store_up", "1 while the store answers, 0 while it is left alone.", [
      { value: Number(store.up) },
    ]),
    counter("breakwater_store_outages_total", "Times that the store was left alone.", [
      { value: store.outages },
    ]),
    counter("breakwater_degraded_seconds_total", "How long the store was left alone.", [
      { value: store.downMs / 1_000 },
    ]),
  ];
}

function queueMetrics({ queues, overflowed, committed, cells }: RegistryStats): Family[] {
  return [
    gauge("breakwater_queue_length", "Events that wait to be written.", [
      { value: queues.waiting },
    ]),
    gauge("breakwater_queue_length_max", "Events that wait for the busiest breaker.", [
      { value: queues.longest },
    ]),
    counter("breakwater_queue_overflow_total", "Events turned away since a queue was full.", [
      { value: overflowed },
    ]),
    counter("breakwater_store_committed_total", "Changes of records, to be compared with writes.", [
      { value: committed },
    ]),
    gauge("breakwater_records", "Records in memory.", [{ value: cells }]),
    gauge("breakwater_records_unsaved", "Records that the store does not hold yet.", [
      { value: queues.unsaved },
    ]),
  ];
}

/** What readers were told. */
export function eventMetrics(
  { told, readers, dropped, gaps }: EventLogStats,
  counts: { dropped: number; refused: number },
): Family[] {
  return [
    counter("breakwater_events_total", "Events told, by type; those of other processes too.", [
      ...labelled(Object.fromEntries(told), (type) => ({ type })),
    ]),
    counter("breakwater_events_dropped_total", "Events that did not reach other processes.", [
      { value: dropped },
    ]),
    counter("breakwater_events_missed_total", "Times that events of others were missed.", [
      { value: gaps },
    ]),
    gauge("breakwater_event_readers", "Readers of events.", [{ value: readers }]),
    counter("breakwater_event_readers_dropped_total", "Readers cut off since they were too slow.", [
      { value: counts.dropped },
    ]),
    counter("breakwater_event_readers_refused_total", "Readers turned away: there were too many.", [
      { value: counts.refused },
    ]),
  ];
}

/** What is learned with: summaries, and how often the tuner changed a policy by itself. */
export function learningMetrics(
  { hosts, waiting, dropped, incomplete }: SummariesStats,
  steps: number,
): Family[] {
  return [
    gauge("breakwater_summaries_hosts", "Hosts whose summaries are in memory.", [
      { value: hosts },
    ]),
    gauge("breakwater_summaries_waiting", "Shares of summaries that wait to be written.", [
      { value: waiting },
    ]),
    counter("breakwater_summaries_dropped_total", "Host-minutes lost: there were too many.", [
      { value: dropped },
    ]),
    counter(
      "breakwater_summaries_incomplete_total",
      "Readings that could not see everything: the store did not answer, or holds too much.",
      [{ value: incomplete }],
    ),
    counter("breakwater_tuner_steps_total", "Policies that the tuner changed by itself.", [
      { value: steps },
    ]),
  ];
}

/** What is in trouble. Names only what is open, and a bounded number of it. */
export function troubleMetrics({ counts, open, complete }: Trouble): Family[] {
  const by = (scope: "host" | "resolver") => labelled(counts[scope], (state) => ({ scope, state }));
  return [
    gauge("breakwater_breakers", "Breakers in trouble, by state; closed ones count failures.", [
      ...by("host"),
      ...by("resolver"),
    ]),
    gauge(
      "breakwater_breakers_complete",
      "0 where not all could be counted: there are too many, or the store is down.",
      [
        { value: Number(complete) },
      ],
    ),
    gauge(
      "breakwater_host_open",
      "1 for each host that is open, those that stay so longest first, up to a bound.",
      open.host.map((host) => ({ labels: { host }, value: 1 })),
    ),
    gauge(
      "breakwater_resolver_open",
      "1 for each resolver that is open, up to a bound.",
      open.resolver.map((resolver) => ({ labels: { resolver }, value: 1 })),
    ),
  ];
}

/** Which program this is, and since when. */
export function processMetrics(version: string, startedAtMs: number): Family[] {
  return [
    gauge("breakwater_build_info", "1, with the version of Breakwater.", [
      { labels: { version }, value: 1 },
    ]),
    gauge("process_start_time_seconds", "When the server was started, in seconds since 1970.", [
      { value: startedAtMs / 1_000 },
    ]),
  ];
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "counter", samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "gauge", samples };
}

function labelled(
  values: Readonly<Record<string, number>>,
  labels: (name: string) => Labels,
): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: labels(name), value }));
}

function histogram(name: string, help: string, { counts, sumMs }: LatencyStats): Family {
  const histograms = [{ bounds: BOUNDS_S, counts, sum: sumMs / 1_000 }];
  return { name, help, type: "histogram", histograms };
}
