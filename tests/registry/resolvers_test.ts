/**
 * Host and resolver: both asked, both told, and a denial leaves nothing behind.
 *
 * @module
 */
import { assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { type BreakerConfigInput, BreakerRegistry, memoryStore, type Store } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { expectAllowed, expectDenied, FAILED, failTimes, send } from "../support/verdicts.ts";

const REQUEST = { host: "example.org", resolver: "crossref" };
const RESOLVER = { resolver: "crossref" };

function make(config: BreakerConfigInput, given?: (now: () => number) => Store) {
  const clock = new ManualClock();
  const store = given?.(clock.now) ?? memoryStore({ now: clock.now });
  const registry = new BreakerRegistry({ config, store, now: clock.now, freshnessMs: 0 });
  return { clock, registry };
}

/** Host and resolver open at the same moment; the host for a second, the resolver as long as said. */
function policies(resolverResetMs: number): BreakerConfigInput {
  return {
    defaults: { failMax: 1, resetTimeoutMs: 1_000, halfOpen: { jitterMs: 0 } },
    resolvers: { crossref: { resetTimeoutMs: resolverResetMs } },
  };
}

Deno.test("host and resolver are both told an outcome", async () => {
  const { registry } = make({ defaults: { failMax: 9 } });
  await failTimes(registry, REQUEST, 2);
  await failTimes(registry, { host: "example.org" }, 1);
  await failTimes(registry, { host: "example.net", resolver: "crossref" }, 1);
  assertEquals((await registry.inspect("example.org")).failures, 3);
  assertEquals((await registry.inspect("example.net")).failures, 1);
  assertEquals((await registry.inspect(RESOLVER)).failures, 3);
  await send(registry, REQUEST, { status: 200 });
  assertEquals((await registry.inspect("example.org")).failures, 0);
  assertEquals((await registry.inspect(RESOLVER)).failures, 0);
});

Deno.test("the first that denies is named: the host, and the resolver where the host would not", async () => {
  const { registry, clock } = make(policies(5_000));
  await failTimes(registry, REQUEST, 1);
  assertObjectMatch(expectDenied(await registry.allow(REQUEST)), {
    scope: "host",
    key: "example.org",
    retryAfterMs: 1_000,
  });
  clock.advance(1_000);
  assertObjectMatch(expectDenied(await registry.allow(REQUEST)), {
    scope: "resolver",
    key: "crossref",
    state: "open",
    retryAfterMs: 4_000,
  });
  expectAllowed(await registry.allow({ host: "example.org" }));
  assertObjectMatch(
    expectDenied(await registry.allow({ host: "healthy.example", resolver: "crossref" })),
    { scope: "resolver" },
  );
});

for (const kind of ["memory", "asynchronous"]) {
  const given = kind === "memory" ? undefined : (now: () => number) => new ScriptedStore(now);

  Deno.test(`a denial by the resolver leaves no probe on the host (${kind})`, async () => {
    const { registry, clock } = make(policies(5_000), given);
    await failTimes(registry, REQUEST, 1);
    clock.advance(1_000);
    for (let i = 0; i < 3; i++) {
      assertEquals(expectDenied(await registry.allow(REQUEST)).scope, "resolver");
    }
    assertEquals((await registry.inspect("example.org")).probes, 0);
    expectAllowed(await registry.allow({ host: "example.org" }));
  });

  Deno.test(`a resolver whose probe is out leaves no probe on the host (${kind})`, async () => {
    const { registry, clock } = make(policies(1_000), given);
    await failTimes(registry, REQUEST, 1);
    clock.advance(1_000);
    const elsewhere = { host: "healthy.example", resolver: "crossref" };
    const probe = expectAllowed(await registry.allow(elsewhere));
    assertEquals(probe.state, "half_open");
    assertObjectMatch(expectDenied(await registry.allow(REQUEST)), {
      scope: "resolver",
      reason: "probes",
      state: "half_open",
    });
    assertEquals((await registry.inspect("example.org")).probes, 0);
    await registry.record(probe.permit, { status: 200 });
    assertEquals((await registry.inspect(RESOLVER)).state, "closed");
    assertEquals(expectAllowed(await registry.allow(REQUEST)).state, "half_open");
  });

  Deno.test(`many ask at once for a host and a resolver at their deadlines: one probe for both (${kind})`, async () => {
    const { registry, clock } = make(policies(1_000), given);
    await failTimes(registry, REQUEST, 1);
    clock.advance(1_000);
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => registry.allow(REQUEST)));
    const allowed = verdicts.filter((verdict) => verdict.allowed);
    assertEquals(allowed.length, 1);
    assertEquals((await registry.inspect("example.org")).probes, 1);
    assertEquals((await registry.inspect(RESOLVER)).probes, 1);
    const [probe] = allowed;
    assertEquals(await registry.record(expectAllowed(probe!).permit, { status: 200 }), {
      recorded: true,
      state: "closed",
      retryAfterMs: 0,
    });
    assertEquals((await registry.inspect("example.org")).state, "closed");
    assertEquals((await registry.inspect(RESOLVER)).state, "closed");
  });
}

