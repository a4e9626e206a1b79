/**
 * The advisor as a whole: which rule counts where several speak, and what it makes of bad numbers.
 *
 * @module
 */
import { assertEquals, assertLess } from "@std/assert";
import type { PolicyPatch } from "../../mod.ts";
import type { Summary } from "../../src/telemetry/summary.ts";
import type { HostMetrics } from "../../src/tuning/advice.ts";
import { advise } from "../../src/tuning/advise.ts";
import { HOST, metricsOf, summaryOf } from "./metrics_of.ts";

const rulesFor = (...metrics: HostMetrics[]) => advise(metrics).map(({ rule }) => rule);
const asked = (numbers: Partial<Summary>, patch: PolicyPatch = {}) =>
  rulesFor(metricsOf(numbers, patch));

/** Enough for every rule of the breaker. */
const TROUBLE: Partial<Summary> = {
  network: 200,
  opens: 6,
  reopens: 2,
  retryAfterS: { 120: 5 },
  openS: { 180: 3 },
  runs: { 1: 20, 6: 3 },
  probeFailures: 6,
};

Deno.test("the most urgent advice comes first, and of the reset timeout there is one", () => {
  assertEquals(asked(TROUBLE), ["flapping", "half_open", "failure_runs"]);
  assertEquals(asked({ ...TROUBLE, reopens: 1 }), ["half_open", "failure_runs", "retry_after"]);
  const { retryAfterS: _, ...silent } = TROUBLE;
  assertEquals(asked({ ...silent, reopens: 1 }), ["half_open", "failure_runs", "open_duration"]);
});

Deno.test("a host that answers 429 is paced before its breaker is touched", () => {
  assertEquals(asked({ ...TROUBLE, status429: 10 }), ["pace"]);
  const others = { ...TROUBLE, failures: 30, retryAfterS: {} };
  assertEquals(asked({ ...others, status429: 9 }), ["flapping", "half_open", "failure_runs"]);
});

Deno.test("small steps of a rate come last, and hold back nothing else", () => {
  const rates = { "*": "10/s" };
  const few = { ...TROUBLE, failures: 30, status429: 3 };
  const others = ["flapping", "half_open", "failure_runs"];
  assertEquals(asked(few, { rates }), [...others, "pace_trim"]);
  const tenMinutes = (numbers: Partial<Summary>) =>
    rulesFor(metricsOf([numbers, ...Array.from({ length: 9 }, () => ({}))], { rates }));
  assertEquals(tenMinutes({ ...TROUBLE, denials: { rate: 1 } }), [...others, "pace_up"]);
});

Deno.test("where the pace can go no lower, the breaker is next", () => {
  const rates = { "*": "1/m" };
  assertEquals(asked({ ...TROUBLE, status429: 10 }, { rates }), [
    "flapping",
    "half_open",
    "failure_runs",
  ]);
});

Deno.test("one host's 429s hold back no advice for another", () => {
  const other = metricsOf({ retryAfterS: { 120: 5 } }, {}, { host: "other.example" });
  const limited = metricsOf({ network: 100, status429: 5 }, { rates: { "*": "10/s" } });
  const found = advise([limited, other]).map(({ host, rule }) => [host, rule]);
  assertEquals(found, [[HOST, "pace"], ["other.example", "retry_after"]]);
});

Deno.test("a role's 429s hold back advice for its whole host", () => {
  const limited = metricsOf({ network: 100, status429: 5 }, {}, { role: "artifact" });
  assertEquals(rulesFor(metricsOf(TROUBLE), limited), ["pace"]);
});

Deno.test("a role with a rate of its own is paced by that, others by the host's", () => {
  const limited = { network: 100, status429: 5 };
  const paced = (rates: PolicyPatch["rates"]) =>
    advise([metricsOf(limited, { rates }), metricsOf(limited, { rates }, { role: "artifact" })])
      .map(({ patch }) => patch.rates);
  assertEquals(paced({ artifact: "5/s" }), [{ artifact: "4/s" }]);
  assertEquals(paced({ "*": "5/s", artifact: "5/s" }), [{ artifact: "4/s" }]);
  assertEquals(paced({ "*": "5/s" }), [{ "*": "4/s" }]);
});

