/**
 * Rules for the reset timeout, by hand, on both sides of each threshold.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { PolicyPatch } from "../../mod.ts";
import { flappingRule, openDurationRule, retryAfterRule } from "../../src/tuning/reset_rules.ts";
import { ask, HOST } from "./metrics_of.ts";

Deno.test("five Retry-After values name their median, with the numbers it rests on", () => {
  const advice = ask(retryAfterRule, { retryAfterS: { 30: 2, 90: 1, 120: 2 } });
  assertEquals(advice, {
    host: HOST,
    rule: "retry_after",
    parameter: "resetTimeoutMs",
    from: 60_000,
    to: 90_000,
    patch: { resetTimeoutMs: 90_000 },
    evidence: { retryAfters: 5, medianRetryAfterS: 90 },
    confidence: 0.5,
    reason: "The median of 5 Retry-After values is 90 s: reset timeout from 60 s to 90 s",
  });
});

Deno.test("four Retry-After values are too few", () => {
  assertEquals(ask(retryAfterRule, { retryAfterS: { 120: 4 } }), undefined);
});

Deno.test("45 Retry-After values are nine times as many as it takes, and so 90 % sure", () => {
  assertEquals(ask(retryAfterRule, { retryAfterS: { 120: 45 } })?.confidence, 0.9);
});

Deno.test.each([[14, 15], [15, 15], [16, 16], [899, 899], [900, 900], [901, 900]])(
  "a median Retry-After of %s s becomes a reset timeout of %s s",
  (medianS, toS) => {
    assertEquals(ask(retryAfterRule, { retryAfterS: { [medianS]: 5 } })?.to, toS * 1000);
  },
);

Deno.test("a median that holds already is no advice", () => {
  assertEquals(ask(retryAfterRule, { retryAfterS: { 60: 9 } }), undefined);
});

Deno.test("no reset timeout is advised beyond the longest open", () => {
  const advice = ask(retryAfterRule, { retryAfterS: { 300: 5 } }, { maxResetTimeoutMs: 200_000 });
  assertEquals(advice?.to, 200_000);
});

Deno.test("Retry-After shortens the reset timeout, but not of a host that flaps", () => {
  assertEquals(ask(retryAfterRule, { retryAfterS: { 20: 5 } })?.to, 20_000);
  assertEquals(ask(retryAfterRule, { retryAfterS: { 20: 5 }, reopens: 1 }), undefined);
});

Deno.test("three open durations name their median, two are too few", () => {
  const advice = ask(openDurationRule, { openS: { 60: 1, 180: 2 } });
  assertEquals([advice?.rule, advice?.patch], ["open_duration", { resetTimeoutMs: 180_000 }]);
  assertEquals(advice?.evidence, { openDurations: 3, medianOpenS: 180 });
  assertEquals(ask(openDurationRule, { openS: { 180: 2 } }), undefined);
});

Deno.test.each([[14, 15], [600, 600], [610, 600]])(
  "a median open of %s s becomes a reset timeout of %s s",
  (medianS, toS) => {
    assertEquals(ask(openDurationRule, { openS: { [medianS]: 3 } })?.to, toS * 1000);
  },
);

Deno.test("open durations within a tenth of the reset timeout are what holds already", () => {
  assertEquals(ask(openDurationRule, { openS: { 66: 3 } }), undefined);
  assertEquals(ask(openDurationRule, { openS: { 67: 3 } })?.to, 67_000);
});

Deno.test("two opens soon after a close make the reset timeout half as long again, one does not", () => {
  const advice = ask(flappingRule, { opens: 5, reopens: 2 });
  assertEquals([advice?.from, advice?.to], [60_000, 90_000]);
  assertEquals(
    advice?.reason,
    "2 of 5 opens came within two minutes of a close: reset timeout from 60 s to 90 s",
  );
  assertEquals(ask(flappingRule, { opens: 5, reopens: 1 }), undefined);
});

Deno.test.each([
  [390_000, 585_000],
  [410_000, 600_000],
  [600_000, undefined],
  [700_000, undefined],
])(
  "flapping takes a reset timeout of %s ms to %s",
  (from, to) => {
    assertEquals(ask(flappingRule, { opens: 5, reopens: 2 }, { resetTimeoutMs: from })?.to, to);
  },
);

Deno.test("a role is advised by itself only where its breaker is its own", () => {
  const numbers = { retryAfterS: { 120: 5 } };
  const says = (roles: PolicyPatch["roles"]) =>
    ask(retryAfterRule, numbers, { roles }, { role: "artifact" })?.patch;
  const own = { roles: { artifact: { resetTimeoutMs: 120_000 } } };
  assertEquals([says({ artifact: { failMax: 8 } }), says({})], [own, undefined]);
});
