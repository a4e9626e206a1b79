/**
 * A host's last hours, made of summaries and of what is known of its changes.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { BreakerState } from "../../src/breaker/state.ts";
import type { WireEvent } from "../../src/edge/dashboard/history_book.ts";
import { type HistorySources, hostHistory } from "../../src/edge/dashboard/host_history.ts";
import { EMPTY_SUMMARY, type Summary } from "../../src/telemetry/summary.ts";

const MINUTE = 60_000;
const FROM = Date.UTC(2026, 0, 1);
const UNTIL = FROM + 60 * MINUTE;

function minute(n: number, summary: Partial<Summary>, role = "") {
  return { host: "h", role, minute: FROM / MINUTE + n, summary: { ...EMPTY_SUMMARY, ...summary } };
}

function change(
  n: number,
  from: BreakerState,
  to: BreakerState,
  more: Partial<WireEvent> = {},
): WireEvent {
  return {
    id: "",
    process: "",
    type: "transition",
    at: FROM + n * MINUTE,
    scope: "host",
    key: "h",
    from,
    to,
    ...more,
  };
}

function history(sources: Partial<HistorySources>) {
  return hostHistory({
    host: "h",
    from: FROM,
    until: UNTIL,
    minutes: [],
    complete: true,
    changes: [],
    roles: [],
    stateNow: () => "closed",
    ...sources,
  });
}

/** `closed 0-10, open 10-20`: minutes since the beginning. */
function bands(sources: Partial<HistorySources>, lane = 0): string {
  return history(sources).lanes[lane]!.bands
    .map(({ state, from, until }) =>
      `${state} ${(from - FROM) / MINUTE}-${(until - FROM) / MINUTE}`
    )
    .join(", ");
}

Deno.test("a host of which nothing is known was closed all the time", () => {
  assertEquals(bands({}), "closed 0-60");
});

Deno.test("changes that are known make bands to the moment; a deadline that passes is half-open", () => {
  const changes = [
    change(10.5, "closed", "open", { until: FROM + 20 * MINUTE, reason: "retry_after" }),
    change(22, "half_open", "closed"),
    change(40, "closed", "open", { until: null }),
  ];
  assertEquals(
    bands({ changes }),
    "closed 0-10.5, open 10.5-20, half_open 20-22, closed 22-40, open 40-60",
  );
  assertEquals(history({ changes }).lanes[0]!.bands.map(({ reason }) => reason), [
    undefined,
    "retry_after",
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("before the first change that is known, minutes tell: a denial means open, a probe half-open", () => {
  const minutes = [
    minute(5, { denials: { open: 3 } }),
    minute(6, { denials: { retry_after: 1 }, probeFailures: 1 }),
    minute(7, { probeSuccesses: 1 }),
    minute(8, { denials: { rate: 9 } }),
    minute(30, { denials: { manual: 1 } }),
  ];
  assertEquals(
    bands({ minutes }),
    "closed 0-5, open 5-7, half_open 7-8, closed 8-30, open 30-31, closed 31-60",
  );
  const changes = [change(7.5, "half_open", "closed")];
  assertEquals(bands({ minutes, changes }), "closed 0-5, open 5-7, half_open 7-7.5, closed 7.5-60");
});

Deno.test("a role with a breaker of its own has a lane of its own, and does not colour the host's", () => {
  const sources = {
    roles: ["metadata"],
    minutes: [
      minute(3, { denials: { open: 1 } }, "metadata"),
      minute(9, { denials: { open: 1 } }, "landing"),
    ],
    changes: [change(50, "closed", "open", { role: "metadata", until: FROM + 55 * MINUTE })],
  };
  assertEquals(bands(sources), "closed 0-9, open 9-10, closed 10-60");
  assertEquals(bands(sources, 1), "closed 0-3, open 3-4, closed 4-50, open 50-55, half_open 55-60");
});

Deno.test("requests are counted by stretches that a picture has room for, all roles together", () => {
  const minutes = [
    minute(0, { network: 5, successes: 3, neutral: 1, failures: 1 }),
    minute(0, { network: 2, successes: 2, denials: { open: 4, rate: 2 } }, "metadata"),
    minute(59, { network: 1, failures: 1, status503: 1, status5xx: 2, timeouts: 1 }),
  ];
  const { buckets, bucket_s, outcomes } = history({ minutes });
  assertEquals(bucket_s, 60);
  assertEquals(buckets, [
    { at: FROM, successes: 5, neutral: 1, failures: 1, denied: 6 },
    { at: FROM + 59 * MINUTE, successes: 0, neutral: 0, failures: 1, denied: 0 },
  ]);
  assertEquals([outcomes["success"], outcomes["status_503"], outcomes["status_5xx"]], [5, 1, 1]);
  assertEquals(history({ from: UNTIL - 86_400_000, minutes }).bucket_s, 300);
  assertEquals(history({ from: UNTIL - 86_400_000, minutes }).buckets.length, 2);
});

Deno.test("latency is told by its quantiles, and not at all where none was", () => {
  const latencyMs = { 40: 90, 400: 9, 900: 1 };
  assertEquals(history({ minutes: [minute(1, { latencyMs })] }).latency_ms, {
    p50: 40,
    p90: 40,
    p99: 400,
  });
  assertEquals(history({}).latency_ms, undefined);
});
