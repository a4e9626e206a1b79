/**
 * What environment variables and flags say, and what is said of those that cannot be read.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, overlayFromEnv, overlayFromFlags } from "../../src/config/mod.ts";

/** Every setting that both have, in the forms of the contract. */
const SETTINGS: [variable: string, flag: string, text: string, config: unknown][] = [
  ["BREAKWATER_DEFAULTS", "--breaker-defaults", "fail_max:5,reset:60,retry_after_cap:900", {
    defaults: { fail_max: 5, reset_timeout_s: 60, retry_after_cap_s: 900 },
  }],
  [
    "BREAKWATER_DEFAULTS",
    "--breaker-defaults",
    " reset_timeout_s:1.5, probe_lease_s:3,backoff.factor:2,half_open.jitter_ms:0",
    {
      defaults: {
        reset_timeout_s: 1.5,
        probe_lease_s: 3,
        backoff: { factor: 2 },
        half_open: { jitter_ms: 0 },
      },
    },
  ],
  ["BREAKWATER_HOSTS", "--breaker", "api.example.org=fail_max:3,reset:45", {
    hosts: { "api.example.org": { fail_max: 3, reset_timeout_s: 45 } },
  }],
  [
    "BREAKWATER_HOSTS",
    "--breaker",
    "A.org=fail_max:3; [::1]:8080=fail_max:4;a.org=trial_calls:2;",
    {
      hosts: { "a.org": { fail_max: 3, trial_calls: 2 }, "[::1]:8080": { fail_max: 4 } },
    },
  ],
  [
    "BREAKWATER_ROLES",
    "--breaker-role",
    "api.example.org:metadata=fail_max:2,success_threshold:2",
    {
      hosts: { "api.example.org": { roles: { metadata: { fail_max: 2, success_threshold: 2 } } } },
    },
  ],
  [
    "BREAKWATER_ROLES",
    "--breaker-role",
    "[::1]:8080:meta=reset:2;localhost:8080:landing=fail_max:1",
    {
      hosts: {
        "[::1]:8080": { roles: { metadata: { reset_timeout_s: 2 } } },
        "localhost:8080": { roles: { landing: { fail_max: 1 } } },
      },
    },
  ],
  ["BREAKWATER_RESOLVERS", "--breaker-resolver", "crossref=fail_max:3", {
    resolvers: { crossref: { fail_max: 3 } },
  }],
  ["BREAKWATER_CLASSIFY", "--breaker-classify", "failure=429,500,503 neutral=401,404", {
    defaults: {
      classify: { failure_statuses: [429, 500, 503], neutral_statuses: [401, 404] },
    },
  }],
  ["BREAKWATER_CLASSIFY", "--breaker-classify", "neutral=", {
    defaults: { classify: { neutral_statuses: [] } },
  }],
  ["BREAKWATER_ROLLING", "--breaker-rolling", "enabled:true,window:30,thresh:6,cooldown:60", {
    defaults: {
      rolling: { enabled: true, window_s: 30, threshold_failures: 6, cooldown_s: 60 },
    },
  }],
  ["BREAKWATER_ROLLING", "--breaker-rolling", "enabled:false,window_s:1,threshold_failures:2", {
    defaults: { rolling: { enabled: false, window_s: 1, threshold_failures: 2 } },
  }],
  ["BREAKWATER_STORE", "--store", "memory:", { store: { backend: "memory" } }],
  ["BREAKWATER_STORE", "--store", "deno-kv:", { store: { backend: "deno-kv" } }],
  ["BREAKWATER_STORE", "--store", "deno-kv:C:\\kv", {
    store: { backend: "deno-kv", path: "C:\\kv" },
  }],
  ["BREAKWATER_STORE", "--store", "sqlite:./b.db", {
    store: { backend: "sqlite", path: "./b.db" },
  }],
  ["BREAKWATER_STORE", "--store", "upstash:", { store: { backend: "upstash" } }],
  ["BREAKWATER_MODE", "--mode", "observe", { mode: "observe" }],
];

