/**
 * What it costs to be watched: the gate with and without an event log and a listener, the edge with and
 * without somebody who traces.
 *
 * @module
 */
import { type AllowedVerdict, BreakerRegistry } from "../../mod.ts";
import { createApp } from "../../src/edge/app.ts";
import { eventLogOf } from "../../src/telemetry/event_log.ts";
import { type Group, nanoseconds } from "./figure.ts";

const CALLS = 50_000;
const EDGE_CALLS = 5_000;
const ROUNDS = 9;
const HOSTS = Array.from({ length: 1_000 }, (_, i) => `host${i}.example.org`);
const BODY = JSON.stringify({ host: "api.example.org" });
const HEADERS = { "content-type": "application/json", "content-length": String(BODY.length) };

function pair(registry: BreakerRegistry): (i: number) => unknown {
  return (i) => {
    // Safe: a healthy host is allowed, and the memory store answers without a promise.
    const verdict = registry.allow({ host: HOSTS[i % HOSTS.length]! }) as AllowedVerdict;
    return registry.record(verdict.permit, { status: 200 });
  };
}

function edgeAllow(): (i: number) => unknown {
  const app = createApp({ registry: new BreakerRegistry() });
  return async () => {
    const request = new Request("http://x/v1/allow", {
      method: "POST",
      headers: HEADERS,
      body: BODY,
    });
    const response = await app.fetch(request);
    await response.text();
  };
}

/** As `OTEL_DENO=true` registers it, with spans that take everything and keep nothing. */
function traced<T>(run: () => T): T {
  const key = Symbol.for("opentelemetry.js.api.1");
  const span = { setAttribute() {}, updateName() {} };
  const api = { context: { active: () => ({ getValue: () => span }) } };
  Object.defineProperty(globalThis, key, { value: api, configurable: true });
  try {
    return run();
  } finally {
    Reflect.deleteProperty(globalThis, key);
  }
}

/** The least of several rounds of each, turn by turn, so that a noisy moment hits all alike. */
async function least(
  calls: number,
  runs: Record<string, (i: number) => unknown>,
): Promise<Record<string, number>> {
  const times: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(runs)) {
      times[name] = Math.min(times[name] ?? Infinity, await nanoseconds(calls, run, 1));
    }
  }
  return times;
}

/** The figures. */
export const telemetry: Group = {
  name: "telemetry",
  async run() {
    const logged = new BreakerRegistry();
    eventLogOf(logged);
    const heard = new BreakerRegistry();
    heard.onEvent(() => {});
    const gate = await least(CALLS, {
      plain: pair(new BreakerRegistry()),
      logged: pair(logged),
      heard: pair(heard),
    });
    const edge = await least(EDGE_CALLS, { off: edgeAllow(), on: traced(edgeAllow) });
    return [
      { name: "allow + record, nobody watches", value: gate["plain"]!, unit: "ns" },
      {
        name: "with an event log, ratio",
        value: gate["logged"]! / gate["plain"]!,
        unit: "x",
        goal: "1.02 or less",
      },
      {
        name: "with a listener to every outcome, ratio",
        value: gate["heard"]! / gate["plain"]!,
        unit: "x",
      },
      { name: "edge allow, nobody traces", value: edge["off"]!, unit: "ns" },
      { name: "traced, ratio", value: edge["on"]! / edge["off"]!, unit: "x" },
    ];
  },
};
