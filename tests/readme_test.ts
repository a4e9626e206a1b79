/**
 * What the README says that no other test reads: tables against the code, the calls by `curl`, and that no link,
 * path, task or block of code is one that nobody has tried.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BreakerRegistry, DEFAULT_POLICY } from "../mod.ts";
import { COMMANDS } from "../src/cli/commands.ts";
import { BACKEND_GRAMMAR } from "../src/config/backends.ts";
import { CONFIG_VARIABLES } from "../src/config/environment.ts";
import { loadConfig, parseConfig } from "../src/config/mod.ts";
import { createApp } from "../src/edge/mod.ts";
import { ServerProcess } from "./edge/server_process.ts";
import { importsOf, sourceFiles } from "./support/imports.ts";
import { codeBlocks, codeIn, README, ROOT, sectionOf, tableOf } from "./support/readme.ts";

const DENO_JSON: { tasks: Record<string, { command: string }>; imports: Record<string, string> } =
  JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));

/** `60 s` and `150 ms` in milliseconds, `5` as it is; undefined for words. */
function numberIn(text: string): number | undefined {
  const [, number, unit] = /^(\d+)(?: (s|ms))?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  return unit === "s" ? Number(number) * 1_000 : Number(number);
}

Deno.test("the README's table of policies has every key, and its default", () => {
  const rows = tableOf("Policies and configuration", "policy");
  const policy: Record<string, unknown> = { ...DEFAULT_POLICY };
  const defaults = Object.fromEntries(
    rows.map(([key = "", , text = ""]) => [codeIn(key)[0], numberIn(text)]),
  );
  const known = [...Object.keys(policy), "failureRate", "slowCall", "rates"];
  assertEquals(Object.keys(defaults).toSorted(), [...new Set(known)].toSorted());
  for (const [key, value] of Object.entries(policy)) {
    if (typeof value === "number") assertEquals(defaults[key], value, key);
  }
  assertEquals(defaults.halfOpen, DEFAULT_POLICY.halfOpen.jitterMs);
});

Deno.test("the README's variables and flags are all there are, and take the values that it shows", async () => {
  const rows = tableOf("Policies and configuration", "environment");
  const names = rows.map(([name = ""]) => codeIn(name)[0]!);
  assertEquals(names.toSorted(), CONFIG_VARIABLES.toSorted());
  const readTextFile = () => "mode: observe\n";
  for (const [name = "", flag = "", forms = ""] of rows) {
    const values = codeIn(forms).filter((value) => value !== ";");
    for (const value of values.length > 0 ? values : ["breakers.yaml"]) {
      await loadConfig({ env: { [codeIn(name)[0]!]: value }, readTextFile });
      const debug = flag.includes("--debug");
      const args = debug ? ["--debug"] : [codeIn(flag)[0]!, value];
      assertEquals((await loadConfig({ args, readTextFile })).rest, []);
    }
  }
});

Deno.test("the README's YAML can be loaded", () => {
  const [yaml, ...others] = codeBlocks().filter(({ language }) => language === "yaml");
  assert(yaml !== undefined && others.length === 0);
  assertEquals(parseConfig(yaml.text, "README.md").rates?.["api.crossref.org"]?.artifact, "1/3s");
});

Deno.test("the README's table of the HTTP API has every path", async () => {
  await using registry = new BreakerRegistry();
  const document = await (await createApp({ registry }).request("/openapi.json")).json();
  const named = new Set(codeIn(sectionOf("HTTP API")).map((call) => /\/\S*$/.exec(call)?.[0]));
  // Only the page itself asks for these.
  const own = /^\/(dashboard\/|session$)/;
  const paths = Object.keys(document.paths).filter((path) => !own.test(path));
  assertEquals(paths.filter((path) => !named.has(path)), ["/v1/breakers"], "shown by curl");
  assert(README.includes("/v1/breakers  "));
});

Deno.test("the README names every backend in the form that is taken", () => {
  const forms = BACKEND_GRAMMAR.split(/, | or /);
  const row = tableOf("Policies and configuration", "environment")
    .find(([name = ""]) => codeIn(name)[0] === "BREAKWATER_STORE");
  assertEquals(codeIn(row![2]!), forms);
});

