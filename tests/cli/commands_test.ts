/**
 * Every command that looks at or changes breakers, as a process, on each store and on an edge API.
 *
 * @module
 */
import { assertEquals, assertMatch, assertObjectMatch, assertStringIncludes } from "@std/assert";
import { here } from "./cli_here.ts";
import { breakwater, type CliEnded, jsonOf } from "./cli_process.ts";
import { PLACES, storePlace } from "./places.ts";

const HOST = "api.example.org";

interface Changed {
  after: { key: string; state: string };
}

function assertRefused({ code, out, err }: CliEnded, expected: number, words: string): void {
  assertEquals([code, out], [expected, ""], err);
  assertStringIncludes(err, words);
  assertEquals(/\n +at /.test(err), false, `a stack: ${err}`);
}

/**
 * A command line, its exit code, and what it says: on standard output in JSON or words, or on standard error. Of what
 * is left of ten minutes, a process that is slow to start may see a few seconds less.
 */
const COMMAND_LINES: [args: string[], code: number, says: RegExp][] = [
  [["show", "--json"], 0, /^\{"breakers":\[\]\}\n$/],
  [["show"], 0, /^No host or resolver is in trouble/],
  [["open", HOST, "--seconds", "600", "--json"], 0, /"state":"closed".*"state":"open"/],
  [["open", HOST, "--seconds", "never"], 2, /--seconds must be a number/],
  [["show", HOST], 0, /\napi\.example\.org +open +manual +(10m|9m \d+s) /],
  [["show", "--state", "ajar"], 2, /open, half_open, closed/],
  [["half-open", HOST, "--json"], 0, /"state":"open".*"state":"half_open"/],
  [["half-open", "api.exmaple.org"], 1, /did you mean api\.example\.org\?/],
  [["close", HOST, "--json"], 0, /"state":"half_open".*"state":"closed"/],
  [["close", HOST], 1, /No record of api\.example\.org/],
  [["policy", HOST, "--set", "fail_max=3", "--json"], 0, /"override":\{"fail_max":3\}/],
  [["policy", HOST, "--set", "fail_max=0"], 1, /fail_max/],
  [["mode", "observe", "--yes", "--json"], 0, /"override":"observe"/],
  [["mode", "off"], 1, /add --yes/],
  [["advise", "--json"], 0, /^\{"window_s":3600,"advice":\[\]\}\n$/],
  [["advise", "--window-s", "5"], 2, /--window-s/],
];

for (
  const [name, open, run] of [
    ...Object.entries(PLACES).map(([name, open]) => [name, open, breakwater] as const),
    ["a Deno KV store, in this process", () => storePlace("deno-kv"), here] as const,
  ]
) {
  Deno.test(`each command ends with its exit code and its answer, on ${name}`, async () => {
    await using place = await open();
    for (const [args, expected, says] of COMMAND_LINES) {
      const { code, out, err } = await run([...args, ...place.args], { env: place.env });
      const what = `breakwater ${args.join(" ")}: ${out}${err}`;
      assertEquals(code, expected, what);
      assertMatch(expected === 0 ? out : err, says, what);
      if (expected === 0 && args.includes("--json")) JSON.parse(out);
      if (expected !== 0) assertEquals([out, /\n +at /.test(err)], ["", false], what);
    }
  });
}

