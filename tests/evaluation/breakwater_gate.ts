/**
 * This module's own registry behind the same interface, on a store in memory and in simulated time.
 *
 * @module
 */
import { BreakerRegistry, type Outcome, type PolicyPatch } from "../../mod.ts";
import { mulberry32 } from "../support/random.ts";
import type { Contender, GateUnderTest, World } from "./gate.ts";
import type { Answer } from "./workload.ts";

/** The host of every crawl. */
export const HOST = "host.example";

/** A registry that lives in simulated time. */
export function simulatedRegistry(
  { scheduler, seed, onOpen }: World,
  defaults: PolicyPatch = {},
): BreakerRegistry {
  const after = (ms: number, fn: () => void) => scheduler.after(ms, fn);
  const now = () => scheduler.now;
  const registry = new BreakerRegistry({
    config: { defaults },
    now,
    random: mulberry32(seed),
    timers: { monotonic: now, after, idle: after },
  });
  registry.onEvent((event) => {
    if (event.type === "transition" && event.to === "open" && event.from !== "open") onOpen();
  }, ["transition"]);
  return registry;
}

/** Asks, waits as it is told, sends and tells the outcome, as `breakerFetch` does. */
export function runThrough(registry: BreakerRegistry, { scheduler }: World): GateUnderTest["run"] {
  return async (role, send) => {
    const verdict = await registry.allow({ host: HOST, role });
    if (!verdict.allowed) return;
    if (verdict.waitMs > 0) await scheduler.sleep(verdict.waitMs);
    await registry.record(verdict.permit, outcomeOf(await send()));
  };
}

function outcomeOf({ status, retryAfter, isTimeout, latencyMs }: Answer): Outcome {
  if (status !== undefined) return { status, retryAfter, latencyMs };
  const error = isTimeout
    ? new DOMException("no answer in time", "TimeoutError")
    : new TypeError("connection refused");
  return { error, latencyMs };
}

/** A registry with one policy that stays as it is. */
export function fixedPolicy(name: string, defaults: PolicyPatch = {}): Contender {
  return {
    name,
    learns: false,
    make(world) {
      const registry = simulatedRegistry(world, defaults);
      return {
        run: runThrough(registry, world),
        [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
      };
    },
  };
}

/** As it comes. */
export const DEFAULTS: Contender = fixedPolicy("defaults");
