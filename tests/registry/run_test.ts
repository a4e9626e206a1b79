/**
 * Functions run through a registry.
 *
 * @module
 */
import { assertEquals, assertObjectMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { BreakerOpenError, BreakerRegistry, type PolicyPatch } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";

const host = "example.org";

function make(defaults: PolicyPatch = {}) {
  const clock = new ManualClock();
  const config = { defaults: { failMax: 1, halfOpen: { jitterMs: 0 }, ...defaults } };
  return { clock, registry: new BreakerRegistry({ config, now: clock.now }) };
}

Deno.test("a Response is told by its status and headers, and comes back unread", async () => {
  const { registry } = make();
  const headers = { "retry-after": "30" };
  const response = new Response("slow down", { status: 429, headers });
  assertStrictEquals(await registry.run({ host }, () => response), response);
  assertEquals(await response.text(), "slow down");
  assertObjectMatch(await registry.inspect(host), { state: "open", remainingMs: 60_000 });
  const answered = new Response(null, { status: 404 });
  await registry.run({ host: "example.net" }, () => Promise.resolve(answered));
  assertEquals((await registry.inspect("example.net")).state, "closed");
});

Deno.test("anything else that is returned is a success", async () => {
  const { registry } = make({ failMax: 2 });
  await registry.run({ host }, () => Promise.reject(new Error("down"))).catch(() => {});
  assertEquals((await registry.inspect(host)).failures, 1);
  assertEquals(await registry.run({ host }, () => ({ status: 500 })), { status: 500 });
  assertEquals((await registry.inspect(host)).failures, 0);
});

/** Answers that have a status and headers, and yet are no answer of a host that could be judged by them. */
const ODD_ANSWERS: Record<string, Pick<Response, "status" | "headers">> = {
  "the response of a network error": Response.error(),
  "a status that is none": { status: 42, headers: new Headers() },
  "a status with a fraction": { status: 200.5, headers: new Headers() },
  "headers that fail": { status: 429, headers: reader(broken) },
  "headers that fail for limits": {
    status: 429,
    headers: reader((name) => name === "retry-after" ? null : broken()),
  },
  "headers that hold numbers": {
    status: 429,
    headers: reader((name) => name === "retry-after" ? null : 7),
  },
};

function broken(): never {
  throw new Error("broken stub");
}

function reader(get: (name: string) => unknown): Headers {
  return { get } as unknown as Headers; // as a stub makes it, which nobody checks
}

Deno.test("what an odd header reader asks for is read as `record` reads it", async () => {
  const asks: Record<string, Headers> = {
    "a number": reader((name) => name === "retry-after" ? 30 : null),
    "a list": reader((name) => name === "retry-after" ? ["30"] : null),
    "a limit beside a broken retry-after": reader((name) => {
      if (name === "retry-after") broken();
      return name === "ratelimit-reset" ? "30" : null;
    }),
  };
  for (const [what, headers] of Object.entries(asks)) {
    const { registry } = make({ failMax: 5 });
    await registry.run({ host }, () => ({ status: 429, headers }));
    assertObjectMatch(await registry.inspect(host), { state: "open", remainingMs: 30_000 }, what);
  }
});

for (const [what, answer] of Object.entries(ODD_ANSWERS)) {
  Deno.test(`${what} comes back unchanged, and frees the probe's slot`, async () => {
    const { registry, clock } = make();
    await registry.run({ host }, () => Promise.reject(new Error("down"))).catch(() => {});
    clock.advance(60_000);
    assertStrictEquals<unknown>(await registry.run({ host }, () => answer), answer);
    assertEquals((await registry.inspect(host)).probes, 0);
  });
}

Deno.test("what the function throws passes through unchanged, at once or later", async () => {
  const { registry } = make({ failMax: 100 });
  for (const error of [new Error("down"), "text", undefined, Object.freeze({ code: 1 })]) {
    for (const later of [true, false]) {
      let thrown: unknown = "nothing";
      try {
        await registry.run({ host }, () => {
          if (later) return Promise.reject(error);
          throw error;
        });
      } catch (caught) {
        thrown = caught;
      }
      assertStrictEquals(thrown, error);
    }
  }
  assertEquals((await registry.inspect(host)).failures, 8);
});

Deno.test("a denied request throws without running the function", async () => {
  const { registry } = make();
  await registry.open({ resolver: "crossref" }, { forMs: 5_000 });
  let ran = false;
  const error = await assertRejects(
    () => registry.run({ host, resolver: "crossref" }, () => void (ran = true)),
    BreakerOpenError,
    "crossref",
  );
  assertEquals(ran, false);
  assertObjectMatch(error, {
    name: "BreakerOpenError",
    resolver: "crossref",
    scope: "resolver",
    reason: "manual",
    state: "open",
    retryAfterMs: 5_000,
  });
  assertEquals(error.host, undefined);
});

Deno.test("an abort frees the probe's slot and counts for nothing", async () => {
  const { registry, clock } = make();
  await registry.run({ host }, () => new Response(null, { status: 500 }));
  clock.advance(60_000);
  const aborted = new DOMException("stop", "AbortError");
  await registry.run({ host }, () => Promise.reject(aborted)).catch(() => {});
  assertObjectMatch(await registry.inspect(host), { state: "half_open", probes: 0 });
  await registry.run({ host }, () => new Response(null, { status: 200 }));
  assertEquals((await registry.inspect(host)).state, "closed");
});

Deno.test("the function is timed by the injected clock for slow calls", async () => {
  const { registry, clock } = make({
    failMax: 9,
    failureRate: { windowMs: 60_000, minCalls: 2, thresholdRatio: 1 },
    slowCall: { durationMs: 100, thresholdRatio: 1 },
  });
  for (let i = 0; i < 2; i++) await registry.run({ host }, () => clock.advance(100));
  assertEquals((await registry.inspect(host)).state, "closed");
  for (let i = 0; i < 2; i++) {
    await registry.run({ host: "slow.example" }, () => clock.advance(101));
  }
  assertEquals((await registry.inspect("slow.example")).state, "open");
});

Deno.test("a misspelled request rejects and runs nothing", async () => {
  const { registry } = make();
  await assertRejects(() => registry.run({ host: "no host" }, () => 1), TypeError, "no host");
});
