/**
 * The small examples, each run as its first lines say.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";

async function run(rights: string[], name: string): Promise<string> {
  const path = decodeURIComponent(new URL(`../../examples/${name}`, import.meta.url).pathname);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...rights, path],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text + new TextDecoder().decode(stderr));
  return text;
}

Deno.test("the fetch example stops asking a server that is down, and finds out when it is back", async () => {
  const text = await run(["--allow-net"], "fetch.ts");
  assertMatch(text, /^1: 503 Down\n2: 503 Down\n3: 503 Down\n4: not sent, ask again in \d+ ms\n/);
  assertMatch(text, /not sent, ask again in \d+ ms\n(\d+: 200 A page\n)+$/);
});

Deno.test("the registry example opens a role's breaker, a cooldown, and closes by hand", async () => {
  const text = await run([], "registry.ts");
  assertMatch(text, /api\.example\.org, role metadata: closed -> open \(open\)\ndenied: open/);
  assertMatch(text, /another role: true\n/);
  assertMatch(text, /in trouble: files\.example\.org open \(retry_after\)\n/);
  assertMatch(text, /after close: closed\n$/);
});
