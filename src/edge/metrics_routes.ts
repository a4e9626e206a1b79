/**
 * What Prometheus calls.
 *
 * @module
 */
import type { Hono } from "hono";
import { coreOf } from "../registry/registry.ts";
import type { EventLog } from "../telemetry/event_log.ts";
import {
  eventMetrics,
  learningMetrics,
  processMetrics,
  registryMetrics,
  troubleMetrics,
} from "../telemetry/metrics.ts";
import { PROMETHEUS_TYPE, prometheusText } from "../telemetry/prometheus.ts";
import { summariesOf } from "../telemetry/summaries.ts";
import { TroubleCounter } from "../telemetry/trouble.ts";
import { VERSION } from "../telemetry/version.ts";
import type { EdgeContext } from "./context.ts";
import type { ReaderCounts } from "./event_routes.ts";
import { secured } from "./secure_headers.ts";

/** How the tuner signs what it changes by itself. */
const TUNER = "tuner";

/** Adds `GET /metrics`. */
export function addMetricsRoutes(
  app: Hono,
  { registry, now, guard }: EdgeContext,
  { log, readers }: { log: EventLog; readers: ReaderCounts },
): void {
  const { timers } = coreOf(registry);
  const trouble = new TroubleCounter(registry, { monotonic: timers.monotonic });
  const summaries = summariesOf(registry);
  const startedAt = now();
  let steps = 0;
  registry.onEvent((event) => {
    if (event.type === "policy" && event.here && event.override?.by === TUNER) steps++;
  }, ["policy"]);
  const headers = { "content-type": PROMETHEUS_TYPE, "cache-control": "no-store" };
  app.get(
    "/metrics",
    guard("read", async () => {
      const counted = await trouble.count();
      const families = [
        ...registryMetrics(registry.stats()),
        ...troubleMetrics(counted),
        ...eventMetrics(log.stats(), readers),
        ...learningMetrics(summaries.stats(), steps),
        ...processMetrics(VERSION, startedAt),
      ];
      return secured(new Response(prometheusText(families), { headers }));
    }),
  );
}
