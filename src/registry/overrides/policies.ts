/**
 * Which policy holds for which host and resolver: the defaults, over them what the configuration says of a
 * name, then what was changed in this process, then what is stored for every process. Names without a word
 * of their own share one policy object. Where overrides are stored is not known here.
 *
 * @module
 */
import { hostKey } from "../../breaker/host_key.ts";
import { checkResolver } from "../../breaker/names.ts";
import { DEFAULT_POLICY, mergePolicy } from "../../breaker/policy.ts";
import type { BreakerConfigInput, BreakerPolicy, PolicyPatch } from "../../breaker/policy_types.ts";
import type { PolicyView } from "../../breaker/operators.ts";
import type { Scope } from "../../breaker/state.ts";

/** A resolver has no roles, no rolling window, no cooldown and no rates. */
function resolverPolicy({ rates: _rates, ...base }: BreakerPolicy): BreakerPolicy {
  return { ...base, roles: {}, rolling: { ...base.rolling, enabled: false } };
}

function checkResolverPatch(name: string, patch: PolicyPatch): void {
  for (const key of ["roles", "rolling", "rates"] as const) {
    if (patch[key] !== undefined) {
      throw new TypeError(
        `Resolver '${name}' cannot have '${key}': a resolver has no roles, no rolling window and no rates`,
      );
    }
  }
}

/** Policies by name. */
export class Policies {
  readonly #hostDefaults: BreakerPolicy;
  readonly #resolverDefaults: BreakerPolicy;
  /** What holds for hosts, all layers together. */
  readonly #hosts = new Map<string, BreakerPolicy>();
  /** By the configuration alone. */
  readonly #configured = new Map<string, BreakerPolicy>();
  /** With what was changed in this process: what an override is laid over. */
  readonly #local = new Map<string, BreakerPolicy>();
  readonly #overrides = new Map<string, PolicyPatch>();
  readonly #resolvers = new Map<string, BreakerPolicy>();

  /**
   * @throws {RangeError} where a value is out of its bounds
   * @throws {TypeError} where a name or a key is none
   */
  constructor(config: BreakerConfigInput = {}) {
    this.#hostDefaults = mergePolicy(DEFAULT_POLICY, config.defaults ?? {});
    this.#resolverDefaults = resolverPolicy(this.#hostDefaults);
    for (const [host, patch] of Object.entries(config.hosts ?? {})) this.#configure(host, patch);
    for (const [host, rates] of Object.entries(config.rates ?? {})) {
      this.#configure(host, { rates });
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
   * Lays a patch over what holds in this process. Under an override, which goes on counting for what it names.
   *
   * @throws {RangeError} where a value is out of its bounds; nothing is changed then
   * @throws {TypeError} where a key is none; nothing is changed then
   */
  patch(scope: Scope, key: string, patch: PolicyPatch): void {
    if (scope === "resolver") {
      checkResolverPatch(key, patch);
      this.#resolvers.set(key, resolverPolicy(mergePolicy(this.ofResolver(key), patch)));
      return;
    }
    const local = mergePolicy(this.#localOf(key), patch);
    const override = this.#overrides.get(key);
    const policy = override === undefined ? local : mergePolicy(local, override);
    this.#local.set(key, local);
    this.#hosts.set(key, policy);
  }

  /**
   * What a host's policy would be under an override.
   *
   * @throws {RangeError} where a value is out of its bounds, or contradicts what it is laid over
   * @throws {TypeError} where a key is none
   */
  under(key: string, override: PolicyPatch): BreakerPolicy {
    return mergePolicy(this.#localOf(key), override);
  }

  /**
   * Lays an override over a host's policy in place of the one before; undefined removes it.
   *
   * @throws {RangeError} as {@linkcode under}; nothing is changed then
   * @throws {TypeError} as {@linkcode under}; nothing is changed then
   */
  override(key: string, override: PolicyPatch | undefined): void {
    if (override === undefined) {
      const local = this.#local.get(key) ?? this.#configured.get(key);
      this.#overrides.delete(key);
      if (local === undefined) this.#hosts.delete(key);
      else this.#hosts.set(key, local);
      return;
    }
    this.#hosts.set(key, this.under(key, override));
    this.#overrides.set(key, override);
  }

  /** A host's policy by its layers, each laid over the one before. */
  layersOf(key: string): Pick<PolicyView, "configured" | "local" | "policy"> {
    const configured = this.#configuredOf(key);
    return { configured, local: this.#localOf(key), policy: this.ofHost(key) };
  }

  #configure(host: string, patch: PolicyPatch): void {
    const key = hostKey(host);
    const policy = mergePolicy(this.ofHost(key), patch);
    this.#configured.set(key, policy);
    this.#hosts.set(key, policy);
  }

  #configuredOf(key: string): BreakerPolicy {
    return this.#configured.get(key) ?? this.#hostDefaults;
  }

  #localOf(key: string): BreakerPolicy {
    return this.#local.get(key) ?? this.#configuredOf(key);
  }
}
