/**
 * What environment variables say. The environment is an argument: nothing here reads the process's own.
 *
 * @module
 */
import { ConfigError, type ConfigIssue, describeFound } from "./issues.ts";
import { joined, type Overlay, readOverlay, readSwitch, type SettingName } from "./overlay.ts";
import type { Checked } from "./validate.ts";

/** Variables by name, as `Deno.env.toObject()` returns them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES: readonly (readonly [string, SettingName])[] = [
  ["BREAKWATER_DEFAULTS", "defaults"],
  ["BREAKWATER_CLASSIFY", "classify"],
  ["BREAKWATER_ROLLING", "rolling"],
  ["BREAKWATER_HOSTS", "hosts"],
  ["BREAKWATER_ROLES", "roles"],
  ["BREAKWATER_RESOLVERS", "resolvers"],
  ["BREAKWATER_STORE", "store"],
  ["BREAKWATER_MODE", "mode"],
];

/** Every variable that belongs to the configuration. */
export const CONFIG_VARIABLES: readonly string[] = [
  "BREAKWATER_CONFIG",
  "BREAKWATER_DEBUG",
  ...VARIABLES.map(([name]) => name),
];

/**
 * Reads the variables that start with `BREAKWATER_` and belong to the configuration. An empty one counts as not
 * set; any other variable is left alone.
 *
 * @throws {ConfigError} naming each variable that is wrong, what was found and what is allowed
 */
export function overlayFromEnv(env: Environment): Overlay {
  const { overlay, issues } = readEnv(env);
  if (issues.length > 0) throw new ConfigError(issues);
  return overlay;
}

/** As {@linkcode overlayFromEnv}, for a caller that has more to tell than what is wrong here. */
export function readEnv(env: Environment): { overlay: Overlay; issues: ConfigIssue[] } {
  const { config, issues } = VARIABLES.reduce<Checked>((checked, [name, setting]) => {
    const text = valueOf(env, name);
    return text === undefined ? checked : joined(checked, readOverlay(setting, text, name));
  }, { config: {}, issues: [] });
  const overlay: Overlay = { config };
  const configPath = valueOf(env, "BREAKWATER_CONFIG");
  if (configPath !== undefined) overlay.configPath = configPath;
  const debug = valueOf(env, "BREAKWATER_DEBUG");
  if (debug === undefined) return { overlay, issues };
  const on = readSwitch(debug);
  if (on === undefined) return { overlay, issues: [...issues, switchIssue(debug)] };
  return { overlay: { ...overlay, debug: on }, issues };
}

function valueOf(env: Environment, name: string): string | undefined {
  const text = env[name];
  return text === undefined || text.trim() === "" ? undefined : text;
}

function switchIssue(text: string): ConfigIssue {
  const found = describeFound(text);
  return { kind: "value", source: "BREAKWATER_DEBUG", path: "", found, expected: "1 or 0" };
}
