/**
 * Listings of many breakers: pages that are never longer than asked for, whatever a store gives at once, and
 * work and memory that follow the page, not what is stored.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertLessOrEqual, assertRejects } from "@std/assert";
import { BreakerRegistry, memoryStore, type PageOptions, type Store } from "../../mod.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { upstashStore } from "../../src/stores/upstash.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { BRIDGE_TOKEN } from "../support/upstash_bridge.ts";
import { redisTest } from "../support/upstash_cases.ts";

const YEAR_MS = 365 * 86_400_000;

function registryOn(store: Store, clock: ManualClock): BreakerRegistry {
  return new BreakerRegistry({ store, now: clock.now, timeoutMs: 10_000 });
}

/** A record of each state, as a registry stores it. */
async function recordTexts(clock: ManualClock): Promise<Record<"open" | "half_open", string>> {
  const store = memoryStore({ now: clock.now });
  const registry = registryOn(store, clock);
  await registry.open("a.example");
  await registry.halfOpen("b.example");
  const [open, halfOpen] = store.list("breakwater:host:").entries;
  return { open: open!.value, half_open: halfOpen!.value };
}

/** Stores so many hosts; each hundredth is half-open, the others are open. */
async function fill(store: Store, hosts: number, clock: ManualClock): Promise<void> {
  const texts = await recordTexts(clock);
  for (let i = 0; i < hosts; i++) {
    const key = `breakwater:host:h${String(i).padStart(6, "0")}.example`;
    await store.write(key, texts[i % 100 === 99 ? "half_open" : "open"], undefined, YEAR_MS);
  }
}

/** Every page of a listing, by its keys. */
async function pages(registry: BreakerRegistry, options: PageOptions): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await registry.page({ ...options, cursor });
    found.push(page.snapshots.map(({ key }) => key));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

