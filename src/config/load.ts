/**
 * From what a program was started with to its configuration. The one place that has a file read, and only through the
 * reader it is given.
 *
 * @module
 */
import { type Environment, readEnv } from "./environment.ts";
import type { FileConfig } from "./file_config.ts";
import { readFlags } from "./flags.ts";
import { ConfigError, type ConfigIssue, describeFound } from "./issues.ts";
import { resolveConfig, type ResolvedConfig } from "./resolve.ts";

/** What a program was started with. */
export interface LoadOptions {
  /** Environment variables, such as `Deno.env.toObject()`. @default {{}} */
  env?: Environment;
  /** Arguments, such as `Deno.args`. @default {[]} */
  args?: readonly string[];
  /** Reads the file, such as `Deno.readTextFile`. */
  readTextFile: (path: string) => string | Promise<string>;
}

/** A configuration, and the arguments it left. */
export interface LoadedConfig extends ResolvedConfig {
  /** The arguments that are not the configuration's, in their order. */
  rest: string[];
}

/**
 * Loads the configuration: the file that `--breaker-config` or else `BREAKWATER_CONFIG` names (none: the built-in
 * defaults), then the environment, then the command line.
 *
 * @throws {ConfigError} naming everything that is wrong in file, environment and command line
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const flags = readFlags(options.args ?? []);
  const env = readEnv(options.env ?? {});
  const issues: ConfigIssue[] = [...flags.issues, ...env.issues];
  const byFlag = flags.overlay.configPath;
  const path = byFlag ?? env.overlay.configPath;
  let file: FileConfig | undefined;
  if (path !== undefined) {
    const namedBy = byFlag === undefined ? "BREAKWATER_CONFIG" : "--breaker-config";
    file = await attempt(async () => {
      const text = await readFile(path, namedBy, options.readTextFile);
      // With all that reads YAML: where no file is named, nothing of it is loaded.
      const { parseConfig } = await import("./file.ts");
      return parseConfig(text, path);
    }, issues);
  }
  if (issues.length > 0) throw new ConfigError(issues);
  const layers = { file, env: env.overlay, flags: flags.overlay, source: path };
  return { ...resolveConfig(layers), rest: flags.overlay.rest };
}

/** What a part makes, or undefined and its issues: so that one run tells everything. */
async function attempt<T>(part: () => Promise<T>, issues: ConfigIssue[]): Promise<T | undefined> {
  try {
    return await part();
  } catch (error) {
    // Where nothing else is wrong, the error passes as it is, with its cause.
    if (!(error instanceof ConfigError) || issues.length === 0) throw error;
    issues.push(...error.issues);
    return undefined;
  }
}

async function readFile(
  path: string,
  namedBy: string,
  read: LoadOptions["readTextFile"],
): Promise<string> {
  try {
    return await read(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const issue: ConfigIssue = {
      kind: "value",
      source: namedBy,
      path: "",
      found: `${describeFound(path)}, which cannot be read (${reason})`,
      expected: `the path of a YAML file: create it, correct ${namedBy}, or leave that out`,
    };
    throw new ConfigError([issue], { cause: error });
  }
}
