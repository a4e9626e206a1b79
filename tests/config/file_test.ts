/**
 * What a configuration file may hold, and what is said of one that holds something else.
 *
 * @module
 */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, parseConfig, resolveConfig } from "../../src/config/mod.ts";
import { DEFAULT_POLICY, mergePolicy } from "../../src/breaker/policy.ts";

const DESIGN_EXAMPLE = `
mode: enforce
store: { backend: deno-kv, share: state }          # memory | deno-kv | sqlite | upstash; path, url, token_env, freshness_ms, timeout_ms, on_error
defaults:
  fail_max: 5
  reset_timeout_s: 60                              # \`reset\` is accepted too, as \`retry_after_cap\` for retry_after_cap_s
  retry_after_cap_s: 900
  success_threshold: 1
  trial_calls: 1
  probe_lease_s: 30
  backoff: { factor: 1, max_s: 900 }
  classify: { failure_statuses: [408, 429, 500, 502, 503, 504], neutral_statuses: [401, 403, 404, 410, 451] }
  half_open: { jitter_ms: 150 }
  roles:
    metadata: { fail_max: 3, reset_timeout_s: 45, success_threshold: 2, trial_calls: 1 }   # \`meta\` is an alias
advanced:
  rolling: { enabled: true, threshold_failures: 3, window_s: 10, cooldown_s: 30 }
  failure_rate: { window_s: 60, min_calls: 20, threshold: 0.5 }
  slow_call: { duration_ms: 10000, threshold: 0.8 }
rates:                                             # pacing per host and role
  api.crossref.org: { metadata: "10/s,1000/h", artifact: "1/3s" }
hosts:
  api.crossref.org: { fail_max: 6, reset_timeout_s: 90, retry_after_cap_s: 600, roles: { artifact: { fail_max: 8 } } }
resolvers:                                         # may be empty
  wayback: { fail_max: 4 }
`;

function refusal(text: string): ConfigError {
  return assertThrows(() => parseConfig(text, "b.yaml"), ConfigError);
}

function assertRefused(text: string, ...lines: string[]): void {
  assertEquals(refusal(text).message.split("\n"), lines.map((line) => `b.yaml: ${line}`));
}

Deno.test("the example of the contract loads and says what it says", () => {
  const { breakers, store } = resolveConfig({ file: parseConfig(DESIGN_EXAMPLE) });
  const { defaults = {} } = breakers;
  assertEquals(store, {
    backend: "deno-kv",
    share: "state",
    freshnessMs: 500,
    timeoutMs: 250,
    onError: "local",
  });
  assertEquals(defaults.roles, {
    metadata: { failMax: 3, resetTimeoutMs: 45_000, successThreshold: 2, trialCalls: 1 },
  });
  assertEquals(defaults.rolling, {
    enabled: true,
    thresholdFailures: 3,
    windowMs: 10_000,
    cooldownMs: 30_000,
  });
  assertEquals(defaults.failureRate, { windowMs: 60_000, minCalls: 20, thresholdRatio: 0.5 });
  assertEquals(defaults.slowCall, { durationMs: 10_000, thresholdRatio: 0.8 });
  assertEquals(breakers.hosts, {
    "api.crossref.org": {
      failMax: 6,
      resetTimeoutMs: 90_000,
      retryAfterCapMs: 600_000,
      roles: { artifact: { failMax: 8 } },
    },
  });
  assertEquals(breakers.resolvers, { wayback: { failMax: 4 } });
  assertEquals(breakers.rates, {
    "api.crossref.org": { metadata: "10/s,1000/h", artifact: "1/3s" },
  });
});

Deno.test("the example in config/breakers.yaml loads, and shows the built-in defaults", async () => {
  const path = new URL("../../config/breakers.yaml", import.meta.url);
  const { breakers, store } = resolveConfig({ file: parseConfig(await Deno.readTextFile(path)) });
  const { roles: _roles, failureRate: _rate, slowCall: _slow, ...shown } = breakers.defaults ?? {};
  const { roles: _none, ...builtIn } = DEFAULT_POLICY;
  assertEquals<unknown>(shown, builtIn);
  assertEquals(store.backend, "deno-kv");
  mergePolicy(mergePolicy(DEFAULT_POLICY, breakers.defaults ?? {}), {});
});