Deno.test("the resolver's open is denied without a probe on a host that is at its deadline, race included", async () => {
  // The resolver opens between the look and the lease: what the second answer says is what counts.
  const store = new ScriptedStore(() => clock.ms);
  const { registry, clock } = make(policies(1_000), () => store);
  await failTimes(registry, REQUEST, 1);
  clock.advance(1_000);
  const other = new BreakerRegistry({
    config: policies(1_000),
    store: store.inner,
    now: clock.now,
  });
  store.beforeNextWrite(() => void other.open(RESOLVER, { forMs: 7_000 }));
  assertObjectMatch(expectDenied(await registry.allow(REQUEST)), {
    scope: "resolver",
    reason: "manual",
    retryAfterMs: 7_000,
  });
  assertEquals((await registry.inspect("example.org")).probes, 0);
});

Deno.test("a Retry-After is the host's cooldown, and a resolver has none", async () => {
  const { registry } = make({ defaults: { failMax: 3 } });
  const told = await send(registry, REQUEST, { status: 503, retryAfter: "120" });
  assertEquals(told, { recorded: true, state: "open", retryAfterMs: 120_000 });
  assertObjectMatch(await registry.inspect(RESOLVER), { state: "closed", failures: 1 });
});

Deno.test("a resolver has no rolling window, though the defaults have one", async () => {
  const rolling = { enabled: true, thresholdFailures: 2, windowMs: 10_000, cooldownMs: 5_000 };
  const { registry } = make({ defaults: { failMax: 9, rolling } });
  await failTimes(registry, REQUEST, 2);
  assertObjectMatch(await registry.inspect("example.org"), { state: "open", reason: "rolling" });
  assertObjectMatch(await registry.inspect(RESOLVER), { state: "closed", failures: 2 });
});

Deno.test("a resolver has no roles: all of them share its breaker", async () => {
  const roles = { metadata: { failMax: 1 } };
  const { registry } = make({ defaults: { failMax: 2, roles } });
  await failTimes(registry, { ...REQUEST, role: "metadata" }, 1);
  const snapshot = await registry.inspect(RESOLVER);
  assertObjectMatch(snapshot, { state: "closed", failures: 1 });
  assertEquals(snapshot.roles, {});
  await failTimes(registry, { host: "example.net", resolver: "crossref", role: "landing" }, 1);
  assertEquals((await registry.inspect(RESOLVER)).state, "open");
});

Deno.test("a resolver classifies by its own lists", async () => {
  const { registry } = make({
    defaults: { failMax: 1 },
    resolvers: { crossref: { classify: { failureStatuses: [404] } } },
  });
  await send(registry, REQUEST, { status: 404 });
  assertEquals((await registry.inspect("example.org")).state, "closed");
  assertEquals((await registry.inspect(RESOLVER)).state, "open");
});

Deno.test("the answer to an outcome is that of the one that holds the caller back longer", async () => {
  const { registry } = make({
    defaults: { failMax: 3 },
    resolvers: { crossref: { failMax: 1, resetTimeoutMs: 4_000 } },
  });
  assertEquals(await send(registry, REQUEST, FAILED), {
    recorded: true,
    state: "open",
    retryAfterMs: 4_000,
  });
});

Deno.test("resolver policies cannot have roles or a rolling window, before and after", () => {
  const { registry } = make({});
  for (const patch of [{ roles: { metadata: { failMax: 1 } } }, { rolling: { enabled: true } }]) {
    assertThrows(() => registry.updatePolicy(RESOLVER, patch), TypeError, "crossref");
  }
  registry.updatePolicy(RESOLVER, { failMax: 2 });
  assertEquals(registry.policy(RESOLVER).failMax, 2);
});

Deno.test("a host and a resolver of the same name are two", async () => {
  const { registry } = make({ defaults: { failMax: 1 } });
  await registry.open({ resolver: "crossref" });
  expectAllowed(await registry.allow({ host: "crossref" }));
  assertEquals((await registry.inspect("crossref")).state, "closed");
});
