/**
 * Retry-After and its stand-ins, read to the letter of RFC 9110.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  parseRetryAfter,
  retryAfterFromHeaders,
  retryAfterOf,
} from "../../src/breaker/retry_after.ts";
import type { Outcome } from "../../src/breaker/gate.ts";
import { mulberry32 } from "../support/random.ts";

const NOW = Date.UTC(2026, 0, 1); // a Thursday

function reads(cases: [value: string, ms: number | undefined][], now = NOW): void {
  for (const [value, ms] of cases) {
    assertEquals(parseRetryAfter(value, now), ms, JSON.stringify(value));
  }
}

Deno.test("delta-seconds are read", () => {
  reads([
    ["1", 1_000],
    ["120", 120_000],
    ["0120", 120_000],
    ["  120\t", 120_000],
    ["86400", 86_400_000],
    ["0", undefined],
    ["000", undefined],
    ["-0", undefined],
    ["-1", undefined],
  ]);
});

Deno.test("what is no delta-seconds by the grammar is not read", () => {
  for (
    const value of [
      "",
      " ",
      "+5",
      "1.5",
      "1.",
      ".5",
      "1e3",
      "0x10",
      "1_000",
      "1,000",
      "5s",
      "5 s",
      "five",
      "NaN",
      "Infinity",
      "null",
      "١٢٠",
      "１２０",
      "12 0",
      "120;",
      '"120"',
      "true",
    ]
  ) {
    assertEquals(parseRetryAfter(value, NOW), undefined, JSON.stringify(value));
  }
});

Deno.test("seconds too large for a number are the largest safe integer, at any length", () => {
  reads([
    ["9007199254740", 9_007_199_254_740_000],
    ["9007199254741", Number.MAX_SAFE_INTEGER],
    ["9".repeat(30), Number.MAX_SAFE_INTEGER],
    ["9".repeat(100_000), Number.MAX_SAFE_INTEGER],
    [`${"9".repeat(100_000)}x`, undefined],
    [`${"0".repeat(1_000)}5`, 5_000],
  ]);
});

Deno.test("seconds that came twice are read where they are the same", () => {
  reads([
    ["120, 120", 120_000],
    ["120,120 , 120", 120_000],
    ["120, 60", undefined],
    ["12, 120", undefined],
    ["120, 12", undefined],
    ["120,", undefined],
    [",120", undefined],
    ["0, 0", undefined],
  ]);
});

Deno.test("all three forms of HTTP-date are read", () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 30);
  reads([
    ["Sun, 06 Nov 1994 08:49:37 GMT", 7_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 7_000],
    ["Sun Nov  6 08:49:37 1994", 7_000],
    ["Sun Nov 06 08:49:37 1994", 7_000],
    ["  Sun, 06 Nov 1994 08:49:37 GMT \t", 7_000],
    ["Wed Nov 16 08:49:30 1994", 10 * 86_400_000],
  ], now);
});

Deno.test("a date is a delay only while it lies ahead", () => {
  const at = Date.UTC(2026, 0, 1, 0, 0, 30);
  for (
    const value of [
      "Thu, 01 Jan 2026 00:00:30 GMT",
      "Thursday, 01-Jan-26 00:00:30 GMT",
      "Thu Jan  1 00:00:30 2026",
    ]
  ) {
    assertEquals(parseRetryAfter(value, at - 1), 1);
    assertEquals(parseRetryAfter(value, at), undefined);
    assertEquals(parseRetryAfter(value, at + 1), undefined);
  }
});

Deno.test("a weekday that does not fit the date is tolerated, a word that is none is not", () => {
  reads([
    ["Mon, 01 Jan 2026 00:00:30 GMT", 30_000],
    ["Monday, 01-Jan-26 00:00:30 GMT", 30_000],
    ["Mon Jan  1 00:00:30 2026", 30_000],
    ["Foo, 01 Jan 2026 00:00:30 GMT", undefined],
    ["Thursday, 01 Jan 2026 00:00:30 GMT", undefined],
    ["Thu, 01-Jan-26 00:00:30 GMT", undefined],
    ["Funday, 01-Jan-26 00:00:30 GMT", undefined],
    ["Thursday Jan  1 00:00:30 2026", undefined],
  ]);
});

Deno.test("every month is read, up to its last day and no further", () => {
  const names = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
  ];
  const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  for (const [month, name] of names.entries()) {
    const last = lengths[month]!;
    reads([
      [`Sun, ${last} ${name} 2027 00:00:00 GMT`, Date.UTC(2027, month, last) - NOW],
      [`Sunday, ${last}-${name}-27 00:00:00 GMT`, Date.UTC(2027, month, last) - NOW],
      [`Sun ${name} ${last} 00:00:00 2027`, Date.UTC(2027, month, last) - NOW],
      [`Sun, ${last + 1} ${name} 2027 00:00:00 GMT`, undefined],
      [`Sunday, ${last + 1}-${name}-27 00:00:00 GMT`, undefined],
      [`Sun ${name} ${last + 1} 00:00:00 2027`, undefined],
      [`Sun, 00 ${name} 2027 00:00:00 GMT`, undefined],
      [`Sun ${name}  0 00:00:00 2027`, undefined],
    ]);
  }
});

Deno.test("29 February is read in leap years only", () => {
  reads([
    ["Tue, 29 Feb 2028 00:00:00 GMT", Date.UTC(2028, 1, 29) - NOW],
    ["Tuesday, 29-Feb-28 00:00:00 GMT", Date.UTC(2028, 1, 29) - NOW],
    ["Mon, 29 Feb 2027 00:00:00 GMT", undefined],
    ["Mon, 29 Feb 2100 00:00:00 GMT", undefined],
    ["Mon, 28 Feb 2100 00:00:00 GMT", Date.UTC(2100, 1, 28) - NOW],
    ["Tue, 29 Feb 2400 00:00:00 GMT", Date.UTC(2400, 1, 29) - NOW],
    ["Wed, 31 Feb 2026 00:00:00 GMT", undefined],
  ]);
});

Deno.test("hours, minutes and seconds stay in range, with room for a leap second", () => {
  reads([
    ["Thu, 01 Jan 2026 23:59:59 GMT", 86_399_000],
    ["Thu, 01 Jan 2026 23:59:60 GMT", 86_400_000],
    ["Thu, 01 Jan 2026 23:59:61 GMT", undefined],
    ["Thu, 01 Jan 2026 23:60:00 GMT", undefined],
    ["Thu, 01 Jan 2026 24:00:00 GMT", undefined],
    ["Thu, 01 Jan 2026 19:00:00 GMT", 19 * 3_600_000],
    ["Thu, 01 Jan 2026 20:00:00 GMT", 20 * 3_600_000],
  ]);
});

Deno.test("what other date parsers let pass is not read", () => {
  for (
    const value of [
      "2026-01-02",
      "2026-01-02T00:00:00Z",
      "Fri, 02 Jan 2026 00:00:00",
      "Fri, 02 Jan 2026 00:00:00 UTC",
      "Fri, 02 Jan 2026 00:00:00 +0000",
      "Fri, 02 Jan 2026 00:00:00 PST",
      "Fri, 02 Jan 2026 00:00 GMT",
      "Fri, 2 Jan 2026 00:00:00 GMT",
      "Fri, 02 Jan 26 00:00:00 GMT",
      "Fri 02 Jan 2026 00:00:00 GMT",
      "Fri,02 Jan 2026 00:00:00 GMT",
      "Fri,  02 Jan 2026 00:00:00 GMT",
      "fri, 02 jan 2026 00:00:00 gmt",
      "Fri, 02 January 2026 00:00:00 GMT",
      "Fri, 02 Foo 2026 00:00:00 GMT",
      "Friday, 02-Jan-2026 00:00:00 GMT",
      "Friday, 02 Jan 26 00:00:00 GMT",
      "Fri Jan 2 00:00:00 2026",
      "Fri Jan  2 00:00:00 2026 GMT",
      "Fri Jan  2 00:00:00 GMT 2026",
      "02 Jan 2026 00:00:00 GMT",
      "Fri, 02 Jan 2026 00:00:00 GMT x",
      "Fri, 02 Jan 2026 00:00:00 GMT, Fri, 02 Jan 2026 00:00:00 GMT",
      "Fri, ٠٢ Jan 2026 00:00:00 GMT",
      "tomorrow",
      "1/2/2026",
    ]
  ) {
    assertEquals(parseRetryAfter(value, NOW), undefined, value);
  }
});

Deno.test("a two-digit year up to 50 years ahead is ahead, beyond that it is past", () => {
  const now = Date.UTC(2026, 5, 15, 12);
  reads([
    ["Monday, 15-Jun-26 12:00:01 GMT", 1_000],
    ["Monday, 15-Jun-27 12:00:00 GMT", Date.UTC(2027, 5, 15, 12) - now],
    ["Monday, 15-Jun-76 12:00:00 GMT", Date.UTC(2076, 5, 15, 12) - now],
    ["Monday, 15-Jun-76 12:00:01 GMT", undefined], // 1976
    ["Monday, 15-Jun-77 12:00:00 GMT", undefined],
    ["Monday, 15-Jun-99 12:00:00 GMT", undefined],
    ["Monday, 15-Jun-00 12:00:00 GMT", undefined],
    ["Monday, 15-Jun-25 12:00:00 GMT", undefined],
    ["Monday, 15-Jun-26 11:59:59 GMT", undefined],
  ], now);
});

Deno.test("a two-digit year is read across the end of a century", () => {
  const now = Date.UTC(2099, 11, 31, 23, 59, 59);
  reads([["Friday, 01-Jan-00 00:00:00 GMT", 1_000]], now);
  reads([["Friday, 01-Jan-00 00:00:00 GMT", 1_000]], Date.UTC(1999, 11, 31, 23, 59, 59));
  // 2100 is no leap year, 2000 was.
  reads([["Monday, 29-Feb-00 00:00:00 GMT", undefined]], now);
});

Deno.test("a four-digit year below 100 is not moved into the 20th century", () => {
  reads([
    ["Sun, 06 Nov 0094 08:49:37 GMT", undefined],
    ["Sun Nov  6 08:49:37 0094", undefined],
  ], 0);
});

Deno.test("nothing that is not a string is read, and no clock makes it throw", () => {
  for (
    const value of [null, undefined, 120, NaN, 5n, true, {}, [], ["120"], Symbol("120"), new Date()]
  ) {
    // The types forbid most of these; JavaScript callers can still pass them.
    assertEquals(parseRetryAfter(value as unknown as string, NOW), undefined);
  }
  for (const now of [NaN, Infinity, -Infinity, 1e300, -1e300]) {
    assertEquals(parseRetryAfter("Friday, 02-Jan-26 00:00:00 GMT", now), undefined);
    assertEquals(parseRetryAfter("120", now), 120_000);
  }
  assertEquals(parseRetryAfter("Fri, 02 Jan 2026 00:00:00 GMT", NaN), undefined);
});

const PIECES = [
  ...'0159 ,;:-+.=\t\n\u0000é"\\',
  "Sun",
  "Sunday",
  "Nov",
  "1994",
  "08:49:37",
  "GMT",
  " 06 ",
  "-94 ",
  "Sun, 06 Nov ",
  "Sunday, 06-Nov-",
  "Sun Nov  6 ",
  "r=0",
  ";t=",
  "\ud800",
  "99999999999999999999",
];

Deno.test("garbage gives undefined or a delay above 0, and never throws", () => {
  const seed = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const random = mulberry32(seed);
  for (let round = 0; round < 30_000; round++) {
    const length = Math.floor(random() * 7);
    const value = Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]!).join(
      "",
    );
    const now = Math.floor(random() * 4e12) - 1e12;
    const where = `SEED=${seed} round ${round}: ${JSON.stringify(value)}`;
    const name = ["retry-after", "ratelimit-reset", "x-ratelimit-reset", "ratelimit"][round % 4]!;
    const headers = { get: (asked: string) => asked === name ? value : null };
    for (const ms of [parseRetryAfter(value, now), retryAfterFromHeaders(headers, now)]) {
      assert(ms === undefined || (ms > 0 && Number.isFinite(ms)), `${where} gave ${ms}`);
    }
  }
});

Deno.test("a date written by the clock is read back in all three forms", () => {
  const seed = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const random = mulberry32(seed);
  for (let round = 0; round < 2_000; round++) {
    const now = Math.floor(random() * 4e9) * 1_000;
    const ms = (1 + Math.floor(random() * 49 * 365 * 86_400)) * 1_000;
    const [weekday, day, month, year, time] = new Date(now + ms).toUTCString().split(/,? /);
    const long = ["Sun", "Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur"]
      .find((name) => name.startsWith(weekday!)) + "day";
    const padded = String(Number(day)).padStart(2);
    for (
      const value of [
        `${weekday}, ${day} ${month} ${year} ${time} GMT`,
        `${long}, ${day}-${month}-${year!.slice(2)} ${time} GMT`,
        `${weekday} ${month} ${padded} ${time} ${year}`,
      ]
    ) {
      assertEquals(
        parseRetryAfter(value, now),
        ms,
        `SEED=${seed} round ${round}: ${value} at ${now}`,
      );
    }
  }
});

function fromHeaders(init: Record<string, string>): number | undefined {
  return retryAfterFromHeaders(new Headers(init), NOW);
}

const EPOCH_S = NOW / 1_000;

Deno.test("Retry-After goes before the rate-limit headers, even where it cannot be read", () => {
  const others = { "RateLimit-Reset": "7", "X-RateLimit-Reset": "8", "RateLimit": '"x";r=0;t=9' };
  assertEquals(fromHeaders({ "Retry-After": "5", ...others }), 5_000);
  for (const unread of ["soon", "0", "-1", "", "Thu, 01 Jan 2015 00:00:00 GMT"]) {
    assertEquals(fromHeaders({ "Retry-After": unread, ...others }), undefined);
  }
  assertEquals(fromHeaders({}), undefined);
});

Deno.test("a reader that says undefined for absent is understood", () => {
  const entries = new Map([["x-ratelimit-reset", "8"]]);
  // What a Map gives where the type wants null.
  const headers = { get: (name: string) => entries.get(name) as string | null };
  assertEquals(retryAfterFromHeaders(headers, NOW), 8_000);
});

Deno.test("without Retry-After the rate-limit headers are tried in their order", () => {
  const first = { "RateLimit-Reset": "7" };
  const second = { "X-RateLimit-Reset": "8" };
  const third = { "RateLimit": '"x";r=0;t=9' };
  assertEquals(fromHeaders({ ...third, ...second, ...first }), 7_000);
  assertEquals(fromHeaders({ ...third, ...second }), 8_000);
  assertEquals(fromHeaders(third), 9_000);
  assertEquals(fromHeaders({ ...second, "RateLimit-Reset": "soon" }), 8_000);
  assertEquals(fromHeaders({ ...second, "RateLimit-Reset": "0" }), 8_000);
  assertEquals(fromHeaders({ ...third, "X-RateLimit-Reset": String(EPOCH_S - 1) }), 9_000);
});

Deno.test("a reset is a delta, epoch seconds or epoch milliseconds by its size", () => {
  for (const name of ["RateLimit-Reset", "X-RateLimit-Reset"]) {
    const cases: [string, number | undefined][] = [
      ["1", 1_000],
      [" 30 ", 30_000],
      ["1.5", 1_500],
      ["0.25", 250],
      ["999999999", 999_999_999_000],
      ["1000000000", undefined], // 2001
      [String(EPOCH_S + 60), 60_000],
      [`${EPOCH_S + 60}.125`, 60_125],
      [String(EPOCH_S), undefined],
      [String(EPOCH_S - 1), undefined],
      ["99999999999", 99_999_999_999_000 - NOW],
      ["100000000000", undefined], // 1973
      [String(NOW + 60_000), 60_000],
      [String(NOW), undefined],
      ["9".repeat(400), Number.MAX_SAFE_INTEGER],
      ["0", undefined],
      ["-5", undefined],
      ["+5", undefined],
      ["1e3", undefined],
      [".5", undefined],
      ["5.", undefined],
      ["", undefined],
      ["Fri, 02 Jan 2026 00:00:00 GMT", undefined],
    ];
    for (const [value, ms] of cases) assertEquals(fromHeaders({ [name]: value }), ms, value);
  }
});

Deno.test("the RateLimit field is read for t=", () => {
  const cases: [string, number | undefined][] = [
    ['"default";r=0;t=30', 30_000],
    ['"default"; r=0; t=30', 30_000],
    ['"default";t=30;r=0', 30_000],
    ['"default";r=50;t=30', 30_000],
    ["default;r=0;t=30", 30_000],
    ["limit=100, remaining=0, t=30", 30_000],
    ["t=30", 30_000],
    ['"default";r=0;t=0', undefined],
    ['"default";r=0', undefined],
    ['"default";r=0;t=-5', undefined],
    ['"default";r=0;t=1.5', undefined],
    ['"default";r=0;t=x', undefined],
    ['"default";r=0;reset=30', undefined],
    ["limit=100, remaining=0, reset=30", undefined],
    ['"a;t=99";r=0;t=30', 30_000],
    ['"a\\";t=99,t=98";r=0;t=30', 30_000],
    [`"a";r=0;t=${"9".repeat(400)}`, Number.MAX_SAFE_INTEGER],
    ['"default;r=0;t=30', undefined],
    ["", undefined],
  ];
  for (const [value, ms] of cases) assertEquals(fromHeaders({ RateLimit: value }), ms, value);
});

Deno.test("of several quotas in RateLimit the longest that is used up counts, else the first", () => {
  assertEquals(fromHeaders({ RateLimit: '"burst";r=0;t=5, "daily";r=70;t=3600' }), 5_000);
  assertEquals(fromHeaders({ RateLimit: '"burst";r=0;t=5, "daily";r=0;t=3600' }), 3_600_000);
  assertEquals(fromHeaders({ RateLimit: '"burst";r=3;t=5, "daily";r=70;t=3600' }), 5_000);
  assertEquals(fromHeaders({ RateLimit: '"none", "daily";r=70;t=60' }), 60_000);
});

Deno.test("a RateLimit field of any length is dealt with quickly", () => {
  assertEquals(fromHeaders({ RateLimit: '"\\'.repeat(100_000) }), undefined);
  assertEquals(fromHeaders({ RateLimit: `${'"\\'.repeat(2_000)};r=0;t=5` }), undefined);
});

Deno.test("an outcome asks with status 429 or 503 only, however it is classified", () => {
  for (const status of [200, 204, 301, 404, 408, 428, 430, 500, 502, 504]) {
    assertEquals(retryAfterOf({ status, retryAfter: "5" }, NOW), undefined, `${status}`);
  }
  for (const status of [429, 503]) {
    assertEquals(retryAfterOf({ status, retryAfter: "5" }, NOW), 5_000);
    assertEquals(retryAfterOf({ status, retryAfter: "5", fromCache: false }, NOW), 5_000);
    assertEquals(retryAfterOf({ status, retryAfter: "5", fromCache: true }, NOW), undefined);
    assertEquals(retryAfterOf({ status }, NOW), undefined);
    assertEquals(retryAfterOf({ status, retryAfter: null }, NOW), undefined);
  }
});

Deno.test("an outcome's retryAfter goes before its headers, readable or not", () => {
  const headers = new Headers({ "Retry-After": "7" });
  assertEquals(retryAfterOf({ status: 429, headers }, NOW), 7_000);
  assertEquals(retryAfterOf({ status: 429, headers, retryAfter: null }, NOW), 7_000);
  assertEquals(retryAfterOf({ status: 429, headers, retryAfter: undefined }, NOW), 7_000);
  assertEquals(retryAfterOf({ status: 429, headers, retryAfter: "5" }, NOW), 5_000);
  assertEquals(retryAfterOf({ status: 429, headers, retryAfter: "soon" }, NOW), undefined);
  assertEquals(retryAfterOf({ status: 429, headers, retryAfter: "" }, NOW), undefined);
});

Deno.test("a result asks with failure and a finite retryAfterMs above 0", () => {
  assertEquals(retryAfterOf({ result: "failure", retryAfterMs: 1 }, NOW), 1);
  assertEquals(retryAfterOf({ result: "failure", retryAfterMs: 1e12 }, NOW), 1e12);
  for (const retryAfterMs of [0, -1, NaN, Infinity, -Infinity, undefined]) {
    assertEquals(retryAfterOf({ result: "failure", retryAfterMs }, NOW), undefined);
  }
  for (const result of ["success", "neutral", "cancelled"] as const) {
    assertEquals(retryAfterOf({ result, retryAfterMs: 5 }, NOW), undefined);
  }
});

Deno.test("an error asks for nothing", () => {
  const outcome: Outcome = { error: Object.assign(new Error("x"), { retryAfterMs: 5 }) };
  assertEquals(retryAfterOf(outcome, NOW), undefined);
});
