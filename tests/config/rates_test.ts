/**
 * Limits in a configuration: where they may stand, what becomes of them, what is refused.
 *
 * @module
 */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  ConfigError,
  describeConfig,
  parseConfig,
  parseOverride,
  parsePolicyPatch,
  policyFromYaml,
  policyToYaml,
  resolveConfig,
} from "../../src/config/mod.ts";
import { Policies } from "../../src/registry/overrides/policies.ts";

function refusal(text: string): string {
  return assertThrows(() => parseConfig(text, "b.yaml"), ConfigError).message;
}

Deno.test("rates of their own section, of a host and of the defaults are one policy", () => {
  const { breakers } = resolveConfig({
    file: parseConfig(`
rates: {a.org: {meta: "10/s, 1000/h"}}
hosts: {A.org: {fail_max: 2, rates: {"*": 20/s}}}
defaults: {rates: {landing: 1/s, metadata: 9/s}}
`),
  });
  const book = new Policies(breakers);
  assertEquals(book.ofHost("a.org").rates, {
    landing: "1/s",
    metadata: "10/s,1000/h",
    "*": "20/s",
  });
  assertEquals(book.ofHost("a.org").failMax, 2);
  assertEquals(book.ofHost("b.org").rates, { landing: "1/s", metadata: "9/s" });
  assertEquals(book.ofResolver("crossref").rates, undefined);
});

Deno.test("the longest wait has a default, and may be set", () => {
  assertEquals(resolveConfig().breakers.pacing, { maxWaitMs: 1_000 });
  const set = resolveConfig({ file: parseConfig("pacing: {max_wait_ms: 0}") });
  assertEquals(set.breakers.pacing, { maxWaitMs: 0 });
  assertEquals(describeConfig(set).includes("pacing.max_wait_ms = 0 (file)"), true);
  assertEquals(parseConfig("pacing:"), { pacing: {} });
});

for (
  const [text, message] of [
    ["pacing: {max_wait: 1}", "pacing.max_wait: unknown key; did you mean 'max_wait_ms'?"],
    ["pacing: {max_wait_ms: 60001}", "expected a number of milliseconds from 0 to 60000"],
    ["pacing: {max_wait_ms: -1}", "expected a number of milliseconds from 0 to 60000"],
    ["rates: {a.org: {'*': 1/w}}", 'rates["a.org"]["*"]: found "1/w"; expected limits such as'],
    [
      "rates: {a.org: {landing: '1/s,2/1s'}}",
      'rates["a.org"].landing: found "1/s,2/1s"; expected a text that must name each time once, and names 1 s twice',
    ],
    ["hosts: {a.org: {rates: {Landing: 1/s}}}", 'hosts["a.org"].rates.Landing: found the name'],
    ["defaults: {rates: 1/s}", 'defaults.rates: found "1/s"; expected a mapping of roles'],
    ["resolvers: {crossref: {rates: {landing: 1/s}}}", "resolvers.crossref.rates: unknown key"],
    [
      "rates: {A.org: {meta: 1/s}}\nhosts: {a.org: {rates: {metadata: 2/s}}}",
      'rates["A.org"].metadata: found it here and in the rates of hosts; expected it in one of them',
    ],
  ] as const
) {
  Deno.test(`${JSON.stringify(text)} is refused, saying why`, () => {
    assertStringIncludes(refusal(text), message);
  });
}

Deno.test("a patch of rates goes from the YAML's names to a policy and back", () => {
  const patch = parsePolicyPatch({ rates: { meta: "8/s , 1000/h", "*": "20/s" } });
  assertEquals(patch, { rates: { metadata: "8/s,1000/h", "*": "20/s" } });
  assertEquals(policyFromYaml(policyToYaml(patch)), patch);
  assertEquals(parseOverride({ rates: { landing: "1/3s" } }, {}), { rates: { landing: "1/3s" } });
  assertThrows(
    () => parseOverride({ rates: { landing: "fast" } }, {}),
    ConfigError,
    "limits such as",
  );
});
