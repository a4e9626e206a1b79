/**
 * The tuner in one process: what each mode does, when it takes a step, and who has a say before it.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { StoreUnavailableError } from "../../src/registry/engine/store_guard.ts";
import type { Summary } from "../../src/telemetry/summary.ts";
import type { Advice } from "../../src/tuning/advice.ts";
import { Tuner } from "../../src/tuning/tuner.ts";
import { TuningError } from "../../src/tuning/tuning_steps.ts";
import { SHARED_STORES } from "../support/shared_stores.ts";
import { HOST } from "./metrics_of.ts";
import { asksFor, INTERVAL_MS, TunerWorld } from "./tuner_world.ts";

Deno.test("observe and suggest say what they would do, and change nothing", async () => {
  for (const mode of ["observe", "suggest"] as const) {
    await using world = new TunerWorld({ mode });
    const { tuner } = world;
    const { advice, steps, problems } = await tuner.run();
    assertEquals(advice.map(({ rule, to }) => [rule, to]), [["retry_after", 120_000]]);
    assertEquals([steps, problems, world.policy().resetTimeoutMs], [[], [], 60_000]);
  }
});

Deno.test("enforce sets an override that says who, why and when, and tells listeners", async () => {
  await using world = new TunerWorld();
  const { tuner, registry, clock, events } = world;
  const { steps } = await tuner.run();
  assertEquals(world.policy().resetTimeoutMs, 120_000);
  const reason = "The median of 10 Retry-After values is 120 s: reset timeout from 60 s to 120 s";
  const override = { patch: { resetTimeoutMs: 120_000 }, at: clock.ms, by: "tuner", reason };
  assertEquals((await registry.inspectPolicy(HOST)).override, override);
  const told = { at: clock.ms, key: HOST, override, here: true };
  assertEquals(events, [{ type: "policy", scope: "host", ...told }]);
  assertEquals(steps.map(({ host, to, by }) => [host, to, by]), [[HOST, 120_000, "tuner"]]);
  assertEquals((await tuner.steps(HOST)).length, 1);
});

Deno.test("one step in an interval: the next when it is over, not a millisecond before", async () => {
  await using world = new TunerWorld();
  const { tuner, clock } = world;
  await tuner.run();
  world.happens = asksFor(240);
  clock.advance(INTERVAL_MS - 1);
  const early = await tuner.run();
  assertEquals([early.advice, early.steps, world.policy().resetTimeoutMs], [[], [], 120_000]);
  clock.advance(1);
  await tuner.run();
  assertEquals(world.policy().resetTimeoutMs, 240_000);
});

Deno.test("of several pieces of advice for a host, one is taken at a time", async () => {
  await using world = new TunerWorld();
  const { tuner, clock } = world;
  world.happens = { ...asksFor(120), probeFailures: 6 };
  assertEquals((await tuner.run()).steps.map(({ rule }) => rule), ["half_open"]);
  assertEquals([world.policy().successThreshold, world.policy().resetTimeoutMs], [2, 60_000]);
  clock.advance(INTERVAL_MS);
  assertEquals((await tuner.run()).steps.map(({ rule }) => rule), ["retry_after"]);
  // The second change is laid over the first.
  assertEquals([world.policy().successThreshold, world.policy().resetTimeoutMs], [2, 120_000]);
});

Deno.test("the tuner keeps to its own bounds", async () => {
  await using world = new TunerWorld();
  const { tuner, clock } = world;
  world.happens = asksFor(900);
  await tuner.run();
  assertEquals(world.policy().resetTimeoutMs, 600_000);
  clock.advance(INTERVAL_MS);
  const { advice, steps } = await tuner.run();
  assertEquals(advice[0]?.withheld, "the tuner's bounds leave 'resetTimeoutMs' where it is");
  assertEquals(steps, []);
});

Deno.test("what happened before the last step says nothing of what holds since", async () => {
  await using world = new TunerWorld();
  const { tuner, clock } = world;
  await tuner.run();
  clock.advance(INTERVAL_MS);
  world.happens = asksFor(240);
  world.agoMs = INTERVAL_MS + 1;
  assertEquals(await tuner.advise(), []);
  world.agoMs = INTERVAL_MS;
  assertEquals((await tuner.advise()).map(({ to }) => to), [240_000]);
});

Deno.test("a clock that was set back neither ends the steps nor breaks them", async () => {
  await using world = new TunerWorld();
  const { tuner, clock } = world;
  await tuner.run();
  world.happens = asksFor(240);
  clock.advance(-INTERVAL_MS + 1);
  assertEquals((await tuner.run()).steps, []);
  clock.advance(-1);
  await tuner.run();
  assertEquals(world.policy().resetTimeoutMs, 240_000);
});

Deno.test("pacing is raised only as far as the configuration allows, and not soon after it was too much", async () => {
  await using world = new TunerWorld({}, {
    config: { hosts: { [HOST]: { rates: { "*": "10/s" } } } },
  });
  const { tuner, clock } = world;
  world.minutes = 10;
  const round = async (numbers: Partial<Summary>) => {
    world.happens = numbers;
    const { advice: [advice] } = await tuner.run();
    clock.advance(INTERVAL_MS);
    return [advice?.rule, advice?.to, advice?.withheld];
  };
  const clean = { network: 500, denials: { rate: 1 } };
  assertEquals(await round(clean), ["pace_up", "11/s", "the configuration allows 10/s"]);
  assertEquals(await round({ network: 500, status429: 25 }), ["pace", "8/s", undefined]);
  assertEquals(await round(clean), ["pace_up", "17/2s", undefined]);
  assertEquals(await round({ network: 500, status429: 3 }), ["pace_trim", "16/2s", undefined]);
  const tooSoon = "the host answered 429 at a faster pace within the last 24 hours";
  assertEquals(await round(clean), ["pace_up", "17/2s", tooSoon]);
  clock.advance(86_400_000 - 2 * INTERVAL_MS - 1);
  assertEquals(await round(clean), ["pace_up", "17/2s", tooSoon]);
  assertEquals(await round(clean), ["pace_up", "17/2s", undefined]);
});

Deno.test("an override that somebody else set stands until it is removed", async () => {
  await using world = new TunerWorld();
  const { tuner, registry } = world;
  await registry.setPolicy(HOST, { failMax: 7 }, { by: "ops" });
  const { advice: [advice], steps } = await tuner.run();
  const withheld = "the override that 'ops' set stands: remove it, and the tuner goes on";
  assertEquals([advice?.withheld, steps], [withheld, []]);
  await registry.clearPolicy(HOST);
  await tuner.run();
  assertEquals(world.policy().resetTimeoutMs, 120_000);
});

Deno.test("advice is applied by hand at once, within the bounds, over whatever stands there", async () => {
  await using world = new TunerWorld({ mode: "suggest" });
  const { tuner, registry } = world;
  await registry.setPolicy(HOST, { failMax: 7 }, { by: "ops" });
  const [advice] = await tuner.advise();
  const step = await tuner.apply({ ...advice!, withheld: "by the log" }, { by: "ops" });
  assertEquals([world.policy().failMax, world.policy().resetTimeoutMs], [7, 120_000]);
  assertEquals([step.by, step.before, step.after], [
    "ops",
    { failMax: 7 },
    { failMax: 7, resetTimeoutMs: 120_000 },
  ]);
});

Deno.test("a breaker of its own is given to a role once", async () => {
  await using world = new TunerWorld({ mode: "suggest" });
  const { tuner } = world;
  const advice: Advice = {
    host: HOST,
    role: "artifact",
    rule: "search",
    parameter: "breaker",
    from: "shared",
    to: "own",
    patch: { roles: { artifact: { failMax: 5 } } },
    evidence: {},
    confidence: 0.5,
    reason: "It fails by itself",
  };
  await tuner.apply(advice);
  assertEquals(world.policy().roles, { artifact: { failMax: 5 } });
  const error = await assertRejects(() => tuner.apply(advice), TuningError);
  assertStringIncludes(error.message, "'breaker' from shared, and what holds is own");
  await tuner.undo(HOST);
  assertEquals(world.policy().roles, {});
});

Deno.test("advice that is out of date is not applied", async () => {
  await using world = new TunerWorld();
  const { tuner, registry } = world;
  const [advice] = await tuner.advise();
  await registry.setPolicy(HOST, { resetTimeoutMs: 90_000 });
  const error = await assertRejects(() => tuner.apply(advice!), TuningError);
  assertStringIncludes(error.message, "from 60000, and what holds is 90000: ask for it anew");
  assertEquals([error.host, world.policy().resetTimeoutMs], [HOST, 90_000]);
});

Deno.test("with a writer, changes are handed over together, and nothing is set", async () => {
  const written: unknown[] = [];
  await using world = new TunerWorld({ write: (changes) => void written.push(changes) });
  const { tuner, clock } = world;
  const round = async (seconds: number, numbers = {}) => {
    world.happens = { ...asksFor(seconds), ...numbers };
    await tuner.run();
    return written.splice(0).flat().map((change) => (change as { patch: unknown }).patch); // safe: of `write`
  };
  assertEquals(await round(120), [{ resetTimeoutMs: 120_000 }]);
  assertEquals(await round(240), []); // it is not yet the host's turn again
  clock.advance(INTERVAL_MS);
  assertEquals(await round(240), [{ resetTimeoutMs: 240_000 }]);
  clock.advance(INTERVAL_MS);
  const both = await round(240, { probeFailures: 6 });
  assertEquals(both, [{ resetTimeoutMs: 240_000 }, { successThreshold: 2 }]);
  assertEquals([world.policy().resetTimeoutMs, world.policy().successThreshold], [60_000, 1]);
  assertEquals(await tuner.undo(HOST), undefined);
});

Deno.test("while the store is down nothing is changed, and that is said", async () => {
  await using store = await SHARED_STORES["memory"]!();
  await using world = new TunerWorld({}, { store: store.open() });
  const { tuner } = world;
  const [advice] = await tuner.advise();
  store.setDown(true);
  const { steps, problems } = await tuner.run();
  assertEquals([steps, problems], [[], [`${HOST}: The store cannot be reached`]]);
  await assertRejects(() => tuner.apply(advice!), StoreUnavailableError);
  await assertRejects(() => tuner.undo(HOST), StoreUnavailableError);
  assertEquals(world.policy().resetTimeoutMs, 60_000);
});

Deno.test("options out of their bounds are refused", async () => {
  await using world = new TunerWorld();
  const { registry } = world;
  const metrics = () => [];
  for (const bad of [0, -1, NaN, Infinity]) {
    assertThrows(() => new Tuner({ registry, metrics, intervalMs: bad }), RangeError, `${bad}`);
    assertThrows(() => new Tuner({ registry, metrics, windowMs: bad }), RangeError, `${bad}`);
  }
  // @ts-expect-error a mode that there is not
  assertThrows(() => new Tuner({ registry, metrics, mode: "on" }), RangeError, "'on'");
  assert(new Tuner({ registry, metrics }).mode === "suggest");
});
