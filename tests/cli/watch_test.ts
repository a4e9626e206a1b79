/**
 * What watches for hours: a server that goes and comes back, more rows than fit, screens that are small.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fitted, when } from "../../src/cli/text.ts";
import { createApp } from "../../src/edge/mod.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { here } from "./cli_here.ts";
import { jsonOf } from "./cli_process.ts";
import { localServer } from "./local_server.ts";

const HOST = "api.example.org";

/** An edge API that can be gone, without a process of its own. */
function edgeThatGoes(registry: BreakerRegistry) {
  const app = createApp({ registry });
  let isGone = false;
  const server = localServer((request) =>
    isGone ? new Response("bad gateway", { status: 502 }) : app.fetch(request)
  );
  return { ...server, go: () => isGone = true, comeBack: () => isGone = false };
}

/** Runs a command line until this was said, in one of both streams, each after the other. */
async function until(
  args: string[],
  steps: readonly (readonly [says: RegExp, then: () => unknown])[],
): Promise<{ code: number; said: string }> {
  const controller = new AbortController();
  let [said, seen, step] = ["", 0, 0];
  const hear = (text: string) => {
    said += text;
    const [says, then] = steps[step] ?? [];
    if (says === undefined || !says.test(said.slice(seen))) return;
    [seen, step] = [said.length, step + 1];
    then!();
    if (step === steps.length) controller.abort();
  };
  const ended = await here(args, {
    interrupted: () => controller.signal,
    write: hear,
    note: (line) => hear(`${line}\n`),
  });
  return { code: ended.code, said };
}

Deno.test("show --watch says that a server is gone, and goes on when it is back", async () => {
  await using registry = new BreakerRegistry();
  await registry.open(HOST);
  await using edge = edgeThatGoes(registry);
  const { code, said } = await until(
    ["show", "--watch", "--interval-s", "0.01", "--url", edge.url],
    [
      [/api\.example\.org +open/, edge.go],
      [/answered 502/, edge.comeBack],
      [/api\.example\.org +open/, () => {}],
    ],
  );
  assertEquals(code, 0, said);
});

Deno.test("show --watch ends where there is nothing to watch from the start", async () => {
  const { code, err } = await here(["show", "--watch", "--url", "http://127.0.0.1:9"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "Cannot reach");
});

Deno.test("tail says that a server is gone, once, and that it is back", async () => {
  const event = `data: {"type":"transition","at":0,"scope":"host","key":"${HOST}","to":"open"}\n\n`;
  const stream = () => new Response(event);
  const answers = [stream, () => new Response("bad gateway", { status: 502 }), stream];
  await using server = localServer(() => (answers.shift() ?? stream)());
  const { code, said } = await until(
    ["tail", "--json", "--url", server.url],
    [[/"to":"open"/, () => {}], [/answered 502.* Trying again\n/, () => {}], [
      /answers again\n[^]*"to":"open"/,
      () => {},
    ]],
  );
  assertEquals([code, said.match(/Trying again/g)?.length], [0, 1], said);
});

Deno.test("a listing has as many rows as were asked for, however many hosts are in trouble", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/b.sqlite`;
  const hosts = 1_100;
  {
    await using store = sqliteStore(path);
    await using registry = new BreakerRegistry({ store, timeoutMs: 30_000 });
    await Promise.all(Array.from({ length: hosts }, (_, i) => registry.open(`h${i}.example.org`)));
  }
  const run = (...args: string[]) => here([...args, "--store", `sqlite:${path}`]);
  const some = jsonOf(await run("show", "--json", "--limit", "1050"));
  assertEquals([some.breakers.length, typeof some.next_cursor], [1_050, "string"]);
  const all = jsonOf(await run("show", "--json", "--limit", "2000"));
  const names = new Set(all.breakers.map(({ key }: { key: string }) => key));
  assertEquals([names.size, all.next_cursor], [hosts, undefined]);
  const few = await run("show");
  assertEquals(few.out.trim().split("\n").length, 101);
  assertStringIncludes(few.err, "--limit");
  const mistyped = await run("close", "h1099.exmaple.org");
  assertEquals(mistyped.code, 1);
  assertStringIncludes(mistyped.err, "did you mean h1099.example.org?");
  const { changes } = jsonOf(await run("close", "--all", "--yes", "--json"));
  assertEquals(changes.length, hosts);
});

Deno.test("what is drawn again fits the screen, and says how much does not", () => {
  const lines = ["one", "\x1b[31mtwo\x1b[0m three", "four", "five", "six"];
  const more = (count: number) => `... and ${count} lines more`;
  assertEquals(fitted(lines, { columns: 80, rows: 6 }), lines);
  assertEquals(fitted(lines, { columns: 80, rows: 5 }), [...lines.slice(0, 3), more(2)]);
  assertEquals(fitted(lines, { columns: 9, rows: 6 }), lines, "colours take no room");
  assertEquals(fitted(lines, { columns: 8, rows: 6 }), [...lines.slice(0, 3), more(2)]);
  assertEquals(fitted(lines, { columns: 80, rows: 1 }), [more(5)]);
});

Deno.test("a time of another day is told with its day", () => {
  const now = new Date(2026, 2, 9, 14, 3, 7).getTime();
  assertEquals(when(now, now), "at 14:03:07");
  assertMatch(when(now - 86_400_000, now), /^on 2026-03-08 at \d\d:03:07$/);
});
