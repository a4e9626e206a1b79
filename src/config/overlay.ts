/**
 * The small grammar that variables and flags share: `key:value,key:value`, with a name before it where it is
 * about one host, role or resolver. Each text becomes the tree that a file would have held, and is checked as one.
 *
 * @module
 */
import { BACKEND_GRAMMAR, BACKENDS, isBackend, needsPath, takesPath } from "./backends.ts";
import { HOST_EXPECTED } from "./checks.ts";
import type { FileConfig } from "./file_config.ts";
import { type ConfigIssue, describeFound, nearest } from "./issues.ts";
import { canonicalHost, ROLE_ALIASES } from "./names.ts";
import { isTree, layOver, type Tree } from "./tree.ts";
import { type Checked, checkWritten } from "./validate.ts";

/** What the environment or the command line lays over the file. */
export interface Overlay {
  /** In the YAML's names; holds only what was said. */
  config: FileConfig;
  /** Path of the configuration file. */
  configPath?: string;
  /** Whether to say more in the log. */
  debug?: boolean;
}

/** Something in an overlay that cannot be read; caught in {@linkcode readOverlay} only. */
class GrammarError extends Error {
  readonly issue: ConfigIssue;
  constructor(found: string, expected: string, suggestion?: string) {
    super(found);
    const hint = suggestion === undefined ? {} : { suggestion };
    this.issue = { kind: "value", path: "", found, expected, ...hint };
  }
}

/** What a text in the grammar of one setting says; throws `GrammarError`. */
type Reader = (text: string) => Tree[];

/** A setting that both the environment and the command line have. */
export type SettingName =
  | "defaults"
  | "hosts"
  | "roles"
  | "resolvers"
  | "classify"
  | "rolling"
  | "store"
  | "mode";

const READERS: Readonly<Record<SettingName, Reader>> = {
  defaults: (text) => [{ defaults: readPairs(text) }],
  hosts: (text) => readNamed(text, "api.example.org=fail_max:3,reset:45", hostPatch),
  roles: (text) => readNamed(text, "api.example.org:metadata=fail_max:2", rolePatch),
  resolvers: (text) =>
    readNamed(text, "crossref=fail_max:3", (name, policy) => ({ resolvers: { [name]: policy } })),
  classify: (text) => [{ defaults: { classify: readLists(text) } }],
  rolling: (text) => [{ defaults: { rolling: readPairs(text, ROLLING_ALIASES) } }],
  store: (text) => [{ store: readStore(text) }],
  mode: (text) => [{ mode: text.trim() }],
};

/**
 * Reads one variable or flag.
 *
 * @param source its name, for error messages
 */
export function readOverlay(setting: SettingName, text: string, source: string): Checked {
  try {
    return READERS[setting](text)
      .map((tree) => checkWritten(tree, source))
      .reduce(joined, { config: {}, issues: [] });
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    return { config: {}, issues: [{ ...error.issue, source }] };
  }
}

/** The second over the first, and the issues of both. */
export function joined(first: Checked, second: Checked): Checked {
  // Safe: both are configurations, and so is one laid over the other.
  const config = layOver(first.config, second.config) as FileConfig;
  return { config, issues: [...first.issues, ...second.issues] };
}

const ROLLING_ALIASES: Readonly<Record<string, string>> = {
  window: "window_s",
  thresh: "threshold_failures",
  threshold: "threshold_failures",
  cooldown: "cooldown_s",
};

/** `fail_max:5,reset:60`; a dot leads into a section: `backoff.factor:2`. */
function readPairs(text: string, aliases: Readonly<Record<string, string>> = {}): Tree {
  const said = new Set<string>();
  let pairs: unknown = {};
  for (const pair of text.split(",")) {
    const [written = "", value, ...more] = pair.split(":").map((part) => part.trim());
    if (written === "" || value === undefined || value === "" || more.length > 0) {
      throw new GrammarError(describeFound(pair.trim()), "key:value,key:value");
    }
    const key = Object.hasOwn(aliases, written) ? aliases[written]! : written;
    if (said.has(key)) throw new GrammarError(`${key} twice`, "each key once");
    said.add(key);
    pairs = layOver(pairs, nested(key.split("."), readValue(value)));
  }
  return isTree(pairs) ? pairs : {};
}

