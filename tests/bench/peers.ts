/**
 * What `Breaker` and `BreakerRegistry` are held against: the peers' own code from npm, with what they ship, and what is
 * asked of each. All run the same function; what opens, opens for good.
 *
 * `circuitbreaker-lambda` is not among them: it reads and writes an item of DynamoDB for each request, so that its
 * cost is that of the network; as a design it stands in the store's costs, as "record read and written per request".
 *
 * @module
 */
import { circuitBreaker, ConsecutiveBreaker, handleAll } from "npm:cockatiel@4.0.0";
import OpossumModule from "npm:opossum@10.0.0";
import { type AllowedVerdict, Breaker, breakerFetch, BreakerRegistry } from "../../mod.ts";
import type { Call } from "./turns.ts";

/** As much of opossum as is used; the package carries no types. */
interface OpossumBreaker {
  fire(action: () => unknown): Promise<unknown>;
  open(): void;
  shutdown(): void;
}

const Opossum = OpossumModule as unknown as { // safe: checked against version 10.0.0, which is pinned
  new (
    action: (action: () => unknown) => unknown,
    options?: { errorThresholdPercentage?: number },
  ): OpossumBreaker;
};

/** As much of Fedify's circuit breaker as is used. */
interface FedifyBreaker {
  beforeSend(host: string, message: Record<string, never>): Promise<unknown>;
  recordSuccess(host: string): Promise<unknown>;
}

interface Fedify {
  CircuitBreaker: new (options: { kv: unknown; prefix: readonly string[] }) => FedifyBreaker;
  MemoryKvStore: new () => unknown;
}

/** Not loaded before it is asked for, and unknown to the type check: with all that it needs it is very large. */
const FEDIFY = "npm:@fedify/fedify@2.3.6/federation";

const FOR_GOOD_MS = 1e9;

function answer(): number {
  return 1;
}

function ignore(): void {}

/** Fails four times of five: never five times in a row, which would open. */
function failing(i: number): () => number {
  return () => {
    if (i % 5 !== 0) throw FAILURE;
    return 1;
  };
}

const FAILURE = new Error("failing");

function cockatiel(failures = 5) {
  const breaker = new ConsecutiveBreaker(failures);
  return circuitBreaker(handleAll, { halfOpenAfter: FOR_GOOD_MS, breaker });
}

function opossum(errorThresholdPercentage = 50): OpossumBreaker {
  return new Opossum((action) => action(), { errorThresholdPercentage });
}

/** What goes well. */
export const HEALTHY: Record<string, () => Call> = {
  "Breaker.run": () => {
    const breaker = new Breaker();
    return () => breaker.run(answer);
  },
  "cockatiel.execute": () => {
    const breaker = cockatiel();
    return () => breaker.execute(answer);
  },
  "opossum.fire": () => {
    const breaker = opossum();
    return () => breaker.fire(answer);
  },
};

/** What is open. */
export const DENIED: Record<string, () => Call> = {
  "Breaker.allow": () => {
    const breaker = new Breaker();
    breaker.open();
    return () => breaker.allow();
  },
  "Breaker.run": () => {
    const breaker = new Breaker();
    breaker.open();
    return () => breaker.run(answer).catch(ignore);
  },
  "cockatiel.execute": () => {
    const breaker = cockatiel(1);
    breaker.execute(() => Promise.reject(FAILURE)).catch(ignore);
    return () => breaker.execute(answer).catch(ignore);
  },
  "opossum.fire": () => {
    const breaker = opossum();
    breaker.open();
    return () => breaker.fire(answer).catch(ignore);
  },
};

/** What fails, but does not open. */
export const FAILING: Record<string, () => Call> = {
  "Breaker.run": () => {
    const breaker = new Breaker();
    return (i) => breaker.run(failing(i)).catch(ignore);
  },
  "cockatiel.execute": () => {
    const breaker = cockatiel();
    return (i) => breaker.execute(failing(i)).catch(ignore);
  },
  "opossum.fire": () => {
    const breaker = opossum(100);
    return (i) => breaker.fire(failing(i)).catch(ignore);
  },
};

/** Names of hosts. */
export function hostNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `host${i}.example.org`);
}

/** `allow` and `record` over so many hosts that are well. */
export function registryPair(count: number): Call {
  const hosts = hostNames(count);
  const registry = new BreakerRegistry();
  return (i) => {
    const host = hosts[i % count]!;
    // Safe: a healthy host is allowed, and the memory store answers without a promise.
    const verdict = registry.allow({
      host,
      role: "metadata",
      resolver: "crossref",
    }) as AllowedVerdict;
    return registry.record(verdict.permit, { status: 200 });
  };
}

/** The wrapper over a stub that answers at once, over so many hosts. */
export function gatedFetch(count: number): Call {
  const answer = Promise.resolve(new Response());
  const gated = breakerFetch(new BreakerRegistry(), { role: "metadata", fetch: () => answer });
  const urls = hostNames(count).map((host) => `https://${host}/works/1`);
  return (i) => gated(urls[i % count]!);
}

/** `registryPair` with Fedify's breaker over its own store in memory, which knows neither roles nor resolvers. */
export async function fedifyPair(count: number): Promise<Call> {
  const { CircuitBreaker, MemoryKvStore }: Fedify = await import(FEDIFY);
  const hosts = hostNames(count);
  const breaker = new CircuitBreaker({ kv: new MemoryKvStore(), prefix: ["breaker"] });
  return async (i) => {
    const host = hosts[i % count]!;
    await breaker.beforeSend(host, {});
    await breaker.recordSuccess(host);
  };
}

/** Breakers that are made and then left alone, by the name of their library. */
export const IDLE: Record<string, () => unknown> = {
  "ours": () => new Breaker(),
  "cockatiel": () => cockatiel(),
  "opossum": () => opossum(),
};