Deno.test("variables and flags say the same in the same words", () => {
  for (const [variable, flag, text, config] of SETTINGS) {
    assertEquals<unknown>(
      overlayFromEnv({ [variable]: text }).config,
      config,
      `${variable}=${text}`,
    );
    assertEquals<unknown>(overlayFromFlags([flag, text]).config, config, `${flag} ${text}`);
    assertEquals<unknown>(overlayFromFlags([`${flag}=${text}`]).config, config, `${flag}=${text}`);
  }
});

Deno.test("path and debug are taken from both", () => {
  assertEquals(overlayFromEnv({ BREAKWATER_CONFIG: "b.yaml", BREAKWATER_DEBUG: "1" }), {
    config: {},
    configPath: "b.yaml",
    debug: true,
  });
  assertEquals(overlayFromEnv({ BREAKWATER_DEBUG: "0" }).debug, false);
  assertEquals(overlayFromFlags(["--breaker-config", "b.yaml", "--debug", "serve"]), {
    config: {},
    configPath: "b.yaml",
    debug: true,
    rest: ["serve"],
  });
  assertEquals(overlayFromFlags(["--debug=0"]).debug, false);
  assertEquals(overlayFromFlags(["--debug", "1"]), { config: {}, debug: true, rest: [] });
});

Deno.test("an empty variable counts as not set, and others are left alone", () => {
  const env = { BREAKWATER_MODE: "", BREAKWATER_HOSTS: "  ", BREAKWATER_DEBUG: "", HOME: "/root" };
  assertEquals(overlayFromEnv(env), { config: {} });
  assertEquals(overlayFromEnv({ BREAKWATER_STORE: undefined }), { config: {} });
});

Deno.test("a repeated flag adds to the one before, and wins where both speak", () => {
  const { config } = overlayFromFlags(
    ["--breaker", "a.org=fail_max:1,trial_calls:2", "--breaker=A.ORG=fail_max:3"].concat(
      ["--breaker", "b.org=reset:1", "--breaker", "b.org=reset_timeout_s:2", "--mode", "off"],
      ["--mode", "observe"],
    ),
  );
  assertEquals(config, {
    hosts: { "a.org": { fail_max: 3, trial_calls: 2 }, "b.org": { reset_timeout_s: 2 } },
    mode: "observe",
  });
});

Deno.test("every other argument comes back in its order", () => {
  const args = ["serve", "--port", "0", "--mode=off", "-v", "--", "--mode", "--breaker-x"];
  assertEquals(overlayFromFlags(args).rest, [
    ...["serve", "--port", "0", "-v", "--", "--mode", "--breaker-x"],
  ]);
});

