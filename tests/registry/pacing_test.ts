/**
 * Requests held back to the rates of their hosts: what waits, what is denied, what a denial spends, and how
 * 429s slow a host down.
 *
 * @module
 */
import {
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertObjectMatch,
  assertThrows,
} from "@std/assert";
import {
  type BreakerConfigInput,
  type BreakerEvent,
  BreakerRegistry,
  memoryStore,
  type PolicyPatch,
  type RegistryOptions,
} from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied, FAILED, send } from "../support/verdicts.ts";

const host = "api.example.org";
const METADATA = { host, role: "metadata" };
const LIMITED = { status: 429 };
const MINUTE_MS = 60_000;

function make(
  rates: Record<string, string>,
  more: Omit<BreakerConfigInput, "rates"> = {},
  options: RegistryOptions = {},
) {
  const clock = new ManualClock();
  const config = { ...more, rates: { [host]: rates } };
  const registry = new BreakerRegistry({ now: clock.now, random: () => 1, ...options, config });
  return { clock, registry };
}

/** Never open by failures: 429s alone are looked at. */
const PATIENT: { defaults: PolicyPatch } = { defaults: { failMax: 1_000_000 } };

async function waits(registry: BreakerRegistry, request: object, times: number) {
  const all: number[] = [];
  for (let i = 0; i < times; i++) all.push(expectAllowed(await registry.allow(request)).waitMs);
  return all;
}

Deno.test("requests that come at once are spread, up to the longest wait, then denied", async () => {
  const { registry, clock } = make({ metadata: "10/s" });
  assertEquals(
    await waits(registry, METADATA, 11),
    [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000],
  );
  const denial = {
    allowed: false,
    reason: "rate",
    scope: "host",
    key: host,
    state: "closed",
    retryAfterMs: 1_100,
  } as const;
  assertEquals(expectDenied(await registry.allow(METADATA)), denial);
  clock.advance(99);
  assertEquals(expectDenied(await registry.allow(METADATA)), { ...denial, retryAfterMs: 1_001 });
  clock.advance(1);
  assertEquals(await waits(registry, METADATA, 1), [1_000]);
  assertEquals(registry.stats().verdicts.denied.rate, 2);
});

Deno.test("one in three seconds: the second is told when its turn is", async () => {
  const { registry, clock } = make({ metadata: "1/3s" });
  assertEquals(await waits(registry, METADATA, 1), [0]);
  assertEquals(expectDenied(await registry.allow(METADATA)).retryAfterMs, 3_000);
  clock.advance(1_999);
  assertEquals(expectDenied(await registry.allow(METADATA)).retryAfterMs, 1_001);
  clock.advance(1);
  assertEquals(await waits(registry, METADATA, 1), [1_000]);
});

Deno.test("how long a request may wait is configured, down to not at all", async () => {
  const { registry, clock } = make({ metadata: "10/s" }, { pacing: { maxWaitMs: 0 } });
  assertEquals(await waits(registry, METADATA, 1), [0]);
  clock.advance(99);
  assertEquals(expectDenied(await registry.allow(METADATA)).retryAfterMs, 1);
  clock.advance(1);
  assertEquals(await waits(registry, METADATA, 1), [0]);
  for (const maxWaitMs of [-1, 60_001, NaN]) {
    assertThrows(
      () => make({}, { pacing: { maxWaitMs } }),
      RangeError,
      "'config.pacing.maxWaitMs'",
    );
  }
});

Deno.test("a host, a role or a resolver without rates is not held back", async () => {
  const { registry } = make({ metadata: "1/d" });
  const others = [{ host }, { host, role: "landing" }, { host: "example.org", role: "metadata" }];
  for (const request of others) assertEquals(await waits(registry, request, 20), Array(20).fill(0));
  await waits(registry, METADATA, 1);
  assertEquals(expectDenied(await registry.allow(METADATA)).reason, "rate");
  assertEquals(await waits(registry, { host }, 1), [0]);
});

Deno.test("'*' holds all requests of a host together; a role is held to its own limits too", async () => {
  const { registry } = make({ "*": "10/s", metadata: "5/s" });
  assertEquals(await waits(registry, METADATA, 2), [0, 200]);
  assertEquals(await waits(registry, { host, role: "landing" }, 2), [100, 300]);
  assertEquals(await waits(registry, { host }, 1), [400]);
  assertEquals(await waits(registry, METADATA, 1), [500]);
});