/** A store that gives more than it was asked for, as one does that scans. */
function generous(store: Store, more: number): Store & { lists: number } {
  return {
    lists: 0,
    read: (keys) => store.read(keys),
    write: (...args) => store.write(...args),
    list(prefix, options) {
      this.lists++;
      return store.list(prefix, { ...options, limit: (options?.limit ?? 100) + more });
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

for (const more of [1, 3, 100]) {
  Deno.test(`where a store gives ${more} more than asked, pages are exact all the same and join up`, async () => {
    const clock = new ManualClock();
    const store = generous(memoryStore({ now: clock.now }), more);
    await fill(store, 250, clock);
    const registry = registryOn(store, clock);
    await registry.open({ resolver: "crossref" });
    const whole = (await pages(registry, { limit: 1_000 })).flat();
    assertEquals([whole.length, whole.at(-1)], [251, "crossref"]);
    for (const limit of [1, 2, 7, 100, 250, 251]) {
      const found = await pages(registry, { limit });
      for (const page of found) assertLessOrEqual(page.length, limit);
      assertEquals(found.flat(), whole, `limit ${limit}`);
      const half = await pages(registry, { limit, state: "half_open" });
      for (const page of half) assertLessOrEqual(page.length, limit);
      assertEquals(half.flat(), ["h000099.example", "h000199.example"]);
    }
  });
}

Deno.test("what was held over to the next page is shown as it is then, and is gone where it was closed", async () => {
  const clock = new ManualClock();
  const registry = registryOn(generous(memoryStore({ now: clock.now }), 2), clock);
  for (const host of ["a.example", "b.example", "c.example", "d.example"]) {
    await registry.open(host);
  }
  const first = await registry.page({ limit: 1 });
  assertEquals(first.snapshots.map(({ key }) => key), ["a.example"]);
  await registry.close("b.example");
  await registry.halfOpen("c.example");
  const second = await registry.page({ limit: 1, cursor: first.cursor });
  assertEquals(second.snapshots.map(({ key, state }) => [key, state]), [[
    "c.example",
    "half_open",
  ]]);
  const third = await registry.page({ limit: 1, cursor: second.cursor });
  assertEquals(third.snapshots.map(({ key }) => key), ["d.example"]);
});

const FORGED = [
  "held:",
  "held:{}",
  "held:[]",
  'held:["host"]',
  'held:["nothing","",""]',
  'held:["host",1,"breakwater:host:x"]',
  'held:["host","","breakwater:policy:x"]',
  'held:["host","",1]',
  'held:["end","breakwater:host:x","breakwater:host:x"]',
  `held:${JSON.stringify(["end", "", ...Array(1_001).fill("breakwater:host:x")])}`,
];

for (const cursor of FORGED) {
  Deno.test(`no key but a breaker's is read for a cursor: ${cursor.slice(0, 60)}`, async () => {
    const clock = new ManualClock();
    const registry = registryOn(memoryStore({ now: clock.now }), clock);
    await assertRejects(() => registry.page({ cursor }), TypeError, "cursor");
    assertEquals(registry.stats().commands, { read: 0, write: 0, list: 0 });
  });
}

Deno.test("a state that few are in is found with few commands, and each page is full", async () => {
  const clock = new ManualClock();
  const store = generous(memoryStore({ now: clock.now }), 0);
  await fill(store, 10_000, clock);
  const registry = registryOn(store, clock);
  const found = await pages(registry, { state: "half_open", limit: 3 });
  assertEquals(found.flat().length, 100);
  for (const page of found.slice(0, 33)) assertEquals(page.length, 3);
  assertLess(store.lists, 34 * 4);
});

Deno.test("a hundred thousand records are listed in pages, and the registry remembers none of them", async () => {
  const clock = new ManualClock();
  const store = generous(memoryStore({ now: clock.now }), 0);
  await fill(store, 100_000, clock);
  const registry = registryOn(store, clock);
  let last = "";
  let count = 0;
  for await (const { key } of registry.list()) {
    assert(key > last, "in order, each once");
    last = key;
    count++;
  }
  assertEquals([count, registry.stats().cells], [100_000, 0]);
  assertLessOrEqual(store.lists, 100_000 / 200 + 2);
});

Deno.test("ten thousand records in a SQLite file are listed in order, each once", async () => {
  const folder = await Deno.makeTempDir();
  await using clean = new AsyncDisposableStack();
  clean.defer(() => Deno.remove(folder, { recursive: true }));
  const clock = new ManualClock();
  clock.ms = Date.now(); // the file expires by the real clock
  await using store = sqliteStore(`${folder}/breakers.sqlite`);
  await fill(store, 10_000, clock);
  const registry = registryOn(store, clock);
  const found = await pages(registry, { limit: 300 });
  for (const page of found) assertLessOrEqual(page.length, 300);
  assertEquals(found.flat(), found.flat().toSorted());
  assertEquals([new Set(found.flat()).size, registry.stats().cells], [10_000, 0]);
});

redisTest(
  "a real Redis scans: pages are exact, and hold each breaker once",
  async ({ url, redis }) => {
    const clock = new ManualClock();
    clock.ms = Date.now(); // Redis expires by the real clock
    await using store = upstashStore({ url, token: BRIDGE_TOKEN, timeoutMs: 10_000 });
    await fill(store, 300, clock);
    for (let i = 0; i < 200; i++) await redis("SET", `somebody:elses:${i}`, "x");
    const registry = registryOn(store, clock);
    await registry.open({ resolver: "crossref" });
    for (const limit of [1, 7, 100, 1_000]) {
      const found = await pages(registry, { limit });
      for (const page of found) assertLessOrEqual(page.length, limit);
      assertEquals(found.flat().length, 301, `limit ${limit}`);
      assertEquals(new Set(found.flat()).size, 301);
      assertEquals(found.flat().at(-1), "crossref");
    }
    assertEquals((await pages(registry, { limit: 2, state: "half_open" })).flat().length, 3);
  },
);
