/**
 * What the command line says of itself, and what it refuses before it does anything.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { commandHelp } from "../../src/cli/help.ts";
import { type Place, placeOf } from "../../src/cli/place.ts";
import { paintFor } from "../../src/cli/text.ts";
import { isInFile } from "../../src/config/backends.ts";
import { loadConfig } from "../../src/config/mod.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { here } from "./cli_here.ts";
import { breakwater } from "./cli_process.ts";

Deno.test("without a command the overview goes to standard error with code 2, and --help is done with 0", async () => {
  const [bare, asked] = await Promise.all([breakwater([]), breakwater(["--help"])]);
  assertEquals([bare.code, bare.out, asked.code, asked.err], [2, "", 0, ""]);
  assertEquals(bare.err, asked.out);
  for (const { name, summary } of COMMANDS) {
    assertMatch(asked.out, new RegExp(`${name} +${summary.slice(0, 20)}`));
  }
});

for (const { name, examples } of COMMANDS) {
  Deno.test(`${name} --help has its usage, its options and examples`, async () => {
    for (const args of [[name, "--help"], ["help", name], [name, "-h"]]) {
      const { code, out, err } = await here(args);
      assertEquals([code, err], [0, ""]);
      assertStringIncludes(out, `breakwater ${name}`);
      assertStringIncludes(out, "--json");
      assert(examples.length > 0);
      for (const example of examples) assertStringIncludes(out, example);
    }
  });
}

Deno.test("the help of a command ends its usage without a blank, and lists the configuration it reads", () => {
  const plain = paintFor({ hasColours: false });
  const [show] = COMMANDS;
  const bare = { ...show!, name: "look", usage: "" };
  assertStringIncludes(commandHelp(bare, plain), "Usage:\n  breakwater look\n");
  assertEquals(commandHelp(bare, plain).includes("--breaker-config"), false);
  assertStringIncludes(commandHelp({ ...bare, readsConfig: true }, plain), "--breaker-config FILE");
});

/** Longer than any reason. */
const LONG = "x".repeat(257);

const WRONG: [args: string[], words: string][] = [
  [["shwo"], "did you mean show?"],
  [["frobnicate"], "breakwater --help"],
  [["help", "frobnicate"], "frobnicate"],
  [["show", "--stat", "open"], "did you mean --state?"],
  [["show", "--frobnicate"], "breakwater show --help"],
  [["show", "--state"], "state"],
  [["show", "--store", "nosql:x"], "sqlite:PATH"],
  [["show", "--breaker-defualts", "fail_max:1"], "--breaker-defaults"],
  [["show", "--store", "memory:", "--url", "http://x"], "give one of them"],
  [["show", "--url", "127.0.0.1:8000"], "--url must be like"],
  [["show", "--url", "http://user:secret@127.0.0.1"], "must not carry credentials"],
  [["open", "not a host"], "not a host"],
  [["open", "--resolver", "-"], "-"],
  [["open"], "Name a host"],
  [["open", "a.example.org", "--seconds", "0"], "--seconds"],
  [["open", "a.example.org", "--seconds", "soon"], "soon"],
  [["show", "--state", "opened"], "opened"],
  [["show", "a.example.org", "--state", "open"], "--state"],
  [["open", "a.example.org", "--reason", LONG], "256 characters"],
  [["mode", "off", "--reason", LONG], "256 characters"],
  [["policy", "a.example.org", "--reset", "--reason", LONG], "256 characters"],
  [["policy"], "Name a host"],
  [["close", "a.example.org", "--all"], "--all"],
  [["close", "a.example.org", "--state", "open"], "--all"],
  [["tail", "a.example.org"], "--host"],
  [["mode", "off", "--reset"], "--reset"],
  [["mode", "on"], "A mode is one of enforce, observe, off: found 'on'"],
  [["mode", "on", "off"], "found 'on'"],
  [["mode", "observe", "enforce"], "mode takes one mode: found 'enforce' too"],
  [["completion", "tcsh"], "bash, zsh, fish"],
  [["completion"], "bash, zsh, fish"],
  [["serve", "extra"], "extra"],
  [["serve", "--port", "http"], "--port must be a whole number from 0 to 65535"],
  [["serve", "--port", "70000"], "found '70000'"],
  [["serve", "--port=-1"], "found '-1'"],
  [["serve", "--port="], "found ''"],
  [["serve", "--host", "a b"], "--host must be an IP address or a name"],
  [["serve", "--host", "127.0.0.1:8000"], "found '127.0.0.1:8000'"],
  [["serve", "--host", "http://localhost"], "found 'http://localhost'"],
  [["serve", "--host="], "found ''"],
  [["import-config"], "one file"],
  [["replay"], "LOG"],
  [["replay", "log"], "--policy"],
  [["check", "a", "b"], "one file"],
  [["doctor", "x"], "no names"],
];

for (const [args, words] of WRONG) {
  Deno.test(`breakwater ${args.join(" ").replace(LONG, "TOO-LONG")} is refused with code 2`, async () => {
    const { code, out, err } = await here(args);
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(err, words);
    assert(!err.includes("secret"));
  });
}

Deno.test("the version is that of the package", async () => {
  const { code, out } = await here(["--version"]);
  const { version } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  assertEquals([code, out], [0, `breakwater ${version}\n`]);
});

