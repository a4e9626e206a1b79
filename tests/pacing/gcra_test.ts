/**
 * The algorithm that spreads requests: the text of limits, what may come at once, several limits together.
 *
 * @module
 */
import { assertEquals, assertGreaterOrEqual, assertLessOrEqual, assertThrows } from "@std/assert";
import { limitsProblem, parseLimits } from "../../src/breaker/rate_limits.ts";
import { type Arrivals, perSecond, reserve, type Slot, spacingOf } from "../../src/pacing/gcra.ts";
import { Random } from "../support/random.ts";

const NOW = 1_800_000_000_000;
const NOTHING: Arrivals = new Map();

function spacingsOf(rate: string) {
  return parseLimits(rate).map(spacingOf);
}

/** Slots from now on, by their distance from it in whole milliseconds. */
function slotsOf(rate: string, wanted: number, factor = 1): number[] {
  const { slots } = reserve(spacingsOf(rate), NOTHING, {
    now: NOW,
    from: NOW,
    latest: NOW,
    spanMs: Infinity,
    wanted,
    factor,
  });
  return slots.map(({ at }) => Math.round(at - NOW));
}

/** Most slots within any stretch of so long. */
function mostWithin(times: readonly number[], periodMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, time] of times.entries()) {
    while (times[first]! <= time - periodMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

Deno.test("limits are read from their text, the shortest time first", () => {
  assertEquals(parseLimits("1000/h, 10/s"), [
    { count: 10, periodMs: 1_000 },
    { count: 1_000, periodMs: 3_600_000 },
  ]);
  assertEquals(parseLimits("1/3s"), [{ count: 1, periodMs: 3_000 }]);
  assertEquals(parseLimits("7/d"), [{ count: 7, periodMs: 86_400_000 }]);
  assertEquals(parseLimits("5/10m"), [{ count: 5, periodMs: 600_000 }]);
  assertEquals(limitsProblem("1/365d"), undefined);
});

for (
  const [text, problem] of [
    ["", "must be limits such as 10/s"],
    ["0/s", "must be limits such as 10/s"],
    ["10/w", "must be limits such as 10/s"],
    ["10/s,", "must be limits such as 10/s"],
    ["1.5/s", "must be limits such as 10/s"],
    ["1/366d", "must name no time longer than 365d"],
    ["1/60s,2/m", "must name each time once, and names 60 s twice"],
    ["1/s,1/2s,1/3s,1/4s,1/5s,1/6s,1/7s,1/8s,1/9s", "must name at most 8 limits, and names 9"],
  ] as const
) {
  Deno.test(`the rate '${text}' is refused, and named`, () => {
    const { message } = assertThrows(() => parseLimits(text), RangeError);
    assertEquals(message.startsWith(`A rate ${problem}`), true, message);
    assertEquals(message.endsWith(`current value is '${text}'`), true, message);
  });
}

Deno.test("a limit of up to 19 is spread evenly from the first request on", () => {
  assertEquals(slotsOf("10/s", 4), [0, 100, 200, 300]);
  assertEquals(slotsOf("1/3s", 3), [0, 3_000, 6_000]);
  assertEquals(slotsOf("19/s", 2), [0, 53]);
});

Deno.test("of a greater limit a tenth may go out at once", () => {
  assertEquals(slotsOf("20/s", 4), [0, 0, 53, 105]);
  assertEquals(slotsOf("1000/h", 102).slice(98), [0, 0, 3_996, 7_991]);
});

Deno.test("of several limits each holds", () => {
  const slots = slotsOf("10/s,1000/h", 104);
  assertEquals(slots.slice(0, 3), [0, 100, 200]);
  // By then the hour has given two more than its tenth.
  assertEquals(slots.slice(101), [10_100, 11_987, 15_982].map((at) => at));
});

Deno.test("a share of the rate lengthens what is between requests, and lets fewer out at once", () => {
  assertEquals(slotsOf("10/s", 3, 0.5), [0, 200, 400]);
  assertEquals(slotsOf("100/s", 12, 1).filter((at) => at === 0).length, 10);
  assertEquals(slotsOf("100/s", 12, 0.5).filter((at) => at === 0).length, 5);
});

Deno.test("a first slot that is too far ahead is not reserved, one at the very limit is", () => {
  const spacings = spacingsOf("1/3s");
  const ask = { now: NOW, from: NOW, spanMs: 1_000, wanted: 5, factor: 1 };
  const first = reserve(spacings, NOTHING, { ...ask, latest: NOW });
  assertEquals(first.slots, [{ at: NOW, until: NOW + 3_000 }]);
  const early = reserve(spacings, first.arrivals, { ...ask, latest: NOW + 2_999 });
  assertEquals([early.slots, early.freeAt], [[], NOW + 3_000]);
  assertEquals(early.arrivals, first.arrivals);
  const next = reserve(spacings, first.arrivals, { ...ask, latest: NOW + 3_000 });
  assertEquals(next.slots, [{ at: NOW + 3_000, until: NOW + 6_000 }]);
});

Deno.test("what is wanted later leaves no slot before it to be lost", () => {
  const [now, latest] = [NOW, NOW + 1_000];
  const { slots, freeAt } = reserve(spacingsOf("10/s"), NOTHING, {
    now,
    from: NOW + 250,
    latest,
    spanMs: 1_000,
    wanted: 2,
    factor: 1,
  });
  assertEquals(slots.map(({ at }) => at - NOW), [0, 100, 200, 300]);
  assertEquals(freeAt, NOW + 400);
});

Deno.test("a clock that ran an hour ahead closes nobody out for an hour", () => {
  const ask = { spanMs: 1_000, wanted: 5, factor: 1 };
  const [late, now] = [NOW + 3_600_000, NOW];
  const { arrivals } = reserve(spacingsOf("10/s"), NOTHING, {
    ...ask,
    now: late,
    from: late,
    latest: late,
  });
  const { slots } = reserve(spacingsOf("10/s"), arrivals, { ...ask, now, from: now, latest: now });
  assertEquals(slots.map(({ at }) => at - now), [0, 100, 200, 300, 400]);
});

Deno.test("what somebody who may wait a minute has reserved is left to him, anything later is not", () => {
  const [now, most] = [NOW, NOW + 100 + 61_000 + 2_000];
  const ask = { now, from: now, latest: now, spanMs: 0, wanted: 1, factor: 1 };
  const next = (at: number) => reserve(spacingsOf("10/s"), new Map([[1_000, at]]), ask);
  assertEquals([next(most).slots, next(most).freeAt], [[], most]);
  assertEquals(next(most + 1).slots.map(({ at }) => at), [now]);
});

Deno.test("a rate tells what it gives in the long run", () => {
  assertEquals(perSecond(spacingsOf("10/s")), 10);
  assertEquals(perSecond(spacingsOf("10/s,6/m")), 0.1);
});

Deno.test("whatever is asked for when, no stretch of a limit's length holds more than the limit", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const limits = parseLimits(
      random.pick(["10/s", "1/3s", "25/s,100/m", "10/s,50/m,70/2m", "64/5s"]),
    );
    const spacings = limits.map(spacingOf);
    let arrivals: Arrivals = NOTHING;
    let now = NOW;
    let factor = 1;
    const all: Slot[] = [];
    for (let i = 0; i < 400; i++) {
      now += random.whole(0, 400);
      if (random.chance(0.05)) factor = random.pick([1, 0.8, 0.1]);
      const wanted = random.whole(1, 12);
      const latest = now + random.whole(0, 1_000);
      const from = random.whole(now, latest);
      const reserved = reserve(spacings, arrivals, {
        now,
        from,
        latest,
        spanMs: 1_000,
        wanted,
        factor,
      });
      arrivals = reserved.arrivals;
      for (const { at } of reserved.slots) assertGreaterOrEqual(at, now, `seed ${seed}`);
      all.push(...reserved.slots);
    }
    for (const { count, periodMs } of limits) {
      // A ten-thousandth of a millisecond is what floating point leaves.
      const most = mostWithin(all.map(({ at }) => at), periodMs - 1e-4);
      assertLessOrEqual(most, count, `seed ${seed}: ${most} in ${periodMs} ms`);
    }
  }
});
