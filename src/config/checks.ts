/**
 * What no schema can see because it is about several keys at once, or about the names that somebody chose.
 * Looks at a configuration as it was written, wrong values and all, so that one run finds every problem.
 *
 * @module
 */
import { checkResolver, checkRole } from "../breaker/names.ts";
import { EVERY_ROLE, limitsProblem } from "../breaker/rate_limits.ts";
import { BACKENDS_WITH_PATH, needsPath } from "./backends.ts";
import { type ConfigIssue, describeFound, formatPath, type Path } from "./issues.ts";
import { childOf, entriesOf, isTree, type Tree } from "./tree.ts";
import { canonicalHost, canonicalLimits, KEY_ALIASES, ROLE_ALIASES } from "./names.ts";

/** Everything wrong with a whole configuration that its schema lets pass. */
export function checkConfig(root: unknown): ConfigIssue[] {
  const common = beside(childOf(root, "advanced"), childOf(root, "defaults"));
  const issues = [
    ...checkAdvanced(root),
    ...checkPolicy(childOf(root, "defaults"), ["defaults"], common),
    ...checkRatio(childOf(root, "advanced"), ["advanced"], common),
    ...checkHosts(root, "hosts"),
    ...checkHosts(root, "rates"),
    ...checkRatesTwice(root),
    ...checkStore(childOf(root, "store")),
  ];
  for (const section of ["hosts", "resolvers"]) {
    for (const [name, policy] of entriesOf(childOf(root, section))) {
      issues.push(...checkPolicy(policy, [section, name], common));
    }
  }
  for (const [name] of entriesOf(childOf(root, "resolvers"))) {
    issues.push(...checkName(() => checkResolver(name), ["resolvers", name], RESOLVER_EXPECTED));
  }
  for (const [host, limits] of entriesOf(childOf(root, "rates"))) {
    issues.push(...checkRates(limits, ["rates", host]));
  }
  return issues;
}

/**
 * Everything wrong with one policy that its schema lets pass.
 *
 * @param common what the policy will be laid over; undefined where that is not known here
 */
export function checkPolicy(policy: unknown, path: Path, common?: unknown): ConfigIssue[] {
  const roles = childOf(policy, "roles");
  return [
    ...checkAliases(policy, path, KEY_ALIASES),
    ...checkRoles(roles, [...path, "roles"]),
    ...entriesOf(roles).flatMap(([role, limits]) =>
      checkAliases(limits, [...path, "roles", role], KEY_ALIASES)
    ),
    ...checkRates(childOf(policy, "rates"), [...path, "rates"]),
    ...checkStatuses(childOf(policy, "classify"), [...path, "classify"]),
    ...(common === undefined ? [] : checkRatio(policy, path, common)),
  ];
}

function wrong(path: Path, found: string, expected: string): ConfigIssue {
  return { kind: "value", path: formatPath(path), found, expected };
}

function checkAliases(
  value: unknown,
  path: Path,
  aliases: Readonly<Record<string, string>>,
): ConfigIssue[] {
  return Object.entries(aliases)
    .filter(([alias, key]) =>
      childOf(value, alias) !== undefined && childOf(value, key) !== undefined
    )
    .map(([alias, key]) =>
      wrong([...path, alias], `both ${alias} and ${key}`, `one of them: they mean the same`)
    );
}

function checkRoles(value: unknown, path: Path): ConfigIssue[] {
  return [
    ...checkAliases(value, path, ROLE_ALIASES),
    ...entriesOf(value).flatMap(([role]) =>
      checkName(() => checkRole(role), [...path, role], ROLE_EXPECTED)
    ),
  ];
}

/** What the shape of the text leaves open; `*` is no role, and stands for all of them. */
function checkRates(value: unknown, path: Path): ConfigIssue[] {
  const ofRoles = entriesOf(value).filter(([role]) => role !== EVERY_ROLE);
  return [
    ...checkRoles(Object.fromEntries(ofRoles), path),
    ...entriesOf(value).flatMap(([role, text]) => {
      const problem = limitsProblem(text);
      if (problem === undefined) return [];
      return [
        wrong([...path, role], describeFound(text), problem.replace(/^must /, "a text that must ")),
      ];
    }),
  ];
}

const ROLE_EXPECTED = "a role that matches [a-z][a-z0-9_-]{0,31}";
const RESOLVER_EXPECTED = "a resolver that matches [A-Za-z0-9][A-Za-z0-9._-]{0,63}";
/** What is expected where a host is named. */
export const HOST_EXPECTED = 'a host such as "example.org" or "example.org:8080"';

/** Names have rules of their own, which are the breaker's to know. */
function checkName(rule: () => unknown, path: Path, expected: string): ConfigIssue[] {
  const found = `the name ${describeFound(path.at(-1))}`;
  // zod leaves this one out of a mapping without a word.
  if (path.at(-1) === "__proto__") return [wrong(path, found, expected)];
  try {
    rule();
    return [];
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return [wrong(path, found, expected)];
  }
}

