/**
 * What is stored of an hour: shares that add up in any order, and text that never grows too long.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { MAX_VALUE_BYTES } from "../../src/stores/store.ts";
import { countOf, MAX_VALUE } from "../../src/telemetry/histogram.ts";
import { EMPTY_SUMMARY, mergeSummaries, type Summary } from "../../src/telemetry/summary.ts";
import {
  addShare,
  type Block,
  EMPTY_BLOCK,
  heed,
  isIn,
  joinShares,
  type Mark,
  MAX_WRITERS,
  type Share,
} from "../../src/telemetry/summary_block.ts";
import {
  decodeBlock,
  encodeBlock,
  readSummaryKey,
  summaryKey,
  summaryKind,
} from "../../src/telemetry/summary_codec.ts";
import { Random } from "../support/random.ts";
import { randomSummary } from "./random_summaries.ts";

const HOUR = 500_000;
const FIRST = HOUR * 60;

function randomShare(random: Random, samples = 8): Share {
  const minutes = new Map<number, Summary>();
  for (let minute = FIRST; minute < FIRST + 60; minute++) {
    if (random.chance(0.3)) minutes.set(minute, randomSummary(random, samples));
  }
  return { minutes, marks: [] };
}

function total({ minutes }: Block | Share): Summary {
  return [...minutes.values()].reduce(mergeSummaries, EMPTY_SUMMARY);
}

/** Without the shape of histograms: how many values each holds. */
function counts(summary: Summary) {
  const { retryAfterS, latencyMs, openS, runs, ...rest } = summary;
  return { ...rest, samples: [retryAfterS, latencyMs, openS, runs].map(countOf) };
}

function spellAfter(...marks: [at: number, kind: Mark["kind"]][]) {
  const share = { minutes: new Map(), marks: marks.map(([at, kind]) => ({ at, kind })) };
  const block = addShare(EMPTY_BLOCK, share, "p", 1);
  return { spell: block.spell, ...(block.minutes.size > 0 && { total: total(block) }) };
}

Deno.test("shares add up in any order", () => {
  const seed = 21;
  const random = new Random(seed);
  for (let round = 0; round < 50; round++) {
    const [a, b, c] = [randomShare(random), randomShare(random), randomShare(random)];
    const add = (...shares: Share[]) =>
      shares.reduce((block, share, i) => addShare(block, share, `p${i}`, 1), EMPTY_BLOCK).minutes;
    assertEquals(add(a, b, c), add(c, a, b), `seed ${seed}, round ${round}`);
    assertEquals(add(a, b), add(joinShares(a, b)), `seed ${seed}, round ${round}`);
  }
});

Deno.test("a block knows the last share of a process, and only of so many", () => {
  const share: Share = { minutes: new Map(), marks: [] };
  let block = addShare(EMPTY_BLOCK, share, "first", 7);
  assertEquals([isIn(block, "first", 7), isIn(block, "first", 8)], [true, false]);
  assert(!isIn(undefined, "first", 1));
  for (let i = 1; i < MAX_WRITERS; i++) block = addShare(block, share, `p${i}`, 1);
  assert(isIn(block, "first", 7));
  block = addShare(block, share, "one more", 1);
  assert(!isIn(block, "first", 7));
  assertEquals(block.writers.size, MAX_WRITERS);
});

Deno.test("an open that closes in another hour is measured by what the hour before left", () => {
  const close: Share = { minutes: new Map(), marks: [{ at: 90_000, kind: "close" }] };
  const block = addShare(EMPTY_BLOCK, close, "p", 1, { openedAt: 0 });
  assertEquals(total(block).openS, { 90: 1 });
  assertEquals(addShare(block, close, "q", 1, { openedAt: 0 }).spell, { closedAt: 90_000 });
});

Deno.test("marks that come late or not at all give no durations that were none", () => {
  assertEquals(spellAfter([5_000, "close"], [1_000, "open"]), { spell: { closedAt: 5_000 } });
  const missed = spellAfter([1_000, "open"], [50_000, "open"], [60_000, "close"]);
  assertEquals(missed.total?.openS, { 10: 1 });
  assertEquals(spellAfter([5_000, "again"], [4_000, "close"]).total?.openS, { 0: 1 });
  assertEquals(spellAfter([1_000, "open"], [2_000, "reset"], [3_000, "close"]), {
    spell: { closedAt: 3_000 },
  });
  assertEquals(heed({}, { at: 1, kind: "reset" }), { spell: {} });
});

Deno.test("what is written is read back, and written again is the same text", () => {
  const seed = 22;
  const random = new Random(seed);
  for (let round = 0; round < 100; round++) {
    const block = addShare(EMPTY_BLOCK, randomShare(random), "process", round);
    const text = encodeBlock({ ...block, spell: { openedAt: 5 } });
    const read = decodeBlock(text)!;
    const place = `seed ${seed}, round ${round}`;
    assertEquals(read.minutes, block.minutes, place);
    assertEquals([read.writers, read.spell.openedAt], [block.writers, 5], place);
    assertEquals(encodeBlock(read), text, place);
  }
});

