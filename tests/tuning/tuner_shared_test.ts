/**
 * Two processes' tuners on one real store: one step between them, and either can undo it. And rounds that a
 * tuner begins by itself.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BreakerRegistry } from "../../mod.ts";
import { KEY_PREFIX } from "../../src/registry/store_keys.ts";
import { Tuner } from "../../src/tuning/tuner.ts";
import type { TunerRound } from "../../src/tuning/tuner_options.ts";
import { TUNING_KIND, type TuningStep, withStep } from "../../src/tuning/tuning_record.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { SHARED_STORES } from "../support/shared_stores.ts";
import { HOST } from "./metrics_of.ts";
import { asksFor, INTERVAL_MS, TunerWorld } from "./tuner_world.ts";

for (const [name, open] of Object.entries(SHARED_STORES)) {
  Deno.test(`${name}: two tuners at once take one step, and each can undo the other's`, async () => {
    await using store = await open();
    await using one = new TunerWorld({}, { store: store.open(), timeoutMs: 5_000 });
    const { clock } = one;
    const shared = { store: store.open(), clock, timeoutMs: 5_000 };
    await using other = new TunerWorld({}, shared);
    const rounds = await Promise.all([one.tuner.run(), other.tuner.run()]);
    const steps = rounds.flatMap(({ steps }) => steps);
    assertEquals(steps.length, 1);
    for (const { registry } of [one, other]) {
      const { policy, override } = await registry.inspectPolicy(HOST);
      assertEquals([policy.resetTimeoutMs, override?.reason], [120_000, steps[0]?.reason]);
    }

    clock.advance(INTERVAL_MS - 1);
    other.happens = asksFor(240);
    assertEquals((await other.tuner.run()).steps, []);
    clock.advance(1);
    assertEquals((await other.tuner.run()).steps.map(({ to }) => to), [240_000]);

    assertEquals((await one.tuner.undo(HOST))?.to, 240_000);
    assertEquals((await other.tuner.undo(HOST))?.to, 120_000);
    assertEquals((await one.registry.inspectPolicy(HOST)).override, undefined);
    assertEquals((await one.tuner.steps(HOST)).map(({ undoneAt }) => undoneAt), [
      clock.ms,
      clock.ms,
    ]);
  });

  Deno.test(`${name}: of two that undo at once, one does`, async () => {
    await using store = await open();
    await using one = new TunerWorld({}, { store: store.open(), timeoutMs: 5_000 });
    const shared = { store: store.open(), clock: one.clock, timeoutMs: 5_000 };
    await using other = new TunerWorld({}, shared);
    await one.tuner.run();
    const undone = await Promise.allSettled([one.tuner.undo(HOST), other.tuner.undo(HOST)]);
    const done = undone.filter((settled) => settled.status === "fulfilled" && settled.value);
    assertEquals(done.length, 1);
    assertEquals((await one.registry.inspectPolicy(HOST)).override, undefined);
  });
}

Deno.test("what a store holds of steps and cannot be read counts as none", async () => {
  await using store = await SHARED_STORES["memory"]!();
  const handle = store.open();
  await handle.write(`${KEY_PREFIX}tuning:${HOST}`, "{damaged", undefined, Infinity);
  await using world = new TunerWorld({}, { store: handle });
  assertEquals(await world.tuner.steps(HOST), []);
  assertEquals((await world.tuner.run()).steps.length, 1);
  assertEquals((await world.tuner.steps(HOST)).length, 1);
});

function stepAt(at: number, reason = "why"): TuningStep {
  const after = { failMax: 3 };
  return {
    ...{ id: `step${at}`, at, by: "tuner", rule: "relax", parameter: "failMax", to: 3, reason },
    after,
  };
}

Deno.test("steps are read as they were written, and what is none is refused", () => {
  const steps = [stepAt(1), { ...stepAt(2), role: "artifact", from: 2, before: {}, undoneAt: 3 }];
  assertEquals(TUNING_KIND.decode(TUNING_KIND.encode(steps)), steps);
  const bad = [
    { ...stepAt(1), at: "1" },
    { ...stepAt(1), after: 1 },
    { ...stepAt(1), before: [] },
    { ...stepAt(1), undoneAt: "x" },
    { ...stepAt(1), id: 1 },
    { ...stepAt(1), to: null },
    null,
  ];
  for (const step of bad) {
    assertEquals(TUNING_KIND.decode(JSON.stringify({ v: 1, steps: [step] })), undefined);
  }
  for (const text of ["", "[]", "null", '{"v":2,"steps":[]}', '{"v":1}']) {
    assertEquals(TUNING_KIND.decode(text), undefined, text);
  }
});

Deno.test("the newest 20 steps are kept, fewer where they are long", () => {
  const add = (reason?: string) =>
    Array.from({ length: 30 }, (_, i) => stepAt(i, reason)).reduce(withStep, []);
  assertEquals(add().map(({ at }) => at), Array.from({ length: 20 }, (_, i) => i + 10));
  const long = add("x".repeat(9_000));
  assert(TUNING_KIND.encode(long).length < 60_000);
  assertEquals(long.at(-1)?.at, 29);
});

Deno.test("steps from both sides of an outage are joined: each once, undone where one says so", () => {
  const stored = [stepAt(1), stepAt(3)];
  const local = [{ ...stepAt(1), undoneAt: 5 }, stepAt(2)];
  const joined = TUNING_KIND.merge("", stored, local, 0);
  assertEquals(joined?.map(({ at, undoneAt }) => [at, undoneAt]), [[1, 5], [2, undefined], [
    3,
    undefined,
  ]]);
});

Deno.test("a host that was not tuned for 30 days is forgotten", () => {
  const days = 86_400_000;
  const record = [stepAt(0)];
  assertEquals(TUNING_KIND.prune("", record, 30 * days - 1), record);
  assertEquals(TUNING_KIND.prune("", record, 30 * days), undefined);
});

Deno.test("a tuner that was started looks every minute until its registry is disposed", async () => {
  const timers = new ManualTimers();
  const rounds: TunerRound[] = [];
  const registry = new BreakerRegistry({ now: timers.now, timers });
  let trouble = false;
  const metrics = () => {
    if (trouble) throw new Error("no summaries");
    return [];
  };
  const tuner = new Tuner({ registry, metrics, onRound: (round) => void rounds.push(round) });
  tuner.start();
  tuner.start(); // no second time
  await timers.advance(59_999);
  assertEquals(rounds.length, 0);
  await timers.advance(1);
  assertEquals(rounds.length, 1);
  trouble = true;
  await timers.advance(60_000);
  assertEquals(rounds.map(({ problems }) => problems), [[], ["no summaries"]]);
  trouble = false;
  await timers.advance(60_000);
  assertEquals(rounds.length, 3);
  await registry[Symbol.asyncDispose]();
  assertEquals(timers.waiting, 0);
  tuner.start();
  await timers.advance(600_000);
  assertEquals(rounds.length, 3);
});

Deno.test("a listener of rounds that throws does not end them", async () => {
  const timers = new ManualTimers();
  await using registry = new BreakerRegistry({ now: timers.now, timers });
  let rounds = 0;
  const onRound = () => {
    rounds++;
    throw new Error("of the listener");
  };
  await using tuner = new Tuner({ registry, metrics: () => [], onRound });
  tuner.start(1_000);
  await timers.advance(3_000);
  assertEquals(rounds, 3);
});
