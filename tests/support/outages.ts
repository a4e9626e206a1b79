/**
 * What becomes of a real Redis and of the REST endpoint before it, and a load that goes on through it.
 *
 * @module
 */
import { BreakerRegistry, type Store } from "../../mod.ts";
import { upstashStore } from "../../src/stores/upstash.ts";
import { type Latency, latencyOf, Load } from "./outage_load.ts";
import { type RedisServer, startRedis } from "./redis_server.ts";
import { BRIDGE_TOKEN, startUpstashBridge, type UpstashBridge } from "./upstash_bridge.ts";

/** A Redis with its endpoint, and a store that uses it. */
export interface Site extends AsyncDisposable {
  redis: RedisServer;
  bridge: UpstashBridge;
  store: Store;
}

/** One kind of trouble. */
export interface Outage {
  /** Follows "Redis" in a sentence. */
  name: string;
  begin(site: Site): unknown;
  end(site: Site): unknown;
  /** The store has forgotten everything. */
  forgets?: true;
}

const ERROR_500 = { status: 500, body: `{"error":"ERR internal"}` };

/** Every kind that the gate must bear. */
export const OUTAGES: readonly Outage[] = [
  {
    name: "stopped with SIGSTOP",
    begin: ({ redis }) => redis.pause(),
    end: ({ redis }) => redis.resume(),
  },
  {
    name: "killed and restarted empty",
    begin: ({ redis }) => redis.crash(),
    end: ({ redis }) => redis.restart(),
    forgets: true,
  },
  {
    name: "behind an endpoint that answers 500",
    begin: ({ bridge }) => bridge.trouble = { instead: ERROR_500 },
    end: ({ bridge }) => bridge.trouble = {},
  },
  {
    name: "behind an endpoint that is 2 s late",
    begin: ({ bridge }) => bridge.trouble = { delayMs: 2_000 },
    end: ({ bridge }) => bridge.trouble = {},
  },
];

/** Starts all of it. */
export async function startSite(): Promise<Site> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis());
  const bridge = stack.use(await startUpstashBridge(redis.port));
  const store = stack.use(upstashStore({ url: bridge.url, token: BRIDGE_TOKEN }));
  const all = stack.move();
  return { redis, bridge, store, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The longest that a call waits for the store, in milliseconds. */
export const TIMEOUT_MS = 250;
/** After so long an outage a verdict that is not degraded would be a lie, in milliseconds. */
const KNOWN_AFTER_MS = 500 + TIMEOUT_MS + 250;
/** Without a degraded verdict for so long, all is as before, in milliseconds. */
const QUIET_MS = 400;
const GIVE_UP_MS = 10_000;

/** A registry as a crawler has it, but for shorter opens: whoever fails is probed, and written, all the time. */
export function makeRegistry(store: Store): BreakerRegistry {
  const defaults = { failMax: 5, resetTimeoutMs: 300, halfOpen: { jitterMs: 0 } };
  return new BreakerRegistry({ store, timeoutMs: TIMEOUT_MS, config: { defaults } });
}

/** What a load has seen of an outage. */
export interface Endured {
  /** Of calls made from the beginning of the outage until the store was back. */
  allow: Latency;
  record: Latency;
  /** Of the verdicts given once the outage had to be known. */
  degradedRatio: number;
  /** From the store's return to the last degraded verdict, in milliseconds. */
  recoveryMs: number;
  errors: readonly unknown[];
}

/** Loads a registry before, through and after an outage of so many milliseconds; `meanwhile` runs once it is known. */
export async function endure(
  site: Site,
  registry: BreakerRegistry,
  outage: Outage,
  forMs: number,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<Endured> {
  const load = new Load(registry);
  await until(() => load.calls.length > 1_000, "the load did not start");
  await outage.begin(site);
  const begunAt = performance.now();
  await until(() => performance.now() >= begunAt + Math.min(KNOWN_AFTER_MS, forMs));
  await meanwhile();
  await until(() => performance.now() >= begunAt + forMs);
  const endedAt = performance.now();
  await outage.end(site);
  const backAt = performance.now();
  await until(
    () => performance.now() - Math.max(backAt, load.lastDegradedAt) > QUIET_MS,
    "verdicts stayed degraded",
  );
  await load.stop();
  const during = load.calls.filter(({ madeAt }) => madeAt >= begunAt && madeAt < backAt);
  const known = during.filter(({ kind, madeAt, answeredAt }) =>
    kind === "allow" && madeAt > begunAt + KNOWN_AFTER_MS && answeredAt < endedAt
  );
  return {
    allow: latencyOf(during, ({ kind }) => kind === "allow"),
    record: latencyOf(during, ({ kind }) => kind === "record"),
    degradedRatio: known.filter(({ degraded }) => degraded).length / known.length,
    recoveryMs: Math.max(0, load.lastDegradedAt - backAt),
    errors: load.errors,
  };
}

/** Polls. */
async function until(isSo: () => boolean, otherwise = "it took too long"): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(otherwise);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