Deno.test("the README's table of commands has every command", () => {
  const text = tableOf("Command line", "command").map((row) => row.join(" ")).join("\n");
  const named = new Set(codeIn(text).map((usage) => usage.split(" ")[0]));
  assertEquals(COMMANDS.map(({ name }) => name).filter((name) => !named.has(name)), []);
});

Deno.test("the README's map has every folder of src, and names every package that the code imports", () => {
  const folders = [...Deno.readDirSync(new URL("src/", ROOT))].map(({ name }) => `src/${name}`);
  const mapped = tableOf("Contributing", "folder").flatMap(([folder = ""]) => codeIn(folder));
  assertEquals(folders.filter((folder) => !mapped.includes(folder)), []);

  const named = tableOf("Dependencies", "package").flatMap(([packages = ""]) => codeIn(packages));
  const files = ["src/", "tests/", "examples/", "config/"]
    .flatMap((folder) => sourceFiles(new URL(folder, ROOT)));
  const imported = files.flatMap(importsOf).map(({ specifier }) => specifier);
  const packages = [...imported, ...Object.values(DENO_JSON.imports)]
    .map((specifier) => /^(?:npm|jsr):(?:@[^/]+\/)?[^@/]+/.exec(specifier)?.[0])
    .filter((name) => name !== undefined);
  assert(packages.length > 0);
  assertEquals([...new Set(packages)].filter((name) => !named.includes(name)), []);
});

Deno.test("the README's alerts are on metrics that there are", async () => {
  await using registry = new BreakerRegistry({ config: { defaults: { failMax: 1 } } });
  await registry.run({ host: "a.example" }, () => Promise.reject(new Error("down"))).catch(
    () => {},
  );
  const text = await (await createApp({ registry }).request("/metrics")).text();
  const named = sectionOf("Operations").match(/breakwater_[a-z_]+/g) ?? [];
  assert(named.length > 0);
  assertEquals(named.filter((name) => !new RegExp(`^${name}\\{|^${name} `, "m").test(text)), []);
});

/** As it is written into an address: `## HTTP API` is `#http-api`. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}

Deno.test("every link, path and task in the README leads somewhere", () => {
  const headings = [...README.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  const anchors = headings.map((heading) => `#${anchorOf(heading)}`);
  const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  const dead = links.filter((target) =>
    target.startsWith("#")
      ? !anchors.includes(target)
      : target.startsWith("https://")
      ? !URL.canParse(target)
      : !isThere(target)
  );
  assertEquals(dead, []);
  const paths = codeIn(README).filter((code) =>
    /^(?:src|tests|examples|config|\.ci)[\w./-]*$/.test(code)
  );
  assert(paths.length > 0);
  assertEquals(paths.filter((path) => !isThere(path)), []);
  const tasks = [...README.matchAll(/deno(?:@2)? task ([a-z]+)/g)].map(([, task = ""]) => task);
  assertEquals(tasks.filter((task) => !Object.hasOwn(DENO_JSON.tasks, task)), []);
});

Deno.test("every block of code in the README is run by a test, or is a drawing", () => {
  const { command } = DENO_JSON.tasks["test"]!;
  assert(command.includes("--doc") && command.includes("README.md"), "that is what runs `ts`");
  // The first two commands start the server, as the tests of the edge do, and this very suite. For the others see
  // below, and `cli/readme_test.ts`.
  const shells = ["", "Three ways to use it", "Command line", "Operations"];
  const untried = codeBlocks().filter(({ language, heading }) =>
    language === "sh" ? !shells.includes(heading) : !["ts", "yaml", "text"].includes(language)
  );
  assertEquals(untried, []);
});

Deno.test("the README's calls by curl are answered as it shows", async () => {
  const block = codeBlocks().find(({ text }) => text.startsWith("curl --json"));
  assert(block !== undefined, "README.md has no block of curl calls");
  await using server = new ServerProcess({ env: { BREAKWATER_STORE: "memory:" } });
  const url = await server.url();
  let permit = "";
  let shown = 0;
  let answer: Record<string, unknown> = {};
  for (const line of block.text.trim().split("\n")) {
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
