/**
 * What the README says that no other test reads: the policy's defaults, what there is of commands and backends, and
 * the calls by `curl`.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DEFAULT_POLICY } from "../mod.ts";
import { COMMANDS } from "../src/cli/commands.ts";
import { ConfigError, loadConfig } from "../src/config/mod.ts";
import { ServerProcess } from "./edge/server_process.ts";

const README = await Deno.readTextFile(new URL("../README.md", import.meta.url));

/** The rows of the table below a heading. */
function rowsUnder(heading: string): string[] {
  const section = README.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").filter((line) => line.startsWith("|")).slice(2);
}

/** The cells of the rows of the table below a heading, without backticks. */
function tableUnder(heading: string): string[][] {
  return rowsUnder(heading).map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.replaceAll("`", "").trim())
  );
}

/** `60 s` and `150 ms` in milliseconds, `5` as it is; undefined for words. */
function numberIn(text: string): number | undefined {
  const [, number, unit] = /^(\d+)(?: (s|ms))?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  return unit === "s" ? Number(number) * 1_000 : Number(number);
}

Deno.test("the README's table of policies has every key, and its default", () => {
  const rows = tableUnder("How it decides");
  const policy: Record<string, unknown> = { ...DEFAULT_POLICY };
  const defaults = Object.fromEntries(rows.map(([key, , text]) => [key, numberIn(text!)]));
  const known = [...Object.keys(policy), "failureRate", "slowCall", "rates"];
  assertEquals(Object.keys(defaults).toSorted(), [...new Set(known)].toSorted());
  for (const [key, value] of Object.entries(policy)) {
    if (typeof value === "number") assertEquals(defaults[key], value, key);
  }
  assertEquals(defaults.halfOpen, DEFAULT_POLICY.halfOpen.jitterMs);
});

Deno.test("the README's table of commands has every command", () => {
  const rows = rowsUnder("Command line");
  // Some share a row: `half-open HOST` stands beside open.
  const stands = (name: string) => rows.some((row) => new RegExp(`\`${name}[\` ]`).test(row));
  assertEquals(COMMANDS.map(({ name }) => name).filter((name) => !stands(name)), []);
});

Deno.test("the README's table of settings names every backend in the form that is taken", async () => {
  const readTextFile = () => Promise.reject(new Deno.errors.NotFound());
  const env = { BREAKWATER_STORE: "nowhere:" };
  const { issues } = await assertRejects(
    () => loadConfig({ env, args: [], readTextFile }),
    ConfigError,
  );
  const forms = [...(issues[0]?.expected ?? "").matchAll(/\b[a-z-]+:[A-Z]*/g)].map(([form]) =>
    form
  );
  assert(forms.includes("memory:"), `${forms}`);
  const row = rowsUnder("Configuration").find((row) => row.includes("`BREAKWATER_STORE`")) ?? "";
  assertEquals(forms.filter((form) => !row.includes(`\`${form}\``)), []);
});

Deno.test("the README's calls by curl are answered as it shows", async () => {
  const block = README.split("```sh\n").map((text) => text.split("```")[0]!)
    .find((text) => text.startsWith("curl --json"));
  assert(block !== undefined, "README.md has no block of curl calls");
  await using server = new ServerProcess({ env: { BREAKWATER_STORE: "memory:" } });
  const url = await server.url();
  let permit = "";
  let shown = 0;
  let answer: Record<string, unknown> = {};
  for (const line of block.trim().split("\n")) {
    if (line.startsWith("#")) {
      const expected = Object.keys(JSON.parse(line.slice(1)));
      assertEquals(Object.keys(answer), expected, line);
      shown++;
      continue;
    }
    const command = line.replaceAll("http://127.0.0.1:8000", url.replace(/\/$/, ""))
      .replace(/1~[^"]*/, permit).replace(/^curl/, "curl -sf");
    const { code, stdout } = await new Deno.Command("sh", { args: ["-c", command] })
      .output();
    assertEquals(code, 0, line);
    answer = JSON.parse(new TextDecoder().decode(stdout));
    if (typeof answer.permit === "string") permit = answer.permit;
  }
  assertEquals(shown, 2);
});
