/**
 * Listing what is in trouble, on the memory store and on a real Deno KV.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import {
  BreakerRegistry,
  type BreakerState,
  memoryStore,
  type PageOptions,
  type Snapshot,
  type Store,
} from "../../mod.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, FAILED, failTimes, send } from "../support/verdicts.ts";

const STORES: Record<string, (now: () => number) => Store> = {
  memory: (now) => memoryStore({ now }),
  "deno-kv": () => denoKvStore(":memory:"),
};

const config = {
  defaults: { failMax: 2, halfOpen: { jitterMs: 0 }, roles: { metadata: { failMax: 1 } } },
};

async function listed(registry: BreakerRegistry, options?: { state?: BreakerState }) {
  const snapshots: Snapshot[] = [];
  for await (const snapshot of registry.list(options)) snapshots.push(snapshot);
  return snapshots;
}

/** Every page, by its keys. */
async function pages(registry: BreakerRegistry, options: PageOptions): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await registry.page({ ...options, cursor });
    found.push(page.snapshots.map(({ scope, key }) => `${scope} ${key}`));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

for (const [name, open] of Object.entries(STORES)) {
  const make = () => {
    const clock = new ManualClock();
    const store = open(clock.now);
    const registry = new BreakerRegistry({
      config,
      store,
      now: clock.now,
      freshnessMs: 0,
      timeoutMs: 10_000,
    });
    return { clock, store, registry };
  };

  Deno.test(`the listing holds what is in trouble and nothing else (${name})`, async () => {
    const { registry, clock, store } = make();
    await using _store = store;
    await using _registry = registry;
    await send(registry, { host: "healthy.example" }, { status: 200 });
    await failTimes(registry, { host: "recovered.example" }, 2);
    clock.advance(60_000);
    await send(registry, { host: "recovered.example" }, { status: 200 });
    await failTimes(registry, { host: "counting.example" }, 1);
    await failTimes(registry, { host: "open.example", resolver: "crossref" }, 2);
    await failTimes(registry, { host: "role.example", role: "metadata" }, 1);
    await registry.open("shut.example");
    await registry.halfOpen("probing.example");
    const snapshots = await listed(registry);
    const states = Object.fromEntries(snapshots.map(({ key, state }) => [key, state]));
    assertEquals(states, {
      "counting.example": "closed",
      "open.example": "open",
      "role.example": "closed",
      "shut.example": "open",
      "probing.example": "half_open",
      crossref: "open",
    });
    assertEquals(snapshots.at(-1)?.scope, "resolver"); // hosts come first
    for (const snapshot of snapshots) {
      const { scope, key } = snapshot;
      const target = scope === "host" ? key : { resolver: key };
      assertEquals(snapshot, await registry.inspect(target));
    }
    const opened = await listed(registry, { state: "open" });
    assertEquals(
      opened.map(({ key }) => key).sort(),
      ["crossref", "open.example", "role.example", "shut.example"],
    );
    const closed = await listed(registry, { state: "closed" });
    assertEquals(closed.map(({ key }) => key).sort(), ["counting.example", "role.example"]);
  });

  Deno.test(`pages join up: each breaker once, in one order, however long a page is (${name})`, async () => {
    const { registry, store } = make();
    await using _store = store;
    await using _registry = registry;
    for (let i = 0; i < 23; i++) {
      await registry.open(`h${i}.example`);
      if (i < 5) await registry.open({ resolver: `r${i}` });
    }
    const whole = await pages(registry, { limit: 1_000 });
    assertEquals(whole.flat().length, 28);
    for (const limit of [1, 5, 23, 27, 28]) {
      const found = await pages(registry, { limit });
      for (const page of found) assertLessOrEqual(page.length, limit);
      assertEquals(found.flat(), whole.flat(), `limit ${limit}`);
    }
    assertEquals((await listed(registry)).length, 28);
  });

  Deno.test(`a page of one state goes on until it is full or all is seen (${name})`, async () => {
    const { registry, store } = make();
    await using _store = store;
    await using _registry = registry;
    for (let i = 0; i < 12; i++) {
      const host = `h${String(i).padStart(2, "0")}.example`;
      if (i % 4 === 3) await registry.halfOpen(host);
      else await registry.open(host);
    }
    const found = (await pages(registry, { state: "half_open", limit: 2 })).flat();
    assertEquals(found, ["host h03.example", "host h07.example", "host h11.example"]);
  });

  Deno.test(`a cursor that is none is refused, and the store is not taken to be down (${name})`, async () => {
    const { registry, store } = make();
    await using _store = store;
    await using _registry = registry;
    await registry.open("open.example");
    for (const cursor of ["", "nonsense", "host:nonsense", "resolver:breakwater:host:x"]) {
      await assertRejects(() => registry.page({ cursor }), TypeError, "cursor");
    }
    assertEquals((await registry.page()).snapshots.length, 1);
    assertEquals(expectAllowed(await registry.allow({ host: "x.example" })).degraded, undefined);
  });
}

Deno.test("a limit that is none is refused with the value", async () => {
  const registry = new BreakerRegistry();
  for (const limit of [0, -1, 1.5, NaN]) {
    const error = await assertRejects(() => registry.page({ limit }), RangeError, "limit");
    assert(error.message.includes(String(limit)), error.message);
  }
});

Deno.test("while the store is down a listing holds what this process knows", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  await using registry = new BreakerRegistry({ config, store, now: clock.now });
  await registry.open("open.example");
  store.failure = "reject";
  const { permit } = expectAllowed(await registry.allow({ host: "failing.example" }));
  await registry.record(permit, FAILED);
  const found = (await listed(registry)).map(({ key }) => key).sort();
  assertEquals(found, ["failing.example", "open.example"]);
  assertEquals((await registry.page()).degraded, true);
});

/** Can be read, as one on a full disk or behind a token that may not write. */
class ReadOnlyStore extends ScriptedStore {
  override write(): Promise<never> {
    return Promise.reject(new Error("scripted: read only"));
  }
}

Deno.test("a page says where the store does not hold all that this process knows", async () => {
  const clock = new ManualClock();
  const { now, timers } = clock;
  const store = new ReadOnlyStore(now);
  await using registry = new BreakerRegistry({ store, now, timers, timeoutMs: 30 });
  assertEquals((await registry.page()).degraded, undefined);
  assertEquals((await registry.open("a.example")).degraded, true);
  assertEquals(await registry.page(), { snapshots: [], degraded: true });
});
