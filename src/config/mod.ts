/**
 * Configuration: a YAML file, environment variables and command-line flags to what a registry is made with.
 * Nothing here reads the environment or a file by itself.
 *
 * @example
 * ```ts
 * import { BreakerRegistry } from "@breakwater/breakwater";
 * import { loadConfig } from "@breakwater/breakwater/config";
 *
 * const { breakers } = await loadConfig({
 *   env: { BREAKWATER_DEFAULTS: "fail_max:3,reset:45" }, // Deno.env.toObject()
 *   args: ["--breaker", "api.example.org=fail_max:6"], // Deno.args
 *   readTextFile: (path) => Deno.readTextFile(path),
 * });
 * await using registry = new BreakerRegistry({ config: breakers });
 * ```
 *
 * @module
 */
export { describeConfig, resolveConfig } from "./resolve.ts";
export type { ConfigLayers, ConfigSource, ResolvedConfig, StoreSettings } from "./resolve.ts";
export { loadConfig } from "./load.ts";
export type { LoadedConfig, LoadOptions } from "./load.ts";
export { parseConfig } from "./file.ts";
export { overlayFromEnv } from "./environment.ts";
export type { Environment } from "./environment.ts";
export { overlayFromFlags } from "./flags.ts";
export type { FlagOverlay } from "./flags.ts";
export type { Overlay } from "./overlay.ts";
export { parseOverride, parsePolicyPatch } from "./validate.ts";
export { policyFromYaml, policyToYaml } from "./names.ts";
export { policyChangesYaml } from "./patch_yaml.ts";
export { ConfigError } from "./issues.ts";
export type { ConfigIssue } from "./issues.ts";
export type {
  BackoffYaml,
  ClassifyYaml,
  FailureRateYaml,
  FileConfig,
  HalfOpenYaml,
  PacingYaml,
  PolicyYaml,
  RoleYaml,
  RollingYaml,
  SlowCallYaml,
  StoreBackend,
  StoreYaml,
} from "./file_config.ts";
