/**
 * Several registries on one store, and what a registry keeps and drops.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual, assertObjectMatch } from "@std/assert";
import {
  type BreakerEvent,
  BreakerRegistry,
  memoryStore,
  type PolicyPatch,
  type RegistryOptions,
} from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import {
  atOnce,
  expectAllowed,
  expectDenied,
  FAILED,
  failTimes,
  send,
} from "../support/verdicts.ts";

const host = "example.org";
const KEY = `breakwater:host:${host}`;

function makeTwo(defaults: PolicyPatch = {}, options: RegistryOptions = {}) {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  const config = { defaults: { halfOpen: { jitterMs: 0 }, ...defaults } };
  const make = () => new BreakerRegistry({ config, store, now: clock.now, ...options });
  return { clock, store, one: make(), two: make() };
}

Deno.test("two registries on one memory store see each other at once, whatever freshnessMs is", async () => {
  const { one, two, clock } = makeTwo({ failMax: 2 }, { freshnessMs: 60_000 });
  await failTimes(one, { host }, 1);
  assertEquals((await two.inspect(host)).failures, 1);
  await failTimes(two, { host }, 1);
  expectDenied(atOnce(one.allow({ host })));
  await one.close(host);
  expectAllowed(atOnce(two.allow({ host })));
  await failTimes(two, { host }, 2);
  clock.advance(60_000);
  expectAllowed(atOnce(one.allow({ host })));
  assertEquals(expectDenied(atOnce(two.allow({ host }))).reason, "probes");
});

Deno.test("a permit of one registry is good in another on the same store", async () => {
  const { one, two, clock } = makeTwo({ failMax: 1 });
  const request = { host, role: "metadata", resolver: "crossref" };
  const { permit } = expectAllowed(await one.allow(request));
  assertEquals((await two.record(permit, FAILED)).state, "open");
  assertEquals((await one.record(permit, FAILED)).recorded, false);
  assertEquals((await one.inspect({ resolver: "crossref" })).state, "open");
  clock.advance(60_000);
  const probe = expectAllowed(await two.allow(request));
  assertEquals((await one.record(probe.permit, { status: 200 })).state, "closed");
});

Deno.test("a permit from before an open is late in every registry, its Retry-After is heeded", async () => {
  const { one, two } = makeTwo({ failMax: 1 });
  const late = expectAllowed(await one.allow({ host })).permit;
  await failTimes(one, { host }, 1);
  const told = await two.record(late, { status: 429, retryAfter: "100" });
  assertEquals(told, { recorded: false, state: "open", retryAfterMs: 100_000 });
});

Deno.test("an outcome of an expired permit counts for nothing, one a millisecond younger does", async () => {
  for (const [ageMs, recorded] of [[299_999, true], [300_000, false]] as const) {
    const { one, clock } = makeTwo();
    const { permit } = expectAllowed(await one.allow({ host }));
    clock.advance(ageMs);
    assertEquals((await one.record(permit, FAILED)).recorded, recorded);
  }
});

Deno.test("open hosts are never dropped while thousands of others fail, and the others are bounded", async () => {
  const maxHosts = 100;
  const { one, two, store } = makeTwo({ failMax: 2 }, { maxHosts });
  const open = Array.from({ length: 150 }, (_, i) => `open${i}.example`);
  for (const name of open) await failTimes(one, { host: name }, 2);
  for (let i = 0; i < 3_000; i++) await failTimes(one, { host: `failing${i}.example` }, 1);
  for (const name of open) expectDenied(atOnce(one.allow({ host: name })));
  for (const name of open) expectDenied(atOnce(two.allow({ host: name })));
  assertLessOrEqual(store.list("", { limit: 10_000 }).entries.length, open.length + maxHosts);
  assertLessOrEqual(one.stats().cells, open.length + 2 * maxHosts);
  assertEquals((await one.inspect("failing2999.example")).failures, 1);
});

Deno.test("a host whose count was dropped to make room starts anew", async () => {
  const { one } = makeTwo({ failMax: 2 }, { maxHosts: 1 });
  await failTimes(one, { host }, 1);
  await failTimes(one, { host: "other.example" }, 1);
  assertEquals((await one.inspect(host)).failures, 0);
  await failTimes(one, { host }, 2);
  expectDenied(atOnce(one.allow({ host })));
});

for (const damaged of ["", "nonsense", "{}", `{"v":2,"tracks":{}}`, `{"v":1,"tracks":{"":{}}}`]) {
  Deno.test(`a stored record that cannot be read is absent, told once and overwritten: '${damaged}'`, async () => {
    const { one, store } = makeTwo({ failMax: 2 });
    store.write(KEY, damaged, undefined, 60_000);
    const heard: BreakerEvent[] = [];
    one.onEvent((event) => {
      if (event.type === "store_error") heard.push(event);
    });
    for (let i = 0; i < 3; i++) expectAllowed(await one.allow({ host }));
    assertEquals((await one.inspect(host)).state, "closed");
    for await (const _ of one.list());
    assertEquals(heard.length, 1);
    assertObjectMatch(heard[0]!, { operation: "read", problem: "unreadable", key: KEY });
    await failTimes(one, { host }, 1);
    assertEquals((await one.inspect(host)).failures, 1);
    assert(store.read([KEY])[0]!.value.startsWith(`{"v":1`));
    assertEquals(heard.length, 1);
  });
}

Deno.test("the failure rate opens for every registry, though its window is each one's own", async () => {
  const failureRate = { windowMs: 10_000, minCalls: 4, thresholdRatio: 0.5 };
  const { one, two, store } = makeTwo({ failMax: 100, failureRate });
  for (let i = 0; i < 3; i++) await send(one, { host }, { status: 200 });
  assertEquals(store.size, 0); // successes cost no write, with a rate as without
  await failTimes(two, { host }, 3);
  await failTimes(one, { host }, 2);
  assertEquals((await one.inspect(host)).state, "closed"); // one: 2 of 5, two: 3 of 3
  await failTimes(one, { host }, 1); // one: 3 of 6
  assertObjectMatch(expectDenied(await two.allow({ host })), { reason: "open" });
});

Deno.test("the rate is looked at after a success too, and starts empty after a close", async () => {
  const failureRate = { windowMs: 10_000, minCalls: 4, thresholdRatio: 0.5 };
  const { one, clock } = makeTwo({ failMax: 100, failureRate, resetTimeoutMs: 1_000 });
  await failTimes(one, { host }, 2);
  await send(one, { host }, { status: 200 });
  assertEquals((await send(one, { host }, { status: 200 })).state, "open");
  clock.advance(1_000);
  await send(one, { host }, { status: 200 });
  await failTimes(one, { host }, 3);
  assertEquals((await one.inspect(host)).state, "closed");
  assertEquals((await send(one, { host }, FAILED)).state, "open");
});

Deno.test("a clock that goes back neither wedges a host nor forgets an open one", async () => {
  const { one, clock } = makeTwo({ failMax: 1 });
  await failTimes(one, { host }, 1);
  clock.advance(-30_000);
  assertEquals(expectDenied(await one.allow({ host })).retryAfterMs, 90_000);
  clock.advance(90_000);
  await send(one, { host }, { status: 200 });
  clock.advance(-10_000);
  expectAllowed(await one.allow({ host }));
});
