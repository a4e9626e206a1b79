/**
 * A host's policy as it goes out: in the names of the YAML, with the source of each value.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import { DEFAULT_POLICY } from "../breaker/policy.ts";
import type { PaceView, PolicyView } from "../breaker/operators.ts";
import type { PolicyPatch } from "../breaker/policy_types.ts";
import type { ConfigSource, PolicyYaml } from "../config/mod.ts";
import { formatPath } from "../config/issues.ts";
import { policyToYaml } from "../config/names.ts";
import { leavesOf } from "../config/tree.ts";

/** Where each value of the configuration came from, by its path, as `ResolvedConfig.sources` has it. */
export type PolicySources = Readonly<Record<string, ConfigSource>>;

/**
 * Where a value of a policy came from: the built-in defaults, the file, the environment, the command line, the program
 * where nobody told it more (`config`), a change in this process alone (`process`), or the stored override.
 */
export type WireSource = ConfigSource | "config" | "process" | "override";

/** How fast requests may go out now, for one rate of a host. */
export interface WirePace {
  /** What the policy says: `10/s,1000/h`. */
  rate: string;
  /** What the host's 429s have left of it, from 0.1 to 1. */
  multiplier: number;
  /** Requests per second that may go out in the long run. */
  per_second: number;
}

/** The answer to every call of `/v1/policies/{host}`. */
export interface WirePolicy {
  host: string;
  /** What holds now. */
  policy: PolicyYaml;
  /** By the path of each value: `fail_max`, `backoff.factor`, `roles.metadata.fail_max`. */
  sources: Record<string, WireSource>;
  /** Where the host has rates: what holds of each now, by role. */
  pace?: Record<string, WirePace>;
  /** What is stored for every process, where there is something. */
  override?: PolicyYaml;
  /** When that was set, in epoch milliseconds. */
  overridden_at?: number;
  /** Who set it, where that was told. */
  overridden_by?: string;
  /** Why, where that was told. */
  reason?: string;
  /** The store could not be asked; this is what this process knows. */
  degraded?: boolean;
}

/** The policy as it goes out. */
export function wirePolicy(
  view: PolicyView,
  sources: PolicySources | undefined,
  pace: readonly PaceView[] = [],
): WirePolicy {
  const { host, policy, override, degraded } = view;
  const answer: WirePolicy = {
    host,
    policy: policyToYaml(policy),
    sources: sourcesOf(view, sources),
  };
  if (pace.length > 0) answer.pace = wirePace(pace);
  if (override !== undefined) {
    answer.override = policyToYaml(override.patch);
    answer.overridden_at = override.at;
    answer.overridden_by = override.by;
    answer.reason = override.reason;
  }
  if (degraded) answer.degraded = true;
  return answer;
}

function wirePace(pace: readonly PaceView[]): Record<string, WirePace> {
  return Object.fromEntries(
    pace.map(({ role, rate, multiplier, perSecond }) => [
      role,
      { rate, multiplier, per_second: perSecond },
    ]),
  );
}

/** A value is the last layer's that names it or, as one list of statuses does to the other, changes it. */
function sourcesOf(view: PolicyView, told: PolicySources = {}): Record<string, WireSource> {
  const overridden = valuesOf(view.override?.patch ?? {});
  const [builtIn, configured, local] = [DEFAULT_POLICY, view.configured, view.local].map(valuesOf);
  const sources: Record<string, WireSource> = {};
  for (const [name, value] of valuesOf(view.policy)) {
    if (overridden.has(name) || local!.get(name) !== value) sources[name] = "override";
    else if (configured!.get(name) !== value) sources[name] = "process";
    else {
      const unknown = builtIn!.get(name) === value ? "default" : "config";
      sources[name] = configuredBy(view.host, name, told) ?? unknown;
    }
  }
  return sources;
}

/** The values of a policy as JSON, by their paths. */
function valuesOf(policy: PolicyPatch): Map<string, string> {
  return new Map(
    leavesOf(policyToYaml(policy)).map(([path, value]) => [
      formatPath(path),
      JSON.stringify(value),
    ]),
  );
}

function configuredBy(host: string, name: string, told: PolicySources): ConfigSource | undefined {
  // The configuration spells a host that is another one without its scheme by its origin.
  const spellings = hostKey(host) === host ? [host] : [`http://${host}`, `https://${host}`];
  const sections = [...spellings.map((spelling) => ["hosts", spelling]), ["defaults"]];
  const paths = sections.map((section) => `${formatPath(section)}.${name}`);
  if (name.startsWith("rates")) {
    // Rates have a section of their own, which goes before.
    const rest = name.slice("rates".length);
    paths.unshift(...spellings.map((spelling) => formatPath(["rates", spelling]) + rest));
  }
  const path = paths.find((path) => Object.hasOwn(told, path));
  return path === undefined ? undefined : told[path];
}
