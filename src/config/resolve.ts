/**
 * Built-in defaults, file, environment and command line to one configuration, and where each value came from.
 *
 * @module
 */
import { DEFAULT_POLICY } from "../breaker/policy.ts";
import type { BreakerConfigInput, PolicyPatch } from "../breaker/policy_types.ts";
import type { ClassifyYaml, FileConfig, PolicyYaml, StoreBackend } from "./file_config.ts";
import { ConfigError, formatPath } from "./issues.ts";
import { policyFromYaml, policyToYaml } from "./names.ts";
import type { Overlay } from "./overlay.ts";
import { layOver, leavesOf } from "./tree.ts";
import { checkConfig } from "./checks.ts";

/** Where a value came from. */
export type ConfigSource = "default" | "file" | "environment" | "flags";

/** Which store to open, and how patiently it is asked. */
export interface StoreSettings {
  /** Where records live. @default {"memory"} */
  backend: StoreBackend;
  /** File of `sqlite` or `deno-kv`; absent with `deno-kv`: the default database. */
  path?: string;
  /** Address of the REST API of `upstash`; absent: for the composition root to find. */
  url?: string;
  /** Name of the environment variable that holds the token of `upstash`; absent: for the composition root to find. */
  tokenEnv?: string;
  /** Whether whole records are shared, or only cooldowns and opens. @default {"state"} */
  share: "state" | "cooldowns";
  /** A cached record may answer for this many milliseconds. @default {500} */
  freshnessMs: number;
  /** How long a call may take, in milliseconds. @default {250} */
  timeoutMs: number;
  /** What the gate does when the store does not answer. @default {"local"} */
  onError: "local" | "allow" | "deny";
}

/** A configuration with nothing left to decide. */
export interface ResolvedConfig {
  /** For a registry: mode, complete defaults, and what hosts and resolvers set differently. */
  breakers: BreakerConfigInput;
  /** Which store to open. */
  store: StoreSettings;
  /** Whether to say more in the log. @default {false} */
  debug: boolean;
  /** The file, where there is one. */
  source?: string;
  /** The same configuration in the YAML's names and units. */
  effective: FileConfig;
  /** Where each value of `effective` came from, by its path: `defaults.fail_max`, `hosts["api.example.org"].fail_max`. */
  sources: Record<string, ConfigSource>;
}

/** What {@linkcode resolveConfig} lays over the built-in defaults, in this order. */
export interface ConfigLayers {
  /** From {@linkcode parseConfig}. */
  file?: FileConfig;
  /** From {@linkcode overlayFromEnv}. */
  env?: Overlay;
  /** From {@linkcode overlayFromFlags}. */
  flags?: Overlay;
  /** Name of the file, for {@linkcode ResolvedConfig.source}. */
  source?: string;
}

const STORE_DEFAULTS = {
  backend: "memory",
  share: "state",
  freshness_ms: 500,
  timeout_ms: 250,
  on_error: "local",
} as const;

const PACING_DEFAULTS = { max_wait_ms: 1_000 } as const;

const MODE_DEFAULT = "enforce";

/**
 * Lays file, environment and command line over the built-in defaults, in depth; lists are replaced. A layer that names
 * only one list of `classify` takes its statuses out of the other: what was said last counts.
 *
 * @throws {ConfigError} where layers that are right by themselves make no sense together
 */
export function resolveConfig(layers: ConfigLayers = {}): ResolvedConfig {
  const stack = new LayerStack();
  stack.add(layers.file ?? {}, "file");
  stack.add(layers.env?.config ?? {}, "environment");
  stack.add(layers.flags?.config ?? {}, "flags");
  const debug = resolveDebug(layers);
  const { effective, sources } = stack.result();
  const issues = checkConfig(effective);
  if (issues.length > 0) {
    throw new ConfigError(issues.map((issue) => ({ ...issue, source: "all sources together" })));
  }
  return {
    breakers: breakersOf(effective),
    store: storeOf(effective),
    debug: debug.value,
    ...(layers.source === undefined ? {} : { source: layers.source }),
    effective,
    sources: { ...sources, debug: debug.source },
  };
}

/** One line for each value, for people: `defaults.fail_max = 5 (default)`. */
export function describeConfig(config: ResolvedConfig): string[] {
  const debug: [string[], unknown] = [["debug"], config.debug];
  return [...leavesOf(config.effective), debug].map(([path, value]) => {
    const name = formatPath(path);
    return `${name} = ${JSON.stringify(value)} (${config.sources[name]})`;
  });
}

function resolveDebug({ env, flags }: ConfigLayers): { value: boolean; source: ConfigSource } {
  if (flags?.debug !== undefined) return { value: flags.debug, source: "flags" };
  if (env?.debug !== undefined) return { value: env.debug, source: "environment" };
  return { value: false, source: "default" };
}

