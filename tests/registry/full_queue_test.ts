/**
 * More events than may wait for one breaker: who is turned away, who is not, and how that is counted.
 *
 * @module
 */
import { assertEquals, assertLess, assertObjectMatch } from "@std/assert";
import { BreakerRegistry, type Outcome, type RegistryOptions } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied, FAILED, failTimes } from "../support/verdicts.ts";

const host = "hot.example";

function make(options: RegistryOptions = {}) {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const config = { defaults: { failMax: 1_000 } };
  const both = { config, now: clock.now, timeoutMs: 10_000, ...options };
  const registry = new BreakerRegistry({ ...both, store });
  const other = new BreakerRegistry({ ...both, store: store.inner });
  return { clock, store, registry, other };
}

/** Tells outcomes while no write is answered, until one of them is turned away: that one comes last. */
async function flood(
  registry: BreakerRegistry,
  store: ScriptedStore,
  tell: () => unknown,
): Promise<unknown[]> {
  store.holding = ["write"];
  const told = [tell()];
  for (let turn = 0; store.held.length === 0; turn++) {
    assertLess(turn, 1_000, "nothing is written");
    await undefined;
  }
  while (registry.stats().overflowed === 0) {
    assertLess(told.length, 100_000, "nobody is turned away");
    told.push(tell());
  }
  return told;
}

/** Outcomes of requests that were let through as one. */
async function teller(registry: BreakerRegistry, outcome: Outcome): Promise<() => unknown> {
  const { permit } = expectAllowed(await registry.allow({ host }));
  return () => registry.record(permit, outcome);
}

Deno.test("an operator opens a breaker that is flooded", async () => {
  const { registry, store, other } = make();
  await using _registry = registry;
  const told = await flood(registry, store, await teller(registry, FAILED));
  const opened = registry.open(host, { reason: "stop" });
  store.releaseAll();
  assertEquals((await opened).state, "open");
  assertEquals((await other.inspect(host)).note, "stop");
  await Promise.all(told);
});

Deno.test("an operator's action travels though cooldowns of the host are flooded", async () => {
  const { clock, registry, store, other } = make({ share: "cooldowns" });
  await using _registry = registry;
  const tell = await teller(registry, { status: 429, retryAfter: "60" });
  const told = await flood(registry, store, () => {
    clock.advance(1);
    return tell();
  });
  const opened = registry.open(host);
  store.releaseAll();
  assertEquals((await opened).state, "open");
  assertEquals((await other.inspect(host)).reason, "manual");
  await Promise.all(told);
});

Deno.test("an outcome that is turned away is counted as that, and not as late", async () => {
  const { registry, store } = make();
  await using _registry = registry;
  const tell = await teller(registry, FAILED);
  const told = await flood(registry, store, tell);
  const turnedAway = await told.at(-1);
  const { outcomes, overflowed } = registry.stats();
  store.releaseAll();
  assertObjectMatch(turnedAway!, { recorded: false });
  assertEquals([overflowed, outcomes.late, outcomes.failure], [1, 0, told.length]);
  // All of one request: each but the first is late.
  await Promise.all(told);
  assertEquals(registry.stats().outcomes.late, told.length - 2);
});

Deno.test("a closed host lets requests through where only its record cannot be renewed", async () => {
  const config = { defaults: { failMax: 1_000_000, forgetMs: 3_600_000 } };
  const { clock, registry, store } = make({ config });
  await using _registry = registry;
  await failTimes(registry, { host }, 1);
  clock.advance(1_799_999);
  const tell = await teller(registry, FAILED);
  clock.advance(1);
  const told = await flood(registry, store, tell);
  const verdict = await registry.allow({ host });
  store.releaseAll();
  assertEquals(expectAllowed(verdict).state, "closed");
  await Promise.all(told);
});

Deno.test("a flooded half-open host says that no probe is free, since its lease cannot be written", async () => {
  const { registry, store } = make();
  await using _registry = registry;
  const tell = await teller(registry, { status: 429, retryAfter: "60" });
  await registry.halfOpen(host);
  const told = await flood(registry, store, tell);
  const verdict = await registry.allow({ host });
  store.releaseAll();
  assertObjectMatch(expectDenied(verdict), { reason: "probes", state: "half_open" });
  await Promise.all(told);
});
