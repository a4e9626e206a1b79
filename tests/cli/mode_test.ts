/**
 * `mode` reaches processes that run: what a rollback at night rests on.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ServerProcess } from "../edge/server_process.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { here } from "./cli_here.ts";

const HOST = "api.example.org";
/** Taken up within 2 s of traffic; the rest is for a machine that is busy. */
const DEADLINE_MS = 15_000;

Deno.test("a mode that is stored goes over the one that a running server was started with, and back", async () => {
  await using folder = await temporaryFolder();
  const BREAKWATER_STORE = `sqlite:${folder.path}/b.sqlite`;
  const run = async (...args: string[]) => {
    const { code, err } = await here(args, { env: { BREAKWATER_STORE } });
    assertEquals(code, 0, err);
  };
  await run("open", HOST);
  await using enforcing = new ServerProcess({ env: { BREAKWATER_STORE } });
  await using observing = new ServerProcess({
    env: { BREAKWATER_STORE, BREAKWATER_MODE: "observe" },
  });
  const urls = [await enforcing.url(), await observing.url()];
  const become = async (...expected: boolean[]) => {
    const until = Date.now() + DEADLINE_MS;
    let found: boolean[];
    do found = await Promise.all(urls.map(isAllowed)); while (
      String(found) !== String(expected) && Date.now() < until
    );
    assertEquals(found, expected);
  };
  await become(false, true);
  await run("mode", "off", "--reason", "rollback", "--yes");
  await become(true, true);
  await run("mode", "enforce", "--yes");
  await become(false, false);
  await run("mode", "--reset", "--yes");
  await become(false, true);
});

async function isAllowed(url: string): Promise<boolean> {
  const response = await fetch(`${url}/v1/allow`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ host: HOST }),
  });
  return (await response.json()).allowed;
}
