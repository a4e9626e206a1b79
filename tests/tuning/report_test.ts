/**
 * Reports of replays: several hosts as one, and two policies compared.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { replay } from "../../src/tuning/replay.ts";
import { compareReports, costOf, missedOf, wastedOf } from "../../src/tuning/report.ts";
import { denied, failed, good, log, OUTAGE } from "./logged.ts";
import { policy } from "./replayed.ts";

Deno.test("the mean over all hosts weighs each recovery alike", () => {
  // Here two recoveries, noticed after 30 s and 0 s; there one, after 30 s.
  const twice = log(OUTAGE, failed(100, 110, 120), good(180));
  const other = OUTAGE.map((event) => ({ ...event, host: "other.example.org" }));
  const { noticeMs, recoveries } = replay(log(twice, other), policy({ failMax: 3 }));
  assertEquals({ noticeMs, recoveries }, { noticeMs: 20_000, recoveries: 3 });
});

Deno.test("two policies are compared by what is wasted and missed, estimates included", () => {
  const present = replay(OUTAGE, policy({ failMax: 6 }));
  const earlier = replay(OUTAGE, policy({ failMax: 3 }));
  const quicker = replay(OUTAGE, policy({ failMax: 3, resetTimeoutMs: 30_000 }));
  assertEquals([wastedOf(earlier), missedOf(earlier), costOf(earlier)], [3, 3, 6]);
  assertEquals(compareReports(present, earlier), {
    verdict: "worse",
    cost: [5, 6],
    wasted: [5, 3],
    missed: [0, 3],
    estimatedCost: [0, 0],
    opens: [0, 1],
    openMs: [0, 60_000],
    noticeMs: [undefined, 30_000],
  });
  assertEquals(compareReports(earlier, present).verdict, "better");
  assertEquals(compareReports(present, present).verdict, "same");
  // At 50 it probes: nothing is missed.
  assertEquals(compareReports(present, quicker).cost, [5, 3]);
  const guessed = replay(log(failed(0, 1), denied(2), good(60)), policy());
  assertEquals(compareReports(guessed, guessed).estimatedCost, [1, 1]);
});
