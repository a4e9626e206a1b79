/**
 * A real Redis in trouble for 5 s under load: how long callers wait, who is told, how soon all is as before.
 *
 * @module
 */
import { endure, makeRegistry, OUTAGES, startSite, TIMEOUT_MS } from "../support/outages.ts";
import type { Latency } from "../support/outage_load.ts";
import { hasRedisServer, REDIS_HINT } from "../support/redis_server.ts";
import type { Figure, Group } from "./figure.ts";

const OUTAGE_MS = 5_000;

function latencies(name: string, { calls, p50, p99, max }: Latency): Figure[] {
  return [
    { name: `${name}, calls`, value: calls, unit: "" },
    { name: `${name}, p50`, value: p50, unit: "ms" },
    { name: `${name}, p99`, value: p99, unit: "ms", goal: `${TIMEOUT_MS + 50} or less` },
    { name: `${name}, max`, value: max, unit: "ms" },
  ];
}

/** The figures. */
export const outage: Group = {
  name: "outage of Redis, 16 callers on 20 hosts",
  async run() {
    if (!await hasRedisServer()) throw new Error(`Needs redis-server: ${REDIS_HINT}`);
    const figures: Figure[] = [];
    for (const kind of OUTAGES) {
      await using site = await startSite();
      await using registry = makeRegistry(site.store);
      const endured = await endure(site, registry, kind, OUTAGE_MS);
      figures.push(
        ...latencies(`${kind.name}: allow`, endured.allow),
        ...latencies(`${kind.name}: record`, endured.record),
        {
          name: `${kind.name}: degraded verdicts`,
          value: endured.degradedRatio * 100,
          unit: "%",
          goal: "100",
        },
        { name: `${kind.name}: thrown`, value: endured.errors.length, unit: "", goal: "0" },
        {
          name: `${kind.name}: back after`,
          value: endured.recoveryMs,
          unit: "ms",
          goal: "2,000 or less",
        },
      );
    }
    return figures;
  },
};
