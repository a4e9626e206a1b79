/**
 * Which policy holds for which host and resolver: the defaults, what the configuration says of a name, and
 * what was changed since. Names without a word of their own share one policy object.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import { checkResolver } from "../breaker/names.ts";
import { DEFAULT_POLICY, mergePolicy } from "../breaker/policy.ts";
import type { BreakerConfigInput, BreakerPolicy, PolicyPatch, Scope } from "../breaker/types.ts";

/** A resolver has no roles, no rolling window and no cooldown. */
function resolverPolicy(base: BreakerPolicy): BreakerPolicy {
  return { ...base, roles: {}, rolling: { ...base.rolling, enabled: false } };
}

function checkResolverPatch(name: string, patch: PolicyPatch): void {
  for (const key of ["roles", "rolling"] as const) {
    if (patch[key] !== undefined) {
      throw new TypeError(
        `Resolver '${name}' cannot have '${key}': a resolver has no roles and no rolling window`,
      );
    }
  }
}

/** Policies by name. */
export class PolicyBook {
  readonly #hostDefaults: BreakerPolicy;
  readonly #resolverDefaults: BreakerPolicy;
  readonly #hosts = new Map<string, BreakerPolicy>();
  readonly #resolvers = new Map<string, BreakerPolicy>();

  /**
   * @throws {RangeError} where a value is out of its bounds
   * @throws {TypeError} where a name or a key is none
   */
  constructor(config: BreakerConfigInput = {}) {
    this.#hostDefaults = mergePolicy(DEFAULT_POLICY, config.defaults ?? {});
    this.#resolverDefaults = resolverPolicy(this.#hostDefaults);
    for (const [host, patch] of Object.entries(config.hosts ?? {})) {
      this.patch("host", hostKey(host), patch);
    }
    for (const [name, patch] of Object.entries(config.resolvers ?? {})) {
      this.patch("resolver", checkResolver(name), patch);
    }
  }

  /** The policy of a host key. */
  ofHost(key: string): BreakerPolicy {
    return this.#hosts.get(key) ?? this.#hostDefaults;
  }

  /** The policy of a resolver. */
  ofResolver(name: string): BreakerPolicy {
    return this.#resolvers.get(name) ?? this.#resolverDefaults;
  }

  /** The policy of either. */
  of(scope: Scope, key: string): BreakerPolicy {
    return scope === "host" ? this.ofHost(key) : this.ofResolver(key);
  }

  /**
   * Lays a patch over what holds now.
   *
   * @throws {RangeError} where a value is out of its bounds; nothing is changed then
   * @throws {TypeError} where a key is none; nothing is changed then
   */
  patch(scope: Scope, key: string, patch: PolicyPatch): void {
    if (scope === "host") this.#hosts.set(key, mergePolicy(this.ofHost(key), patch));
    else {
      checkResolverPatch(key, patch);
      this.#resolvers.set(key, resolverPolicy(mergePolicy(this.ofResolver(key), patch)));
    }
  }
}
