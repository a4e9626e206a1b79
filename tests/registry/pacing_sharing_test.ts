/**
 * One rate shared by eight processes: never more than the limit, nearly all of it where it is wanted, few
 * writes, and what becomes of it while the store is away.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
} from "@std/assert";
import { BreakerRegistry, type Verdict } from "../../mod.ts";
import { parseLimits } from "../../src/breaker/rate_limits.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { FarStore, ManualTimers } from "../support/manual_timers.ts";
import { Random } from "../support/random.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied } from "../support/verdicts.ts";

const host = "api.example.org";
const METADATA = { host, role: "metadata" };
const PROCESSES = 8;

function make(rate: string, clock: ManualClock, store: ScriptedStore, random = new Random(1)) {
  const config = { rates: { [host]: { metadata: rate } }, defaults: { failMax: 1_000_000 } };
  return new BreakerRegistry({ config, store, now: clock.now, random: () => random.fraction() });
}

function eightOf(rate: string, random = new Random(1)) {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const another = () => make(rate, clock, store, random);
  return { clock, store, another, registries: Array.from({ length: PROCESSES }, another) };
}

/** Most requests sent within any stretch of so long. */
function mostWithin(sent: readonly number[], periodMs: number): number {
  const times = [...sent].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, time] of times.entries()) {
    while (times[first]! <= time - periodMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** When the request is sent, if it is. */
function sentAt(verdict: Verdict, now: number): number[] {
  return verdict.allowed ? [now + verdict.waitMs] : [];
}

/** How eagerly each of the processes asks: the chance that it does, each 10 ms. */
const DEMANDS: Record<string, readonly number[]> = {
  "all ask all the time": Array(PROCESSES).fill(1),
  "one asks all the time, the others now and then": [1, ...Array(PROCESSES - 1).fill(0.01)],
  "all ask now and then": Array(PROCESSES).fill(0.05),
};

for (const [demand, chances] of Object.entries(DEMANDS)) {
  for (const rate of ["40/s", "10/s,300/m", "1/3s", "300/h"]) {
    Deno.test(`${rate} holds for eight processes together where ${demand}`, async () => {
      for (let seed = 1; seed <= 3; seed++) {
        const random = new Random(seed);
        const { clock, store, another, registries } = eightOf(rate, random);
        const sent: number[] = [];
        const startedAt = clock.ms;
        const forMs = 60_000;
        while (clock.ms < startedAt + forMs) {
          const asking = registries.filter((_, i) => random.chance(chances[i]!));
          // Half of the time all at once, else one after the other.
          if (random.chance(0.5)) {
            const all = await Promise.all(asking.map((registry) => registry.allow(METADATA)));
            sent.push(...all.flatMap((verdict) => sentAt(verdict, clock.ms)));
          } else {
            for (const registry of asking) {
              sent.push(...sentAt(await registry.allow(METADATA), clock.ms));
            }
          }
          // A process ends with its lease, and another takes its place.
          if (random.chance(0.002)) registries[random.whole(0, 7)] = another();
          clock.advance(10);
        }
        const told = `seed ${seed}`;
        let least = Infinity;
        for (const { count, periodMs } of parseLimits(rate)) {
          // A slot may be used until the next one's time comes: one more at the edge of a stretch.
          assertLessOrEqual(mostWithin(sent, periodMs), count + 1, told);
          least = Math.min(least, Math.floor(count * forMs / periodMs));
        }
        const wasted = chances.every((chance) => chance === 1) ? 0.1 : 0.3;
        if (least >= 20) assertGreater(sent.length, least * (1 - wasted), told);
        // Whoever is refused asks again about as often as that.
        assertLessOrEqual(store.count("write"), PROCESSES * 5 * forMs / 1_000, told);
      }
    });
  }
}

Deno.test("a process that asks now and then is not starved by one that takes all it can get", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new Random(seed);
    const { clock, registries } = eightOf("20/s", random);
    const [greedy, modest] = registries;
    let asked = 0;
    let allowed = 0;
    for (let ms = 0; ms < 30_000; ms += 10) {
      await greedy!.allow(METADATA);
      if (random.chance(0.02)) {
        asked++;
        if ((await modest!.allow(METADATA)).allowed) allowed++;
      }
      clock.advance(10);
    }
    assertGreater(allowed / asked, 0.9, `seed ${seed}: ${allowed} of ${asked}`);
  }
});