function nested(path: readonly string[], value: unknown): unknown {
  return path.reduceRight((inner, key) => own(key, inner), value);
}

/** A computed key, not a literal one: `__proto__` stays a key and is refused as one. */
function own(key: string, value: unknown): Tree {
  return { [key]: value };
}

function readValue(text: string): unknown {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (text === "true") return true;
  if (text === "false") return false;
  return text;
}

/** `name=key:value`, several joined by `;`. */
function readNamed(
  text: string,
  example: string,
  patch: (name: string, policy: Tree, example: string) => Tree,
): Tree[] {
  const parts = text.split(";").map((part) => part.trim()).filter((part) => part !== "");
  if (parts.length === 0) throw new GrammarError(describeFound(text), example);
  return parts.map((part) => {
    const at = part.indexOf("=");
    if (at < 1) throw new GrammarError(describeFound(part), example);
    return patch(part.slice(0, at).trim(), readPairs(part.slice(at + 1)), example);
  });
}

function hostPatch(host: string, policy: Tree): Tree {
  return { hosts: own(readHost(host), policy) };
}

/** The last colon ends the host: it may have a port, or be an IPv6 address. */
function rolePatch(target: string, policy: Tree, example: string): Tree {
  const colon = target.lastIndexOf(":");
  if (colon < 1) throw new GrammarError(describeFound(target), `host:role, as in ${example}`);
  const written = target.slice(colon + 1).trim();
  const role = Object.hasOwn(ROLE_ALIASES, written) ? ROLE_ALIASES[written]! : written;
  return { hosts: own(readHost(target.slice(0, colon)), { roles: own(role, policy) }) };
}

/** Here rather than by the check alone, since several texts may spell one host differently. */
function readHost(written: string): string {
  try {
    return canonicalHost(written);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new GrammarError(describeFound(written), HOST_EXPECTED);
  }
}

const LISTS: Readonly<Record<string, string>> = {
  failure: "failure_statuses",
  neutral: "neutral_statuses",
};

/** `failure=429,500,503 neutral=401,404`; a list may be empty. */
function readLists(text: string): Tree {
  const example = "failure=429,500,503 neutral=401,404";
  const lists = new Map<string, unknown>();
  for (const part of text.trim().split(/[\s;]+/)) {
    const [name = "", statuses, ...more] = part.split("=");
    if (statuses === undefined || more.length > 0 || !Object.hasOwn(LISTS, name)) {
      throw new GrammarError(describeFound(part), example, nearest(name, Object.keys(LISTS)));
    }
    const list = LISTS[name]!;
    if (lists.has(list)) throw new GrammarError(`${name} twice`, "each list once");
    lists.set(list, statuses === "" ? [] : statuses.split(",").map(readValue));
  }
  return Object.fromEntries(lists);
}

/** As {@linkcode BACKEND_GRAMMAR} says. */
function readStore(text: string): Tree {
  const [, backend = "", path = ""] = /^([^:]*):(.*)$/s.exec(text.trim()) ?? [, text.trim()];
  if (!isBackend(backend)) {
    throw new GrammarError(describeFound(text), BACKEND_GRAMMAR, nearest(backend, BACKENDS));
  }
  if (path === "" ? needsPath(backend) : !takesPath(backend)) {
    throw new GrammarError(describeFound(text), BACKEND_GRAMMAR);
  }
  return path === "" ? { backend } : { backend, path };
}

/** What a switch was set to; undefined where it is no answer to yes or no. */
export function readSwitch(text: string): boolean | undefined {
  if (["1", "true", "on"].includes(text.trim())) return true;
  if (["0", "false", "off"].includes(text.trim())) return false;
  return undefined;
}
