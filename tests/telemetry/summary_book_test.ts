/**
 * What a registry does becomes numbers: real breakers on a clock moved by hand, summed up and read back.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BreakerRegistry, memoryStore, type Outcome, type PolicyPatch } from "../../mod.ts";
import { readSummaries, summariesOf } from "../../src/telemetry/summaries.ts";
import { EMPTY_SUMMARY, type HostMinute } from "../../src/telemetry/summary.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { total } from "./total.ts";

const host = "api.example.org";
const MINUTE = 60_000;
/** So that minutes begin where a test says so. */
const START = 1_800_000_000_000;

interface Made {
  registry: BreakerRegistry;
  clock: ManualClock;
  /** Asks and tells; what is denied is told nothing. */
  call(outcome: Outcome, role?: string, of?: string): Promise<void>;
  read(of?: string): Promise<HostMinute[]>;
}

function make(defaults: PolicyPatch = {}, options = {}): Made {
  const clock = new ManualClock();
  const registry = new BreakerRegistry({
    store: memoryStore({ now: clock.now }),
    now: clock.now,
    timers: new ManualTimers(),
    config: { defaults },
  });
  summariesOf(registry, options);
  return {
    registry,
    clock,
    async call(outcome, role, of = host) {
      const verdict = await registry.allow({ host: of, ...(role && { role }) });
      if (verdict.allowed) await registry.record(verdict.permit, outcome);
    },
    async read(of) {
      const { minutes, complete } = await readSummaries(registry, { sinceMs: 0, host: of });
      assert(complete);
      return minutes.sort((a, b) => a.minute - b.minute || (a.role < b.role ? -1 : 1));
    },
  };
}

const OK: Outcome = { status: 200 };
const BAD: Outcome = { status: 500 };

Deno.test("outcomes are counted by what they were", async () => {
  const { call, read } = make({ failMax: 10 });
  const outcomes: Outcome[] = [
    { status: 200, latencyMs: 123 },
    { status: 200, fromCache: true, latencyMs: 1 },
    { status: 404, latencyMs: 20 },
    { status: 429 },
    { status: 500 },
    { status: 503 },
    { status: 599 }, // a success, as statuses are classified
    { error: new DOMException("late", "TimeoutError") },
    { error: new TypeError("no route") },
    { error: new DOMException("gone", "AbortError") },
    { result: "failure" },
  ];
  for (const outcome of outcomes) await call(outcome);
  const [only] = await read();
  assertEquals(only, {
    host,
    role: "",
    minute: START / MINUTE,
    summary: {
      ...EMPTY_SUMMARY,
      calls: 11,
      fromCache: 1,
      network: 9,
      cancelled: 1,
      successes: 2,
      neutral: 1,
      failures: 6,
      status429: 1,
      status503: 1,
      status5xx: 3,
      timeouts: 1,
      otherErrors: 2,
      latencyMs: { 20: 1, 100: 1 },
      longestRun: 3,
      runs: { 3: 1 },
    },
  });
});

Deno.test("a minute is an entry, and what a caller never names is none", async () => {
  const { call, read, clock } = make();
  await call(BAD);
  clock.advance(MINUTE - 1);
  await call(OK);
  clock.advance(1);
  await call(OK, "metadata");
  const minutes = (await read()).map(({ role, minute, summary }) => [role, minute, summary.calls]);
  assertEquals(minutes, [["", START / MINUTE, 2], ["metadata", START / MINUTE + 1, 1]]);
});

Deno.test("denials are counted by reason, those of a resolver not for the host", async () => {
  const { registry, clock, call, read } = make({ failMax: 1, resetTimeoutMs: 10_000 });
  await call(BAD);
  await call(OK);
  clock.advance(10_000);
  await registry.allow({ host });
  await registry.allow({ host });
  await registry.open({ resolver: "crossref" });
  assert(!(await registry.allow({ host: "other.example.org", resolver: "crossref" })).allowed);
  assertEquals(total(await read(host)).denials, { open: 1, probes: 1 });
  assertEquals(await read("other.example.org"), []);
});

