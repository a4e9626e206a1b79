/**
 * Slices of a rate: how many slots a process gets, what it leaves to others, and the record as text.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { parseLimits } from "../../src/breaker/rate_limits.ts";
import { spacingOf } from "../../src/pacing/gcra.ts";
import {
  afterLimited,
  EMPTY_RATE,
  endOfRate,
  type LeaseRequest,
  MAX_HOLDERS,
  mergeRates,
  type RateRecord,
  takeLease,
} from "../../src/pacing/lease.ts";
import { decodeRate, encodeRate } from "../../src/pacing/rate_codec.ts";
import { Random } from "../support/random.ts";

const NOW = 1_800_000_000_000;

function ask(rate: string, more: Partial<LeaseRequest> = {}): LeaseRequest {
  return {
    id: "a",
    spacings: parseLimits(rate).map(spacingOf),
    now: NOW,
    from: more.now ?? NOW,
    reachMs: 1_000,
    tookAt: -Infinity,
    took: 0,
    missing: 1,
    size: 1_000,
    isLimited: false,
    ...more,
  };
}

/** Distances of the slots from now, in milliseconds. */
function slotsOf(record: RateRecord | undefined, request: LeaseRequest): number[] {
  return takeLease(record, request).grant.slots.map(({ at }) => Math.round(at - request.now));
}

Deno.test("a lease holds what the process has use for, at most a second's worth", () => {
  assertEquals(slotsOf(undefined, ask("10/s", { size: 3 })), [0, 100, 200]);
  assertEquals(slotsOf(undefined, ask("10/s")).length, 10);
  assertEquals(slotsOf(undefined, ask("1/3s")), [0]);
  assertEquals(slotsOf(undefined, ask("1000/h")), [0]);
  assertEquals(slotsOf(undefined, ask("9999999/s")).length, 1_000);
});

Deno.test("among several processes each takes its share, but for what somebody waits for", () => {
  const { record } = takeLease(undefined, ask("10/s", { size: 1 }));
  assertEquals(slotsOf(record, ask("10/s", { id: "b" })), [100, 200, 300]);
  assertEquals(slotsOf(record, ask("10/s", { id: "b", missing: 8 })).length, 8);
  // Another that was not heard of for half a minute is gone.
  assertEquals(slotsOf(record, ask("10/s", { id: "b", now: NOW + 30_000 })).length, 10);
  assertEquals(slotsOf(record, ask("10/s", { id: "b", now: NOW + 29_999 })).length, 3);
});

Deno.test("who had his share reaches half as far while there are others", () => {
  const { record: alone } = takeLease(undefined, ask("10/s", { size: 7 }));
  assertEquals(slotsOf(alone, ask("10/s", { tookAt: NOW, took: 7 }))[0], 700);
  const { record } = takeLease(alone, ask("10/s", { id: "b", size: 1 }));
  assertEquals(slotsOf(record, ask("10/s", { tookAt: NOW, took: 3 })), []);
  assertEquals(slotsOf(record, ask("10/s", { tookAt: NOW, took: 2 }))[0], 800);
});

Deno.test("who gets nothing puts his name down, once for a while", () => {
  const { record } = takeLease(undefined, ask("1/3s"));
  const refused = takeLease(record, ask("1/3s", { id: "b" }));
  assertEquals([refused.grant.slots, refused.grant.freeAt], [[], NOW + 3_000]);
  assertEquals(refused.record.holders.map(({ id }) => id), ["a", "b"]);
  assertEquals(refused.record.arrivals, record.arrivals);
  const again = takeLease(refused.record, ask("1/3s", { id: "b", now: NOW + 1_000 }));
  assertStrictEquals(again.record, refused.record);
});

Deno.test("no more processes are counted than a record may hold", () => {
  let record: RateRecord | undefined;
  for (let i = 0; i < 2 * MAX_HOLDERS; i++) {
    ({ record } = takeLease(record, ask("1000/s", { id: `p${i}`, size: 1 })));
  }
  assertEquals(record!.holders.length, MAX_HOLDERS);
  assertEquals(decodeRate(encodeRate(record!)), record);
});

Deno.test("a record ends a minute after its last slot, and not before its multiplier is 1 again", () => {
  const { record } = takeLease(undefined, ask("10/s", { size: 1 }));
  assertEquals(endOfRate(record), NOW + 100 + 60_000);
  const once = afterLimited(record, NOW, NOW);
  assertEquals(endOfRate(once), NOW + 300_000); // late 429s of the same burst must find it
  const twice = afterLimited(once, NOW + 1, NOW + 1);
  assertAlmostEquals(endOfRate(twice), NOW + 0.36 / 0.05 * 60_000, 2);
  assertEquals(endOfRate(EMPTY_RATE), 60_000);
});

Deno.test("what an outage kept apart is joined: the later slots, the lower multiplier, all processes", () => {
  const stored = takeLease(undefined, ask("10/s", { size: 5 })).record;
  const local = afterLimited(
    takeLease(undefined, ask("10/s", { id: "b", size: 2 })).record,
    0,
    NOW,
  );
  const joined = mergeRates(stored, local, NOW);
  assertEquals(joined, {
    arrivals: stored.arrivals,
    aimd: local.aimd,
    holders: [{ id: "a", at: NOW }, { id: "b", at: NOW }],
  });
  assertEquals(mergeRates(joined, joined, NOW), joined);
});

Deno.test("a record is read as it was written, and anything else as nothing", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    let record: RateRecord | undefined;
    for (let i = 0; i < 5; i++) {
      const now = NOW + random.whole(0, 10_000);
      const request = ask("25/s,100/m", { id: `p${random.whole(0, 3)}`, now, missing: 3 });
      ({ record } = takeLease(record, request));
      if (random.chance(0.5)) record = afterLimited(record, now, now);
    }
    const text = encodeRate(record!);
    assertEquals(decodeRate(text), record, `seed ${seed}`);
    const at = random.whole(0, text.length - 1);
    const damaged = text.slice(0, at) + random.pick(["", "x", "}", "-"]) + text.slice(at + 1);
    decodeRate(damaged); // whatever it says, it says it without a fault
    assertEquals(decodeRate(text.slice(0, at)), undefined, `seed ${seed}`);
  }
});