Deno.test("a request that pacing denies takes nothing from a rate that would have let it out", async () => {
  const { registry } = make({ "*": "10/s", metadata: "1/3s" });
  await waits(registry, METADATA, 1);
  for (let i = 0; i < 5; i++) expectDenied(await registry.allow(METADATA));
  assertEquals(await waits(registry, { host }, 2), [100, 200]);
});

Deno.test("a request that the breaker denies takes no slot", async () => {
  const { registry, clock } = make({ metadata: "1/3s" }, { defaults: { failMax: 1 } });
  await registry.open(host, { forMs: 10_000 });
  for (let i = 0; i < 5; i++) {
    assertEquals(expectDenied(await registry.allow(METADATA)).reason, "manual");
  }
  await registry.close(host);
  assertEquals(await waits(registry, METADATA, 1), [0]);
  clock.advance(3_000);
  await registry.open({ resolver: "crossref" });
  assertEquals(
    expectDenied(await registry.allow({ ...METADATA, resolver: "crossref" })).scope,
    "resolver",
  );
  assertEquals(await waits(registry, METADATA, 1), [0]);
});

Deno.test("a probe is paced, and waits the longer of both times; one that is denied leaves no probe", async () => {
  const defaults = { failMax: 1, trialCalls: 2 };
  const { registry, clock } = make({ metadata: "1/s" }, { defaults });
  await send(registry, METADATA, FAILED);
  clock.advance(60_000);
  const first = expectAllowed(await registry.allow(METADATA));
  assertEquals([first.state, first.waitMs], ["half_open", 150]);
  const second = expectAllowed(await registry.allow(METADATA));
  assertEquals([second.state, second.waitMs], ["half_open", 1_000]);
  await registry.record(first.permit, { result: "cancelled" });
  const third = expectDenied(await registry.allow(METADATA));
  assertEquals([third.reason, third.state], ["rate", "half_open"]);
  assertEquals((await registry.inspect(host)).probes, 1);
});

Deno.test("a host that runs out of probes gives the slot back", async () => {
  const { registry, clock } = make({ metadata: "10/s" }, { defaults: { failMax: 1 } });
  await send(registry, METADATA, FAILED);
  clock.advance(60_000);
  const probe = expectAllowed(await registry.allow(METADATA));
  for (let i = 0; i < 5; i++) {
    assertEquals(expectDenied(await registry.allow(METADATA)).reason, "probes");
  }
  await registry.record(probe.permit, { status: 200 });
  assertEquals(await waits(registry, METADATA, 1), [100]);
});

Deno.test("observe lets everything out at once, and says what pacing would have denied", async () => {
  const { registry } = make({ metadata: "1/s" }, { mode: "observe" });
  const heard: BreakerEvent[] = [];
  registry.onEvent((event) => heard.push(event), ["denial"]);
  assertEquals(await waits(registry, METADATA, 2), [0, 0]);
  const { waitMs, wouldDeny, permit } = expectAllowed(await registry.allow(METADATA));
  assertEquals(waitMs, 0);
  assertObjectMatch(wouldDeny!, { reason: "rate", state: "closed", retryAfterMs: 2_000 });
  assertObjectMatch(heard[0]!, { reason: "rate", observed: true, role: "metadata" });
  assertEquals(registry.stats().verdicts.observed.rate, 1);
  // It would not have been sent: it says nothing of the rate.
  await registry.record(permit, LIMITED);
  assertEquals((await registry.pace(host))[0]!.multiplier, 1);
});

Deno.test("off holds nothing back", async () => {
  const { registry } = make({ "*": "1/d" }, { mode: "off" });
  assertEquals(await waits(registry, METADATA, 9), Array(9).fill(0));
});

Deno.test("a slot of a request that was cancelled or answered from a cache is not given back", async () => {
  const { registry, clock } = make({ metadata: "1/3s" });
  for (const outcome of [{ result: "cancelled" }, { status: 200, fromCache: true }] as const) {
    const { permit } = expectAllowed(await registry.allow(METADATA));
    await registry.record(permit, outcome);
    assertEquals(expectDenied(await registry.allow(METADATA)).retryAfterMs, 3_000);
    clock.advance(3_000);
  }
});

