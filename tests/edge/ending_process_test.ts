/**
 * What a process says at its end where closing takes too long: whether anything of what it knew is lost.
 *
 * @module
 */
import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { ServerProcess } from "./server_process.ts";

const SERVE = new URL("../../src/edge/serve.ts", import.meta.url);

/** Never closed; as many records as its argument says are not saved. */
const NEVER_CLOSED = `
import { exitOnSignals } from ${JSON.stringify(SERVE.href)};
setInterval(() => {}, 60_000);
const close = () => new Promise<void>(() => {});
const unsaved = () => Number(Deno.args[0]);
exitOnSignals({ drain: () => Promise.resolve(), close, unsaved, log: console.error });
console.error("Ready");
`;

async function endedWith(unsaved: number) {
  const main = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(main, NEVER_CLOSED);
    await using server = new ServerProcess({ main, args: [String(unsaved)] });
    await server.said(/^Ready$/m);
    server.kill("SIGTERM");
    return await server.ended();
  } finally {
    await Deno.remove(main);
  }
}

Deno.test("a close that takes too long is no loss of records where all of them are saved", async () => {
  const { code, output } = await endedWith(0);
  assertEquals(code, 1);
  assertMatch(output, /^All records are saved; some summaries may be missing: .* 1000 ms/m);
  assertNotMatch(output, /Lost|what was queued/);
});

Deno.test("a close that takes too long tells how many records are lost where some are", async () => {
  const { code, output } = await endedWith(2);
  assertEquals(code, 1);
  assertMatch(output, /took longer than 1000 ms to write what was queued\nLost: .* 2 records$/m);
  assertNotMatch(output, /All records/);
});