for (const [rate, minutes] of [["1/3s", 10], ["1/m", 120], ["10/s,1000/h", 30]] as const) {
  Deno.test(`the slots of ${rate} go round, though one process is always the first to ask`, async () => {
    const { clock, registries } = eightOf(rate);
    const four = registries.slice(0, 4);
    const got = four.map(() => 0);
    const asksAt = four.map(() => clock.ms);
    const startedAt = clock.ms;
    while (clock.ms < startedAt + minutes * 60_000) {
      for (const [i, registry] of four.entries()) {
        if (clock.ms < asksAt[i]!) continue;
        const verdict = await registry.allow(METADATA);
        if (verdict.allowed) got[i]!++;
        asksAt[i] = clock.ms + 200 + (verdict.allowed ? verdict.waitMs : 0);
      }
      clock.advance(100);
    }
    const fair = got.reduce((sum, count) => sum + count) / 4;
    for (const count of got) assertGreater(count, 0.6 * fair, got.join(" "));
  });
}

for (const everyMs of [2, 10]) {
  Deno.test(`a process that asks every ${everyMs} ms pays for 200/s with a few commands a second`, async () => {
    const clock = new ManualClock();
    const store = new ScriptedStore(clock.now);
    const registry = make("200/s", clock, store);
    let sent = 0;
    for (let ms = 0; ms < 10_000; ms += everyMs) {
      if ((await registry.allow(METADATA)).allowed) sent++;
      clock.advance(everyMs);
    }
    assertGreater(sent, 0.9 * Math.min(2_000, 10_000 / everyMs));
    const commands = store.commands.filter(({ keys }) => keys[0]?.includes("rate:"));
    assertLessOrEqual(commands.length, 30);
  });
}

Deno.test("a 429 that one process hears slows all of them down, once", async () => {
  const { clock, registries } = eightOf("100/s");
  const underWay = await Promise.all(registries.map((registry) => registry.allow(METADATA)));
  clock.advance(100);
  await Promise.all(
    registries.map((registry, i) =>
      registry.record(expectAllowed(underWay[i]!).permit, { status: 429 })
    ),
  );
  clock.advance(600);
  for (const registry of registries) {
    const [pace] = await registry.pace(host);
    assertAlmostEquals(pace!.multiplier, 0.8, 1e-3);
  }
});

Deno.test("the record of a rate goes once it says nothing more", async () => {
  const { clock, store, registries } = eightOf("10/s");
  const { permit } = expectAllowed(await registries[0]!.allow(METADATA));
  const key = `breakwater:rate:${host}:metadata`;
  assert(store.inner.read([key])[0] !== undefined);
  clock.advance(59_000);
  assert(store.inner.read([key])[0] !== undefined);
  clock.advance(2_000);
  assertEquals(store.inner.read([key])[0], undefined);
  // While the multiplier is below 1 it stays.
  await registries[0]!.record(permit, { status: 429 });
  clock.advance(4 * 60_000);
  assert(store.inner.read([key])[0] !== undefined);
  clock.advance(61_000);
  assertEquals(store.inner.read([key])[0], undefined);
});