Deno.test("what cannot be read is told by name, with what was found and what is allowed", () => {
  const cases: [variable: string, flag: string, text: string, problem: string][] = [
    [
      "BREAKWATER_DEFAULTS",
      "--breaker-defaults",
      "fail_max",
      'found "fail_max"; expected key:value',
    ],
    ["BREAKWATER_DEFAULTS", "--breaker-defaults", "fail_max:5,", 'found ""; expected key:value'],
    ["BREAKWATER_DEFAULTS", "--breaker-defaults", "reset:1:2", 'found "reset:1:2"; expected key:'],
    ["BREAKWATER_DEFAULTS", "--breaker-defaults", "fail_max:1,fail_max:2", "found fail_max twice"],
    ["BREAKWATER_DEFAULTS", "--breaker-defaults", "fail_mx:1", "did you mean 'fail_max'?"],
    [
      "BREAKWATER_DEFAULTS",
      "--breaker-defaults",
      "fail_max:0x10",
      'defaults.fail_max: found "0x10"',
    ],
    [
      "BREAKWATER_DEFAULTS",
      "--breaker-defaults",
      "reset:1,reset_timeout_s:1",
      "found both reset and",
    ],
    ["BREAKWATER_DEFAULTS", "--breaker-defaults", "__proto__.fail_max:1", "__proto__: unknown key"],
    [
      "BREAKWATER_HOSTS",
      "--breaker",
      "fail_max:3",
      'found "fail_max:3"; expected api.example.org=',
    ],
    ["BREAKWATER_HOSTS", "--breaker", "a b=fail_max:3", 'found "a b"; expected a host such as'],
    ["BREAKWATER_HOSTS", "--breaker", "a.org=fail_max:0", 'hosts["a.org"].fail_max: found 0'],
    ["BREAKWATER_HOSTS", "--breaker", "__proto__=fail_max:1", "hosts.__proto__: found the name"],
    ["BREAKWATER_HOSTS", "--breaker", ";", 'found ";"; expected api.example.org='],
    ["BREAKWATER_ROLES", "--breaker-role", "a.org=fail_max:3", 'found "a.org"; expected host:role'],
    ["BREAKWATER_ROLES", "--breaker-role", "a.org:80=fail_max:3", 'found the name "80"'],
    ["BREAKWATER_ROLES", "--breaker-role", "a.org:x=forget_s:3", "roles.x.forget_s: unknown key"],
    ["BREAKWATER_RESOLVERS", "--breaker-resolver", "a/b=fail_max:3", 'found the name "a/b"'],
    ["BREAKWATER_CLASSIFY", "--breaker-classify", "failures=500", "did you mean 'failure'?"],
    ["BREAKWATER_CLASSIFY", "--breaker-classify", "failure=99", "failure_statuses[0]: found 99"],
    ["BREAKWATER_CLASSIFY", "--breaker-classify", "failure=500,", 'failure_statuses[1]: found ""'],
    ["BREAKWATER_CLASSIFY", "--breaker-classify", "failure=500 neutral=500", "500 in both lists"],
    ["BREAKWATER_CLASSIFY", "--breaker-classify", "neutral=1 neutral=2", "found neutral twice"],
    ["BREAKWATER_ROLLING", "--breaker-rolling", "thresh:6,threshold_failures:6", "twice"],
    ["BREAKWATER_ROLLING", "--breaker-rolling", "enabled:maybe", 'found "maybe"; expected true or'],
    ["BREAKWATER_STORE", "--store", "sqlite:", 'found "sqlite:"; expected memory:, deno-kv:PATH'],
    ["BREAKWATER_STORE", "--store", "upstash:https://x", "expected memory:, deno-kv:PATH"],
    ["BREAKWATER_STORE", "--store", "deno-vk:", "did you mean 'deno-kv'?"],
    ["BREAKWATER_MODE", "--mode", "observ", "did you mean 'observe'?"],
  ];
  for (const [variable, flag, text, problem] of cases) {
    const fromEnv = assertThrows(() => overlayFromEnv({ [variable]: text }), ConfigError, problem);
    assertEquals(fromEnv.issues.map((issue) => issue.source), [variable]);
    const fromFlag = assertThrows(() => overlayFromFlags([flag, text]), ConfigError, problem);
    assertEquals(fromFlag.issues.map((issue) => issue.source), [flag]);
  }
});

Deno.test("a backend may be named without its colon where it needs no path", () => {
  assertEquals(overlayFromFlags(["--store", "memory"]).config, { store: { backend: "memory" } });
  assertThrows(() => overlayFromFlags(["--store", "sqlite"]), ConfigError, "sqlite:PATH");
});

Deno.test("a flag without its value, an unknown one and a wrong switch are told together", () => {
  const args = ["--mode", "--store", "--breaker-rol", "x", "--debug=maybe", "--breaker-config="];
  const error = assertThrows(() => overlayFromFlags(args), ConfigError);
  assertEquals(error.message.split("\n"), [
    "--mode: found nothing; expected a value: --mode VALUE or --mode=VALUE",
    "--store: found nothing; expected a value: --store VALUE or --store=VALUE",
    "--breaker-rol: unknown key; did you mean '--breaker-role'?",
    '--debug: found "maybe"; expected 1 or 0',
    "--breaker-config: found nothing; expected a value: --breaker-config VALUE or --breaker-config=VALUE",
  ]);
  assertThrows(() => overlayFromEnv({ BREAKWATER_DEBUG: "yes" }), ConfigError, "BREAKWATER_DEBUG");
});

Deno.test("problems in several variables are told in one error", () => {
  const env = { BREAKWATER_MODE: "of", BREAKWATER_STORE: "redis:", BREAKWATER_DEBUG: "2" };
  const error = assertThrows(() => overlayFromEnv(env), ConfigError);
  assertEquals(error.issues.length, 3);
});
