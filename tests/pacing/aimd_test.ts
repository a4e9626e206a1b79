/**
 * How the multiplier falls and climbs.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type Aimd,
  countOutcome,
  fallen,
  FULL,
  fullAt,
  held,
  isLimited,
  lower,
  multiplierAt,
  NONE_LIMITED,
  settled,
} from "../../src/pacing/aimd.ts";

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;

/** After so many falls, a millisecond apart. */
function after(falls: number, from: Aimd = FULL): Aimd {
  let aimd = from;
  for (let i = 0; i < falls; i++) aimd = fallen(aimd, NOW + i, NOW + i);
  return aimd;
}

Deno.test("a 429 takes a fifth, down to a tenth of the rate", () => {
  assertEquals(after(1), { multiplier: 0.8, at: NOW, fellAt: NOW });
  assertAlmostEquals(after(10).multiplier, 0.8 ** 10, 1e-4);
  assertEquals(after(11).multiplier, 0.1);
  assertEquals(after(50).multiplier, 0.1);
});

Deno.test("a 429 to a request from before the last fall does not count again, one from after it does", () => {
  const aimd = fallen(FULL, NOW - 500, NOW);
  for (const issuedAt of [NOW - 10_000, NOW - 500, NOW]) {
    assertStrictEquals(fallen(aimd, issuedAt, NOW + 200), aimd);
  }
  assertEquals(fallen(aimd, NOW + 1, NOW + 200).fellAt, NOW + 200);
});

Deno.test("a fall that another clock puts into the future shields what was asked for before, and no more", () => {
  const aimd = fallen(FULL, NOW, NOW + 2_000);
  assertStrictEquals(fallen(aimd, NOW, NOW), aimd);
  const ahead = fallen(FULL, NOW, NOW + 3_600_000);
  const known = fallen(ahead, NOW, NOW);
  assertEquals(known, { multiplier: 0.8, at: NOW, fellAt: NOW });
  assertEquals(fallen(known, NOW + 1, NOW + 2).fellAt, NOW + 2);
});

Deno.test("times that clocks can differ by stay, later ones were now", () => {
  const ahead = { multiplier: 0.5, at: NOW + 2_000 };
  assertStrictEquals(settled(ahead, NOW), ahead);
  assertEquals(settled({ ...ahead, at: NOW + 2_001 }, NOW), { multiplier: 0.5, at: NOW });
  const fell = { multiplier: 0.5, at: NOW - 5, fellAt: NOW + 2_001 };
  assertEquals(settled(fell, NOW), { multiplier: 0.5, at: NOW - 5, fellAt: NOW });
});

Deno.test("a minute gives back 5 % of the whole, up to the whole", () => {
  const aimd = after(1);
  assertEquals(multiplierAt(aimd, NOW), 0.8);
  assertAlmostEquals(multiplierAt(aimd, NOW + MINUTE_MS), 0.85);
  assertAlmostEquals(multiplierAt(aimd, NOW + 4 * MINUTE_MS - 1), 1, 1e-5);
  assertEquals(multiplierAt(aimd, NOW + 4 * MINUTE_MS + 1), 1);
  assertEquals(multiplierAt(aimd, NOW - MINUTE_MS), 0.8);
  assertAlmostEquals(fullAt(aimd), NOW + 4 * MINUTE_MS, 1e-3);
});

Deno.test("it does not climb while it is held, and climbs from the last hold on", () => {
  let aimd = after(1);
  for (let s = 1; s <= 600; s++) aimd = held(aimd, NOW + s * 1_000);
  assertEquals(multiplierAt(aimd, NOW + 600_000), 0.8);
  assertAlmostEquals(multiplierAt(aimd, NOW + 600_000 + MINUTE_MS), 0.85);
});

Deno.test("a hold leaves what was climbed before the outcomes that made it", () => {
  const aimd = held(after(3), NOW + 5 * MINUTE_MS);
  assertAlmostEquals(multiplierAt(aimd, NOW + 5 * MINUTE_MS), 0.512 + 3 * 0.05, 1e-4);
  assertStrictEquals(held(FULL, NOW), FULL);
});

Deno.test("429s are too many at 5 % of the outcomes of the present and the last minute, below it not", () => {
  let count = NONE_LIMITED;
  for (let i = 0; i < 20; i++) count = countOutcome(count, i === 0, NOW);
  assertEquals(isLimited(count, NOW), true);
  assertEquals(isLimited(countOutcome(count, false, NOW), NOW), false);
  assertEquals(isLimited(NONE_LIMITED, NOW), false);
  const minute = Math.floor(NOW / MINUTE_MS) * MINUTE_MS;
  assertEquals(isLimited(count, minute + 2 * MINUTE_MS - 1), true);
  assertEquals(isLimited(count, minute + 2 * MINUTE_MS), false);
});

Deno.test("of what two processes know the lower counts, and the later fall", () => {
  const early = { multiplier: 0.5, at: NOW, fellAt: NOW };
  const late = { multiplier: 0.8, at: NOW + 1_000, fellAt: NOW + 1_000 };
  assertEquals(lower(early, late, NOW + 1_000), { multiplier: 0.5, at: NOW, fellAt: NOW + 1_000 });
  assertEquals(lower(FULL, late, NOW + 1_000), late);
  assertEquals(lower(FULL, FULL, NOW), FULL);
});
