/**
 * The mode that an operator stores for every process: how soon others take it up, the way back, what it costs.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertObjectMatch, assertRejects } from "@std/assert";
import {
  type BreakerEvent,
  BreakerRegistry,
  type Mode,
  type ModeEvent,
  type RegistryOptions,
} from "../../mod.ts";
import { StoreUnavailableError } from "../../src/registry/engine/store_guard.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { turns } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { SHARED_STORES } from "../support/shared_stores.ts";
import { expectAllowed, expectDenied, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "api.example.org";
const KEY = "breakwater:mode";
const EPOCH = "breakwater:policies";

function make() {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const open = (mode: Mode = "enforce", more: RegistryOptions = {}) =>
    new BreakerRegistry({
      config: { mode, defaults: { failMax: 1 } },
      store,
      now: clock.now,
      timeoutMs: 10_000,
      ...more,
    });
  return { clock, store, open };
}

function modeEvents(registry: BreakerRegistry): ModeEvent[] {
  const heard: ModeEvent[] = [];
  registry.onEvent((event) => void (event.type === "mode" && heard.push(event)));
  return heard;
}

for (const share of ["state", "cooldowns"] as const) {
  Deno.test(`a mode stored by one process is taken up by another a second after it last looked, not before (${share})`, async () => {
    const { clock, open } = make();
    await using one = open("enforce", { share });
    await using two = open("observe", { share });
    const heard = [modeEvents(one), modeEvents(two)];
    await send(two, { host: "x.example" }, { status: 200 });
    const view = await one.setMode("off", { by: "ops", reason: "rollback" });
    assertObjectMatch(view, { configured: "enforce", mode: "off", override: { mode: "off" } });
    assertEquals(one.mode, "off");
    clock.advance(999);
    await two.allow({ host });
    await turns();
    assertEquals(two.mode, "observe");
    clock.advance(1);
    await two.allow({ host });
    await turns();
    assertEquals(two.mode, "off");
    assertEquals((await two.record("off", FAILED)).recorded, false);
    assertEquals(heard.map((events) => events.map(({ mode, here }) => [mode, here])), [
      [["off", true]],
      [["off", false]],
    ]);
    assertObjectMatch(heard[1]![0]!.override!, { by: "ops", reason: "rollback" });
  });

  Deno.test(`the way back from a stored off is taken up too, each process to what it is configured with (${share})`, async () => {
    const { clock, open } = make();
    await using one = open("enforce", { share });
    await using two = open("observe", { share });
    await one.setMode("off");
    const traffic = async () => {
      for (let second = 0; second < 2; second++) {
        clock.advance(1_000);
        for (const registry of [one, two]) await send(registry, { host }, { status: 200 });
        await turns();
      }
    };
    await traffic();
    assertEquals([one.mode, two.mode], ["off", "off"]);
    const view = await two.setMode(undefined);
    assertEquals(view, { configured: "observe", mode: "observe" });
    await traffic();
    assertEquals([one.mode, two.mode], ["enforce", "observe"]);
  });
}

Deno.test("while a mode off is stored, a process looks at most once a second, and no answer waits for it", async () => {
  const { clock, store, open } = make();
  await using one = open();
  await one.setMode("off");
  const before = store.count();
  for (let i = 0; i < 1_000; i++) {
    const verdict = one.allow({ host });
    assert(!(verdict instanceof Promise));
    assertEquals(expectAllowed(verdict).permit, "off");
    await turns(10);
    clock.advance(10);
  }
  const looks = store.commands.slice(before).filter(({ keys }) => keys.join(" ") === EPOCH);
  assert(looks.length <= 10, `${looks.length} looks in 10 s`);
  assertLess(store.count() - before, 20);
});

Deno.test("a process that is configured off stays off and never looks, whatever is stored", async () => {
  const { clock, store, open } = make();
  await using one = open();
  await using off = open("off");
  await one.setMode("enforce");
  const before = store.count();
  for (let second = 0; second < 5; second++) {
    await send(off, { host }, FAILED);
    clock.advance(1_000);
    await turns();
  }
  assertEquals([off.mode, store.count() - before], ["off", 0]);
  assertObjectMatch(await off.inspectMode(), { mode: "off", override: { mode: "enforce" } });
  assertEquals(off.mode, "off");
});

Deno.test("from enforce to observe and back a running open goes on denying, or only says so", async () => {
  const { open } = make();
  await using one = open();
  await failTimes(one, { host }, 1);
  expectDenied(await one.allow({ host }));
  await one.setMode("observe");
  assertEquals(expectAllowed(await one.allow({ host })).wouldDeny?.reason, "open");
  await one.setMode("enforce");
  expectDenied(await one.allow({ host }));
});

Deno.test("a stored mode outlives every process, and is removed with what set it forgotten", async () => {
  const { store, open } = make();
  {
    await using one = open();
    await one.setMode("observe", { by: "ops" });
  }
  await using restarted = open();
  await restarted.allow({ host });
  await turns();
  assertEquals(restarted.mode, "observe");
  await restarted.setMode(undefined);
  assertEquals(store.inner.read([KEY]), [undefined]);
});

for (const damaged of ["", "off", `{"v":2,"mode":"off","at":1}`, `{"v":1,"mode":"on","at":1}`]) {
  Deno.test(`a stored mode that cannot be read is absent, told once and written over: '${damaged}'`, async () => {
    const { clock, store, open } = make();
    await using one = open();
    const heard: BreakerEvent[] = [];
    one.onEvent((event) => heard.push(event), ["store_error", "mode"]);
    store.inner.write(KEY, damaged, undefined, Infinity);
    store.inner.write(EPOCH, "1", undefined, Infinity);
    for (let second = 0; second < 5; second++) {
      await one.allow({ host });
      await turns();
      clock.advance(1_000);
    }
    assertEquals(await one.inspectMode(), { configured: "enforce", mode: "enforce" });
    assertEquals(heard.length, 1);
    assertObjectMatch(heard[0]!, { problem: "unreadable", key: KEY });
    await one.setMode("observe");
    assertEquals((await open().inspectMode()).mode, "observe");
  });
}

Deno.test("a word that is no mode, and a name or reason that is too long, are stored nowhere", async () => {
  const { store, open } = make();
  await using one = open();
  await assertRejects(() => one.setMode("on" as Mode), RangeError, "'on'");
  await assertRejects(() => one.setMode("off", { by: "b".repeat(65) }), RangeError, "65");
  await assertRejects(() => one.setMode("off", { reason: "r".repeat(501) }), RangeError, "501");
  assertEquals([store.count(), one.mode], [0, "enforce"]);
});

Deno.test("while the store is down a mode is refused and changes nothing, and a look says degraded", async () => {
  const { store, open } = make();
  await using one = open();
  store.failure = "reject";
  await assertRejects(() => one.setMode("off"), StoreUnavailableError);
  assertEquals(await one.inspectMode(), { configured: "enforce", mode: "enforce", degraded: true });
});

for (const [name, openShared] of Object.entries(SHARED_STORES)) {
  Deno.test(`two registries on one store take a mode up within 2 s of traffic, and the way back: ${name}`, async () => {
    await using shared = await openShared();
    const open = () => new BreakerRegistry({ store: shared.open(), timeoutMs: 5_000 });
    await using one = open();
    await using two = open();
    await two.allow({ host });
    for (const mode of ["off", undefined] as const) {
      await one.setMode(mode);
      const setAt = performance.now();
      const expected = mode ?? "enforce";
      while (two.mode !== expected) {
        assertLess(performance.now() - setAt, 2_000, `${expected} took longer than 2 s`);
        await two.allow({ host });
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    await using restarted = open();
    await one.setMode("observe");
    assertEquals((await restarted.inspectMode()).mode, "observe");
  });
}
