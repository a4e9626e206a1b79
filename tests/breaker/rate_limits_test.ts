/**
 * The failure rate and slow calls.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { denialOf, MachineDriver } from "../support/machine_driver.ts";

const RATE = {
  failMax: 1_000,
  resetTimeoutMs: 1_000,
  failureRate: { windowMs: 10_000, minCalls: 4, thresholdRatio: 0.5 },
};
const SLOW = { ...RATE, slowCall: { durationMs: 2_000, thresholdRatio: 0.75 } };

/** One letter per outcome: s success, f failure, n neutral, c cancelled, l slow success. */
function play(host: MachineDriver, outcomes: string): void {
  for (const letter of outcomes) {
    if (letter === "f") host.fail(1);
    if (letter === "s") host.succeed();
    if (letter === "l") host.succeed("", { latencyMs: 2_001 });
    if (letter === "n") host.record(host.allow(), "neutral");
    if (letter === "c") host.record(host.allow(), "cancelled");
  }
}

for (
  const [outcomes, state, why] of [
    ["fff", "closed", "one call fewer than minCalls"],
    ["ffff", "open", "minCalls reached by a failure"],
    ["ffss", "open", "minCalls reached by a success: the ratio is looked at then too"],
    ["fsss", "closed", "a quarter failed"],
    ["fsssfff", "open", "four of seven failed"],
    ["fsssff", "open", "three of six failed: the threshold itself"],
    ["fsssf", "closed", "two of five failed"],
    ["fffnnccnc", "closed", "neutral and cancelled are not counted"],
    ["fffns", "open", "the fourth counted outcome"],
  ] as const
) {
  Deno.test(`failure rate: ${outcomes} leaves the breaker ${state}: ${why}`, () => {
    const host = new MachineDriver(RATE);
    play(host, outcomes);
    assertEquals(host.state(), state);
  });
}

Deno.test("an open by the failure rate has reason open and counts as an open", () => {
  const host = new MachineDriver(RATE);
  play(host, "ffss");
  assertEquals(denialOf(host.allow()), { reason: "open", state: "open", retryAfterMs: 1_000 });
  assertEquals(host.view().opens, 1);
});

Deno.test("an outcome is in the window until windowMs have passed", () => {
  for (const [last, state] of [[9_999, "open"], [10_000, "closed"]] as const) {
    const host = new MachineDriver(RATE);
    play(host, "f");
    host.at(5_000);
    play(host, "fs");
    host.at(last);
    play(host, "s");
    assertEquals(host.state(), state);
  }
});

Deno.test("the window starts empty after each close", () => {
  const host = new MachineDriver(RATE);
  play(host, "ffss");
  host.at(1_000).succeed();
  assertEquals(host.state(), "closed");
  play(host, "fff");
  assertEquals(host.state(), "closed");
  play(host, "f");
  assertEquals(host.state(), "open");
});

Deno.test("the window starts empty after an operator's close", () => {
  const host = new MachineDriver(RATE);
  play(host, "fff");
  host.operate({ type: "close" });
  play(host, "fff");
  assertEquals(host.state(), "closed");
});

Deno.test("probes are not counted in the window", () => {
  const host = new MachineDriver({ ...RATE, successThreshold: 3 });
  host.operate({ type: "half_open" });
  play(host, "sss");
  assertEquals(host.state(), "closed");
  play(host, "fff");
  assertEquals(host.state(), "closed");
});

Deno.test("late outcomes are not counted in the window", () => {
  const host = new MachineDriver(RATE);
  const late = host.allow();
  host.operate({ type: "close" });
  play(host, "fff");
  assertEquals(host.record(late, "failure").sample, undefined);
  assertEquals(host.state(), "closed");
});

Deno.test("the failure count opens whatever the rate is", () => {
  const host = new MachineDriver({ ...RATE, failMax: 2 });
  play(host, "ssssssssff");
  assertEquals(host.state(), "open");
});

Deno.test("without failureRate no share of failures opens", () => {
  const host = new MachineDriver({ failMax: 1_000 });
  play(host, "f".repeat(900));
  assertEquals(host.state(), "closed");
});

Deno.test("each breaker of a host has a window of its own", () => {
  const host = new MachineDriver({ ...RATE, roles: { metadata: { successThreshold: 1 } } });
  host.fail(2, "metadata");
  host.fail(2);
  assertEquals([host.state(), host.state("metadata")], ["closed", "closed"]);
  host.fail(2, "metadata");
  assertEquals([host.state(), host.state("metadata")], ["closed", "open"]);
});

for (
  const [outcomes, state, why] of [
    ["lll", "closed", "one call fewer than minCalls"],
    ["llls", "open", "three of four are slow: the threshold itself"],
    ["llss", "closed", "half are slow"],
    ["lllf", "open", "failures are among all counted outcomes"],
    ["lllncs", "open", "neutral and cancelled are not"],
  ] as const
) {
  Deno.test(`slow calls: ${outcomes} leaves the breaker ${state}: ${why}`, () => {
    const host = new MachineDriver(SLOW);
    play(host, outcomes);
    assertEquals(host.state(), state);
    if (state === "open") assertEquals(denialOf(host.allow()).reason, "open");
  });
}

Deno.test("a success is slow where it took longer than durationMs, not as long", () => {
  for (const [latencyMs, state] of [[2_000, "closed"], [2_001, "open"]] as const) {
    const host = new MachineDriver(SLOW);
    for (let i = 0; i < 4; i++) host.succeed("", { latencyMs });
    assertEquals(host.state(), state);
  }
});

Deno.test("a success without a latency is not slow, nor is a slow failure", () => {
  const host = new MachineDriver({
    ...SLOW,
    failureRate: { ...RATE.failureRate, thresholdRatio: 1 },
  });
  play(host, "ss");
  host.fail(10, "", { latencyMs: 60_000 });
  assertEquals(host.state(), "closed");
});

Deno.test("a ratio of 1 opens only where every outcome failed", () => {
  const policy = { ...RATE, failureRate: { ...RATE.failureRate, thresholdRatio: 1 } };
  const [all, most] = [new MachineDriver(policy), new MachineDriver(policy)];
  play(all, "ffff");
  play(most, "sfffffffff");
  assertEquals([all.state(), most.state()], ["open", "closed"]);
});

Deno.test("successes that are counted in the window make no record", () => {
  const host = new MachineDriver(SLOW);
  play(host, "sssssssss");
  assertEquals(host.current, undefined);
});