Deno.test("a minute in which nothing was counted is read back too", () => {
  const minutes = new Map([[FIRST, EMPTY_SUMMARY], [FIRST + 1, {
    ...EMPTY_SUMMARY,
    runs: { 2: 1 },
  }]]);
  assertEquals(decodeBlock(encodeBlock({ ...EMPTY_BLOCK, minutes }))?.minutes, minutes);
});

for (
  const [name, samples, big] of [
    ["with values all over the place", 400, 1],
    ["with values wherever there can be some", 40_000, 1],
    ["with counts that no host has", 4_000, 1e11],
  ] as const
) {
  Deno.test(`an hour ${name} fits into every store, and no count is lost`, () => {
    const seed = 23;
    const random = new Random(seed);
    const minutes = new Map<number, Summary>();
    const summary = randomSummary(random, samples);
    const scaled = { ...summary };
    for (const key of ["retryAfterS", "latencyMs", "openS", "runs"] as const) {
      scaled[key] = Object.fromEntries(
        Object.entries(summary[key]).map(([value, count]) => [value, count * big]),
      );
    }
    for (let minute = FIRST; minute < FIRST + 60; minute++) minutes.set(minute, scaled);
    const block = { ...EMPTY_BLOCK, minutes };
    const text = encodeBlock(block);
    assertLessOrEqual(new TextEncoder().encode(text).length, MAX_VALUE_BYTES);
    const read = decodeBlock(text)!;
    assertEquals(counts(total(read)), counts(total(block)), `seed ${seed}`);
    assertEquals(encodeBlock(read), text);
  });
}

Deno.test("what is no block, or of another version, is not read", () => {
  const text = encodeBlock(addShare(EMPTY_BLOCK, randomShare(new Random(24)), "p", 1));
  const wrong = [
    "",
    "{}",
    "null",
    text.slice(0, -1),
    text.replace("[1,", "[2,"),
    "[1]",
    "[1,[null,null],[],{}]",
    '[1,["x",null],[],[]]',
    '[1,[null,null],[["p",-1]],[]]',
    '[1,[null,null],["p"],[]]',
    "[1,[null,null],[],[[1,[-1]]]]",
    "[1,[null,null],[],[[1,[1.5]]]]",
    "[1,[null,null],[],[[null,[1]]]]",
    '[1,[null,null],[],[[1,[1],[],{"15":-1}]]]',
    '[1,[null,null],[],[[1,[1],[],{"a":1}]]]',
    '[1,[null,null],[],[[1,[1],[],{"__proto__":1}]]]',
    "[1,[null,null],[],[[1,[1],[],[15]]]]",
    "[1,[null,null],[],[[1,[1],[],1]]]",
    `[1,[null,null],[],[[1,[1],[],{"${MAX_VALUE + 1}":1}]]]`,
    "[1,[null,null],[],[[1,[1],[],0,0,0,0,0]]]",
    `[1,[null,null],[],[[1,[${Array(19).fill(1)}]]]]`,
    `[1,[null,null],[],[${Array(61).fill("[1,[1]]")}]]`,
  ];
  for (const value of wrong) assertEquals(decodeBlock(value), undefined, value.slice(0, 80));
});

Deno.test("damage anywhere in a text is never more than a block that is not read", () => {
  const seed = 25;
  const random = new Random(seed);
  const text = encodeBlock(addShare(EMPTY_BLOCK, randomShare(random), "p", 1));
  for (let round = 0; round < 2_000; round++) {
    const at = random.whole(0, text.length - 1);
    const damaged = text.slice(0, at) + random.pick(["", "9", "[", "]", ",", "-", '"', "null"]) +
      text.slice(at + random.whole(0, 3));
    const read = decodeBlock(damaged);
    if (read !== undefined) assertLess(encodeBlock(read).length, MAX_VALUE_BYTES);
  }
});

Deno.test("a key names hour, host and role, and a host may hold colons", () => {
  for (const host of ["example.org", "localhost:8080", "[::1]:8080"]) {
    for (const role of ["", "metadata"]) {
      assertEquals(readSummaryKey(summaryKey(HOUR, host, role)), { hour: HOUR, host, role });
    }
  }
  assertEquals(readSummaryKey("breakwater:summary:x:y:"), undefined);
});

Deno.test("a block ends as long after its hour as it is kept", () => {
  const codec = summaryKind(1_000);
  const key = summaryKey(HOUR, "example.org", "");
  const end = (HOUR + 1) * 3_600_000 + 1_000;
  assertEquals(codec.endOf(key, EMPTY_BLOCK), end);
  assertEquals(codec.prune(key, EMPTY_BLOCK, end - 1), EMPTY_BLOCK);
  assertEquals(codec.prune(key, EMPTY_BLOCK, end), undefined);
});
