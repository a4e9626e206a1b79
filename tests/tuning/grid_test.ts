/**
 * The search for the best policy, on logs small enough to be worked out by hand.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import type { HttpEvent } from "../../src/tuning/http_event.ts";
import { DEFAULT_POLICY } from "../../src/breaker/policy.ts";
import { searchPolicy } from "../../src/tuning/grid.ts";
import { replay } from "../../src/tuning/replay.ts";
import { costOf } from "../../src/tuning/report.ts";
import { every, failed, good, HOST, log } from "./logged.ts";

/** Down for two minutes, then well: 42 requests, one every ten seconds. */
const OUTAGE = log(failed(...every(10, 0, 110)), good(...every(10, 120, 410)));
const GRID = { failMax: [2, 5], resetTimeoutMs: [30_000, 60_000], successThreshold: [1] };

Deno.test("the policy that wastes and misses least is proposed", () => {
  // Costs: 5 failures and 60 s waste 6 and miss 4; 5 and 30: 7 and 1; 2 and 60: 3 and 1; 2 and 30: 5 and 1.
  const [found, ...others] = searchPolicy(OUTAGE, DEFAULT_POLICY, { ...GRID, minRequests: 42 });
  assertEquals(others, []);
  const { host, requests, enough, patch, comparison, present, best } = found!;
  assertEquals({ host, requests, enough, patch }, {
    host: HOST,
    requests: 42,
    enough: true,
    patch: { failMax: 2 },
  });
  const { verdict, cost, wasted, missed } = comparison;
  assertEquals({ verdict, cost, wasted, missed }, {
    verdict: "better",
    cost: [10, 4],
    wasted: [6, 3],
    missed: [4, 1],
  });
  assertEquals(present, replay(OUTAGE, DEFAULT_POLICY).hosts[0]);
  assertEquals(best, replay(OUTAGE, { ...DEFAULT_POLICY, failMax: 2 }).hosts[0]);
});

Deno.test("each candidate is replayed as it would be alone", () => {
  for (const failMax of GRID.failMax) {
    for (const resetTimeoutMs of GRID.resetTimeoutMs) {
      const only = { failMax: [failMax], resetTimeoutMs: [resetTimeoutMs], minRequests: 1 };
      const [found] = searchPolicy(OUTAGE, { ...DEFAULT_POLICY, failMax: 10 }, only);
      const alone = replay(OUTAGE, { ...DEFAULT_POLICY, failMax, resetTimeoutMs });
      assertEquals(costOf(found!.best), costOf(alone));
    }
  }
});

Deno.test("a host with too few requests keeps its policy", () => {
  const [found] = searchPolicy(OUTAGE, DEFAULT_POLICY, { ...GRID, minRequests: 43 });
  const { enough, patch, comparison } = found!;
  assertEquals({ enough, patch, verdict: comparison.verdict }, {
    enough: false,
    patch: {},
    verdict: "same",
  });
});

Deno.test("where nothing is better the present policy stays", () => {
  const [found] = searchPolicy(good(...every(1, 0, 299)), DEFAULT_POLICY);
  assertEquals([found!.patch, found!.comparison.cost], [{}, [0, 0]]);
});

Deno.test("among policies that are as good, the nearest to the present one is proposed", () => {
  // Nobody asks between the outage and 1,000: opens of 300 s and of 600 s cost the same.
  const events = log(failed(...every(10, 0, 110)), good(...every(10, 1_000, 1_100)));
  const grid = { failMax: [2], successThreshold: [1], minRequests: 1 };
  for (const order of [[300_000, 600_000], [600_000, 300_000]]) {
    const [nearer] = searchPolicy(events, DEFAULT_POLICY, { ...grid, resetTimeoutMs: order });
    assertEquals(nearer!.patch, { failMax: 2, resetTimeoutMs: 300_000 });
    const long = { ...DEFAULT_POLICY, resetTimeoutMs: 500_000 };
    const [longer] = searchPolicy(events, long, { ...grid, resetTimeoutMs: order });
    assertEquals(longer!.patch, { failMax: 2, resetTimeoutMs: 600_000 });
  }
});

Deno.test("every host is searched by its own log and from its own policy", () => {
  const named = (host: string, events: HttpEvent[]) => events.map((event) => ({ ...event, host }));
  const events = log(named("well.example.org", good(...every(10, 0, 410))), OUTAGE);
  const base = (host: string) => ({ ...DEFAULT_POLICY, failMax: host === HOST ? 2 : 10 });
  const found = searchPolicy(events, base, { ...GRID, minRequests: 1 });
  assertEquals(found.map(({ host, patch }) => [host, patch]), [
    ["well.example.org", {}],
    [HOST, {}],
  ]);
});

Deno.test("an empty log proposes nothing, and a value that no policy can have is refused", () => {
  assertEquals(searchPolicy([], DEFAULT_POLICY), []);
  assertThrows(
    () => searchPolicy(OUTAGE, DEFAULT_POLICY, { failMax: [0] }),
    RangeError,
    "Policy 'failMax'",
  );
});