Deno.test("a file that is empty, or has comments or empty sections only, loads", () => {
  for (const text of ["", "# nothing yet\n", "---\n", "~", "{}", "\uFEFF"]) {
    assertEquals(parseConfig(text), {}, JSON.stringify(text));
  }
  const sections = ["store", "defaults", "advanced", "rates", "hosts", "resolvers"];
  const config = parseConfig(sections.map((section) => `${section}:\n`).join(""));
  assertEquals(config, { store: {}, defaults: {}, rates: {}, hosts: {}, resolvers: {} });
  const nested = parseConfig(
    "hosts:\n  a.org:\n  b.org:\n    roles:\n      landing:\n    backoff:\n",
  );
  assertEquals(nested.hosts, { "a.org": {}, "b.org": { roles: { landing: {} }, backoff: {} } });
  resolveConfig({ file: config });
});

Deno.test("every problem is told in one error, one line each, with the nearest key", () => {
  const error = refusal(`
mode: enforced
store: { backend: redis, token: x }
defaults:
  fail_mx: 5
  success_threshold: 0
  reset_timeout: 60
  backoff: { factro: 2 }
hosts:
  api.crossref.org:
    fail_max: "6"
    roles: { artifact: { probe_lease_s: 3 } }
`);
  assertEquals(error.name, "ConfigError");
  assertEquals(error.message.split("\n"), [
    "b.yaml: mode: found \"enforced\"; expected one of enforce, observe, off; did you mean 'enforce'?",
    'b.yaml: store.backend: found "redis"; expected one of memory, deno-kv, sqlite, upstash',
    "b.yaml: store.token: unknown key; did you mean 'token_env'?",
    "b.yaml: defaults.success_threshold: found 0; expected a whole number from 1 to 1000",
    "b.yaml: defaults.backoff.factro: unknown key; did you mean 'factor'?",
    "b.yaml: defaults.fail_mx: unknown key; did you mean 'fail_max'?",
    "b.yaml: defaults.reset_timeout: unknown key; did you mean 'reset_timeout_s'?",
    'b.yaml: hosts["api.crossref.org"].fail_max: found "6"; expected a whole number from 1 to 1000000',
    'b.yaml: hosts["api.crossref.org"].roles.artifact.probe_lease_s: unknown key; ' +
    "expected fail_max, reset_timeout_s, reset, success_threshold, trial_calls",
  ]);
  assertEquals(error.issues[5], {
    kind: "unknown_key",
    source: "b.yaml",
    path: "defaults.fail_mx",
    found: "fail_mx",
    expected: error.issues[5]!.expected,
    suggestion: "fail_max",
  });
  assertStringIncludes(error.issues[5]!.expected, "fail_max, reset_timeout_s");
});

Deno.test("broken YAML and duplicate keys are told with line and column", () => {
  const broken = refusal("defaults:\n  fail_max: 1\n   reset: 2\n");
  assertEquals([broken.issues[0]?.kind, broken.issues[0]?.line], ["syntax", 3]);
  assertStringIncludes(broken.message, "b.yaml:3:");
  const duplicate = refusal("defaults:\n  fail_max: 1\n  fail_max: 2\n");
  assertEquals([duplicate.issues[0]?.line, duplicate.issues[0]?.column], [3, 3]);
  assertStringIncludes(duplicate.message, "duplicated key");
  assertThrows(() => parseConfig("a: 1\n---\nb: 2\n"), ConfigError, "one YAML document");
  assertThrows(() => parseConfig("- 1\n"), ConfigError, "found a list of 1");
  assertThrows(() => parseConfig("enforce"), ConfigError, 'found "enforce"');
});

Deno.test("each bound holds on both sides", () => {
  const year = 365 * 86_400;
  const inside: [string, ...(number | string)[]][] = [
    ["fail_max", 1, 1_000_000],
    ["reset_timeout_s", 0.001, year],
    ["success_threshold", 1, 1_000],
    ["trial_calls", 1, 256],
    ["backoff", "{factor: 1}", "{factor: 100}", "{max_s: 0.5}"],
    ["half_open", "{jitter_ms: 0}", "{jitter_ms: 31536000000}"],
    ["classify", "{failure_statuses: [100, 999]}", "{neutral_statuses: []}"],
    ["rolling", "{threshold_failures: 1}", "{threshold_failures: 1000}"],
    ["failure_rate", "{window_s: 1, min_calls: 1, threshold: 1}"],
    ["failure_rate", "{window_s: 1, min_calls: 1, threshold: 0.001}"],
  ];
  const outside: [string, ...(number | string)[]][] = [
    ["fail_max", 0, 1_000_001, 1.5, -1, ".inf", ".nan", "'5'", "true", "", "[5]", "2020-01-01"],
    ["reset_timeout_s", 0, year + 1, -1, ".inf", ".nan", "1m", ""],
    ["success_threshold", 0, 1_001],
    ["trial_calls", 0, 257],
    ["backoff", "{factor: 0.9}", "{factor: 100.1}", "{max_s: 0}", "3"],
    ["half_open", "{jitter_ms: -1}", "{jitter_ms: 31536000001}"],
    [
      "classify",
      "{failure_statuses: [99]}",
      "{failure_statuses: [1000]}",
      "{neutral_statuses: 404}",
    ],
    ["rolling", "{threshold_failures: 0}", "{threshold_failures: 1001}", "{enabled: yes}"],
    ["failure_rate", "{window_s: 1, min_calls: 1, threshold: 0}"],
    ["failure_rate", "{window_s: 1, min_calls: 1, threshold: 1.01}"],
  ];
  for (const [key, ...values] of inside) {
    for (const value of values) {
      const { defaults } =
        resolveConfig({ file: parseConfig(`defaults: {${key}: ${value}}`) }).breakers;
      // The breaker's own bounds must let pass whatever these do.
      mergePolicy(DEFAULT_POLICY, defaults ?? {});
    }
  }
  for (const [key, ...values] of outside) {
    for (const value of values) refusal(`defaults: {${key}: ${value}}`);
  }
});

