/**
 * The class `Breaker` around functions: what passes through, what counts as what, rates and slow calls.
 *
 * @module
 */
import { assertEquals, assertObjectMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { Breaker, BreakerOpenError, type BreakerOptions, type PolicyPatch } from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";

function make(policy: PolicyPatch = {}, options: BreakerOptions = {}) {
  const clock = new ManualClock();
  const breaker = new Breaker(
    { halfOpen: { jitterMs: 0 }, ...policy },
    { now: clock.now, ...options },
  );
  return { clock, breaker };
}

/** What a function that fails throws comes back, the very same; `undefined` where nothing was thrown. */
async function thrownBy(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  return undefined;
}

Deno.test("run gives back what the function gives, whether it waits or not", async () => {
  const { breaker } = make();
  assertEquals(await breaker.run(() => 1), 1);
  assertEquals(await breaker.run(() => Promise.resolve(2)), 2);
  assertEquals(await breaker.run(async () => await Promise.resolve(undefined)), undefined);
});

Deno.test("errors of the function pass through unchanged, whatever they are, and count as failures", async () => {
  const errors = [new Error("a"), "text", undefined, null, 0, Object.freeze({ code: 7 })];
  const { breaker } = make({ failMax: 100 });
  for (const error of errors) {
    assertStrictEquals(await thrownBy(() => breaker.run(() => Promise.reject(error))), error);
    const synchronously = () => {
      throw error;
    };
    assertStrictEquals(await thrownBy(() => breaker.run(synchronously)), error);
  }
  assertEquals(breaker.failures, 2 * errors.length);
});

Deno.test("an open breaker does not run the function, and says when to come back", async () => {
  const { breaker, clock } = make({ failMax: 1, resetTimeoutMs: 1_000 }, { name: "crossref" });
  await thrownBy(() => breaker.run(() => Promise.reject(new Error("down"))));
  let ran = false;
  const run = () => breaker.run(() => void (ran = true));
  clock.advance(999);
  const error = await assertRejects(run, BreakerOpenError, "crossref");
  assertObjectMatch(error, { name: "BreakerOpenError", reason: "open", retryAfterMs: 1 });
  assertEquals(ran, false);
  clock.advance(1);
  await run();
  assertEquals([ran, breaker.state], [true, "closed"]);
});

Deno.test("run waits before a probe for as long as the injected random says", async () => {
  const { breaker } = make({ halfOpen: { jitterMs: 10 } }, { random: () => 0.5 });
  breaker.halfOpen();
  const from = performance.now();
  await breaker.run(() => {});
  // A timer may fire a fraction of a millisecond early by this clock.
  assertEquals(performance.now() - from >= 4, true);
  assertEquals(breaker.state, "closed");
});

Deno.test("an abort is cancelled, a timeout is a failure, also where isFailure says no to all", async () => {
  const aborted = new DOMException("stop", "AbortError");
  const timeout = new DOMException("late", "TimeoutError");
  const { breaker } = make({ failMax: 10 });
  assertStrictEquals(await thrownBy(() => breaker.run(() => Promise.reject(aborted))), aborted);
  assertEquals(breaker.failures, 0);
  await thrownBy(() => breaker.run(() => Promise.reject(timeout)));
  assertEquals(breaker.failures, 1);
  // A probe that is aborted neither closes nor opens, where a neutral one would close.
  const strict = make({}, { isFailure: () => false }).breaker;
  strict.halfOpen();
  await thrownBy(() => strict.run(() => Promise.reject(aborted)));
  assertEquals(strict.state, "half_open");
});

Deno.test("an error that isFailure excuses is neutral: it changes no count and closes a half-open breaker", async () => {
  const asked: unknown[] = [];
  const isFailure = (error: unknown) => {
    asked.push(error);
    return !(error instanceof SyntaxError);
  };
  const { breaker } = make({ failMax: 3 }, { isFailure });
  const excused = new SyntaxError("odd answer");
  await thrownBy(() => breaker.run(() => Promise.reject(new Error("down"))));
  await thrownBy(() => breaker.run(() => Promise.reject(excused)));
  assertEquals([breaker.failures, asked.length], [1, 2]);
  breaker.halfOpen();
  await thrownBy(() => breaker.run(() => Promise.reject(excused)));
  assertEquals(breaker.state, "closed");
});

Deno.test("wrap passes the arguments and gives a function that opens like the breaker", async () => {
  const { breaker } = make({ failMax: 2 });
  const divide = breaker.wrap((a: number, b: number) => {
    if (b === 0) throw new RangeError(`cannot divide ${a} by 0`);
    return a / b;
  });
  assertEquals(await divide(6, 3), 2);
  await assertRejects(() => divide(1, 0), RangeError, "cannot divide 1 by 0");
  await assertRejects(() => divide(2, 0), RangeError);
  await assertRejects(() => divide(6, 3), BreakerOpenError);
});

Deno.test("a hundred calls at once are each told, and a stampede meets one probe", async () => {
  const { breaker, clock } = make({ failMax: 100 });
  const down = () => breaker.run(() => Promise.reject(new Error("down")));
  await Promise.allSettled(Array.from({ length: 100 }, down));
  assertEquals(breaker.state, "open");
  clock.advance(60_000);
  let ran = 0;
  const ask = () => breaker.run(() => Promise.resolve(void ran++));
  const answers = await Promise.allSettled(Array.from({ length: 50 }, ask));
  assertEquals(ran, 1);
  assertEquals(answers.filter(({ status }) => status === "fulfilled").length, 1);
});

const RATE = { windowMs: 10_000, minCalls: 4, thresholdRatio: 0.5 };

/** Runs a function that takes so long by the injected clock. */
async function call(
  { breaker, clock }: ReturnType<typeof make>,
  { fails = false, tookMs = 0 } = {},
): Promise<void> {
  await thrownBy(() =>
    breaker.run(() => {
      clock.advance(tookMs);
      if (fails) throw new Error("down");
    })
  );
}

Deno.test("the failure rate opens at its threshold and not before minCalls", async () => {
  const made = make({ failMax: 100, failureRate: RATE });
  await call(made, { fails: true });
  await call(made);
  await call(made, { fails: true });
  assertEquals(made.breaker.state, "closed");
  await call(made);
  assertEquals(made.breaker.state, "open");
});

Deno.test("the failure rate stays below its threshold and forgets what is older than its window", async () => {
  const made = make({ failMax: 100, failureRate: RATE });
  for (let i = 0; i < 3; i++) await call(made, { fails: i === 0 });
  await call(made);
  assertEquals(made.breaker.state, "closed"); // 1 of 4
  made.clock.advance(10_000);
  for (let i = 0; i < 3; i++) await call(made, { fails: true });
  assertEquals(made.breaker.state, "closed"); // 3 of 3, but the four before are gone
  await call(made, { fails: true });
  assertEquals(made.breaker.state, "open");
});

Deno.test("the window starts empty after each close", async () => {
  const made = make({ failMax: 100, failureRate: RATE, resetTimeoutMs: 100 });
  for (let i = 0; i < 4; i++) await call(made, { fails: true });
  assertEquals(made.breaker.state, "open");
  made.clock.advance(100);
  await call(made);
  assertEquals(made.breaker.state, "closed");
  for (let i = 0; i < 3; i++) await call(made, { fails: true });
  assertEquals(made.breaker.state, "closed");
});

Deno.test("slow calls open at their threshold: longer than durationMs is slow, as long is not", async () => {
  const slowCall = { durationMs: 100, thresholdRatio: 0.5 };
  const quick = make({ failureRate: RATE, slowCall });
  for (let i = 0; i < 8; i++) await call(quick, { tookMs: 100 });
  assertEquals(quick.breaker.state, "closed");
  const slow = make({ failureRate: RATE, slowCall });
  for (let i = 0; i < 4; i++) await call(slow, { tookMs: i < 2 ? 101 : 100 });
  assertEquals(slow.breaker.state, "open");
});
