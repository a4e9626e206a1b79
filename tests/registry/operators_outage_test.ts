/**
 * What an operator does while the store is down: said to be this process's own, and still done when it is back.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { BreakerRegistry, type Store } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";

const host = "example.org";

function makeTwo() {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const make = (own: Store) =>
    new BreakerRegistry({ store: own, now: clock.now, timeoutMs: 30, freshnessMs: 0 });
  return { clock, store, one: make(store), other: make(store.inner) };
}

for (
  const [act, state, after] of [
    ["close", "closed", "closed"],
    ["halfOpen", "half_open", "half_open"],
  ] as const
) {
  Deno.test(`${act} while the store is down says degraded, and holds when the store is back`, async () => {
    const { clock, store, one, other } = makeTwo();
    await one.open(host, { forMs: 3_600_000 });
    store.failure = "reject";
    clock.advance(1_000);
    const told = await one[act](host);
    assertEquals([told.state, told.degraded], [state, true]);
    assertEquals((await other.inspect(host)).state, "open");
    store.failure = undefined;
    clock.advance(1_000);
    await one[Symbol.asyncDispose]();
    assertEquals((await other.inspect(host)).state, after);
    await other[Symbol.asyncDispose]();
  });
}

Deno.test("an operator's shorter open in an outage replaces the longer one that the store holds", async () => {
  const { clock, store, one, other } = makeTwo();
  await one.open(host, { forMs: 3_600_000 });
  store.failure = "reject";
  clock.advance(1_000);
  await one.open(host, { forMs: 60_000 });
  store.failure = undefined;
  clock.advance(1_000);
  await one[Symbol.asyncDispose]();
  assertEquals((await other.inspect(host)).remainingMs, 59_000);
  await other[Symbol.asyncDispose]();
});

Deno.test("an open by failures at others after an operator's close in an outage holds", async () => {
  const { clock, store, one, other } = makeTwo();
  await one.open(host, { forMs: 3_600_000 });
  store.failure = "reject";
  clock.advance(1_000);
  await one.close(host);
  clock.advance(1_000);
  await other.open(host, { forMs: 3_600_000 });
  store.failure = undefined;
  clock.advance(1_000);
  await one[Symbol.asyncDispose]();
  assertEquals((await other.inspect(host)).state, "open");
  await other[Symbol.asyncDispose]();
});
