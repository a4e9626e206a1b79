/**
 * What a registry need not ask for: a record in a file inside `freshnessMs`, whatever is absent from a store of its
 * own, and the parts of a permit that it has just issued.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { BreakerRegistry, memoryStore, type Snapshot } from "../../mod.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { expectAllowed, expectDenied, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";
const config = { defaults: { failMax: 1, halfOpen: { jitterMs: 0 } } };

Deno.test("a record in a SQLite file is believed until freshnessMs have passed, and with 0 never", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const clock = new ManualClock();
    const { now } = clock;
    await using store = sqliteStore(`${folder}/breakers.sqlite`, { now });
    await using one = new BreakerRegistry({ store, config, now, freshnessMs: 500 });
    await using eager = new BreakerRegistry({ store, config, now, freshnessMs: 0 });
    await using other = new BreakerRegistry({ store, config, now });
    for (const registry of [one, eager]) expectAllowed(await registry.allow({ host }));
    await failTimes(other, { host }, 1);
    clock.advance(499);
    expectAllowed(await one.allow({ host }));
    expectDenied(await eager.allow({ host }));
    clock.advance(1);
    expectDenied(await one.allow({ host }));
    await other.close(host);
    clock.advance(499);
    expectDenied(await one.allow({ host }));
    expectAllowed(await eager.allow({ host }));
    clock.advance(1);
    expectAllowed(await one.allow({ host }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("two registries on one store in memory see at once what the other did", async () => {
  const store = memoryStore();
  await using one = new BreakerRegistry({ store, config });
  await using other = new BreakerRegistry({ store, config });
  expectAllowed(await one.allow({ host }));
  await failTimes(other, { host }, 1);
  expectDenied(await one.allow({ host }));
  await other.close(host);
  expectAllowed(await one.allow({ host }));
});

Deno.test("a store in memory says whether it holds a key, an entry that has expired too", () => {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  assertEquals(store.has("a"), false);
  store.write("a", "1", undefined, 1_000);
  assertEquals([store.has("a"), store.has("b")], [true, false]);
  clock.advance(1_000);
  assertEquals([store.has("a"), store.read(["a"])], [true, [undefined]]);
  store.write("a", "2", undefined, 1_000);
  const [kept] = store.read(["a"]);
  store.write("a", undefined, kept?.version, 1_000);
  assertEquals(store.has("a"), false);
});

Deno.test("a registry with a store of its own lists hosts, then resolvers, each once on pages of any size", async () => {
  await using registry = new BreakerRegistry({ config });
  const hosts = ["10.0.0.1", "[2001:db8::1]", "a.example", "breakwater:8080", "z.example:8443"];
  const resolvers = ["0x", "Zenodo", "crossref"];
  for (const host of hosts) await registry.open({ host });
  for (const resolver of resolvers) await registry.open({ resolver });
  await send(registry, { host: "well.example", resolver: "well" }, { status: 200 });
  for (const limit of [1, 2, 3, 100]) {
    const found: Snapshot[] = [];
    let cursor: string | undefined;
    do {
      const page = await registry.page({ limit, cursor });
      assert(page.snapshots.length <= limit);
      found.push(...page.snapshots);
      cursor = page.cursor;
    } while (cursor !== undefined);
    const keys = (scope: string) =>
      found.filter((one) => one.scope === scope).map(({ key }) => key);
    assertEquals(found.map(({ scope }) => scope), [
      ...hosts.map(() => "host"),
      ...resolvers.map(() => "resolver"),
    ]);
    assertEquals(keys("host").sort(), hosts);
    assertEquals(keys("resolver").sort(), resolvers);
  }
  for (const cursor of ["host:zzz", 'held:["host","","zzz"]', "resolver:@0x"]) {
    await assertRejects(() => registry.page({ cursor }), TypeError, "Not a cursor");
  }
});

Deno.test("a resolver and a host of one name are two breakers, in a store of one's own too", async () => {
  await using registry = new BreakerRegistry({ config });
  await registry.open({ resolver: "crossref" });
  expectAllowed(await registry.allow({ host: "crossref" }));
  const denied = expectDenied(await registry.allow({ host: "elsewhere", resolver: "crossref" }));
  assertEquals([denied.scope, denied.key], ["resolver", "crossref"]);
  await registry.close({ resolver: "crossref" });
  await registry.open("crossref");
  expectAllowed(await registry.allow({ host: "elsewhere", resolver: "crossref" }));
  expectDenied(await registry.allow({ host: "crossref" }));
});

Deno.test("a permit counts the same right away, as a copy, and after a thousand others were issued", async () => {
  await using registry = new BreakerRegistry({ config: { defaults: { failMax: 100 } } });
  const ask = async () => expectAllowed(await registry.allow({ host, role: "landing" })).permit;
  const late = await ask();
  const copied = await ask();
  assertEquals((await registry.record(await ask(), FAILED)).recorded, true);
  const copy = new TextDecoder().decode(new TextEncoder().encode(copied));
  assertEquals((await registry.record(copy, FAILED)).recorded, true);
  for (let i = 0; i < 1_000; i++) await ask();
  assertEquals((await registry.record(late, FAILED)).recorded, true);
  assertEquals((await registry.inspect(host)).failures, 3);
  for (const permit of [late, copied, copy]) {
    assertEquals((await registry.record(permit, FAILED)).recorded, false);
  }
  assertEquals((await registry.inspect(host)).failures, 3);
});

Deno.test("a permit that differs by one character is read as what it says, or not at all", async () => {
  await using registry = new BreakerRegistry({ config: { defaults: { failMax: 100 } } });
  const { permit } = expectAllowed(await registry.allow({ host }));
  await registry.record(`${permit}x`, FAILED);
  assertEquals((await registry.inspect(host)).failures, 0);
  assertEquals((await registry.inspect(`${host}x`)).failures, 1);
  for (const broken of ["", "~", "1~~", permit.slice(1), permit.replace("1~", "2~")]) {
    assertEquals((await registry.record(broken, FAILED)).recorded, false);
  }
});
