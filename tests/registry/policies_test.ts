/**
 * Overrides of policies that every process on a store takes up: how soon, at what cost, and what they leave alone.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertLessOrEqual, assertRejects } from "@std/assert";
import {
  type BreakerConfigInput,
  type BreakerEvent,
  BreakerRegistry,
  memoryStore,
  type PolicyEvent,
  type RegistryOptions,
  type Store,
} from "../../mod.ts";
import { StoreUnavailableError } from "../../src/registry/engine/store_guard.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied, failTimes, send } from "../support/verdicts.ts";

const host = "api.example.org";
const KEY = `breakwater:policy:${host}`;
const EPOCH = "breakwater:policies";
const config: BreakerConfigInput = { defaults: { failMax: 5, halfOpen: { jitterMs: 0 } } };

function make(options: RegistryOptions = {}) {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const open = (more: RegistryOptions = {}) =>
    new BreakerRegistry({
      config,
      store,
      now: clock.now,
      timers: clock.timers,
      timeoutMs: 10_000,
      ...options,
      ...more,
    });
  return { clock, store, open };
}

/** Lets what runs in the background come to its end. */
async function untilTrue(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    assertLess(turn, 10_000, "it never came true");
    await undefined;
  }
}

/** Lets what runs in the background have its time, where nothing shows its end. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 500; turn++) await undefined;
}

function policyEvents(registry: BreakerRegistry): PolicyEvent[] {
  const heard: PolicyEvent[] = [];
  registry.onEvent((event) => {
    if (event.type === "policy") heard.push(event);
  });
  return heard;
}

function unreadableKeys(registry: BreakerRegistry): (string | undefined)[] {
  const heard: (string | undefined)[] = [];
  registry.onEvent((event: BreakerEvent) => {
    if (event.type === "store_error" && event.problem === "unreadable") heard.push(event.key);
  });
  return heard;
}

const SHARES = ["state", "cooldowns"] as const;

for (const share of SHARES) {
  Deno.test(`another process takes an override up a second after it last looked, not before (${share})`, async () => {
    const { clock, open } = make({ share });
    await using one = open();
    await using two = open();
    await send(two, { host: "other.example" }, { status: 200 });
    const view = await one.setPolicy(host, { failMax: 2 });
    assertEquals([view.policy.failMax, view.configured.failMax], [2, 5]);
    assertEquals(one.policy(host).failMax, 2);
    clock.advance(999);
    await send(two, { host: "other.example" }, { status: 200 });
    await turns();
    assertEquals(two.policy(host).failMax, 5);
    clock.advance(1);
    await two.allow({ host: "other.example" });
    await untilTrue(() => two.policy(host).failMax === 2);
    await failTimes(two, { host }, 2);
    expectDenied(await two.allow({ host }));
  });

  Deno.test(`a change and a removal are taken up too, and told once by each process (${share})`, async () => {
    const { clock, open } = make({ share });
    await using one = open();
    await using two = open();
    const heard = [policyEvents(one), policyEvents(two)];
    const traffic = async () => {
      for (let second = 0; second < 4; second++) {
        clock.advance(500);
        await send(one, { host: "x.example" }, { status: 200 });
        await send(two, { host: "x.example" }, { status: 200 });
        await turns();
      }
    };
    await one.setPolicy(host, { failMax: 2 }, { by: "advisor" });
    await traffic();
    assertEquals(two.policy(host).failMax, 2);
    await two.setPolicy(host, { resetTimeoutMs: 7_000 });
    await traffic();
    // The second is laid over the configuration in place of the first.
    assertEquals([one.policy(host).failMax, one.policy(host).resetTimeoutMs], [5, 7_000]);
    await one.clearPolicy(host);
    await traffic();
    assertEquals(two.policy(host), two.policy("x.example"));
    const told = heard.map((events) => events.map(({ override, here }) => [override?.patch, here]));
    assertEquals(told, [
      [[{ failMax: 2 }, true], [{ resetTimeoutMs: 7_000 }, false], [undefined, true]],
      [[{ failMax: 2 }, false], [{ resetTimeoutMs: 7_000 }, true], [undefined, false]],
    ]);
    assertEquals([heard[1]![0]!.override?.by, heard[1]![0]!.key], ["advisor", host]);
  });
}

Deno.test("registries on one store in memory share overrides the same way", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  const open = () => new BreakerRegistry({ config, store, now: clock.now });
  const [one, two] = [open(), open()];
  await two.allow({ host });
  await one.setPolicy(host, { failMax: 1 });
  clock.advance(1_000);
  await two.allow({ host });
  await untilTrue(() => two.policy(host).failMax === 1);
});

Deno.test("a process that was started later takes up with its first request what was stored before", async () => {
  const { open } = make();
  await using one = open();
  await one.setPolicy(host, { failMax: 1 });
  await using two = open();
  await two.allow({ host: "x.example" });
  await untilTrue(() => two.policy(host).failMax === 1);
});

Deno.test("where a host is so fresh that nothing is read, the look is a read of its own that nobody waits for", async () => {
  const { clock, store, open } = make({ freshnessMs: 60_000 });
  await using one = open();
  await using two = open();
  await two.allow({ host });
  await one.setPolicy(host, { failMax: 1 });
  clock.advance(1_000);
  const before = store.count();
  const verdict = two.allow({ host });
  assert(!(verdict instanceof Promise), "no answer waits for the look");
  assertEquals(store.commands.slice(before), [{ operation: "read", keys: [EPOCH] }]);
  await untilTrue(() => two.policy(host).failMax === 1);
});

Deno.test("no answer waits for the listing of overrides, and disposal does", async () => {
  const { store, open } = make();
  const one = open();
  await one.setPolicy(host, { failMax: 1 });
  const two = open();
  store.holding = ["list"];
  expectAllowed(await two.allow({ host }));
  await untilTrue(() => store.held.length === 1);
  let disposed = false;
  const disposal = two[Symbol.asyncDispose]().then(() => disposed = true);
  await turns();
  assertEquals(disposed, false);
  store.releaseAll();
  await disposal;
  assertEquals(two.policy(host).failMax, 1);
  await one[Symbol.asyncDispose]();
});

// ---- cost -------------------------------------------------------------------------------------------------

async function commandsOfTenSeconds(options: RegistryOptions): Promise<string[]> {
  const { clock, store, open } = make(options);
  await using registry = open();
  for (let i = 0; i < 1_000; i++) {
    await send(registry, { host }, { status: 200 });
    clock.advance(10);
  }
  return store.commands.map(({ operation, keys }) => `${operation} ${keys.join(" ")}`);
}

Deno.test("the look costs no command where the host is read twice a second anyway", async () => {
  const commands = await commandsOfTenSeconds({ freshnessMs: 500 });
  const record = `read breakwater:host:${host}`;
  const expected = Array.from({ length: 20 }, (_, i) => i % 2 ? record : `${record} ${EPOCH}`);
  assertEquals(commands, expected);
});

Deno.test("the look costs one read a second where nothing else is read", async () => {
  const commands = await commandsOfTenSeconds({ freshnessMs: 60_000 });
  const looks = Array.from({ length: 9 }, () => `read ${EPOCH}`);
  assertEquals(commands, [`read breakwater:host:${host} ${EPOCH}`, ...looks]);
});

Deno.test("nobody looks in mode off, nor in a store that is the registry's own", async () => {
  assertEquals(await commandsOfTenSeconds({ config: { mode: "off" } }), []);
  const clock = new ManualClock();
  const alone = new BreakerRegistry({ config, now: clock.now });
  await alone.setPolicy(host, { failMax: 2 });
  const before = alone.stats().commands.read;
  for (let i = 0; i < 10; i++) {
    alone.policy(host);
    clock.advance(1_000);
  }
  assertEquals(alone.stats().commands.read, before);
  assertEquals(alone.policy(host).failMax, 2);
});

Deno.test("a change costs each process two listings, however long it runs on", async () => {
  const { clock, store, open } = make();
  await using one = open();
  await using two = open();
  await one.setPolicy(host, { failMax: 2 });
  for (let i = 0; i < 20; i++) {
    await send(two, { host }, { status: 200 });
    await turns();
    clock.advance(500);
  }
  assertEquals(store.count("list"), 2);
});

// ---- what can go wrong ------------------------------------------------------------------------------------

Deno.test("a running cooldown and a running open stay as they are when the policy changes", async () => {
  const { clock, store, open } = make();
  await using one = open();
  await using two = open();
  const opened = "opened.example";
  await send(one, { host }, { status: 503, retryAfter: "120" });
  await failTimes(one, { host: opened }, 5);
  const before = [await one.inspect(host), await one.inspect(opened)];
  const records = store.inner.list("breakwater:host:").entries;
  const patch = { failMax: 1, resetTimeoutMs: 1_000, retryAfterCapMs: 1_000, forgetMs: 1_000 };
  for (const registry of [one, two]) {
    await registry.setPolicy(host, patch);
    await registry.setPolicy(opened, patch);
    for (const reader of [one, two]) {
      assertEquals([await reader.inspect(host), await reader.inspect(opened)], before);
    }
  }
  await one.clearPolicy(host);
  assertEquals(await two.inspect(host), before[0]);
  assertEquals(store.inner.list("breakwater:host:").entries, records);
  clock.advance(119_999);
  assertEquals(expectDenied(await two.allow({ host })).retryAfterMs, 1);
  clock.advance(1);
  assertEquals(expectAllowed(await two.allow({ host })).state, "half_open");
});

Deno.test("a patch out of bounds, of an unknown key, or against what is below it, is stored nowhere", async () => {
  const { store, open } = make();
  await using one = open();
  await assertRejects(() => one.setPolicy(host, { failMax: 0 }), RangeError, "failMax");
  const slowCall = { durationMs: 100, thresholdRatio: 0.5 };
  await assertRejects(() => one.setPolicy(host, { slowCall }), RangeError, "failureRate");
  const unknown = { failMx: 2 } as object; // as from a program that checks no types
  await assertRejects(() => one.setPolicy(host, unknown), TypeError, "failMx");
  await assertRejects(() => one.setPolicy("not a host", {}), TypeError, "host");
  const by = "b".repeat(65);
  await assertRejects(() => one.setPolicy(host, { failMax: 2 }, { by }), RangeError, "65");
  const reason = "r".repeat(501);
  await assertRejects(() => one.setPolicy(host, { failMax: 2 }, { reason }), RangeError, "501");
  assertEquals([store.count(), one.policy(host).failMax], [0, 5]);
  const failureRate = { windowMs: 1_000, minCalls: 10, thresholdRatio: 0.5 };
  assertEquals((await one.setPolicy(host, { slowCall, failureRate })).policy.slowCall, slowCall);
});

const DAMAGED = [
  "",
  "nonsense",
  `{"v":2,"patch":{},"at":1}`,
  `{"v":1,"patch":{"failMax":0},"at":1}`,
  `{"v":1,"patch":{"slowCall":{"durationMs":1,"thresholdRatio":1}},"at":1}`,
  `{"v":1,"patch":{"__proto__":{"failMax":1}},"at":1}`,
];

for (const damaged of DAMAGED) {
  Deno.test(`a stored override that cannot be used is absent, told once and written over: '${damaged}'`, async () => {
    const { clock, store, open } = make();
    await using one = open();
    store.inner.write(KEY, damaged, undefined, Infinity);
    store.inner.write(EPOCH, "1", undefined, Infinity);
    const heard = unreadableKeys(one);
    for (let second = 0; second < 5; second++) {
      await one.allow({ host });
      await turns();
      clock.advance(1_000);
    }
    const view = await one.inspectPolicy(host);
    assertEquals([view.override, view.policy.failMax, view.degraded], [undefined, 5, undefined]);
    assertEquals(heard, [KEY]);
    await one.setPolicy(host, { failMax: 2 });
    assertEquals((await open().inspectPolicy(host)).policy.failMax, 2);
    await one.clearPolicy(host);
    assertEquals(store.inner.read([KEY]), [undefined]);
  });
}

Deno.test("an override that its own process can use and another cannot changes only the first", async () => {
  const { open } = make();
  const failureRate = { windowMs: 1_000, minCalls: 10, thresholdRatio: 0.5 };
  await using one = open({ config: { defaults: { failureRate } } });
  await using two = open();
  const slowCall = { durationMs: 100, thresholdRatio: 0.5 };
  await two.setPolicy(host, { failMax: 2 });
  await one.setPolicy(host, { slowCall, failMax: 3 });
  const heard = unreadableKeys(two);
  assertEquals((await two.inspectPolicy(host)).policy.failMax, 5);
  assertEquals(heard, [KEY]);
});

Deno.test("while the store is down a change is refused and changes nothing, and a look says degraded", async () => {
  const { clock, store, open } = make();
  await using one = open();
  await one.setPolicy(host, { failMax: 2 });
  store.failure = "reject";
  await assertRejects(() => one.setPolicy(host, { failMax: 3 }), StoreUnavailableError);
  await assertRejects(() => one.clearPolicy(host), StoreUnavailableError);
  const view = await one.inspectPolicy(host);
  assertEquals([view.policy.failMax, view.degraded], [2, true]);
  store.failure = undefined;
  clock.advance(1_000);
  assertEquals((await one.clearPolicy(host)).policy.failMax, 5);
});

Deno.test("what could not be taken up in an outage is taken up after it", async () => {
  const { clock, store, open } = make();
  await using one = open();
  await using two = open();
  await two.allow({ host });
  await one.setPolicy(host, { failMax: 2 });
  store.failure = "reject";
  for (let i = 0; i < 5; i++) {
    clock.advance(1_000);
    await two.allow({ host });
    await turns();
  }
  assertEquals(two.policy(host).failMax, 5);
  store.failure = undefined;
  clock.advance(1_000);
  await two.allow({ host });
  await untilTrue(() => two.policy(host).failMax === 2);
});

Deno.test("a listing that does not have a change yet is made again with the next look", async () => {
  const { clock, store, open } = make();
  await using two = open();
  await two.allow({ host });
  store.inner.write(EPOCH, "changed", undefined, Infinity);
  clock.advance(1_000);
  await two.allow({ host });
  await turns();
  const late = JSON.stringify({ v: 1, patch: { failMax: 2 }, at: 1 });
  store.inner.write(KEY, late, undefined, Infinity); // the replica has heard
  clock.advance(1_000);
  await two.allow({ host });
  await untilTrue(() => two.policy(host).failMax === 2);
});

Deno.test("a listing that was begun before a change here does not undo it", async () => {
  const { clock, store, open } = make();
  await using one = open();
  await using two = open();
  await two.setPolicy("other.example", { failMax: 3 });
  store.holding = ["list"];
  await one.allow({ host });
  await untilTrue(() => store.held.length === 1); // it lists what there is without the change
  await one.setPolicy(host, { failMax: 2 });
  store.releaseAll();
  await turns();
  assertEquals(one.policy(host).failMax, 2);
  clock.advance(1_000);
  await one.allow({ host });
  await untilTrue(() => one.policy("other.example").failMax === 3);
  assertEquals(one.policy(host).failMax, 2);
});

for (const tellsCurrent of [true, false]) {
  Deno.test(`of two changes at once the later is kept (refused writes tell what stands: ${tellsCurrent})`, async () => {
    const { store, open } = make();
    store.tellsCurrent = tellsCurrent;
    await using one = open();
    await using two = open();
    const sooner = JSON.stringify({ v: 1, patch: { failMax: 3 }, at: 1 });
    store.beforeNextWrite(() => store.inner.write(KEY, sooner, undefined, Infinity));
    store.beforeNextWrite(() => {});
    store.beforeNextWrite(() => store.inner.write(EPOCH, "sooner", undefined, Infinity));
    await one.setPolicy(host, { failMax: 2 });
    assertEquals(store.count("write"), 4);
    assert(store.inner.read([EPOCH])[0]!.value !== "sooner");
    for (const registry of [one, two]) {
      assertEquals((await registry.inspectPolicy(host)).policy.failMax, 2);
    }
  });
}

Deno.test("what a process changes for itself lies under the override, and shows when that goes", async () => {
  const { open } = make();
  await using one = open({ config: { ...config, hosts: { [host]: { successThreshold: 3 } } } });
  await one.setPolicy(host, { failMax: 2 });
  one.updatePolicy(host, { failMax: 9, trialCalls: 4 });
  const view = await one.inspectPolicy("API.example.org.");
  assertEquals(view.host, host);
  const { configured, local, policy } = view;
  assertEquals([configured.failMax, local.failMax, policy.failMax], [5, 9, 2]);
  assertEquals([policy.trialCalls, policy.successThreshold], [4, 3]);
  const after = await one.clearPolicy(host);
  assertEquals([after.policy.failMax, after.policy.trialCalls], [9, 4]);
});

// ---- a real database --------------------------------------------------------------------------------------

Deno.test("on a real Deno KV file another process takes an override up, and a restart keeps it", async () => {
  const path = await Deno.makeTempFile({ suffix: ".kv" });
  await using clean = new AsyncDisposableStack();
  clean.defer(() => removeDatabase(path));
  const clock = new ManualClock();
  const open = (store: Store) =>
    new BreakerRegistry({ config, store, now: clock.now, timeoutMs: 5_000 });
  {
    await using storeOne = denoKvStore(path);
    await using storeTwo = denoKvStore(path);
    await using one = open(storeOne);
    await using two = open(storeTwo);
    await two.allow({ host });
    await one.setPolicy(host, { failMax: 2, roles: { metadata: { failMax: 1 } } });
    assertEquals(two.policy(host).failMax, 5);
    clock.advance(1_000);
    const deadline = performance.now() + 5_000;
    while (two.policy(host).failMax !== 2) {
      assertLess(performance.now(), deadline, "the other process never took it up");
      await two.inspect(host); // a real read, which lets the database answer
    }
    await failTimes(two, { host, role: "metadata" }, 1);
    expectDenied(await two.allow({ host, role: "metadata" }));
  }
  await using store = denoKvStore(path);
  await using restarted = open(store);
  assertEquals((await restarted.inspectPolicy(host)).policy.failMax, 2);
  await restarted.clearPolicy(host);
  assertEquals((await store.list("breakwater:policy:")).entries, []);
});

async function removeDatabase(path: string): Promise<void> {
  for (const suffix of ["", "-shm", "-wal"]) {
    await Deno.remove(path + suffix).catch(() => {}); // not every one of them is there
  }
}

Deno.test("two thousand overrides are taken up in listings of a thousand", async () => {
  const { store, open } = make();
  const text = JSON.stringify({ v: 1, patch: { failMax: 2 }, at: 1 });
  for (let i = 0; i < 2_000; i++) {
    store.inner.write(`breakwater:policy:h${i}.example`, text, undefined, Infinity);
  }
  store.inner.write(EPOCH, "1", undefined, Infinity);
  await using one = open();
  await one.allow({ host });
  await untilTrue(() => one.policy("h999.example").failMax === 2);
  assertLessOrEqual(store.count("list"), 2);
});
