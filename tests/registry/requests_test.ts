/**
 * What a request may name, and that a healthy host costs nothing: no promise, no record, no command.
 *
 * @module
 */
import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import {
  type AllowRequest,
  BreakerRegistry,
  memoryStore,
  type RegistryOptions,
} from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { atOnce, expectAllowed, expectDenied, FAILED, failTimes } from "../support/verdicts.ts";

function make(options: RegistryOptions = {}) {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  const registry = new BreakerRegistry({ store, now: clock.now, ...options });
  return { clock, store, registry };
}

Deno.test("a healthy host is answered without a promise and leaves no record", () => {
  const { registry, store } = make();
  for (let i = 0; i < 100; i++) {
    const request = { host: `h${i}.example.org`, role: "metadata", resolver: "crossref" };
    const verdict = expectAllowed(atOnce(registry.allow(request)));
    assertEquals([verdict.state, verdict.waitMs], ["closed", 0]);
    assertEquals(atOnce(registry.record(verdict.permit, { status: 200 })), {
      recorded: true,
      state: "closed",
      retryAfterMs: 0,
    });
  }
  assertEquals(store.size, 0);
  assertEquals(registry.stats().commands.write, 0);
  assertEquals(registry.stats().cells, 0);
});

Deno.test("neutral and cancelled outcomes of a healthy host leave no record either", () => {
  const { registry, store } = make();
  for (
    const outcome of [{ status: 404 }, { result: "cancelled" }, {
      status: 200,
      fromCache: true,
    }] as const
  ) {
    const { permit } = expectAllowed(atOnce(registry.allow({ host: "example.org" })));
    assertEquals(atOnce(registry.record(permit, outcome)).recorded, true);
  }
  assertEquals(store.size, 0);
});

Deno.test("a failure is answered without a promise too, and its record goes with a success", () => {
  const { registry, store } = make();
  const ask = () => expectAllowed(atOnce(registry.allow({ host: "example.org" }))).permit;
  assertEquals(atOnce(registry.record(ask(), FAILED)).state, "closed");
  assertEquals(store.size, 1);
  assertEquals(atOnce(registry.record(ask(), { status: 200 })).recorded, true);
  assertEquals(store.size, 0);
});

Deno.test("every spelling of a host is one host, given as host or as url", async () => {
  const { registry } = make({ config: { defaults: { failMax: 6 } } });
  const spellings: AllowRequest[] = [
    { host: "EXAMPLE.org" },
    { host: "example.org." },
    { host: "example.org:443" },
    { url: "https://example.org/a?b#c" },
    { url: "http://example.org:80/" },
    { url: new URL("https://user:secret@Example.ORG:443/x") },
  ];
  for (const request of spellings) await failTimes(registry, request, 1);
  assertObjectMatch(expectDenied(await registry.allow({ host: "example.org" })), {
    scope: "host",
    key: "example.org",
    reason: "open",
    state: "open",
    retryAfterMs: 60_000,
  });
  expectAllowed(await registry.allow({ host: "example.org:8080" }));
});

Deno.test("a request names exactly one of host and url", () => {
  const { registry } = make();
  // Safe: what a caller without types would pass.
  const requests = [{}, { host: "example.org", url: "https://example.org" }] as AllowRequest[];
  for (const request of requests) {
    assertThrows(() => registry.allow(request), TypeError, "exactly one of 'host' and 'url'");
  }
});

Deno.test("names that are none are refused with the value", () => {
  const { registry } = make();
  const host = "example.org";
  assertThrows(() => registry.allow({ host: "no host" }), TypeError, "no host");
  assertThrows(() => registry.allow({ url: "mailto:someone" }), TypeError, "mailto:someone");
  assertThrows(() => registry.allow({ host, role: "Big Role" }), TypeError, "Big Role");
  assertThrows(() => registry.allow({ host, role: "" }), TypeError, "Role");
  assertThrows(() => registry.allow({ host, resolver: "a b" }), TypeError, "a b");
  assertThrows(() => registry.allow({ host, resolver: "" }), TypeError, "Resolver");
});