Deno.test("aliases mean their key, and a key given both ways is refused", () => {
  assertEquals(
    parseConfig(
      "defaults: {reset: 1, retry_after_cap: 2, roles: {meta: {reset: 3}}}\nrates: {a.org: {meta: 1/s}}",
    ),
    {
      defaults: {
        reset_timeout_s: 1,
        retry_after_cap_s: 2,
        roles: { metadata: { reset_timeout_s: 3 } },
      },
      rates: { "a.org": { metadata: "1/s" } },
    },
  );
  assertRefused(
    `
defaults: {reset: 1, reset_timeout_s: 1, roles: {meta: {}, metadata: {reset: 1, reset_timeout_s: 2}}}
hosts: {a.org: {retry_after_cap: 1, retry_after_cap_s: 1}}
`,
    "defaults.reset: found both reset and reset_timeout_s; expected one of them: they mean the same",
    "defaults.roles.meta: found both meta and metadata; expected one of them: they mean the same",
    "defaults.roles.metadata.reset: found both reset and reset_timeout_s; expected one of them: they mean the same",
    'hosts["a.org"].retry_after_cap: found both retry_after_cap and retry_after_cap_s; expected one of them: they mean the same',
  );
});

Deno.test("hosts are kept under their key, and two spellings of one are refused", () => {
  const config = parseConfig(
    'hosts: {API.Example.ORG.: {}, "bücher.example:8080": {}, "[::1]:80": {}}\nrates: {A.org: {x: 1/s}}',
  );
  assertEquals(Object.keys(config.hosts ?? {}), [
    "api.example.org",
    "xn--bcher-kva.example:8080",
    "[::1]",
  ]);
  assertEquals(config.rates, { "a.org": { x: "1/s" } });
  assertRefused(
    'hosts: {a.org: {}, "A.org:443": {}, "a b": {}}',
    'hosts["A.org:443"]: found a second spelling of "a.org"; expected each host once',
    'hosts["a b"]: found the name "a b"; expected a host such as "example.org" or "example.org:8080"',
  );
});

Deno.test("names of prototypes are names like any other, or refused", () => {
  const config = parseConfig(
    "hosts: {constructor: {fail_max: 2, roles: {constructor: {}, tostring: {}}}}\nresolvers: {constructor: {}}",
  );
  const { breakers } = resolveConfig({ file: config });
  assertEquals<unknown>(Reflect.get(breakers.hosts ?? {}, "constructor"), {
    failMax: 2,
    roles: { constructor: {}, tostring: {} },
  });
  for (
    const text of [
      "__proto__: {mode: off}",
      "defaults: {__proto__: {fail_max: 1}}",
      "hosts: {__proto__: {fail_max: 1}}",
      "resolvers: {__proto__: {fail_max: 1}}",
      "rates: {__proto__: {a: 1/s}}",
      "rates: {a.org: {__proto__: 1/s}}",
      "defaults: {roles: {__proto__: {fail_max: 1}}}",
      "defaults: {constructor: 1}",
      "toString: 1",
    ]
  ) refusal(text);
  assertEquals(Object.keys({}), []);
  assertEquals(Reflect.get({}, "fail_max"), undefined);
});

