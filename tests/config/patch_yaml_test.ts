/**
 * Changes of policies as a file, and read again.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { hostKey, type PolicyChange } from "../../mod.ts";
import { parseConfig, policyChangesYaml, resolveConfig } from "../../src/config/mod.ts";

const host = "api.example.org";

Deno.test("changes are written by host, rates apart, with their reasons above", () => {
  const yaml = policyChangesYaml([
    { host, patch: { failMax: 3, rates: { metadata: "8/s,800/h" } }, reason: "4 opens" },
    { host: "b.example:8080", patch: { roles: { artifact: { resetTimeoutMs: 90_000 } } } },
  ]);
  assertEquals(
    yaml,
    `# api.example.org: 4 opens
hosts:
  api.example.org:
    fail_max: 3
  'b.example:8080':
    roles:
      artifact:
        reset_timeout_s: 90
rates:
  api.example.org:
    metadata: '8/s,800/h'
`,
  );
});

Deno.test("several changes of a host are laid over each other, the last one on top", () => {
  const changes: PolicyChange[] = [
    { host, patch: { failMax: 3, roles: { artifact: { failMax: 4 } } } },
    { host, patch: { failMax: 2, roles: { artifact: { trialCalls: 1 } } } },
  ];
  assertEquals(parseConfig(policyChangesYaml(changes)).hosts, {
    [host]: { fail_max: 2, roles: { artifact: { fail_max: 4, trial_calls: 1 } } },
  });
});

Deno.test("what is read again holds for the same host, for every form that a key has", () => {
  const keys = [host, "xn--bcher-kva.example", "example.org:8080", "example.org:443", "[::1]:80"];
  for (const key of keys) {
    const text = policyChangesYaml([{ host: key, patch: { resetTimeoutMs: 1_500 } }]);
    const { hosts } = resolveConfig({ file: parseConfig(text) }).breakers;
    assertEquals(Object.keys(hosts ?? {}).map(hostKey), [key]);
    assertEquals(Object.values(hosts ?? {}), [{ resetTimeoutMs: 1_500 }], key);
  }
});

Deno.test("a reason stays a comment, whatever it holds", () => {
  const reason = "one\ndefaults: { fail_max: 1 }\r\u2028\u0085mode: off";
  const yaml = policyChangesYaml([{ host, patch: { failMax: 3 }, reason }]);
  assertEquals(parseConfig(yaml), { hosts: { [host]: { fail_max: 3 } } });
});

Deno.test("no changes make an empty file, which is a configuration too", () => {
  assertEquals([policyChangesYaml([]), policyChangesYaml([{ host, patch: {} }])], ["", ""]);
  assertEquals(parseConfig(""), {});
});