Deno.test("Retry-After is counted before the cap, and sets a cooldown that is no open", async () => {
  const { call, read, clock } = make({ retryAfterCapMs: 30_000 });
  await call({ status: 429, retryAfter: "120" });
  clock.advance(30_000);
  await call(OK);
  const { retryAfterS, cooldowns, opens, openS, status429, probeSuccesses } = total(await read());
  assertEquals({ retryAfterS, cooldowns, opens, openS, status429, probeSuccesses }, {
    retryAfterS: { 120: 1 },
    cooldowns: 1,
    opens: 0,
    openS: {},
    status429: 1,
    probeSuccesses: 1,
  });
});

Deno.test("an open lasts until a probe closes it, over probes that fail and minutes that pass", async () => {
  const { call, read, clock } = make({ failMax: 2, resetTimeoutMs: 60_000 });
  await call(BAD);
  await call(BAD);
  clock.advance(60_000);
  await call(BAD);
  clock.advance(60_000);
  await call(OK);
  const minutes = await read();
  assertEquals(minutes.map(({ summary }) => summary.opens), [1, 1, 0]);
  assertEquals(minutes.map(({ summary }) => summary.openS), [{}, {}, { 120: 1 }]);
  const { probeSuccesses, probeFailures, runs, longestRun } = total(minutes);
  assertEquals({ probeSuccesses, probeFailures, runs, longestRun }, {
    probeSuccesses: 1,
    probeFailures: 1,
    runs: { 3: 1 },
    longestRun: 3,
  });
});

for (const [afterMs, reopens] of [[120_000, 1], [120_001, 0]] as const) {
  Deno.test(`an open ${afterMs} ms after a close counts as ${reopens} reopens`, async () => {
    const { call, read, clock } = make({ failMax: 1, resetTimeoutMs: 30_000 });
    await call(BAD);
    clock.advance(30_000);
    await call(OK);
    clock.advance(afterMs);
    await call(BAD);
    assertEquals(total(await read()).reopens, reopens);
  });
}

Deno.test("an operator's open and close are neither opens nor durations", async () => {
  const { call, read, clock, registry } = make({ failMax: 1 });
  await call(BAD);
  clock.advance(10_000);
  await registry.close(host);
  await registry.open(host);
  await registry.close(host);
  await call(BAD);
  const { opens, cooldowns, openS, reopens } = total(await read());
  assertEquals({ opens, cooldowns, openS, reopens }, {
    opens: 2,
    cooldowns: 0,
    openS: {},
    reopens: 0,
  });
});

Deno.test("a run is one of the breaker: roles that share it are counted together, others apart", async () => {
  const { call, read } = make({ failMax: 10, roles: { artifact: { failMax: 9 } } });
  await call(BAD, "metadata");
  await call(BAD, "landing");
  await call(BAD, "artifact");
  await call(BAD, "metadata");
  await call(OK, "landing");
  await call(OK, "artifact");
  const byRole = Object.fromEntries(
    (await read()).map(({ role, summary }) => [role, summary.runs]),
  );
  assertEquals(byRole, { artifact: { 1: 1 }, landing: { 3: 1 }, metadata: {} });
});

Deno.test("what comes too late is counted, but neither as a probe's nor in a run", async () => {
  const { registry, read, call } = make({ failMax: 1 });
  const permits = [await registry.allow({ host }), await registry.allow({ host })];
  for (const verdict of permits) {
    assert(verdict.allowed);
    await registry.record(verdict.permit, BAD);
  }
  await call(OK);
  const { calls, failures, longestRun } = total(await read());
  assertEquals({ calls, failures, longestRun }, { calls: 2, failures: 2, longestRun: 1 });
});

