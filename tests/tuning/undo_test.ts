/**
 * Taking steps back: what held before holds again, and only where nobody else has spoken since.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { OVERRIDE_PREFIX } from "../../src/registry/overrides/override_codec.ts";
import { StoreUnavailableError } from "../../src/registry/engine/store_guard.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";
import { TuningError } from "../../src/tuning/tuning_steps.ts";
import { HOST } from "./metrics_of.ts";
import { asksFor, INTERVAL_MS, TunerWorld } from "./tuner_world.ts";

Deno.test("a step is undone: the configuration holds again, and listeners hear why", async () => {
  await using world = new TunerWorld();
  const { tuner, registry, clock, events } = world;
  await tuner.run();
  clock.advance(5_000);
  const undone = await tuner.undo(HOST, { by: "ops" });
  assertEquals([undone?.to, undone?.undoneAt], [120_000, clock.ms]);
  assertEquals((await registry.inspectPolicy(HOST)).override, undefined);
  assertEquals(world.policy().resetTimeoutMs, 60_000);
  const reason = `undone: ${undone?.reason}`;
  const told = { at: clock.ms, key: HOST, here: true, by: "ops", reason };
  assertEquals(events.at(-1), { type: "policy", scope: "host", ...told });
});

Deno.test("steps are undone one by one, the last one first, until there is none", async () => {
  await using world = new TunerWorld();
  const { tuner, clock } = world;
  for (const seconds of [120, 240]) {
    world.happens = asksFor(seconds);
    await tuner.run();
    clock.advance(INTERVAL_MS);
  }
  assertEquals(world.policy().resetTimeoutMs, 240_000);
  await tuner.undo(HOST);
  assertEquals(world.policy().resetTimeoutMs, 120_000);
  await tuner.undo(HOST);
  assertEquals(world.policy().resetTimeoutMs, 60_000);
  assertEquals(await tuner.undo(HOST), undefined);
  assertEquals(await tuner.undo("never.tuned.example"), undefined);
});

Deno.test("an operator's override from before the step holds again", async () => {
  await using world = new TunerWorld();
  const { tuner, registry } = world;
  await registry.setPolicy(HOST, { failMax: 7 });
  const [advice] = await tuner.advise();
  await tuner.apply(advice!);
  await tuner.undo(HOST);
  assertEquals((await registry.inspectPolicy(HOST)).override?.patch, { failMax: 7 });
});

Deno.test("what somebody changed since is not undone", async () => {
  await using world = new TunerWorld();
  const { tuner, registry } = world;
  await tuner.run();
  await registry.setPolicy(HOST, { resetTimeoutMs: 30_000 }, { by: "ops" });
  const error = await assertRejects(() => tuner.undo(HOST), TuningError);
  assertStringIncludes(error.message, "changed since by 'ops'");
  assertEquals(world.policy().resetTimeoutMs, 30_000);
});

Deno.test("what was undone is not done again for a day", async () => {
  await using world = new TunerWorld();
  const { tuner, clock } = world;
  await tuner.run();
  await tuner.undo(HOST);
  clock.advance(86_400_000 - 1);
  const { advice: [advice], steps } = await tuner.run();
  assertEquals(advice?.withheld, "the same was undone within the last 24 hours");
  assertEquals([steps, world.policy().resetTimeoutMs], [[], 60_000]);
  clock.advance(1);
  await tuner.run();
  assertEquals(world.policy().resetTimeoutMs, 120_000);
});

/** A store whose next writes of overrides fail: the second kind does what it was asked, and says nothing of it. */
function troubled() {
  const inner = memoryStore();
  const store = {
    trouble: undefined as "refuses" | "loses" | undefined,
    read: (keys) => inner.read(keys),
    write(key, value, expected, ttlMs) {
      const isHit = store.trouble !== undefined && key.startsWith(OVERRIDE_PREFIX);
      if (isHit && store.trouble === "refuses") throw new Error("refused");
      const result = inner.write(key, value, expected, ttlMs);
      if (isHit) throw new Error("no answer");
      return result;
    },
    list: (prefix, options) => inner.list(prefix, options),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  } satisfies Store & { trouble: unknown } as Store & { trouble?: "refuses" | "loses" };
  return store;
}

for (const trouble of ["refuses", "loses"] as const) {
  Deno.test(`the tuner goes on after a step or an undoing that the store ${trouble}`, async () => {
    const store = troubled();
    await using world = new TunerWorld({}, { store });
    const { tuner, clock, registry } = world;
    /** What stands after a round, a day later: by then what was undone may be done again. */
    const next = async (seconds: number) => {
      clock.advance(86_400_000);
      world.happens = asksFor(seconds);
      const { problems } = await tuner.run();
      const { policy } = await registry.inspectPolicy(HOST);
      return [policy.resetTimeoutMs / 1000, ...problems];
    };
    const unreached = `${HOST}: The store cannot be reached`;
    assertEquals(await next(120), [120]);
    store.trouble = trouble;
    const stands = trouble === "refuses" ? 120 : 240;
    assertEquals(await next(240), [stands, unreached]);
    store.trouble = undefined;
    assertEquals(await next(300), [300]);

    store.trouble = trouble;
    await assertRejects(() => tuner.undo(HOST), StoreUnavailableError);
    store.trouble = undefined;
    const { policy } = await registry.inspectPolicy(HOST);
    assertEquals(policy.resetTimeoutMs / 1000, trouble === "refuses" ? 300 : 240);
    if (trouble === "refuses") await tuner.undo(HOST); // asked again, it is not undone twice
    assertEquals((await registry.inspectPolicy(HOST)).policy.resetTimeoutMs / 1000, stands);
    assertEquals(await next(480), [480]);
    await tuner.undo(HOST);
    assertEquals(world.policy().resetTimeoutMs / 1000, stands);
  });
}