Deno.test("what cannot be read of a rate counts as absent, and is told", async () => {
  const texts = [
    "{",
    "null",
    '{"v":2}',
    '{"v":1,"next":{"1000":1},"multiplier":0,"since":0,"by":[]}',
    '{"v":1,"next":{"x":1},"multiplier":1,"since":0,"by":[]}',
    '{"v":1,"next":{"1000":1},"multiplier":1,"since":0,"by":[["a"]]}',
    '{"v":1,"next":{"1000":1},"multiplier":1,"since":0,"fell":"x","by":[]}',
  ];
  for (const text of texts) {
    const { clock, store, registries } = eightOf("10/s");
    const key = `breakwater:rate:${host}:metadata`;
    store.inner.write(key, text, undefined, Infinity);
    const heard: unknown[] = [];
    registries[0]!.onEvent((event) => heard.push(event), ["store_error"]);
    expectAllowed(await registries[0]!.allow(METADATA));
    const at = clock.ms;
    assertEquals(heard, [
      { type: "store_error", at, operation: "read", problem: "unreadable", key },
    ]);
  }
});

Deno.test("without the store each process goes on with its share of the rate, and none waits for it", async () => {
  const { clock, store, registries } = eightOf("80/s");
  async function second(): Promise<{ sent: number[]; degraded: number }> {
    const sent: number[] = [];
    let degraded = 0;
    for (let ms = 0; ms < 5_000; ms += 10) {
      for (const registry of registries) {
        const verdict = await registry.allow(METADATA);
        sent.push(...sentAt(verdict, clock.ms));
        if (verdict.degraded) degraded++;
      }
      clock.advance(10);
    }
    return { sent, degraded };
  }
  await second();
  store.failure = "reject";
  await second(); // the last leases that were taken, and the first without the store
  const alone = await second();
  assertGreater(alone.degraded, 0);
  // Eight were seen: each takes an eighth.
  assertLessOrEqual(mostWithin(alone.sent, 1_000), 80 + PROCESSES);
  assertGreater(alone.sent.length, 5 * 80 * 0.8);
  store.failure = undefined;
  await second();
  const together = await second();
  assertLessOrEqual(mostWithin(together.sent, 1_000), 81);
  for (const registry of registries) await registry[Symbol.asyncDispose]();
});

Deno.test("a process that has never seen the store takes half of the rate", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const registry = make("10/s", clock, store);
  store.failure = "throw";
  for (let i = 0; i < 5; i++) await registry.allow({ host }); // so that it is known to be down
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) waits.push(expectAllowed(await registry.allow(METADATA)).waitMs);
  assertEquals(waits, [0, 200, 400, 600]);
  await registry[Symbol.asyncDispose]();
});

for (const [onStoreError, allowed] of [["allow", true], ["deny", false]] as const) {
  Deno.test(`with onStoreError '${onStoreError}' pacing says the same without the store`, async () => {
    const clock = new ManualClock();
    const store = new ScriptedStore(clock.now);
    const config = { rates: { [host]: { metadata: "1/d" } } };
    const registry = new BreakerRegistry({ config, store, now: clock.now, onStoreError });
    store.failure = "throw";
    for (let i = 0; i < 10; i++) {
      const { degraded, ...verdict } = await registry.allow(METADATA);
      assertEquals([verdict.allowed, degraded], [allowed, true]);
    }
  });
}

Deno.test("a store that hangs holds a paced request up no longer than its deadline", async () => {
  const timers = new ManualTimers();
  const store = new FarStore(timers, 10_000);
  const config = { rates: { [host]: { metadata: "10/s", "*": "20/s" } } };
  const registry = new BreakerRegistry({ config, store, timers, now: timers.now, timeoutMs: 250 });
  const from = timers.now();
  let tookMs: number | undefined;
  void Promise.resolve(registry.allow(METADATA)).then(() => tookMs = timers.now() - from);
  for (let ms = 0; tookMs === undefined && ms < 5_000; ms += 10) await timers.advance(10);
  assertLessOrEqual(tookMs!, 260);
});

Deno.test("a share of cooldowns shares rates all the same", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const config = { rates: { [host]: { "*": "1/3s" } } };
  const options = { config, store, share: "cooldowns", now: clock.now } as const;
  const [one, two] = [new BreakerRegistry(options), new BreakerRegistry(options)];
  expectAllowed(await one.allow({ host }));
  assertEquals(expectDenied(await two.allow({ host })).reason, "rate");
});
