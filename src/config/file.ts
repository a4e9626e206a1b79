/**
 * The text of a configuration file to a checked configuration. Reading the file is for `load.ts`.
 *
 * @module
 */
import { parse } from "@std/yaml";
import type { FileConfig } from "./file_config.ts";
import { ConfigError, type ConfigIssue } from "./issues.ts";
import { entriesOf, isTree } from "./tree.ts";
import { checkWritten } from "./validate.ts";

/**
 * Parses a configuration file. Nothing, or comments only, is a configuration too, and any section may be empty.
 *
 * @param source what error messages call the file
 * @throws {ConfigError} naming everything that is wrong, with line and column where the YAML itself is
 */
export function parseConfig(yamlText: string, source = "config"): FileConfig {
  const written = parseYaml(yamlText, source);
  const { config, issues } = checkWritten(withoutEmptySections(written ?? {}), source);
  if (issues.length > 0) throw new ConfigError(issues);
  return config;
}

function parseYaml(text: string, source: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ConfigError([syntaxIssue(error, source)], { cause: error });
  }
}

/** The parser says where in its message only: `... at line 2, column 1:` and the line itself. */
function syntaxIssue(error: Error, source: string): ConfigIssue {
  const [, found = error.message, line, column] =
    /^(.*?)(?: at line (\d+), column (\d+).*)?$/s.exec(error.message) ?? [];
  return {
    kind: "syntax",
    source,
    path: "",
    found,
    expected: found.includes("duplicated key") ? "each key once" : "one YAML document",
    ...(line === undefined ? {} : { line: Number(line), column: Number(column) }),
  };
}

/** Sections whose keys are names that somebody chose. */
const NAMED = ["hosts", "resolvers", "roles", "rates"];
const SECTIONS = [
  ...NAMED,
  ...["store", "defaults", "advanced", "pacing", "backoff", "classify", "half_open"],
  ...["rolling", "failure_rate", "slow_call"],
];
/** root, `hosts`, host, `roles`, role. */
const DEEPEST = 5;

/** Makes `hosts:` with nothing below it an empty mapping. A key with nothing where a value belongs stays wrong. */
function withoutEmptySections(value: unknown, inNamed = false, depth = 1): unknown {
  // Aliases may make the tree endless; what is deeper than any section is refused by the schema anyway.
  if (!isTree(value) || depth > DEEPEST) return value;
  return Object.fromEntries(
    entriesOf(value).map(([key, child]) => {
      if (child === null && (inNamed || SECTIONS.includes(key))) return [key, {}];
      return [key, withoutEmptySections(child, !inNamed && NAMED.includes(key), depth + 1)];
    }),
  );
}