function checkHosts(root: unknown, section: "hosts" | "rates"): ConfigIssue[] {
  const spelledAs = new Map<string, string>();
  return entriesOf(childOf(root, section)).flatMap(([written]) => {
    const path = [section, written];
    const refused = checkName(() => canonicalHost(written), path, HOST_EXPECTED);
    if (refused.length > 0) return refused;
    const host = canonicalHost(written);
    const other = spelledAs.get(host);
    spelledAs.set(host, written);
    if (other === undefined) return [];
    return [wrong(path, `a second spelling of ${describeFound(other)}`, "each host once")];
  });
}

function checkAdvanced(root: unknown): ConfigIssue[] {
  return entriesOf(childOf(root, "advanced"))
    .filter(([key]) => childOf(childOf(root, "defaults"), key) !== undefined)
    .map(([key]) => wrong(["advanced", key], `${key} here and in defaults`, "it in one of them"));
}

/** What `rates` and `hosts` both say of a role. */
function checkRatesTwice(root: unknown): ConfigIssue[] {
  const rolesOf = (limits: unknown) => entriesOf(canonicalLimits(limits)).map(([role]) => role);
  const hosts = entriesOf(childOf(root, "hosts"));
  return entriesOf(childOf(root, "rates")).flatMap(([written, limits]) => {
    const path = ["rates", written];
    if (checkName(() => canonicalHost(written), path, HOST_EXPECTED).length > 0) return [];
    const own = hosts.filter(([host]) => {
      if (checkName(() => canonicalHost(host), path, HOST_EXPECTED).length > 0) return false;
      return canonicalHost(host) === canonicalHost(written);
    }).flatMap(([, policy]) => rolesOf(childOf(policy, "rates")));
    return rolesOf(limits).filter((role) => own.includes(role)).map((role) =>
      wrong([...path, role], "it here and in the rates of hosts", "it in one of them")
    );
  });
}

function checkStatuses(classify: unknown, path: Path): ConfigIssue[] {
  const failures = childOf(classify, "failure_statuses");
  const neutral = childOf(classify, "neutral_statuses");
  if (!Array.isArray(failures) || !Array.isArray(neutral)) return [];
  const both = [...new Set(failures)].filter((status) => neutral.includes(status));
  if (both.length === 0) return [];
  return [wrong(path, `${both.join(", ")} in both lists`, "each status in one of them")];
}

const RATE_KEYS = ["window_s", "min_calls", "threshold"];
const SLOW_KEYS = ["duration_ms", "threshold"];

/** `slow_call` needs `failure_rate`, and both are all or nothing, counting what they are laid over. */
function checkRatio(policy: unknown, path: Path, common: unknown): ConfigIssue[] {
  const rate = beside(childOf(common, "failure_rate"), childOf(policy, "failure_rate"));
  const slow = beside(childOf(common, "slow_call"), childOf(policy, "slow_call"));
  const issues: ConfigIssue[] = [];
  if (said(policy, "failure_rate")) {
    issues.push(...checkWhole(rate, RATE_KEYS, [...path, "failure_rate"]));
  }
  if (said(policy, "slow_call")) {
    issues.push(...checkWhole(slow, SLOW_KEYS, [...path, "slow_call"]));
    if (entriesOf(rate).length === 0) {
      const expected = "failure_rate beside it, whose window and min_calls it uses";
      issues.push(wrong([...path, "slow_call"], "slow_call alone", expected));
    }
  }
  return issues;
}

/** One mapping over another, one level deep: what is not checked yet may be endless further down. */
function beside(lower: unknown, upper: unknown): Tree {
  return Object.fromEntries([...entriesOf(lower), ...entriesOf(upper)]);
}

function said(policy: unknown, key: string): boolean {
  return entriesOf(childOf(policy, key)).length > 0;
}

function checkWhole(value: unknown, keys: readonly string[], path: Path): ConfigIssue[] {
  const missing = keys.filter((key) => childOf(value, key) === undefined);
  if (missing.length === 0) return [];
  return [wrong(path, `no ${missing.join(" and no ")}`, `all of ${keys.join(", ")}`)];
}

const STORE_KEYS: Readonly<Record<string, readonly string[]>> = {
  path: BACKENDS_WITH_PATH,
  url: ["upstash"],
  token_env: ["upstash"],
};

function checkStore(store: unknown): ConfigIssue[] {
  if (!isTree(store)) return [];
  const backend = childOf(store, "backend") ?? "memory";
  const issues = Object.entries(STORE_KEYS)
    .filter(([key, backends]) => Object.hasOwn(store, key) && !backends.includes(String(backend)))
    .map(([key, backends]) =>
      wrong(
        ["store", key],
        `${key} with backend ${describeFound(backend)}`,
        `it only with ${backends.join(" or ")}`,
      )
    );
  if (needsPath(backend) && !Object.hasOwn(store, "path")) {
    issues.push(
      wrong(["store", "path"], "nothing", `the path of the database of backend ${backend}`),
    );
  }
  return issues;
}