/** The layers so far, and which of them each value came from. */
class LayerStack {
  #config: FileConfig = {
    mode: MODE_DEFAULT,
    store: STORE_DEFAULTS,
    pacing: PACING_DEFAULTS,
    defaults: policyToYaml(DEFAULT_POLICY),
  };
  readonly #sources = new Map<string, ConfigSource>();

  constructor() {
    this.#note(this.#config, "default");
  }

  add(layer: FileConfig, source: ConfigSource): void {
    const defaults = settled(layer.defaults, this.#config.defaults);
    const whole = defaults === undefined ? layer : { ...layer, defaults };
    // Safe: both are configurations, and so is one laid over the other.
    this.#config = layOver(withoutOldLocation(this.#config, layer), whole) as FileConfig;
    this.#note(whole, source);
  }

  result(): { effective: FileConfig; sources: Record<string, ConfigSource> } {
    this.#settleAll("hosts");
    this.#settleAll("resolvers");
    const paths = leavesOf(this.#config).map(([path]) => formatPath(path));
    // A list that no layer named is what a host's other list left of the defaults', and only a file names those.
    const sources = paths.map((path) => [path, this.#sources.get(path) ?? "file"] as const);
    return { effective: this.#config, sources: Object.fromEntries(sources) };
  }

  #note(layer: FileConfig, source: ConfigSource): void {
    for (const [path] of leavesOf(layer)) this.#sources.set(formatPath(path), source);
  }

  /** Lists of statuses can only come from the file here: variables and flags set them for `defaults` alone. */
  #settleAll(section: "hosts" | "resolvers"): void {
    const policies = this.#config[section];
    if (policies === undefined) return;
    const whole = Object.fromEntries(
      Object.entries(policies).map(([name, policy]) => [
        name,
        settled(policy, this.#config.defaults) ?? policy,
      ]),
    );
    this.#config = { ...this.#config, [section]: whole };
  }
}

/** A policy that names one list of statuses, with the other list as it is left without them. */
function settled(policy: PolicyYaml | undefined, below: PolicyYaml = {}): PolicyYaml | undefined {
  const own = policy?.classify;
  if (own === undefined) return policy;
  const failures = remaining(
    own.failure_statuses,
    below.classify?.failure_statuses,
    own.neutral_statuses,
  );
  const neutral = remaining(
    own.neutral_statuses,
    below.classify?.neutral_statuses,
    own.failure_statuses,
  );
  const classify: ClassifyYaml = {
    ...(failures === undefined ? {} : { failure_statuses: failures }),
    ...(neutral === undefined ? {} : { neutral_statuses: neutral }),
  };
  return { ...policy, classify };
}

function remaining(
  own: readonly number[] | undefined,
  below: readonly number[] | undefined,
  claimed: readonly number[] = [],
): readonly number[] | undefined {
  if (own !== undefined || !below?.some((status) => claimed.includes(status))) return own;
  return below.filter((status) => !claimed.includes(status));
}

/** A layer that names a backend says where it lives too: the path of the layer below belonged to another. */
function withoutOldLocation(config: FileConfig, layer: FileConfig): FileConfig {
  const backend = layer.store?.backend;
  if (backend === undefined || config.store === undefined) return config;
  const { path: _path, ...remote } = config.store;
  const { url: _url, token_env: _tokenEnv, ...rest } = remote;
  return { ...config, store: backend === "upstash" ? remote : rest };
}

function breakersOf(config: FileConfig): BreakerConfigInput {
  return {
    mode: config.mode ?? MODE_DEFAULT,
    defaults: policyFromYaml(config.defaults ?? {}),
    hosts: policiesOf(config.hosts),
    resolvers: policiesOf(config.resolvers),
    rates: config.rates ?? {},
    pacing: { maxWaitMs: config.pacing?.max_wait_ms ?? PACING_DEFAULTS.max_wait_ms },
  };
}

function policiesOf(policies: FileConfig["hosts"]): Record<string, PolicyPatch> {
  return Object.fromEntries(
    Object.entries(policies ?? {}).map(([name, policy]) => [name, policyFromYaml(policy)]),
  );
}

function storeOf({ store = {} }: FileConfig): StoreSettings {
  return {
    backend: store.backend ?? STORE_DEFAULTS.backend,
    ...(store.path === undefined ? {} : { path: store.path }),
    ...(store.url === undefined ? {} : { url: store.url }),
    ...(store.token_env === undefined ? {} : { tokenEnv: store.token_env }),
    share: store.share ?? STORE_DEFAULTS.share,
    freshnessMs: store.freshness_ms ?? STORE_DEFAULTS.freshness_ms,
    timeoutMs: store.timeout_ms ?? STORE_DEFAULTS.timeout_ms,
    onError: store.on_error ?? STORE_DEFAULTS.on_error,
  };
}