Deno.test("options and policies out of their bounds are refused with the value", () => {
  const options: [RegistryOptions, string][] = [
    [{ freshnessMs: -1 }, "-1"],
    [{ freshnessMs: NaN }, "NaN"],
    [{ timeoutMs: 0 }, "0"],
    [{ maxHosts: 0 }, "0"],
    [{ config: { defaults: { failMax: 0 } } }, "0"],
    [{ config: { hosts: { "example.org": { trialCalls: 1_000 } } } }, "1000"],
    [{ config: { resolvers: { crossref: { resetTimeoutMs: -5 } } } }, "-5"],
    // Safe: what a caller without types would pass.
    [{ config: { mode: "observed" as "observe" } }, "observed"],
  ];
  for (const [option, value] of options) {
    const error = assertThrows(() => new BreakerRegistry(option), RangeError);
    assert(error.message.includes(value), error.message);
  }
  assertThrows(() => new BreakerRegistry({ config: { hosts: { "a b": {} } } }), TypeError, "a b");
  assertThrows(
    () => new BreakerRegistry({ config: { resolvers: { crossref: { roles: {} } } } }),
    TypeError,
    "roles",
  );
});

Deno.test("a host's policy starts from the defaults, in whatever spelling it is given", async () => {
  const { registry } = make({
    config: {
      defaults: { failMax: 2, resetTimeoutMs: 10_000 },
      hosts: { "Slow.Example.ORG.": { failMax: 3 } },
    },
  });
  await failTimes(registry, { host: "slow.example.org" }, 2);
  expectAllowed(await registry.allow({ host: "slow.example.org" }));
  await failTimes(registry, { host: "slow.example.org" }, 1);
  await failTimes(registry, { host: "example.org" }, 2);
  for (const host of ["example.org", "slow.example.org"]) {
    assertEquals(expectDenied(await registry.allow({ host })).retryAfterMs, 10_000);
  }
  assertObjectMatch(registry.policy("slow.example.org"), { failMax: 3, resetTimeoutMs: 10_000 });
});

Deno.test("a permit that cannot be read counts for nothing, an outcome that is none is refused", async () => {
  const { registry, store } = make();
  for (const permit of ["", "nonsense", "1~a~b", "x".repeat(5_000), "off"]) {
    assertEquals(await registry.record(permit, FAILED), {
      recorded: false,
      state: "closed",
      retryAfterMs: 0,
    });
  }
  assertEquals(store.size, 0);
  const { permit } = expectAllowed(await registry.allow({ host: "example.org" }));
  assertThrows(() => registry.record(permit, { status: 7 }), TypeError, "7");
});

Deno.test("the wait of a probe is drawn by the injected random", async () => {
  const config = { defaults: { failMax: 1, halfOpen: { jitterMs: 80 } } };
  const { registry, clock } = make({ config, random: () => 0.25 });
  await failTimes(registry, { host: "example.org" }, 1);
  clock.advance(60_000);
  const probe = expectAllowed(await registry.allow({ host: "example.org" }));
  assertEquals([probe.state, probe.waitMs], ["half_open", 20]);
});

Deno.test("a host that is asked for is not forgotten, one that nobody asks for is", async () => {
  for (const asked of [true, false]) {
    const { registry, clock } = make({ config: { defaults: { failMax: 3, forgetMs: 1_000 } } });
    const host = "example.org";
    await failTimes(registry, { host }, 2);
    clock.advance(600);
    if (asked) await registry.allow({ host });
    clock.advance(600);
    await failTimes(registry, { host }, 1);
    assertEquals((await registry.inspect(host)).state, asked ? "open" : "closed");
  }
});

Deno.test("two registries in one process issue different permits, also with the same random", () => {
  const random = () => 0.5;
  const permits = Array.from({ length: 20 }, () => {
    const { registry } = make({ random });
    return expectAllowed(atOnce(registry.allow({ host: "example.org" }))).permit;
  });
  assertEquals(new Set(permits).size, 20);
});
