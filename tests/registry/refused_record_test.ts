/**
 * A record that the store cannot hold, such as one of too many bytes: a matter of that host alone.
 *
 * @module
 */
import { assertEquals, assertGreater, assertObjectMatch } from "@std/assert";
import { type BreakerEvent, BreakerRegistry, type WriteResult } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied, FAILED, failTimes } from "../support/verdicts.ts";

const host = "big.example";
const KEY = `breakwater:host:${host}`;

/** Holds what others do, but for records of so many characters. */
class SmallStore extends ScriptedStore {
  tooLong = Infinity;

  override write(
    key: string,
    value: string | undefined,
    expected: string | undefined,
    ttlMs: number,
  ): Promise<WriteResult> {
    if ((value?.length ?? 0) < this.tooLong) return super.write(key, value, expected, ttlMs);
    return Promise.reject(new RangeError("scripted: a value of too many bytes"));
  }
}

function make(freshnessMs = 0) {
  const clock = new ManualClock();
  const store = new SmallStore(clock.now);
  const { now, timers } = clock;
  const config = { defaults: { failMax: 20, halfOpen: { jitterMs: 0 } } };
  const options = { config, store, now, timers, freshnessMs };
  const registry = new BreakerRegistry(options);
  /** Another process, whose calls take effect at once. */
  const other = new BreakerRegistry({ ...options, store: store.inner });
  const heard: BreakerEvent[] = [];
  registry.onEvent((event) => void heard.push(event), ["store_error", "store_outage"]);
  return { clock, store, registry, other, heard };
}

Deno.test("a record that the store cannot hold is no outage: other hosts are asked for as before", async () => {
  const { store, registry, other, heard } = make();
  await using _registry = registry;
  const asked = await Promise.all(Array.from({ length: 10 }, () => registry.allow({ host })));
  store.tooLong = 1;
  for (const verdict of asked) await registry.record(expectAllowed(verdict).permit, FAILED);
  store.tooLong = Infinity;
  await failTimes(registry, { host: "well.example" }, 1);
  assertEquals(
    expectAllowed(await registry.allow({ host: "well.example" })).degraded,
    undefined,
  );
  assertEquals((await other.inspect("well.example")).failures, 1);
  assertEquals(registry.stats().store.outages, 0);
  assertEquals(heard.length, 1, "told once");
  assertObjectMatch(heard[0]!, { operation: "write", problem: "refused", key: KEY });
});

Deno.test("the host of a record that the store cannot hold is answered for by this process, and says so", async () => {
  const { clock, store, registry, other } = make();
  store.tooLong = 1;
  await failTimes(registry, { host }, 19);
  const last = expectAllowed(await registry.allow({ host }));
  assertEquals(last.degraded, true);
  assertEquals((await registry.record(last.permit, FAILED)).state, "open");
  assertObjectMatch(expectDenied(await registry.allow({ host })), {
    reason: "open",
    degraded: true,
  });
  assertEquals((await other.inspect(host)).failures, 0);
  assertEquals(registry.stats().queues.unsaved, 1);
  clock.advance(1_000);
  store.tooLong = Infinity;
  await registry[Symbol.asyncDispose]();
  assertObjectMatch(await other.inspect(host), { state: "open", remainingMs: 59_000 });
});

Deno.test("what the store holds of such a host and what this process knows are told apart, not added up", async () => {
  const { store, registry, other } = make();
  await using _registry = registry;
  await failTimes(registry, { host }, 2);
  store.tooLong = 1;
  await failTimes(registry, { host }, 3);
  await failTimes(other, { host }, 4);
  for (let i = 0; i < 3; i++) assertEquals((await registry.inspect(host)).failures, 9);
});

Deno.test("a record that is refused does not speak for a store that is down", async () => {
  const { clock, store, registry, heard } = make();
  await using _registry = registry;
  await failTimes(registry, { host }, 1);
  store.failure = "reject";
  store.tooLong = 1;
  for (let i = 0; i < 3; i++) await registry.ready();
  clock.advance(500);
  await failTimes(registry, { host }, 1);
  assertEquals(await registry.ready(), false);
  const outages = heard.filter(({ type }) => type === "store_outage");
  assertEquals(outages.length, 1);
});

Deno.test("a registry that ends tells of a record that the store could not hold", async () => {
  const { store, registry, heard } = make();
  store.tooLong = 1;
  await failTimes(registry, { host }, 1);
  await registry[Symbol.asyncDispose]();
  assertObjectMatch(heard.at(-1)!, { problem: "unsaved", records: 1 });
});

Deno.test("a record that is refused is not offered again for each request, and counts as no error of the store", async () => {
  const { clock, store, registry } = make(500);
  await using _registry = registry;
  store.tooLong = 1;
  await failTimes(registry, { host }, 20);
  expectDenied(await registry.allow({ host }));
  const sent = store.count();
  for (let i = 0; i < 50; i++) expectDenied(await registry.allow({ host }));
  assertEquals(store.count(), sent);
  clock.advance(500);
  expectDenied(await registry.allow({ host }));
  assertGreater(store.count(), sent, "what the store holds may have changed");
  assertEquals(registry.stats().errors.write, 0);
});
