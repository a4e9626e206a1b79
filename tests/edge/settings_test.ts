/**
 * Address and tokens from the environment.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { isLoopback } from "../../src/edge/host_check.ts";
import { readSettings, requireTokensFor, StartError } from "../../src/edge/settings.ts";

const TOKEN = "0123456789abcdef";

Deno.test("without variables the server listens on 127.0.0.1:8000, without tokens", () => {
  assertEquals(readSettings({}), {
    hostname: "127.0.0.1",
    port: 8_000,
    tokens: { crawl: [], read: [], admin: [] },
    tuner: "suggest",
    onDeploy: false,
    warnings: [],
  });
});

Deno.test("PORT is a whole number from 0 to 65535", () => {
  assertEquals(readSettings({ PORT: "0" }).port, 0);
  assertEquals(readSettings({ PORT: " 65535 " }).port, 65_535);
  assertEquals(readSettings({ PORT: "" }).port, 8_000);
  for (const PORT of ["65536", "-1", "80.5", "http", "0x50", "1e3"]) {
    const error = assertThrows(() => readSettings({ PORT }), StartError);
    assertStringIncludes(error.message, `'${PORT}'`);
  }
});

Deno.test("HOST may be an IPv6 address with or without brackets", () => {
  assertEquals(readSettings({ HOST: "[::1]" }).hostname, "::1");
  assertEquals(readSettings({ HOST: "::1" }).hostname, "::1");
});

Deno.test("tokens are comma separated, trimmed, and empty ones ignored", () => {
  const { tokens, warnings } = readSettings({
    BREAKWATER_CRAWL_TOKENS: ` ${TOKEN} ,,${TOKEN}-2,`,
    BREAKWATER_READ_TOKENS: " , ",
    BREAKWATER_ADMIN_TOKENS: `${TOKEN}==`,
  });
  assertEquals(tokens, { crawl: [TOKEN, `${TOKEN}-2`], read: [], admin: [`${TOKEN}==`] });
  assertEquals(warnings, []);
});

Deno.test("a token of 15 characters is warned of, without repeating it", () => {
  const short = TOKEN.slice(1);
  const { tokens, warnings } = readSettings({ BREAKWATER_READ_TOKENS: `${TOKEN},${short}` });
  assertEquals(tokens.read, [TOKEN, short]);
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "Token 2 of BREAKWATER_READ_TOKENS has 15 characters");
  assert(!warnings[0]!.includes(short));
});

Deno.test("a token that no header can carry is refused, without repeating it", () => {
  for (const token of ["with space and more", "tökentökentökentöken", `${"x".repeat(1_025)}`]) {
    const error = assertThrows(() => readSettings({ BREAKWATER_CRAWL_TOKENS: token }), StartError);
    assertStringIncludes(error.message, "Token 1 of BREAKWATER_CRAWL_TOKENS");
    assert(!error.message.includes(token));
  }
});

Deno.test("on Deno Deploy there must be a token", () => {
  for (const variable of ["DENO_DEPLOYMENT_ID", "DENO_DEPLOY"]) {
    const error = assertThrows(() => readSettings({ [variable]: "1" }), StartError);
    assertStringIncludes(error.message, "BREAKWATER_CRAWL_TOKENS");
    const env = { [variable]: "1", BREAKWATER_CRAWL_TOKENS: TOKEN };
    assertEquals(readSettings(env).onDeploy, true);
  }
});

Deno.test("without tokens only this machine is listened to", () => {
  for (const hostname of ["127.0.0.1", "127.8.9.10", "localhost", "::1", "[::1]"]) {
    assert(isLoopback(hostname), hostname);
    requireTokensFor(hostname, {});
  }
  for (const hostname of ["0.0.0.0", "::", "192.168.1.2", "127.0.0.1.example.org", "example.org"]) {
    assert(!isLoopback(hostname), hostname);
    const error = assertThrows(() => requireTokensFor(hostname, { read: [] }), StartError);
    assertStringIncludes(error.message, "BREAKWATER_ADMIN_TOKENS");
    requireTokensFor(hostname, { read: [TOKEN] });
  }
});

const LIMITS: [string, { perSecond: number; burst?: number }][] = [
  ["100/s", { perSecond: 100 }],
  [" 6000/m ", { perSecond: 100 }],
  ["1800/h", { perSecond: 0.5 }],
  ["100/s,burst:250", { perSecond: 100, burst: 250 }],
];

for (const [text, limit] of LIMITS) {
  Deno.test(`the token limit '${text}' is read`, () => {
    const env = { BREAKWATER_TOKEN_LIMIT: text, BREAKWATER_READ_TOKENS: TOKEN };
    const { tokenLimit, warnings } = readSettings(env);
    assertEquals(tokenLimit, limit);
    assertEquals(warnings, []);
  });
}

Deno.test("a token limit that cannot be read is refused with what is allowed", () => {
  for (const text of ["100", "0/s", "-1/s", "1.5/s", "100/d", "100/s,200", "many", "1e3/s"]) {
    const error = assertThrows(
      () => readSettings({ BREAKWATER_TOKEN_LIMIT: text }),
      StartError,
      "such as 100/s",
    );
    assertStringIncludes(error.message, `current value is '${text}'`);
  }
});

Deno.test("a token limit without tokens limits nobody, which is warned of", () => {
  const { warnings } = readSettings({ BREAKWATER_TOKEN_LIMIT: "100/s" });
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "BREAKWATER_TOKEN_LIMIT limits nobody");
  assertStringIncludes(warnings[0]!, "BREAKWATER_CRAWL_TOKENS");
  assertEquals(readSettings({ BREAKWATER_TOKEN_LIMIT: " " }).tokenLimit, undefined);
});
