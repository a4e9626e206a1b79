/**
 * The edge on a port of this machine, with its dashboard, and worlds to look at.
 *
 * @module
 */
import { createApp, type EdgeOptions } from "../../src/edge/app.ts";
import { createTuner } from "../../src/edge/learning.ts";
import type { BreakerConfigInput } from "../../src/breaker/policy_types.ts";
import type { Outcome } from "../../src/breaker/gate.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import type { RegistryOptions } from "../../src/registry/registry_options.ts";

/** Tokens of every scope. */
export const TOKENS = {
  crawl: ["crawl-token-000001"],
  read: ["read-token-0000001"],
  admin: ["admin-token-000001"],
};

/** A server that runs until it is disposed. */
export interface ServedApp extends AsyncDisposable {
  url: string;
  registry: BreakerRegistry;
  /** Asks and tells, as a crawler does. */
  tell(host: string, outcome: Outcome, role?: string): Promise<void>;
  /** Moves the server's clock. */
  advance(ms: number): void;
}

/** How it is made. */
export interface ServeOptions {
  config?: BreakerConfigInput;
  registry?: RegistryOptions;
  edge?: Partial<EdgeOptions>;
  /** Path of the event log; advice is judged on it. @default none is kept */
  eventLog?: string;
  /** How far behind the server's clock begins, in milliseconds. */
  behindMs?: number;
}

/** Serves it. */
export async function serveApp(
  { config, registry: options, edge, eventLog, behindMs = 0 }: ServeOptions = {},
): Promise<ServedApp> {
  let shiftMs = -behindMs;
  const now = () => Date.now() + shiftMs;
  const registry = new BreakerRegistry({ config, now, ...options });
  const tuner = eventLog === undefined
    ? undefined
    : await createTuner(registry, { tuner: "suggest", eventLog }, () => {});
  const app = createApp({ registry, now, tuner: tuner, ...edge });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    registry,
    async tell(host, outcome, role) {
      const verdict = await registry.allow({ host, role });
      if (verdict.allowed) await registry.record(verdict.permit, outcome);
    },
    advance: (ms) => void (shiftMs += ms),
    async [Symbol.asyncDispose]() {
      // Readers of events are ended first: the server waits for its answers.
      await registry[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}

/** A host that opens and closes again and again, so that there is something to advise. */
export async function flap(served: ServedApp, host: string, times = 40): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (let n = 0; n < 5; n++) await served.tell(host, { status: 503, latencyMs: 120 });
    served.advance(61_000);
    await served.tell(host, { status: 200, latencyMs: 80 });
    await served.tell(host, { status: 404, latencyMs: 60 });
    served.advance(29_000);
  }
}

/** So many hosts in trouble: a third open, a third half-open, a third that count failures. */
export async function trouble(served: ServedApp, hosts: number): Promise<void> {
  const { registry } = served;
  for (let i = 0; i < hosts; i++) {
    const host = `host-${i}.example.net`;
    if (i % 3 === 0) await registry.open(host, { forMs: 600_000 + i, reason: "maintenance" });
    else if (i % 3 === 1) await registry.halfOpen(host);
    else await served.tell(host, { status: 503 });
  }
}