Deno.test("a 429 takes a fifth of the rate, and a minute without gives a twentieth back", async () => {
  const { registry, clock } = make({ metadata: "10/s", "*": "100/s" }, PATIENT);
  const multipliers = async () => (await registry.pace(host)).map(({ multiplier }) => multiplier);
  assertEquals(await multipliers(), [1, 1]);
  await send(registry, METADATA, LIMITED);
  assertEquals(await multipliers(), [0.8, 0.8]);
  assertEquals((await registry.pace(host))[0], {
    role: "metadata",
    rate: "10/s",
    multiplier: 0.8,
    perSecond: 8,
  });
  clock.advance(10);
  await send(registry, { host }, LIMITED);
  assertEquals((await multipliers())[0]!, 0.8 + 0.05 * 10 / MINUTE_MS);
  assertAlmostEquals((await multipliers())[1]!, 0.64, 1e-4);
  clock.advance(MINUTE_MS - 10);
  assertAlmostEquals((await multipliers())[0]!, 0.85, 1e-9);
  clock.advance(60 * MINUTE_MS);
  assertEquals(await multipliers(), [1, 1]);
});

Deno.test("what is left of the rate is what requests are spread by", async () => {
  const { registry, clock } = make({ metadata: "10/s" }, PATIENT);
  await send(registry, METADATA, LIMITED);
  clock.advance(5_000);
  const [first, second, third] = await waits(registry, METADATA, 3);
  assertEquals(first, 0);
  assertAlmostEquals(second!, 125, 2);
  assertAlmostEquals(third!, 250, 3);
});

Deno.test("a burst of 429s to requests that were under way counts once, the next one again", async () => {
  const { registry, clock } = make({ metadata: "100/s" }, PATIENT);
  const underWay = [];
  for (let i = 0; i < 20; i++) {
    underWay.push(expectAllowed(await registry.allow(METADATA)));
    clock.advance(20);
  }
  for (const { permit } of underWay) {
    await registry.record(permit, LIMITED);
    clock.advance(1);
  }
  assertAlmostEquals((await registry.pace(host))[0]!.multiplier, 0.8, 1e-3);
  clock.advance(2_000);
  await send(registry, METADATA, LIMITED);
  assertAlmostEquals((await registry.pace(host))[0]!.multiplier, 0.64, 2e-3);
});

Deno.test("while 5 % of the outcomes are 429s the multiplier does not climb, below that it does", async () => {
  for (const [successes, climbs] of [[19, false], [20, true]] as const) {
    const { registry, clock } = make({ metadata: "1000/s" }, PATIENT);
    clock.ms = Math.ceil(clock.ms / MINUTE_MS) * MINUTE_MS;
    await send(registry, METADATA, LIMITED);
    for (let i = 0; i < successes; i++) {
      clock.advance(2_000);
      await send(registry, METADATA, { status: 200 });
    }
    clock.advance(10_000);
    await send(registry, METADATA, { result: "cancelled" });
    const { multiplier } = (await registry.pace(host))[0]!;
    // From the last lease that was taken while there were too many.
    if (climbs) assertAlmostEquals(multiplier, 0.8 + 0.05 * 10 / 60, 1e-9);
    else assertEquals(multiplier, 0.8);
  }
});

Deno.test("503s, 429s from a cache and outcomes without a status leave the rate alone", async () => {
  const { registry, clock } = make({ metadata: "10/s" }, PATIENT);
  const outcomes = [
    { status: 503 },
    { status: 429, fromCache: true },
    { error: new Error() },
    { result: "failure", retryAfterMs: 1 },
  ] as const;
  for (const outcome of outcomes) {
    await send(registry, METADATA, outcome);
    await registry.close(host);
    clock.advance(1_000);
  }
  assertEquals((await registry.pace(host))[0]!.multiplier, 1);
});

Deno.test("a rate that is changed while the gate runs holds from the next request on", async () => {
  const { registry, clock } = make({ metadata: "10/s" });
  assertEquals(await waits(registry, METADATA, 2), [0, 100]);
  await registry.setPolicy(host, { rates: { metadata: "2/s", landing: "1/s" } });
  const { policy } = await registry.inspectPolicy(host);
  assertEquals(policy.rates, { metadata: "2/s", landing: "1/s" });
  clock.advance(1_000);
  assertEquals(await waits(registry, METADATA, 3), [0, 500, 1_000]);
  assertEquals(await waits(registry, { host, role: "landing" }, 2), [0, 1_000]);
  await registry.clearPolicy(host);
  assertEquals(registry.policy(host).rates, { metadata: "10/s" });
});

