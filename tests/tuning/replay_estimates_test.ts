/**
 * What a replay makes of the requests that the log denied: how they would have gone is estimated from what stands
 * around them, and counted apart.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { HttpEvent } from "../../src/tuning/http_event.ts";
import { replay } from "../../src/tuning/replay.ts";
import { at, denied, failed, good, log } from "./logged.ts";
import { NONE, NOTHING, policy, replayed } from "./replayed.ts";

Deno.test("a denied request is estimated from the nearest outcome, and counted apart", () => {
  // Between the failure at 2 and the answer at 62 the middle is 32: as near to both counts as failed.
  const events = log(failed(0, 1, 2), denied(10, 20, 32, 33, 50), good(62));
  assertEquals(replayed(events, { failMax: 10 }), {
    ...NOTHING,
    requests: 9,
    sent: 9,
    failuresSent: 3,
    goodSent: 1,
    estimated: { ...NONE, failuresSent: 3, goodSent: 2 },
  });
  assertEquals(replayed(events, { failMax: 3 }), {
    ...NOTHING,
    requests: 9,
    sent: 4,
    denied: 5,
    failuresSent: 3,
    goodSent: 1,
    estimated: { ...NONE, failuresAvoided: 3, goodDenied: 2 },
    opens: 1,
    openMs: 60_000,
    recoveries: 1,
    noticeMs: 0,
  });
});

Deno.test("estimates move the candidate's breaker, but are no evidence of a recovery", () => {
  // Opens at 2 for 40 s; the request at 42 is a probe that is estimated to succeed: it closes unseen.
  const events = log(failed(0, 1, 2), denied(10, 42, 50), good(62));
  const { estimated, opens, recoveries } = replayed(events, {
    failMax: 3,
    resetTimeoutMs: 40_000,
  });
  assertEquals({ estimated, opens, recoveries }, {
    estimated: { ...NONE, failuresAvoided: 1, goodSent: 2 },
    opens: 1,
    recoveries: 0,
  });
});

Deno.test("while the host asks to be left alone, a request is estimated to fail", () => {
  const asked = [at(0, { status: 429, retryAfterS: 100 })];
  const events = log(asked, denied(10, 99.999, 100), good(101));
  const { estimated } = replayed(events, { retryAfterCapMs: 0 });
  assertEquals(estimated, { ...NONE, failuresSent: 2, goodSent: 1 });
  // An answer in between shows that it did not mean it.
  const answered = log(asked, good(50), denied(60), good(101));
  assertEquals(replayed(answered, { retryAfterCapMs: 0 }).estimated, { ...NONE, goodSent: 1 });
});

Deno.test("outcomes that are too far away tell nothing", () => {
  const near = log(failed(0), denied(300), good(600.001));
  assertEquals(replayed(near).estimated, { ...NONE, failuresSent: 1 });
  const after = log(failed(0), denied(300.001), good(600.001));
  assertEquals(replayed(after).estimated, { ...NONE, goodSent: 1 });
  const far = log(failed(0), denied(300.001), good(600.002));
  assertEquals(replayed(far).estimated, { ...NONE, untoldSent: 1 });
  const { estimated } = replay(far, policy(), { estimateWithinMs: 300_001 });
  assertEquals(estimated, { ...NONE, failuresSent: 1 });
});

Deno.test("what nothing is known of does not move the breaker, and frees its slot as a probe", () => {
  const events = log(failed(0), denied(400, 401), good(1_000));
  const { estimated, opens } = replayed(events, { failMax: 1 });
  assertEquals({ estimated, opens }, { estimated: { ...NONE, untoldSent: 2 }, opens: 1 });
  assertEquals(replayed(denied(0, 10)).estimated, { ...NONE, untoldSent: 2 });
});

Deno.test("outcomes of the same role go before nearer ones of another", () => {
  const role = (name: string, ...events: HttpEvent[]) =>
    events.map((event) => ({ ...event, role: name }));
  const around = [
    ...role("artifact", ...failed(0, 20)),
    ...role("metadata", ...good(9, 11)),
  ];
  const artifact = log(around, role("artifact", ...denied(10)));
  assertEquals(replayed(artifact).estimated, { ...NONE, failuresSent: 1 });
  const landing = log(around, role("landing", ...denied(10)));
  assertEquals(replayed(landing).estimated, { ...NONE, goodSent: 1 });
});