Deno.test("a host that is as it should be gets no advice", () => {
  assertEquals(asked({ network: 10_000, successes: 9_990, failures: 10, runs: { 1: 10 } }), []);
});

Deno.test("numbers of several periods add up", () => {
  const minutes = [{ retryAfterS: { 120: 3 } }, { retryAfterS: { 120: 2 } }];
  assertEquals(rulesFor(metricsOf(minutes)), ["retry_after"]);
  assertEquals(rulesFor(metricsOf(minutes.slice(1))), []);
});

Deno.test("a host with one event, none or no period gets no advice", () => {
  assertEquals(advise([]), []);
  assertEquals(asked({ network: 1, failures: 1, status429: 1, retryAfterS: { 120: 1 } }), []);
  assertEquals(asked({}), []);
  assertEquals(rulesFor(metricsOf([])), []);
  assertEquals(rulesFor(metricsOf({ ...TROUBLE, calls: 0 })), []);
});

Deno.test("what is no number leads to no advice, in any field", () => {
  for (const bad of [NaN, Infinity, -Infinity, -1]) {
    const counts = ["calls", "network", "status429", "opens", "reopens", "probeFailures"] as const;
    for (const name of counts) {
      assertEquals(asked({ ...TROUBLE, status429: 10, [name]: bad }), [], `${name} ${bad}`);
    }
    for (const name of ["retryAfterS", "openS", "runs"] as const) {
      for (const counts of [{ 1: bad }, { [bad]: 5 }]) {
        const histogram = { ...TROUBLE[name], ...counts };
        assertEquals(asked({ ...TROUBLE, [name]: histogram }), [], `${name} ${bad}`);
      }
    }
  }
});

Deno.test("a clock that jumped back leaves periods that overlap: their time counts once", () => {
  const summary = summaryOf({ network: 20, runs: { 1: 1 } });
  const metrics = (startsMs: number[]) => {
    const periods = startsMs.map((startMs) => ({ startMs, durationMs: 60_000, summary }));
    return { ...metricsOf([], { failMax: 3 }), periods };
  };
  const minute = (_: unknown, i: number) => i * 60_000;
  assertEquals(rulesFor(metrics(Array.from({ length: 30 }, minute))), ["relax"]);
  assertEquals(rulesFor(metrics(Array.from({ length: 30 }, minute).reverse())), ["relax"]);
  const twice = Array.from({ length: 15 }, minute);
  assertEquals(rulesFor(metrics([...twice, ...twice])), []);
});

Deno.test("periods without a length or a time are left out", () => {
  const { periods } = metricsOf(TROUBLE);
  const bad = [{ durationMs: 0 }, { durationMs: -60_000 }, { durationMs: NaN }, { startMs: NaN }];
  for (const part of bad) {
    const broken = { ...metricsOf([]), periods: [{ ...periods[0]!, ...part }] };
    assertEquals(advise([broken]), [], JSON.stringify(part));
  }
});

Deno.test("ten thousand hosts with an hour each are advised within seconds", () => {
  const hour = Array.from({ length: 60 }, (): Partial<Summary> => {
    return { network: 20, failures: 1, runs: { 1: 1, 2: 1, 7: 1 }, openS: { 60: 1, 120: 2 } };
  });
  const { periods, policy } = metricsOf(hour);
  const hosts = Array.from({ length: 10_000 }, (_, i) => {
    return { host: `h${i}.example`, policy, periods };
  });
  const startedAt = performance.now();
  assertEquals(advise(hosts).length, 10_000);
  assertLess(performance.now() - startedAt, 10_000);
});