Deno.test("bash completes commands, and the options of each", async () => {
  const { out } = await here(["completion", "bash"]);
  const complete = async (...words: string[]) => {
    const script = `${out}
COMP_WORDS=(breakwater ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}
_breakwater; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await new Deno.Command("bash", { args: ["-c", script] }).output();
    return new TextDecoder().decode(stdout).trim().split("\n");
  };
  assertEquals(await complete("sh"), ["show"]);
  assertEquals(await complete("show", "--st"), ["--state", "--store"]);
  assertEquals(await complete("open", "--se"), ["--seconds"]);
});

for (const shell of ["zsh", "fish"]) {
  Deno.test(`the script for ${shell} names every command`, async () => {
    const { code, out } = await here(["completion", shell]);
    assertEquals(code, 0);
    for (const { name } of COMMANDS) assertStringIncludes(out, name);
  });
}

Deno.test("a server that is not there is told of, with what to do", async () => {
  const { code, err } = await here(["show", "--url", "http://127.0.0.1:9"]);
  assertEquals(code, 1);
  assertMatch(err, /Cannot reach http:\/\/127\.0\.0\.1:9: .*breakwater serve/);
});

Deno.test("the command line names the place, else a variable, else the configuration, else it is the default server", async () => {
  const place = (named: { url?: string; store?: boolean }, env: Record<string, string>) =>
    placeOf({ store: false, ...named }, { env }, () => {
      return loadConfig({ env, readTextFile: Deno.readTextFile });
    });
  const [STORE, URL] = ["sqlite:b.sqlite", "http://127.0.0.1:9"];
  const edge = (url: string): Place => ({ kind: "edge", url });
  const store: Place = { kind: "store" };
  const both = { BREAKWATER_STORE: STORE, BREAKWATER_URL: URL };
  assertEquals(await place({}, {}), edge("http://127.0.0.1:8000"));
  assertEquals(await place({}, { BREAKWATER_STORE: STORE }), store);
  // What a server keeps in its own memory, nobody else sees.
  assertEquals(await place({}, { BREAKWATER_STORE: "memory:" }), edge("http://127.0.0.1:8000"));
  assertEquals(await place({}, both), edge(URL));
  assertEquals(await place({ store: true }, both), store);
  assertEquals(await place({ url: "http://other" }, both), edge("http://other"));
  const token = { BREAKWATER_TOKEN: " t ", BREAKWATER_URL: " " };
  const withToken: Place = { kind: "edge", url: "http://127.0.0.1:8000", token: "t" };
  assertEquals(await place({}, token), withToken);
});

Deno.test("a reason may have 256 characters", async () => {
  await using folder = await temporaryFolder();
  const store = ["--store", `sqlite:${folder.path}/b.sqlite`];
  const args = ["open", "a.example.org", "--reason", LONG.slice(1), ...store];
  assertEquals((await here(args)).code, 0);
});

Deno.test("what would be lost with this process is refused", async () => {
  for (const command of [["open", "a.example.org"], ["show"], ["mode"]]) {
    const { code, out, err } = await here([...command, "--store", "memory:"]);
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(err, "gone when this one ends");
  }
});

Deno.test("a look at a file that is not there says so and makes none; a change makes one", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/none.sqlite`;
  const store = ["--store", `sqlite:${path}`];
  const { code, out, err } = await here(["show", "--json", ...store]);
  assertEquals([code, out], [0, '{"breakers":[]}\n']);
  assertStringIncludes(err, `no file ${path}`);
  assertEquals([...Deno.readDirSync(folder.path)], []);
  const opened = await here(["open", "a.example.org", ...store]);
  assertEquals(opened.code, 0);
  assertStringIncludes(opened.err, `no file ${path}`);
  assertEquals((await here(["show", ...store])).err, "");
});

Deno.test("a database at an address is asked, not looked for among the files", async () => {
  for (const address of ["http://127.0.0.1:9/x", "https://127.0.0.1:9/x"]) {
    const { code, out, err } = await breakwater(["show", "--store", `deno-kv:${address}`]);
    assertEquals([code, out], [1, ""]);
    assertStringIncludes(err, `Cannot open '${address}' as the store`);
    assert(!err.includes("no file"), err);
  }
});

Deno.test("only Deno KV knows addresses, and only as the runtime spells them", () => {
  const path = "http://127.0.0.1:9/x";
  assertEquals(isInFile({ backend: "deno-kv", path }), false);
  assertEquals(isInFile({ backend: "deno-kv", path: path.toUpperCase() }), true);
  assertEquals(isInFile({ backend: "deno-kv", path: "httpd/breakers.kv" }), true);
  assertEquals(isInFile({ backend: "sqlite", path }), true);
});

Deno.test("a reader who has seen enough ends the command without a word", async () => {
  await using folder = await temporaryFolder();
  const script =
    `${Deno.execPath()} run -A --cached-only --config "$CONFIG" "$MAIN" --help | true; ` +
    'exit "${PIPESTATUS[0]}"';
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-c", script],
    cwd: folder.path,
    env: {
      CONFIG: new URL("../../deno.json", import.meta.url).pathname,
      MAIN: new URL("../../src/cli/main.ts", import.meta.url).pathname,
    },
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});