Deno.test("roles and resolvers have the names that the breaker takes", () => {
  const longest = "a".repeat(32);
  parseConfig(
    `defaults: {roles: {${longest}: {}}}\nresolvers: {${"a".repeat(64)}: {}, Open.Alex_2: {}}`,
  );
  for (const role of [`${longest}a`, "Landing", "1st", "'a b'"]) {
    refusal(`defaults: {roles: {${role}: {}}}`);
    refusal(`rates: {a.org: {${role}: 1/s}}`);
  }
  for (const name of ["a".repeat(65), "-x", "'a b'", "''"]) refusal(`resolvers: {${name}: {}}`);
  assertRefused(
    "resolvers: {wayback: {roles: {}, rolling: {}}}",
    ...["roles", "rolling"].map((key) =>
      `resolvers.wayback.${key}: unknown key; expected fail_max, reset_timeout_s, reset, success_threshold, ` +
      "trial_calls, retry_after_cap_s, retry_after_cap, probe_lease_s, permit_ttl_s, forget_s, backoff, " +
      "classify, half_open, failure_rate, slow_call"
    ),
  );
});

Deno.test("slow_call needs failure_rate, from wherever it comes", () => {
  const rate = "{window_s: 60, min_calls: 20, threshold: 0.5}";
  const slow = "{duration_ms: 100, threshold: 0.8}";
  const needed =
    "found slow_call alone; expected failure_rate beside it, whose window and min_calls it uses";
  assertRefused(`advanced: {slow_call: ${slow}}`, `advanced.slow_call: ${needed}`);
  assertRefused(`hosts: {a.org: {slow_call: ${slow}}}`, `hosts["a.org"].slow_call: ${needed}`);
  parseConfig(`advanced: {failure_rate: ${rate}}\nhosts: {a.org: {slow_call: ${slow}}}`);
  parseConfig(`advanced: {failure_rate: ${rate}}\nhosts: {a.org: {failure_rate: {threshold: 1}}}`);
  parseConfig(`resolvers: {wayback: {failure_rate: ${rate}, slow_call: ${slow}}}`);
  assertRefused(
    "advanced: {failure_rate: {window_s: 60}}",
    "advanced.failure_rate: found no min_calls and no threshold; expected all of window_s, min_calls, threshold",
  );
});

Deno.test("what defaults and advanced both say is refused", () => {
  assertRefused(
    "defaults: {rolling: {enabled: true}}\nadvanced: {rolling: {window_s: 1}}",
    "advanced.rolling: found rolling here and in defaults; expected it in one of them",
  );
  assertEquals(parseConfig("defaults: {fail_max: 1}\nadvanced: {rolling: {enabled: true}}"), {
    defaults: { fail_max: 1, rolling: { enabled: true } },
  });
});

Deno.test("a status in both lists of one place is refused", () => {
  assertRefused(
    "hosts: {a.org: {classify: {failure_statuses: [404, 500], neutral_statuses: [404]}}}",
    'hosts["a.org"].classify: found 404 in both lists; expected each status in one of them',
  );
});

Deno.test("limits of pacing follow their grammar", () => {
  for (const text of ["1/s", "10/s,1000/h", "1/3s", "5/10m, 7/d", "9/2h"]) {
    const { rates } = parseConfig(`rates: {a.org: {metadata: "${text}"}}`);
    assertEquals(rates?.["a.org"]?.metadata, text.replaceAll(" ", ""));
  }
  for (const text of ["", "0/s", "1/0s", "1/s,", "1/w", "1 s", "-1/s", "1.5/s", "10", "s/1"]) {
    refusal(`rates: {a.org: {metadata: "${text}"}}`);
  }
  refusal("rates: {a.org: 10/s}");
  refusal("rates: {a.org: {metadata: 10}}");
});

Deno.test("a store takes the keys of its backend only, and no error repeats a secret", () => {
  parseConfig("store: {backend: sqlite, path: ./b.db}");
  parseConfig("store: {backend: upstash, url: 'https://example.org', token_env: MY_TOKEN}");
  assertRefused(
    "store: {path: ./b.db}",
    'store.path: found path with backend "memory"; expected it only with deno-kv or sqlite',
  );
  assertRefused(
    "store: {backend: sqlite}",
    "store.path: found nothing; expected the path of the database of backend sqlite",
  );
  assertRefused(
    "store: {backend: upstash, token_env: AX8x-secret==, url: 'redis://:secret@example.org'}",
    "store.url: found a string; expected an address that starts with https:// or http://",
    "store.token_env: found a string; expected the name of an environment variable",
  );
  refusal("store: {freshness_ms: -1}");
  refusal("store: {timeout_ms: 0}");
  refusal("store: memory");
});

Deno.test("a file whose anchors make it endless is refused, not followed", () => {
  refusal("hosts: &all {a.org: {roles: *all}}");
  refusal("defaults: &all {roles: {a: *all}}");
});
