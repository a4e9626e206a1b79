/**
 * Which layer wins, where each value came from, and what a program is told that cannot load its file.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  ConfigError,
  describeConfig,
  loadConfig,
  overlayFromEnv,
  overlayFromFlags,
  parseConfig,
  resolveConfig,
} from "../../src/config/mod.ts";
import { DEFAULT_POLICY } from "../../src/breaker/policy.ts";

Deno.test("nothing configured is the built-in defaults", () => {
  const config = resolveConfig();
  assertEquals<unknown>(config.breakers, {
    mode: "enforce",
    defaults: { ...DEFAULT_POLICY },
    hosts: {},
    resolvers: {},
    rates: {},
    pacing: { maxWaitMs: 1_000 },
  });
  assertEquals(config.store, {
    backend: "memory",
    share: "state",
    freshnessMs: 500,
    timeoutMs: 250,
    onError: "local",
  });
  assertEquals(config.debug, false);
  assertEquals(new Set(Object.values(config.sources)), new Set(["default" as const]));
});

Deno.test("later layers win in depth, and each value knows its source", () => {
  const config = resolveConfig({
    file: parseConfig(`
mode: observe
defaults: {fail_max: 2, success_threshold: 2, trial_calls: 2, roles: {metadata: {fail_max: 2, reset: 2}}}
hosts: {a.org: {fail_max: 2, reset: 2, roles: {landing: {fail_max: 2, trial_calls: 2}}}}
`),
    env: overlayFromEnv({
      BREAKWATER_DEFAULTS: "fail_max:3,success_threshold:3",
      BREAKWATER_HOSTS: "A.ORG=reset:3;b.org=fail_max:3",
      BREAKWATER_ROLES: "a.org:landing=fail_max:3",
      BREAKWATER_DEBUG: "1",
    }),
    flags: overlayFromFlags(["--breaker-defaults", "fail_max:4", "--breaker", "b.org=fail_max:4"]),
    source: "b.yaml",
  });
  const { defaults, hosts, mode } = config.breakers;
  assertEquals(mode, "observe");
  assertEquals(
    [defaults?.failMax, defaults?.successThreshold, defaults?.trialCalls, defaults?.probeLeaseMs],
    [4, 3, 2, 30_000],
  );
  assertEquals(defaults?.roles, { metadata: { failMax: 2, resetTimeoutMs: 2_000 } });
  assertEquals(hosts, {
    "a.org": {
      failMax: 2,
      resetTimeoutMs: 3_000,
      roles: { landing: { failMax: 3, trialCalls: 2 } },
    },
    "b.org": { failMax: 4 },
  });
  assertEquals([config.debug, config.source], [true, "b.yaml"]);
  const expected = {
    "mode": "file",
    "debug": "environment",
    "defaults.fail_max": "flags",
    "defaults.success_threshold": "environment",
    "defaults.trial_calls": "file",
    "defaults.probe_lease_s": "default",
    "defaults.roles.metadata.fail_max": "file",
    'hosts["a.org"].fail_max': "file",
    'hosts["a.org"].reset_timeout_s': "environment",
    'hosts["a.org"].roles.landing.fail_max': "environment",
    'hosts["b.org"].fail_max': "flags",
    "store.backend": "default",
  } as const;
  for (const [path, source] of Object.entries(expected)) {
    assertEquals(config.sources[path], source, path);
  }
  const lines = describeConfig(config);
  for (
    const line of [
      "defaults.fail_max = 4 (flags)",
      'store.backend = "memory" (default)',
      "defaults.classify.neutral_statuses = [401,403,404,410,451] (default)",
      "debug = true (environment)",
    ]
  ) assert(lines.includes(line), line);
  assertEquals(lines.length, Object.keys(config.sources).length);
});

Deno.test("a list of statuses replaces the one below, and takes its statuses out of the other list", () => {
  const { breakers, sources } = resolveConfig({
    file: parseConfig("hosts: {a.org: {classify: {failure_statuses: [404]}}, b.org: {}}"),
    env: overlayFromEnv({ BREAKWATER_CLASSIFY: "neutral=429,401" }),
  });
  assertEquals(breakers.defaults?.classify, {
    failureStatuses: [408, 500, 502, 503, 504],
    neutralStatuses: [429, 401],
  });
  assertEquals(sources["defaults.classify.failure_statuses"], "environment");
  assertEquals(breakers.hosts, { "a.org": { classify: { failureStatuses: [404] } }, "b.org": {} });
  const host = resolveConfig({
    file: parseConfig("hosts: {a.org: {classify: {failure_statuses: [404]}}}"),
  });
  assertEquals(host.breakers.hosts?.["a.org"]?.classify, {
    failureStatuses: [404],
    neutralStatuses: [401, 403, 410, 451],
  });
  assertEquals(host.sources['hosts["a.org"].classify.neutral_statuses'], "file");
});

Deno.test("a backend named by a later layer does not inherit where another one lives", () => {
  const file = parseConfig(
    "store: {backend: sqlite, path: ./b.db, share: cooldowns, timeout_ms: 9}",
  );
  for (
    const [text, path] of [["deno-kv:", undefined], ["deno-kv:k", "k"], ["memory:", undefined]]
  ) {
    const { store, sources } = resolveConfig({ file, flags: overlayFromFlags(["--store", text!]) });
    assertEquals([store.path, store.share, store.timeoutMs], [path, "cooldowns", 9]);
    assertEquals(sources["store.path"], path === undefined ? undefined : "flags");
  }
  const remote = parseConfig("store: {backend: upstash, url: 'https://x.org', token_env: T}");
  const kept = resolveConfig({
    file: remote,
    env: overlayFromEnv({ BREAKWATER_STORE: "upstash:" }),
  });
  assertEquals([kept.store.url, kept.store.tokenEnv], ["https://x.org", "T"]);
  const left = resolveConfig({
    file: remote,
    env: overlayFromEnv({ BREAKWATER_STORE: "memory:" }),
  });
  assertEquals([left.store.url, left.store.tokenEnv], [undefined, undefined]);
});

Deno.test("layers that make no sense together are refused", () => {
  const env = overlayFromEnv({});
  const flags = { config: { defaults: { slow_call: { duration_ms: 1, threshold: 1 } } } };
  assertThrows(() => resolveConfig({ env, flags }), ConfigError, "defaults.slow_call");
});

const FILES: Record<string, string> = {
  "a.yaml": "defaults: {fail_max: 7}",
  "b.yaml": "defaults: {fail_max: 8}",
  "wrong.yaml": "defaults: {fail_mx: 8}",
};

function readTextFile(path: string): string {
  const text = FILES[path];
  if (text === undefined) throw new Deno.errors.NotFound(`No such file or directory: ${path}`);
  return text;
}

Deno.test("the flag names the file before the variable does, and without either none is read", async () => {
  const env = { BREAKWATER_CONFIG: "a.yaml" };
  const byEnv = await loadConfig({ env, args: ["serve"], readTextFile });
  assertEquals([byEnv.breakers.defaults?.failMax, byEnv.source], [7, "a.yaml"]);
  assertEquals(byEnv.rest, ["serve"]);
  const args = ["--breaker-config=b.yaml"];
  assertEquals((await loadConfig({ env, args, readTextFile })).breakers.defaults?.failMax, 8);
  const none = await loadConfig({ readTextFile });
  assertEquals([none.breakers.defaults?.failMax, none.source], [5, undefined]);
});

Deno.test("a file that is named and missing is refused with what to do", async () => {
  const byFlag = loadConfig({ args: ["--breaker-config", "no.yaml"], readTextFile });
  const error = await assertRejects(() => byFlag, ConfigError, '--breaker-config: found "no.yaml"');
  assertStringIncludes(error.message, "create it, correct --breaker-config, or leave that out");
  const byEnv = loadConfig({ env: { BREAKWATER_CONFIG: "no.yaml" }, readTextFile });
  await assertRejects(() => byEnv, ConfigError, "BREAKWATER_CONFIG: found");
});

Deno.test("problems of file, environment and command line are told in one error", async () => {
  const loading = loadConfig({
    env: { BREAKWATER_CONFIG: "wrong.yaml", BREAKWATER_MODE: "of" },
    args: ["--store", "redis:"],
    readTextFile,
  });
  const error = await assertRejects(() => loading, ConfigError);
  assertEquals(error.issues.map((issue) => issue.source), [
    "--store",
    "BREAKWATER_MODE",
    "wrong.yaml",
  ]);
  const missing = loadConfig({
    args: ["--breaker-config", "no.yaml", "--mode=of"],
    readTextFile,
  });
  const both = await assertRejects(() => missing, ConfigError);
  assertEquals(both.issues.map((issue) => issue.source), ["--mode", "--breaker-config"]);
});

Deno.test("the real reader of files serves as one", async () => {
  const path = new URL("../../config/breakers.yaml", import.meta.url).pathname;
  const config = await loadConfig({
    args: ["--breaker-config", path],
    readTextFile: Deno.readTextFile,
  });
  assertEquals([config.source, config.sources["store.backend"]], [path, "file"]);
  const missing = loadConfig({
    args: ["--breaker-config", `${path}.no`],
    readTextFile: Deno.readTextFile,
  });
  const error = await assertRejects(() => missing, ConfigError);
  assert(error.cause instanceof Deno.errors.NotFound);
});
