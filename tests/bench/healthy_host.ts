/**
 * What a healthy host costs in the process: allow and record, nothing stored.
 *
 * @module
 */
import { type AllowedVerdict, BreakerRegistry } from "../../mod.ts";
import { type Group, nanoseconds } from "./figure.ts";

const CALLS = 200_000;

/** Ours against a bare map of counters, the least that any breaker does. */
export const healthyHost: Group = {
  name: "healthy host",
  async run() {
    const hosts = Array.from({ length: 1_000 }, (_, i) => `host${i}.example.org`);
    const counters = new Map<string, number>();
    const bare = await nanoseconds(CALLS, (i) => {
      const host = hosts[i % hosts.length]!;
      counters.set(host, (counters.get(host) ?? 0) + 1);
    });
    await using registry = new BreakerRegistry();
    const pair = await nanoseconds(CALLS, (i) => {
      // Safe: a healthy host is allowed, and the memory store answers without a promise.
      const verdict = registry.allow({ host: hosts[i % hosts.length]! }) as AllowedVerdict;
      return registry.record(verdict.permit, { status: 200 });
    });
    return [
      { name: "registry, allow + record", value: pair, unit: "ns" },
      { name: "a bare map of counters", value: bare, unit: "ns" },
      { name: "ratio", value: pair / bare, unit: "x" },
    ];
  },
};
