/**
 * A request that asks to be let through, with all that is looked up once for it. What is answered stands in
 * `verdicts.ts`, who is asked for it in `admissions.ts`.
 *
 * @module
 */
import { hostKeyOf } from "../breaker/host_key.ts";
import { checkResolver, checkRole } from "../breaker/names.ts";
import type { AllowRequest } from "../breaker/gate.ts";
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import type { Named } from "./cooldown_share.ts";
import type { RegistryCore } from "./core.ts";
import type { Turn } from "./pacer.ts";
import { storeKey } from "./store_keys.ts";

/** See the module's description. */
export interface Ask {
  host: string;
  role: string;
  resolver: string;
  hostStoreKey: string;
  /** Absent where there is no resolver. */
  resolverStoreKey?: string;
  hostPolicy: BreakerPolicy;
  /** Absent where there is no resolver. */
  resolverPolicy?: BreakerPolicy;
  /** When the caller began to wait, by the monotonic clock; absent where it did not have to. */
  askedAt?: number;
  /** What pacing says; absent where it was not asked. */
  turn?: Turn;
}

/** Keys of resolvers that are remembered: names may come from anybody. */
const MAX_RESOLVER_KEYS = 64;

/** Reads requests. */
export class Asks {
  readonly #core: RegistryCore;
  /** To put a key together and look it up for the first time takes longer than all the rest of a request. */
  readonly #resolverKeys = new Map<string, string>();

  constructor(core: RegistryCore) {
    this.#core = core;
  }

  /** @throws {TypeError} where the request names neither or both of host and url, or a name is none */
  of(request: AllowRequest): Ask {
    const key = hostKeyOf(request ?? {});
    const resolver = checkResolver(request.resolver);
    const { policies, prefixes } = this.#core;
    return {
      host: key,
      role: checkRole(request.role),
      resolver,
      hostStoreKey: storeKey(prefixes, "host", key),
      resolverStoreKey: resolver === "" ? undefined : this.#keyOfResolver(resolver),
      hostPolicy: policies.ofHost(key),
      resolverPolicy: resolver === "" ? undefined : policies.ofResolver(resolver),
    };
  }

  /**
   * True where nobody has anything to say against it, as this process knows without asking: most requests, where
   * it keeps the records itself.
   */
  isUntroubled({ hostStoreKey, resolverStoreKey, hostPolicy }: Ask): boolean {
    const { engine, cooldowns } = this.#core;
    return engine.isAbsent(hostStoreKey) &&
      (resolverStoreKey === undefined || engine.isAbsent(resolverStoreKey)) &&
      cooldowns === undefined && hostPolicy.rates === undefined;
  }

  #keyOfResolver(resolver: string): string {
    const known = this.#resolverKeys.get(resolver);
    if (known !== undefined) return known;
    const key = storeKey(this.#core.prefixes, "resolver", resolver);
    if (this.#resolverKeys.size < MAX_RESOLVER_KEYS) this.#resolverKeys.set(resolver, key);
    return key;
  }
}

/** The breakers that a request needs. */
export function namedIn({ host, resolver }: Ask): Named[] {
  const named: Named[] = [{ scope: "host", key: host }];
  if (resolver !== "") named.push({ scope: "resolver", key: resolver });
  return named;
}
