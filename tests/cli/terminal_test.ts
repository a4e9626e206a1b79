/**
 * What a person at a terminal sees: colours, tables that are drawn again, transitions as they happen, questions.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { here } from "./cli_here.ts";
import { breakwater, jsonOf } from "./cli_process.ts";
import { PLACES, storePlace } from "./places.ts";
import { TerminalProcess } from "./terminal_process.ts";

const HOST = "api.example.org";
const CTRL_C = "\x03";

for (const [name, open] of Object.entries(PLACES)) {
  Deno.test(`--watch draws again what changes, and tail tells of it, on ${name}`, async () => {
    await using place = await open();
    // As processes, and no faster than those: of what comes by the hundred in a second, tail misses some.
    const run = (...args: string[]) => breakwater([...args, ...place.args], { env: place.env });
    await run("open", "first.example.org");
    await using watch = new TerminalProcess(
      ["show", "--watch", "--interval-s", "0.2", ...place.args],
      place.env,
    );
    await using tail = new TerminalProcess(["tail", ...place.args], place.env);
    await using json = new TerminalProcess(
      ["tail", "--json", "--host", HOST.toUpperCase(), ...place.args],
      place.env,
    );
    await Promise.all([
      watch.shows(/first\.example\.org +␛\[31mopen/),
      tail.shows(/Following .*Ctrl-C ends/),
      json.shows(/Following/),
    ]);
    // Until a reader has joined, what happens is no news to it: so it happens again and again.
    const change = async () => {
      await run("open", HOST, "--seconds", "300", "--reason", "by hand");
      await run("close", HOST);
    };
    const seen = Promise.all([
      tail.shows(/␛\[32mclosed␛\[0m -> ␛\[31mopen␛\[0m {2}\(manual, 5m, by hand\)/),
      tail.shows(/-> ␛\[32mclosed/),
      json.shows(/\{[^\n]*"to":"open"[^\n]*\}\r\n/),
    ]);
    let isSeen = false;
    void seen.then(() => isSeen = true, () => isSeen = true);
    while (!isSeen) await change();
    await seen;
    await run("open", HOST);
    await watch.shows(/api\.example\.org +␛\[31mopen/);
    const events = json.drawn.split("\r\n").filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    assert(events.every(({ key, type }) => key === HOST && type === "transition"));
    for (const terminal of [watch, tail, json]) {
      await terminal.type(CTRL_C);
      assertEquals(await terminal.ended(), 0, terminal.drawn);
    }
    assertStringIncludes(watch.drawn, "␛[H␛[2J");
  });
}

Deno.test("tail on a store tells of a crawler that hands on no events", async () => {
  await using place = await storePlace("sqlite");
  await using tail = new TerminalProcess(["tail", "--json", ...place.args]);
  await tail.shows(/Following/);
  await using store = sqliteStore(place.args[1]!.replace("sqlite:", ""));
  const config = { defaults: { failMax: 1, resetTimeoutMs: 1_000 } };
  await using registry = new BreakerRegistry({ store, config });
  for (const to of ["open", "closed"]) {
    const seen = tail.shows(new RegExp(`"to":"${to}"`));
    let isSeen = false;
    void seen.then(() => isSeen = true, () => isSeen = true);
    while (!isSeen) {
      const verdict = await registry.allow({ host: HOST });
      const status = to === "open" ? 500 : 200;
      if (verdict.allowed) await registry.record(verdict.permit, { status });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await seen;
  }
});

Deno.test("colours are for terminals, and NO_COLOR and a dumb one have none", async () => {
  await using place = await storePlace("sqlite");
  await here(["open", HOST, ...place.args]);
  const environments: Record<string, string>[] = [{}, { NO_COLOR: "1" }, { TERM: "dumb" }];
  for (const env of environments) {
    await using terminal = new TerminalProcess(["show", ...place.args], env);
    assertEquals(await terminal.ended(), 0);
    assertStringIncludes(terminal.drawn, HOST);
    assertEquals(terminal.drawn.includes("␛["), Object.keys(env).length === 0);
  }
});

Deno.test("a question is asked at a terminal, and only yes goes on", async () => {
  await using place = await storePlace("sqlite");
  await here(["open", "a.example.org", "b.example.org", "--yes", ...place.args]);
  for (const [answer, code] of [["n", 1], ["", 1], ["yes", 0]] as const) {
    await using terminal = new TerminalProcess(["close", "--all", ...place.args]);
    await terminal.shows(/Close 2 breakers: a\.example\.org, b\.example\.org\? \[y\/N\] /);
    await terminal.type(`${answer}\r`);
    assertEquals(await terminal.ended(), code, terminal.drawn);
    if (code === 1) assertMatch(terminal.drawn, /Nothing was changed/);
  }
  assertEquals(jsonOf(await here(["show", "--json", ...place.args])), { breakers: [] });
});
