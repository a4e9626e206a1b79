/**
 * Unchecked data in, a checked configuration or every problem out. Whether the data came from a file, a
 * variable, a flag or a request body makes no difference here.
 *
 * @module
 */
import type * as z from "zod/mini";
import type { PolicyPatch } from "../breaker/policy_types.ts";
import { checkConfig, checkPolicy } from "./checks.ts";
import type { FileConfig, PolicyYaml } from "./file_config.ts";
import { ConfigError, type ConfigIssue, describeFound, formatPath, nearest } from "./issues.ts";
import {
  canonicalHost,
  canonicalLimits,
  canonicalPolicy,
  policyFromYaml,
  policyToYaml,
} from "./names.ts";
import { configSchema, overrideSchema, policySchema } from "./schema.ts";
import { childOf, entriesOf, isTree, layOver, valueAt } from "./tree.ts";

/** A configuration, and what is wrong with it: of use only where nothing is. */
export interface Checked {
  /** Empty where there are issues. */
  config: FileConfig;
  /** What is wrong, each naming the source. */
  issues: ConfigIssue[];
}

/** Checks a whole configuration as it was written. */
export function checkWritten(written: unknown, source: string): Checked {
  const issues = [...schemaIssues(configSchema, written), ...checkConfig(written)];
  if (issues.length > 0) {
    return { config: {}, issues: onePerPath(issues).map((issue) => ({ ...issue, source })) };
  }
  // Safe: the schema has accepted every value, and the aliases it accepts are renamed here.
  return { config: canonicalConfig(written) as FileConfig, issues: [] };
}

/**
 * Turns a flat patch in the YAML's names into a patch of the policy, within the bounds of a file. Holds only what was
 * said; `{}` changes nothing. That `slow_call` needs `failure_rate` is for whoever knows the policy below.
 *
 * @throws {ConfigError} naming every field that is wrong
 */
export function parsePolicyPatch(input: unknown): PolicyPatch {
  const issues = [...schemaIssues(policySchema, input), ...checkPolicy(input, [])];
  if (issues.length > 0) throw new ConfigError(onePerPath(issues));
  // Safe: as above.
  return policyFromYaml(canonicalPolicy(input) as PolicyYaml);
}

/**
 * Turns a flat patch in the YAML's names into the override of a host that has the policy `below`. Bounded more tightly
 * than a file, and held against what it will be laid over.
 *
 * @throws {ConfigError} naming every field that is wrong
 */
export function parseOverride(input: unknown, below: PolicyPatch): PolicyPatch {
  const common = policyToYaml(below);
  const issues = [...schemaIssues(overrideSchema, input), ...checkPolicy(input, [], common)];
  if (issues.length > 0) throw new ConfigError(onePerPath(issues));
  // Safe: as above.
  return policyFromYaml(canonicalPolicy(input) as PolicyYaml);
}

/** The first problem of a value is enough; the others follow from it. */
function onePerPath(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const byPath = new Map<string, ConfigIssue>();
  for (const issue of issues) if (!byPath.has(issue.path)) byPath.set(issue.path, issue);
  return [...byPath.values()];
}

function schemaIssues(schema: z.ZodMiniType, input: unknown): ConfigIssue[] {
  const result = schema.safeParse(input);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => toIssues(issue, input));
}

function toIssues(issue: z.core.$ZodIssue, input: unknown): ConfigIssue[] {
  // Safe: JSON and YAML have no symbols for keys.
  const path = issue.path as (string | number)[];
  // The schema's messages are what is allowed; see schema.ts.
  const expected = issue.message;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      kind: "unknown_key",
      path: formatPath([...path, key]),
      found: key,
      expected,
      ...suggestion(key, expected.split(", ")),
    }));
  }
  const found = valueAt(input, path);
  const words = issue.code === "invalid_value" ? issue.values.map(String) : [];
  return [{
    kind: "value",
    path: formatPath(path),
    found: isSecretPlace(path) ? `a ${typeof found}` : describeFound(found),
    expected,
    ...(typeof found === "string" ? suggestion(found, words) : {}),
  }];
}

/** Where somebody may have written the token itself, which no log must repeat. */
function isSecretPlace(path: readonly (string | number)[]): boolean {
  return path[0] === "store" && (path[1] === "token_env" || path[1] === "url");
}

function suggestion(word: string, candidates: readonly string[]): { suggestion?: string } {
  const near = nearest(word, candidates);
  return near === undefined ? {} : { suggestion: near };
}

/** Renames aliases, spells hosts by their keys, and puts `advanced` into `defaults`. */
function canonicalConfig(written: unknown): unknown {
  const { advanced, ...rest } = isTree(written) ? written : {};
  const sections = new Map(Object.entries(rest));
  if (advanced !== undefined) {
    sections.set("defaults", layOver(childOf(written, "defaults"), advanced));
  }
  const convert: Record<string, (value: unknown) => unknown> = {
    defaults: canonicalPolicy,
    hosts: (hosts) => byName(hosts, canonicalHost, canonicalPolicy),
    resolvers: (resolvers) => byName(resolvers, (name) => name, canonicalPolicy),
    rates: (rates) => byName(rates, canonicalHost, canonicalLimits),
  };
  return Object.fromEntries(
    [...sections].map(([key, value]) => [key, convert[key]?.(value) ?? value]),
  );
}

function byName(
  value: unknown,
  name: (written: string) => string,
  convert: (value: unknown) => unknown,
): unknown {
  return Object.fromEntries(entriesOf(value).map(([key, child]) => [name(key), convert(child)]));
}
