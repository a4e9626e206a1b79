/**
 * What a replay says of the requests whose outcomes the log holds. Every expectation is worked out by hand.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { replay } from "../../src/tuning/replay.ts";
import { at, denied, failed, good, HOST, log, OUTAGE, START } from "./logged.ts";
import { NONE, NOTHING, policy, replayed } from "./replayed.ts";

Deno.test("failures after the open are avoided, good requests until the probe denied", () => {
  // Opens at 20 for 60 s; the probe at 80 closes, 30 s after the first good answer.
  assertEquals(replayed(OUTAGE, { failMax: 3 }), {
    ...NOTHING,
    requests: 10,
    sent: 5,
    denied: 5,
    failuresSent: 3,
    failuresAvoided: 2,
    goodSent: 2,
    goodDenied: 3,
    opens: 1,
    openMs: 60_000,
    recoveries: 1,
    noticeMs: 30_000,
  });
});

Deno.test("a policy that one failure more would have opened sends them all", () => {
  const all = { ...NOTHING, requests: 10, sent: 10, failuresSent: 5, goodSent: 5 };
  assertEquals(replayed(OUTAGE, { failMax: 6 }), all);
  const { opens, failuresSent, goodDenied } = replayed(OUTAGE, { failMax: 5 });
  assertEquals({ opens, failuresSent, goodDenied }, { opens: 1, failuresSent: 5, goodDenied: 5 });
});

Deno.test("an open that the log's end cuts short counts only up to there", () => {
  const { openMs, recoveries } = replayed(OUTAGE, { failMax: 5 });
  assertEquals({ openMs, recoveries }, { openMs: 50_000, recoveries: 0 });
});

Deno.test("a probe that fails opens again", () => {
  // Opens at 20; probes at 30 and 40 fail, that at 50 succeeds at once: what was first seen then.
  const { opens, openMs, noticeMs, failuresSent, goodDenied } = replayed(OUTAGE, {
    failMax: 3,
    resetTimeoutMs: 10_000,
  });
  assertEquals(
    { opens, openMs, noticeMs, failuresSent, goodDenied },
    { opens: 3, openMs: 30_000, noticeMs: 0, failuresSent: 5, goodDenied: 0 },
  );
});

Deno.test("a failure in between puts off what counts as recovery", () => {
  // Opens at 10 until 70. The answer at 20 is not yet the recovery, that at 40 is.
  const events = log(failed(0, 10, 30), good(20, 40, 50, 70));
  assertEquals(replayed(events, { failMax: 2 }).noticeMs, 30_000);
});

Deno.test("a Retry-After silences the host, up to the candidate's cap", () => {
  const events = log([at(0, { status: 429, retryAfterS: 30 })], good(10, 20, 30, 40));
  assertEquals(replayed(events), {
    ...NOTHING,
    requests: 5,
    sent: 3,
    denied: 2,
    failuresSent: 1,
    goodSent: 2,
    goodDenied: 2,
    cooldowns: 1,
    openMs: 30_000,
    recoveries: 1,
    noticeMs: 20_000,
  });
  assertEquals(replayed(events, { retryAfterCapMs: 20_000 }).goodDenied, 1);
  assertEquals(replayed(events, { retryAfterCapMs: 0 }).goodDenied, 0);
});

Deno.test("a Retry-After of a status that is not asked for one is left unread", () => {
  const events = log([at(0, { status: 500, retryAfterS: 30 })], good(10));
  assertEquals(replayed(events).cooldowns, 0);
});

Deno.test("the rolling window sets its cooldown, for failures that fall into it", () => {
  const rolling = { enabled: true, windowMs: 10_000, thresholdFailures: 2, cooldownMs: 20_000 };
  const within = log(failed(0, 9.999), good(1, 15, 30));
  const { cooldowns, goodDenied, openMs } = replayed(within, { rolling });
  assertEquals({ cooldowns, goodDenied, openMs }, { cooldowns: 1, goodDenied: 1, openMs: 20_000 });
  const apart = log(failed(0, 10), good(1, 15, 30));
  assertEquals(replayed(apart, { rolling }).cooldowns, 0);
});

Deno.test("a role with a breaker of its own does not deny the others", () => {
  const roles = { artifact: { failMax: 1 } };
  const events = [
    at(0, { status: 500, role: "artifact" }),
    at(1, { role: "metadata" }),
    at(2, { role: "artifact" }),
  ];
  const { opens, goodSent, goodDenied } = replayed(events, { roles });
  assertEquals({ opens, goodSent, goodDenied }, { opens: 1, goodSent: 1, goodDenied: 1 });
  assertEquals(replayed(events).goodDenied, 0);
});

Deno.test("a cooldown opens every breaker of a host, and is one open", () => {
  const roles = { artifact: { failMax: 3 } };
  const events = [
    at(0, { status: 500, role: "artifact" }),
    at(1, { status: 503, retryAfterS: 9 }),
    at(20),
    at(21, { role: "artifact" }),
  ];
  const { cooldowns, opens, openMs, recoveries } = replayed(events, { roles });
  assertEquals(
    { cooldowns, opens, openMs, recoveries },
    { cooldowns: 1, opens: 0, openMs: 9_000, recoveries: 2 },
  );
});

Deno.test("the failure rate opens at its threshold, and not below", () => {
  const failureRate = { windowMs: 60_000, minCalls: 4, thresholdRatio: 0.5 };
  const half = log(failed(1, 3), good(0, 2, 5));
  const { opens, goodDenied } = replayed(half, { failureRate });
  assertEquals({ opens, goodDenied }, { opens: 1, goodDenied: 1 });
  const less = log(failed(1, 4), good(0, 2, 3, 5));
  assertEquals(replayed(less, { failureRate }).opens, 0);
});

Deno.test("a request that had left before the breaker opened is not denied", () => {
  // Two failures end at 1 and 2. The third left at 1.5 and failed at 10; the fourth left at 3.
  const events = [
    at(1, { status: 503, latencyMs: 1_000 }),
    at(2, { status: 503, latencyMs: 1_500 }),
    at(4, { status: 503, latencyMs: 1_000 }),
    at(10, { status: 503, latencyMs: 8_500 }),
  ];
  const { failuresSent, failuresAvoided, opens } = replayed(events, { failMax: 2 });
  assertEquals(
    { failuresSent, failuresAvoided, opens },
    { failuresSent: 3, failuresAvoided: 1, opens: 1 },
  );
});

Deno.test("trial calls bound the probes that are under way at once", () => {
  // Opens at 0 until 60. Both leave at 60 and are back at 62 and 63.
  const events = [
    at(0, { status: 503 }),
    at(62, { latencyMs: 2_000 }),
    at(63, { latencyMs: 3_000 }),
  ];
  assertEquals(replayed(events, { failMax: 1 }).goodDenied, 1);
  assertEquals(replayed(events, { failMax: 1, trialCalls: 2 }).goodDenied, 0);
});

Deno.test("answers from a cache and denials by pacing are left out and counted", () => {
  const events = [
    at(0, { fromCache: true }),
    ...denied(1).map((event) => ({ ...event, breakerState: "closed" as const })),
    at(2),
  ];
  const { requests, cached, paced } = replay(events, policy());
  assertEquals({ requests, cached, paced }, { requests: 1, cached: 1, paced: 1 });
});

Deno.test("cancelled requests count for nothing, bare results for what they say", () => {
  const bare = (error: string) => ({ status: undefined, error });
  const events = [
    at(0, bare("AbortError")),
    at(1, bare("cancelled")),
    at(2, bare("neutral")),
    at(3, { status: undefined }),
    at(4, bare("TimeoutError")),
    at(5, bare("failure")),
  ];
  const { untoldSent, goodSent, failuresSent } = replayed(events);
  assertEquals({ untoldSent, goodSent, failuresSent }, {
    untoldSent: 2,
    goodSent: 2,
    failuresSent: 2,
  });
});

Deno.test("the candidate's own classification says what a failure is", () => {
  const events = log([at(0, { status: 404 }), at(1, { status: 404 })], denied(2));
  const classify = { failureStatuses: [404] };
  const { failuresSent, estimated } = replayed(events, { classify });
  assertEquals({ failuresSent, estimated }, {
    failuresSent: 2,
    estimated: { ...NONE, failuresSent: 1 },
  });
  assertEquals(replayed(events).goodSent, 2);
});

Deno.test("an empty log gives an empty report", () => {
  assertEquals(replay([], policy()), {
    ...NOTHING,
    hosts: [],
    cached: 0,
    paced: 0,
    clockJumps: 0,
  });
});

Deno.test("a host with one event has a report of one", () => {
  assertEquals(replayed(failed(0), { failMax: 1 }), {
    ...NOTHING,
    requests: 1,
    sent: 1,
    failuresSent: 1,
    opens: 1,
  });
  assertEquals(replayed(denied(0)).estimated, { ...NONE, untoldSent: 1 });
});

Deno.test("a clock that goes back is counted, and stands still until it has caught up", () => {
  // Opens at 20, and at 20 it stays until 80: the three from before the jump's end are denied.
  const events = [...failed(0, 10, 20), ...good(5, 6, 19), ...good(79.999, 80)];
  const report = replay(events, policy({ failMax: 3 }));
  const { clockJumps, goodDenied, goodSent, startMs, endMs } = report;
  assertEquals({ clockJumps, goodDenied, goodSent }, {
    clockJumps: 1,
    goodDenied: 4,
    goodSent: 1,
  });
  assertEquals({ startMs, endMs }, { startMs: START, endMs: START + 80_000 });
});

Deno.test("hosts are replayed each by itself, under the policy of each", () => {
  const other = OUTAGE.map((event) => ({ ...event, host: "other.example.org" }));
  const both = log(OUTAGE, other);
  const report = replay(both, (host) => policy({ failMax: host === HOST ? 3 : 6 }));
  assertEquals(report.hosts.map(({ host, opens }) => [host, opens]), [
    [HOST, 1],
    ["other.example.org", 0],
  ]);
  assertEquals(report.requests, 20);
  assertEquals(report.noticeMs, 30_000);
});

Deno.test("what cannot be replayed is refused in words", () => {
  assertThrows(
    () => replay([at(0, { ts: NaN })], policy()),
    RangeError,
    "Cannot replay an event whose 'ts' is NaN",
  );
  assertThrows(
    () => replay([], policy(), { estimateWithinMs: -1 }),
    RangeError,
    "'estimateWithinMs' must be 0 or above: received -1",
  );
  assertThrows(() => replay([at(0, { status: 42 })], policy()), TypeError, "status is 42");
});