for (const [name, open] of Object.entries(PLACES)) {
  Deno.test(`commands on ${name} do what they say, with their exit codes`, async (t) => {
    await using place = await open();
    const run = (...args: string[]) => here([...args, ...place.args], { env: place.env });

    await t.step("show says that nothing is in trouble, and --json lists nothing", async () => {
      const { code, out } = await run("show");
      assertEquals(code, 0);
      assertStringIncludes(out, "No host or resolver is in trouble");
      assertEquals(jsonOf(await run("show", "--json")), { breakers: [] });
    });

    await t.step("open says what was before and what is now", async () => {
      const opened = await run("open", HOST, "--seconds", "600", "--reason", "by hand");
      assertEquals(opened.code, 0, opened.err);
      assertMatch(
        opened.out,
        /^api\.example\.org: was no record; is open for (10m|9m \d+s) \(manual: by hand\)\n$/,
      );
      const again = jsonOf(await run("open", HOST, "--seconds", "60", "--json"));
      assertObjectMatch(again.before, { state: "open", note: "by hand" });
      assertObjectMatch(again.after, { key: HOST, state: "open", reason: "manual" });
      assertEquals(again.after.remaining_ms <= 60_000, true);
      const endless = jsonOf(await run("open", "--resolver", "crossref", "--json"));
      assertObjectMatch(endless.after, { scope: "resolver", key: "crossref", remaining_ms: null });
    });

    await t.step("show lists hosts and resolvers, with the source of their policy", async () => {
      const { code, out } = await run("show");
      assertEquals(code, 0);
      assertMatch(out, /^HOST +STATE +REASON +LEFT +FAILURES +PROBES +POLICY/);
      assertMatch(out, /\napi\.example\.org +open +manual +(1m|\d+s) +0 +0 +default/);
      assertMatch(out, /\nresolver crossref +open +manual +until closed/);
      assertEquals(out.includes("\x1b"), false, "colours without a terminal");
      const { breakers } = jsonOf(await run("show", "--state", "open", "--json"));
      assertEquals(breakers.map(({ key }: { key: string }) => key), [HOST, "crossref"]);
      assertEquals(jsonOf(await run("show", "--state", "half_open", "--json")).breakers, []);
      const first = jsonOf(await run("show", "--limit", "1", "--json"));
      assertEquals([first.breakers.length, typeof first.next_cursor], [1, "string"]);
    });

    await t.step(
      "a mistyped host is told from one with a record, and nothing is made of it",
      async () => {
        const shown = await run("show", "api.exmaple.org");
        assertEquals(shown.code, 0);
        assertStringIncludes(shown.out, "No record of api.exmaple.org");
        assertStringIncludes(shown.out, `did you mean ${HOST}?`);
        const { breakers: [blank] } = jsonOf(await run("show", "api.exmaple.org", "--json"));
        assertObjectMatch(blank, { record: false, state: "closed" });
        for (const command of ["half-open", "close"]) {
          assertRefused(await run(command, "api.exmaple.org"), 1, `did you mean ${HOST}?`);
        }
        assertEquals(jsonOf(await run("show", "--json")).breakers.length, 2);
      },
    );

    await t.step("half-open and close go on from there", async () => {
      const half = await run("half-open", HOST);
      assertMatch(half.out, /was open for .*; is half_open/);
      const closed = jsonOf(await run("close", HOST, "--json"));
      assertObjectMatch(closed, { before: { state: "half_open" }, after: { state: "closed" } });
      assertRefused(await run("close", HOST), 1, "No record");
    });

    await t.step("what changes more than one host asks, and --yes answers", async () => {
      await run("open", "a.example.org");
      assertRefused(await run("open", HOST, "b.example.org"), 1, "add --yes");
      assertRefused(await run("close", "--all"), 1, "add --yes");
      const { breakers } = jsonOf(await run("show", "--json"));
      assertEquals(breakers.length, 2);
      const { changes } = jsonOf(await run("close", "--all", "--yes", "--json"));
      assertEquals(changes.map(({ after }: Changed) => after.state), ["closed", "closed"]);
      assertEquals(jsonOf(await run("close", "--all", "--json")), { changes: [] });
      const opened = jsonOf(await run("open", HOST, "b.example.org", "--yes", "--json"));
      assertEquals(opened.changes.map(({ after }: Changed) => after.key), [HOST, "b.example.org"]);
      const half = await run("close", HOST, "none.example", "b.example.org", "--yes", "--json");
      assertEquals([half.code, JSON.parse(half.out).changes.length], [1, 2]);
      assertStringIncludes(half.err, "No record of none.example");
      assertEquals(jsonOf(await run("show", "--json")), { breakers: [] });
    });

    await t.step(
      "policy names the source of each value, and lays an override over it",
      async () => {
        const { code, out } = await run("policy", HOST);
        assertEquals(code, 0);
        assertMatch(out, /\nfail_max +5 +default\n/);
        const set = await run("policy", HOST, "--set", "fail_max=3", "roles.meta.fail_max=2");
        assertEquals(set.code, 0, set.err);
        assertMatch(set.out, /\nfail_max +3 +override\n/);
        assertStringIncludes(set.out, "fail_max: was 5, is 3\n");
        const more = jsonOf(await run("policy", HOST, "--set", "reset=45", "--json"));
        assertEquals(more.after.override, {
          fail_max: 3,
          reset_timeout_s: 45,
          roles: { metadata: { fail_max: 2 } },
        });
        await run("open", HOST);
        const { breakers: [shown] } = jsonOf(await run("show", HOST, "--json"));
        assertEquals(shown.policy, ["override"]);
        assertRefused(await run("policy", HOST, "--set", "fail_max=0"), 1, "fail_max");
        assertRefused(await run("policy", HOST, "--set", "fail_mx=1"), 1, "fail_mx");
        assertRefused(await run("policy", HOST, "--set", "fail_max"), 2, "KEY=VALUE");
        await run("policy", HOST, "--set", "trial_calls=2", "--reason", "a trial");
        assertMatch(
          (await run("policy", HOST)).out,
          /^[^\n]*, overridden [^\n]*at [0-9:]+: a trial\n/,
        );
        const reset = jsonOf(await run("policy", HOST, "--reset", "--json"));
        assertEquals([reset.before.policy.fail_max, reset.after.policy.fail_max], [3, 5]);
      },
    );

    await t.step("mode is looked at, stored for every process, and taken away", async () => {
      assertEquals(jsonOf(await run("mode", "--json")), { mode: "enforce", configured: "enforce" });
      assertRefused(await run("mode", "observe"), 1, "add --yes");
      const set = jsonOf(await run("mode", "observe", "--reason", "trial", "--yes", "--json"));
      assertObjectMatch(set.after, { override: "observe", reason: "trial" });
      const shown = await run("show");
      assertStringIncludes(shown.err, "Mode 'observe' is stored for every process");
      const said = await run("mode");
      assertMatch(said.out, /^observe for every process, set .*: trial\n$/);
      assertRefused(await run("mode", "on"), 2, "enforce, observe, off");
      const { after } = jsonOf(await run("mode", "--reset", "--yes", "--json"));
      assertEquals(after, { mode: "enforce", configured: "enforce" });
    });
  });
}