Deno.test("in mode observe, what would have been denied is counted as denied", async () => {
  const clock = new ManualClock();
  const registry = new BreakerRegistry({
    now: clock.now,
    timers: new ManualTimers(),
    config: { mode: "observe", defaults: { failMax: 1 } },
  });
  summariesOf(registry);
  for (let i = 0; i < 3; i++) {
    const verdict = await registry.allow({ host });
    assert(verdict.allowed);
    await registry.record(verdict.permit, BAD);
  }
  const { minutes } = await readSummaries(registry, { sinceMs: 0 });
  const { denials, failures } = total(minutes);
  assertEquals({ denials, failures }, { denials: { open: 2 }, failures: 3 });
});

Deno.test("nothing is kept of a host that is well but the minute in which trouble begins", async () => {
  const { call, read, clock } = make();
  await call(OK);
  assertEquals(await read(), []);
  clock.advance(MINUTE);
  await call(OK);
  await call(OK, "metadata");
  await call(BAD);
  const minutes = (await read()).map(({ role, minute, summary }) => [role, minute, summary.calls]);
  assertEquals(minutes, [["", START / MINUTE + 1, 2], ["metadata", START / MINUTE + 1, 1]]);
});

Deno.test("a host counts as in trouble for an hour, whatever the role", async () => {
  const { call, read, clock } = make();
  await call(BAD, "metadata");
  for (let minute = 0; minute < 62; minute++) {
    await call(OK);
    clock.advance(MINUTE);
  }
  const rows = (await read()).filter(({ role }) => role === "");
  assertEquals(rows.map(({ minute }) => minute - START / MINUTE), [...Array(60).keys()]);
});

Deno.test("a clock that jumps back makes no difference to the counts", async () => {
  const { call, read, clock } = make({ failMax: 100 });
  await call(BAD);
  clock.advance(10 * MINUTE);
  await call(BAD);
  clock.advance(-20 * MINUTE);
  await call(BAD);
  clock.advance(11 * MINUTE);
  const minutes = await read();
  assertEquals(minutes.map(({ minute }) => minute - START / MINUTE), [-10, 0, 10]);
  assertEquals(total(minutes).failures, 3);
});

Deno.test("hosts at once are bounded: of those in trouble the one unused for longest goes, and that is told", async () => {
  const { call, read, clock, registry } = make({}, { maxHosts: 2 });
  for (const name of ["one", "two", "three"]) {
    await call(BAD, undefined, `${name}.example.org`);
    clock.advance(MINUTE);
  }
  const { hosts, dropped } = summariesOf(registry).stats();
  assertEquals({ hosts, dropped }, { hosts: 2, dropped: 1 });
  assertEquals(
    new Set((await read()).map((row) => row.host)),
    new Set(["two.example.org", "three.example.org"]),
  );
});

Deno.test("hosts that are well make room for one in trouble, and nothing is lost", async () => {
  const { call, read, clock, registry } = make({}, { maxHosts: 3 });
  await call(BAD, undefined, "ill.example.org");
  for (let i = 0; i < 10; i++) {
    clock.advance(1_000);
    await call(OK, undefined, `host${i}.example.org`);
  }
  assertEquals(summariesOf(registry).stats().dropped, 0);
  assertEquals((await read()).map((row) => row.host), ["ill.example.org"]);
});

Deno.test("roles of a host at once are bounded", async () => {
  const { call, read, registry } = make({ failMax: 100 });
  for (let i = 0; i < 70; i++) await call(BAD, `role${i}`);
  assertEquals((await read()).length, 64);
  assertEquals(summariesOf(registry).stats().dropped, 6);
});

Deno.test("options out of their bounds are refused", () => {
  for (const options of [{ flushMs: 0 }, { keptMs: 31 * 86_400_000 + 1 }, { maxHosts: NaN }]) {
    assertThrows(() => summariesOf(new BreakerRegistry(), options), RangeError, "above 0");
  }
});
