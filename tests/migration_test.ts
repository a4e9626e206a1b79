/**
 * Every row of the README's table for those who come from pybreaker: the name there, and that ours does it.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  Breaker,
  type BreakerEvent,
  BreakerOpenError,
  BreakerRegistry,
  memoryStore,
} from "../mod.ts";
import { ManualClock } from "./support/manual_clock.ts";
import { tableOf } from "./support/readme.ts";

class Missing extends Error {}

const fails = () => Promise.reject(new Error("down"));

async function trip(breaker: Breaker, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await assertRejects(() => breaker.run(fails), Error, "down");
}

/** By the first column of the table, without its backticks. */
const ROWS: Record<string, () => Promise<void>> = {
  "CircuitBreaker(fail_max=5, ...)": async () => {
    const clock = new ManualClock();
    const breaker = new Breaker({ failMax: 5, resetTimeoutMs: 60_000 }, { now: clock.now });
    await trip(breaker, 4);
    assertEquals(breaker.state, "closed");
    await trip(breaker, 1);
    assertEquals([breaker.state, breaker.remainingMs], ["open", 60_000]);
  },
  "@breaker (decorator)": async () => {
    const breaker = new Breaker({ failMax: 1 });
    const double = breaker.wrap((n: number) => n * 2);
    assertEquals(await double(21), 42);
    breaker.open();
    await assertRejects(() => double(21), BreakerOpenError);
  },
  "breaker.call(fn, ...)": async () => {
    const breaker = new Breaker();
    assertEquals(await breaker.run(() => "an answer"), "an answer");
  },
  "with breaker.calling():": () => {
    const breaker = new Breaker({ failMax: 1 });
    {
      using entry = breaker.enter();
      entry.failure(new Error("down"));
    }
    assertThrows(() => breaker.enter(), BreakerOpenError);
    return Promise.resolve();
  },
  "exclude=[...]": async () => {
    const isFailure = (error: unknown) => !(error instanceof Missing);
    const breaker = new Breaker({ failMax: 1 }, { isFailure });
    await assertRejects(() => breaker.run(() => Promise.reject(new Missing())), Missing);
    assertEquals([breaker.state, breaker.failures], ["closed", 0]);
    await trip(breaker, 1);
    assertEquals(breaker.state, "open");
  },
  "listeners, add_listener": async () => {
    const heard: BreakerEvent["type"][] = [];
    const onEvent = ({ type }: BreakerEvent) => heard.push(type);
    const breaker = new Breaker({ failMax: 1 }, { onEvent });
    await trip(breaker, 1);
    await assertRejects(() => breaker.run(fails), BreakerOpenError);
    assertEquals(heard, ["transition", "outcome", "denial"]);
  },
  "state_storage=CircuitRedisStorage": async () => {
    await using store = memoryStore();
    const config = { defaults: { failMax: 1 } };
    await using one = new BreakerRegistry({ store, config });
    await using other = new BreakerRegistry({ store, config, freshnessMs: 0 });
    await one.run({ host: "a.example" }, fails).catch(() => {});
    assertEquals((await other.allow({ host: "a.example" })).allowed, false);
  },
  "throw_new_error_on_trip": async () => {
    const breaker = new Breaker({ failMax: 1 });
    await assertRejects(() => breaker.run(fails), Error, "down");
    assertEquals(breaker.state, "open");
  },
  "success_threshold": async () => {
    const clock = new ManualClock();
    const policy = {
      failMax: 1,
      resetTimeoutMs: 1_000,
      successThreshold: 2,
      halfOpen: { jitterMs: 0 },
    };
    const breaker = new Breaker(policy, { now: clock.now });
    await trip(breaker, 1);
    clock.ms += 1_000;
    await breaker.run(() => "an answer");
    assertEquals(breaker.state, "half_open");
    await breaker.run(() => "an answer");
    assertEquals(breaker.state, "closed");
  },
  "CircuitBreakerError": async () => {
    const breaker = new Breaker();
    breaker.open({ forMs: 5_000 });
    const error = await assertRejects(() => breaker.run(fails), BreakerOpenError);
    assertEquals(error.reason, "manual");
    assert(error.retryAfterMs > 0 && error.retryAfterMs <= 5_000);
  },
  "open(), half_open(), close()": () => {
    const breaker = new Breaker();
    breaker.open({ forMs: 5_000, reason: "maintenance" });
    assertEquals(breaker.state, "open");
    breaker.halfOpen();
    assertEquals(breaker.state, "half_open");
    breaker.close();
    assertEquals(breaker.state, "closed");
    return Promise.resolve();
  },
  "current_state, fail_counter": async () => {
    const breaker = new Breaker({ failMax: 3 });
    await trip(breaker, 2);
    assertEquals([breaker.state, breaker.failures], ["closed", 2]);
  },
};

for (const [name, shows] of Object.entries(ROWS)) {
  Deno.test(`pybreaker's ${name} has its like here`, shows);
}

Deno.test("the README's table for those who come from pybreaker has these rows", () => {
  const rows = tableOf("Coming from pybreaker", "pybreaker");
  assertEquals(rows.map(([name = ""]) => name.replaceAll("`", "")), Object.keys(ROWS));
});
