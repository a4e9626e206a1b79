/**
 * `check` and `import-config`: what a configuration comes to, and other projects' as ours.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { importForeign } from "../../src/cli/foreign_config.ts";
import { parseConfig } from "../../src/config/mod.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { here } from "./cli_here.ts";
import { breakwater, jsonOf } from "./cli_process.ts";

const EXAMPLE = new URL("../../config/breakers.yaml", import.meta.url).pathname;

Deno.test("check prints every value with its source, by file, environment and flags", async () => {
  const { code, out, err } = await breakwater(
    ["check", EXAMPLE, "--breaker", "api.crossref.org=fail_max:7"],
    { env: { BREAKWATER_DEFAULTS: "trial_calls:2" } },
  );
  assertEquals(code, 0, err);
  assertMatch(out, /^mode = "enforce" \(file\)$/m);
  assertMatch(out, /^defaults\.trial_calls = 2 \(environment\)$/m);
  assertMatch(out, /^hosts\["api\.crossref\.org"\]\.fail_max = 7 \(flags\)$/m);
  assertStringIncludes(err, `${EXAMPLE} is right`);
  const answer = jsonOf(await here(["check", EXAMPLE, "--json"]));
  assertEquals([answer.file, answer.effective.defaults.fail_max], [EXAMPLE, 5]);
  assertEquals(answer.sources["defaults.fail_max"], "file");
});

Deno.test("check refuses a wrong configuration with code 1, naming all that is wrong in it", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/b.yaml`;
  await Deno.writeTextFile(path, "mode: enforced\ndefaults: { fail_mx: 3, reset: 0 }\n");
  const wrong = await breakwater(["check", path]);
  assertEquals([wrong.code, wrong.out], [1, ""]);
  for (const word of ["mode", "enforce, observe, off", "fail_max", "reset"]) {
    assertStringIncludes(wrong.err, word);
  }
  const none = `${folder.path}/none.yaml`;
  const missing = await here(["check", none]);
  assertEquals(
    [missing.code, missing.err],
    [1, `breakwater: ${none} cannot be read: No such file or directory\n`],
  );
  const byFlag = await here(["check", "--breaker-config", none]);
  assertEquals(byFlag.code, 1);
  assertMatch(byFlag.err, /^breakwater: --breaker-config: found ".*none\.yaml", which cannot/);
  await Deno.writeTextFile(path, "defaults: {\n");
  const broken = await here(["check", path]);
  assertEquals(broken.code, 1);
  assertMatch(broken.err, /b\.yaml:\d+:\d+/);
});

const OTHER = `
defaults:
  fail_max: 5
  reset_timeout: 60
  retry_after_cap: 15m
  successThreshold: 2
  half_open: { jitter: 250ms, max_calls: 3 }
  classify: { failure: [429, 500, 503], neutral: "401, 404" }
  roles: { meta: { fail_max: 3, reset: 45s } }
  colour: blue
advanced:
  rolling: { enabled: true, thresh: 3, window: 10, cooldown: 30 }
  failure_rate: { window_s: 60, minimum_calls: 20, threshold: 50% }
hosts:
  API.crossref.org: { failure-threshold: 6, resetTimeoutMs: 90000, notify: { slack: "#crawl" } }
  slow.example.org: { fail_max: 0, success_threshold: 4 }
resolvers: { wayback: { fail_max: 4, roles: { artifact: { fail_max: 3 } } } }
rates: { api.crossref.org: { metadata: "10/s" } }
`;

Deno.test("another project's file is taken with its names, units and aliases, and what is left behind is told", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/other.yaml`;
  await Deno.writeTextFile(path, OTHER);
  const { code, out, err } = await breakwater(["import-config", path]);
  assertEquals(code, 0, err);
  assertEquals(parseConfig(out), {
    defaults: {
      fail_max: 5,
      reset_timeout_s: 60,
      retry_after_cap_s: 900,
      success_threshold: 2,
      trial_calls: 3,
      half_open: { jitter_ms: 250 },
      classify: { failure_statuses: [429, 500, 503], neutral_statuses: [401, 404] },
      roles: { metadata: { fail_max: 3, reset_timeout_s: 45 } },
      rolling: { enabled: true, threshold_failures: 3, window_s: 10, cooldown_s: 30 },
      failure_rate: { window_s: 60, min_calls: 20, threshold: 0.5 },
    },
    hosts: {
      "api.crossref.org": { fail_max: 6, reset_timeout_s: 90 },
      "slow.example.org": { success_threshold: 4 },
    },
    resolvers: { wayback: { fail_max: 4 } },
    rates: { "api.crossref.org": { metadata: "10/s" } },
  });
  const left = err.trim().split("\n");
  assertEquals(left.length, 4, err);
  for (const word of ["defaults.colour", "notify.slack", "fail_max = 0", "wayback.roles"]) {
    assertEquals(left.filter((line) => line.includes(word)).length, 1, word);
  }
  const output = `${folder.path}/ours.yaml`;
  const answer = jsonOf(await breakwater(["import-config", path, "--output", output, "--json"]));
  assertEquals(answer.not_taken.length, 4);
  assertEquals((await here(["check", output])).code, 0);
  const again = await here(["import-config", path, "--output", output]);
  assertEquals(again.code, 1, "what is there may have been edited");
});

Deno.test("our own example goes in and comes out the same", async () => {
  const { code, out, err } = await here(["import-config", EXAMPLE]);
  assertEquals([code, err], [0, ""]);
  assertEquals(parseConfig(out), parseConfig(await Deno.readTextFile(EXAMPLE)));
});

Deno.test("a file that is no configuration of breakers, no YAML, or not there, is refused with code 1", async () => {
  await using folder = await temporaryFolder();
  const texts = {
    "list.yaml": "- 1\n- 2\n",
    "other.yaml": "colour: blue\n",
    "broken.yaml": "a: {\n",
  };
  const asProcess = await breakwater(["import-config", `${folder.path}/none.yaml`]);
  assertEquals([asProcess.code, asProcess.out], [1, ""]);
  for (const [name, text] of Object.entries(texts)) {
    await Deno.writeTextFile(`${folder.path}/${name}`, text);
  }
  for (const name of [...Object.keys(texts), "none.yaml"]) {
    const { code, out, err } = await here(["import-config", `${folder.path}/${name}`]);
    assertEquals([code, out], [1, ""]);
    assertStringIncludes(err, name);
  }
});

const FOREIGN: [what: string, written: unknown, taken: unknown][] = [
  ["settings without a section", { fail_max: 3, reset: 10 }, {
    defaults: { fail_max: 3, reset_timeout_s: 10 },
  }],
  ["a section around everything", { circuit_breaker: { defaults: { fail_max: 3 } } }, {
    defaults: { fail_max: 3 },
  }],
  ["roles of all hosts", { roles: { meta: { failMax: 2 } } }, {
    defaults: { roles: { metadata: { fail_max: 2 } } },
  }],
  ["switched off", { enabled: false }, { mode: "off" }],
  ["hosts under another name", { domains: { "Example.ORG.": { max_failures: 2 } } }, {
    hosts: { "example.org": { fail_max: 2 } },
  }],
  ["minutes and seconds", { defaults: { reset: "1m30s", recovery_timeout_ms: undefined } }, {
    defaults: { reset_timeout_s: 90 },
  }],
  ["milliseconds in a key", { defaults: { reset_timeout_ms: 1_500 } }, {
    defaults: { reset_timeout_s: 1.5 },
  }],
  ["percent", { defaults: { failure_rate: { window: 60, volume: 10, percentage: 25 } } }, {
    defaults: { failure_rate: { window_s: 60, min_calls: 10, threshold: 0.25 } },
  }],
  [
    "a prototype in disguise",
    JSON.parse('{"__proto__":{"fail_max":1},"hosts":{"__proto__":{}}}'),
    {},
  ],
];

for (const [what, written, taken] of FOREIGN) {
  Deno.test(`of another project is taken: ${what}`, () => {
    assertEquals(importForeign(written).config, taken);
  });
}
