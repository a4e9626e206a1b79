/**
 * `share: "cooldowns"`: what an operator does reaches every process; what failures do stays where it belongs.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { BreakerRegistry, memoryStore, type PolicyPatch } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { expectAllowed, expectDenied, FAILED, failTimes, send } from "../support/verdicts.ts";

const host = "example.org";

function makeTwo(defaults: PolicyPatch = {}) {
  const clock = new ManualClock();
  const store = memoryStore({ now: clock.now });
  const config = { defaults: { halfOpen: { jitterMs: 0 }, ...defaults } };
  const make = () => new BreakerRegistry({ store, share: "cooldowns", now: clock.now, config });
  return { clock, store, one: make(), other: make() };
}

Deno.test("an open by failures closes the host to the other process, but no role with a breaker of its own", async () => {
  const { one, other } = makeTwo({ failMax: 1, roles: { metadata: { failMax: 3 } } });
  await send(one, { host }, FAILED);
  for (const gate of [one, other]) {
    expectDenied(await gate.allow({ host }));
    expectAllowed(await gate.allow({ host, role: "metadata" }));
  }
});

Deno.test("a Retry-After closes the host to every role of the other process", async () => {
  const { one, other } = makeTwo({ roles: { metadata: { failMax: 3 } } });
  await send(one, { host }, { status: 429, retryAfter: "10" });
  for (const gate of [one, other]) {
    assertEquals(expectDenied(await gate.allow({ host, role: "metadata" })).retryAfterMs, 10_000);
  }
});

Deno.test("an operator's close is taken where the host is half-open and a probe is out", async () => {
  const { one, other, clock } = makeTwo({ failMax: 1 });
  await send(one, { host }, FAILED);
  clock.advance(60_000);
  assertEquals(expectAllowed(await one.allow({ host })).state, "half_open");
  await other.close(host);
  assertEquals(expectAllowed(await one.allow({ host })).state, "closed");
});

Deno.test("an operator's close clears the failures that another process has counted", async () => {
  const { one, other, clock } = makeTwo({ failMax: 2 });
  await failTimes(one, { host }, 1);
  clock.advance(1);
  await other.close(host);
  assertEquals((await one.inspect(host)).failures, 0);
});

Deno.test("an operator's shorter open replaces a longer one everywhere", async () => {
  const { one, other } = makeTwo();
  await one.open(host);
  await other.open(host, { forMs: 5_000 });
  for (const gate of [one, other]) {
    assertEquals(expectDenied(await gate.allow({ host })).retryAfterMs, 5_000);
  }
});

Deno.test("an operator's half-open admits one probe in each process, also where the host was closed", async () => {
  const { one, other, clock } = makeTwo();
  expectAllowed(await one.allow({ host }));
  clock.advance(1);
  await other.halfOpen(host);
  for (const gate of [one, other]) {
    assertEquals(expectAllowed(await gate.allow({ host })).state, "half_open");
    assertEquals(expectDenied(await gate.allow({ host })).reason, "probes");
  }
});

Deno.test("a process that starts after an operator's close or half-open does not repeat it", async () => {
  const { one, store, clock } = makeTwo();
  await one.halfOpen(host);
  clock.advance(1);
  const late = new BreakerRegistry({ store, share: "cooldowns", now: clock.now });
  assertEquals(expectAllowed(await late.allow({ host })).state, "closed");
});

Deno.test("what fails after an operator's close opens again, here and there", async () => {
  const { one, other, clock } = makeTwo({ failMax: 1 });
  await one.open(host);
  await other.close(host);
  clock.advance(1);
  await send(one, { host }, FAILED);
  expectDenied(await one.allow({ host }));
  expectDenied(await other.allow({ host }));
});

Deno.test("operators' opens and closes of a resolver travel, its failures do not", async () => {
  const { one, other, clock } = makeTwo({ failMax: 1 });
  const request = { host, resolver: "crossref" };
  await one.open({ resolver: "crossref" });
  assertEquals(expectDenied(await other.allow(request)).scope, "resolver");
  clock.advance(1);
  await other.close({ resolver: "crossref" });
  await one.record(expectAllowed(await one.allow(request)).permit, FAILED);
  assertEquals((await one.inspect({ resolver: "crossref" })).state, "open");
  assertEquals((await other.inspect({ resolver: "crossref" })).state, "closed");
});
