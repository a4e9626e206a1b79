/**
 * Which of two records of one host is the older one: told breaker by breaker.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { admit, type AllowInput } from "../../src/breaker/machine.ts";
import { isLagging, isStale } from "../../src/breaker/merge.ts";
import { DEFAULT_POLICY, mergePolicy } from "../../src/breaker/policy.ts";
import {
  type BreakerRecord,
  type ClosedTrack,
  HEALTHY,
  type OpenTrack,
} from "../../src/breaker/record.ts";

const NOW = 1_700_000_000_000;
const POLICY = mergePolicy(DEFAULT_POLICY, { roles: { metadata: { failMax: 2 } } });

function closed(generation: number): ClosedTrack {
  return { ...HEALTHY, generation, since: NOW, at: NOW };
}

function open(generation: number, forMs: number): OpenTrack {
  return {
    state: "open",
    generation,
    since: NOW,
    at: NOW,
    until: NOW + forMs,
    reason: "open",
    failures: 1,
    opens: 1,
    creditMs: 0,
    probing: false,
    successes: 0,
    leases: [],
  };
}

function record(tracks: Record<string, ClosedTrack | OpenTrack>): BreakerRecord {
  return { tracks: new Map(Object.entries(tracks)), rolling: [] };
}

Deno.test("a record that lacks an open is stale, however new another breaker in it is", () => {
  const seen = record({ "": open(5, 1_000), metadata: closed(9) });
  assertEquals(isStale(record({ metadata: closed(9) }), seen, POLICY, NOW), true);
  assertEquals(isStale(record({ metadata: closed(12) }), seen, POLICY, NOW), true);
});

Deno.test("a record in which the open has given way to a later state is not stale", () => {
  const seen = record({ "": open(5, 1_000), metadata: closed(9) });
  assertEquals(isStale(record({ "": closed(10), metadata: closed(9) }), seen, POLICY, NOW), false);
  assertEquals(
    isStale({ rest: closed(10), tracks: new Map(), rolling: [] }, seen, POLICY, NOW),
    false,
  );
});

Deno.test("of one generation the earlier deadline is the stale one", () => {
  const seen = record({ "": open(5, 1_000) });
  assertEquals(isStale(record({ "": open(5, 999) }), seen, POLICY, NOW), true);
  assertEquals(isStale(record({ "": open(5, 1_000) }), seen, POLICY, NOW), false);
});

Deno.test("a deadline that has passed makes no record stale", () => {
  const seen = record({ "": open(5, 1_000) });
  assertEquals(isStale(undefined, seen, POLICY, NOW + 999), true);
  assertEquals(isStale(undefined, seen, POLICY, NOW + 1_000), false);
});

Deno.test("of two records of one generation the one before a probe lags, whatever clocks say", () => {
  const before = record({ "": open(5, 1_000) });
  const ask: AllowInput = { type: "allow", role: "", id: "a" };
  const probed = admit(before, ask, POLICY, NOW + 2_000).record!;
  // A process whose clock is two seconds behind admits the next one, of another role.
  const later = admit(probed, { ...ask, role: "landing", id: "b" }, POLICY, NOW + 1_000).record!;
  assertEquals(isLagging(before, probed), true);
  assertEquals(isLagging(probed, later), true);
  assertEquals(isLagging(later, probed), false);
  assertEquals(isLagging(probed, probed), false);
});

Deno.test("a record of another generation, or none, does not lag: something happened", () => {
  const ask: AllowInput = { type: "allow", role: "", id: "a" };
  const probed = admit(record({ "": open(5, 0) }), ask, POLICY, NOW).record!;
  assertEquals(isLagging(record({ "": closed(6) }), probed), false);
  assertEquals(isLagging(record({ "": open(6, 0) }), probed), false);
  assertEquals(isLagging(undefined, probed), false);
});