Deno.test("run waits for its turn, and throws where it is denied", async () => {
  const { registry } = make({ metadata: "20/s" }, { pacing: { maxWaitMs: 60 } });
  for (let i = 0; i < 3; i++) assertEquals(await registry.run(METADATA, () => "done"), "done");
});

Deno.test("a clock that is set back holds nobody for as long", async () => {
  const { registry, clock } = make({ metadata: "10/s" });
  await waits(registry, METADATA, 11);
  clock.advance(-3_600_000);
  assertEquals(await waits(registry, METADATA, 2), [0, 100]);
  clock.advance(-30_000);
  const { retryAfterMs } = expectDenied(await registry.allow(METADATA));
  assertLessOrEqual(retryAfterMs, 32_000);
  clock.advance(retryAfterMs);
  assertEquals(await waits(registry, METADATA, 2), [0, 100]);
});

Deno.test("after a clock was set back, 429s take their share and minutes give back as before", async () => {
  const { registry, clock } = make({ metadata: "10/s" }, PATIENT);
  const multiplier = async () => (await registry.pace(host))[0]!.multiplier;
  await send(registry, METADATA, LIMITED);
  clock.advance(-3_600_000);
  clock.advance(1_000);
  await waits(registry, METADATA, 1);
  clock.advance(1_000);
  await send(registry, METADATA, LIMITED);
  assertAlmostEquals(await multiplier(), 0.64, 1e-2);
  clock.advance(4 * MINUTE_MS);
  assertAlmostEquals(await multiplier(), 0.84, 1e-2);
});

Deno.test("64 callers at once on a store that answers later share few leases, and no slot twice", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const { registry } = make({ metadata: "100/s" }, {}, { now: clock.now, store });
  const verdicts = await Promise.all(
    Array.from({ length: 64 }, () => registry.allow(METADATA)),
  );
  const sent = verdicts.map((verdict) => expectAllowed(verdict).waitMs).sort((a, b) => a - b);
  assertEquals(sent.slice(0, 12), [...Array(10).fill(0), 11, 22]);
  assertEquals(sent.at(-1), Math.ceil(54 * 1_000 / 91));
  assertEquals(store.count("write"), 1);
  assertEquals(store.mostWritesAtOnce, 1);
});

Deno.test("a healthy host without rates writes nothing, and no rate is read for it", () => {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  const { registry } = make({ metadata: "10/s" }, {}, { now: clock.now, store });
  for (let i = 0; i < 10; i++) registry.allow({ host: "example.org", role: "metadata" });
  assertEquals([store.size, registry.stats().commands.write], [0, 0]);
});

for (
  const [rates, problem] of [
    [{ metadata: "10/w" }, "Policy 'rates.metadata' must be limits such as 10/s"],
    [{ metadata: "1/s,2/s" }, "must name each time once, and names 1 s twice"],
    [{ Metadata: "1/s" }, "Role must match"],
    [
      Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`r${i}`, "1/s"])),
      "at most 32 roles",
    ],
  ] as const
) {
  Deno.test(`rates are refused where '${problem}'`, () => {
    assertThrows(() => make(rates), Error, problem);
  });
}

Deno.test("rates of thousands of hosts take no more room than hosts may", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  const config = { defaults: { rates: { "*": "1/s" } } };
  const registry = new BreakerRegistry({ config, store, now: clock.now, maxHosts: 50 });
  for (let i = 0; i < 5_000; i++) {
    expectAllowed(await registry.allow({ host: `h${i}.example` }));
    clock.advance(1);
  }
  assertLessOrEqual(store.size, 51);
  // Those that nobody asks for any more go, the last ones too.
  clock.advance(120_000);
  for (let i = 0; i < 50; i++) await registry.allow({ host: "other.example" });
  assertLessOrEqual([...store.list("breakwater:rate:", { limit: 100 }).entries].length, 1);
});

Deno.test("a rate far above what a clock can tell apart is a rate all the same", async () => {
  const { registry, clock } = make({ "*": "100000/s" }, { pacing: { maxWaitMs: 0 } });
  let sent = 0;
  for (let ms = 0; ms < 20; ms++) {
    for (let i = 0; i < 150; i++) if ((await registry.allow({ host })).allowed) sent++;
    clock.advance(1);
  }
  assertGreaterOrEqual(sent, 20 * 100);
});
