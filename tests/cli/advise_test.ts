/**
 * `advise` on what a crawler has summed up: shown with its evidence, written as YAML, applied.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config/mod.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { summariesOf } from "../../src/telemetry/summaries.ts";
import { ServerProcess } from "../edge/server_process.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { here } from "./cli_here.ts";
import { jsonOf } from "./cli_process.ts";
import { localServer } from "./local_server.ts";

const HOSTS = ["api.example.org", "other.example.org"];

/** A quarter of an hour in which hosts ask for twice the time that they are left alone for. */
async function crawl(path: string): Promise<void> {
  let nowMs = Date.now() - 1_800_000;
  await using store = sqliteStore(path);
  await using registry = new BreakerRegistry({ store, now: () => nowMs, timeoutMs: 5_000 });
  summariesOf(registry);
  for (let round = 0; round < 7; round++) {
    for (const host of HOSTS) {
      for (const status of [200, 200, 200, 429]) {
        const verdict = await registry.allow({ host });
        if (!verdict.allowed) continue;
        const retryAfter = status === 429 ? "120" : undefined;
        await registry.record(verdict.permit, { status, retryAfter, latencyMs: 50 });
      }
    }
    nowMs += 121_000;
  }
}

Deno.test("advise shows its evidence, writes a patch that can be read, and applies one step of each host", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/b.sqlite`;
  await crawl(path);
  const store = ["--store", `sqlite:${path}`];
  await using server = new ServerProcess({ env: { BREAKWATER_STORE: `sqlite:${path}` } });
  const edge = ["--url", await server.url()];
  const [onStore, onEdge] = await Promise.all(
    [store, edge].map(async (place) => jsonOf(await here(["advise", "--json", ...place]))),
  );
  assertEquals(onStore, onEdge, "the same commands, the same answers");
  assertEquals(onStore.window_s, 3_600);
  const [first] = onStore.advice;
  assertEquals([first.host, first.parameter, first.from], [HOSTS[0], "reset_timeout_s", 60]);
  assert(Object.keys(first.evidence).length > 0 && first.confidence > 0);

  const { code, out } = await here(["advise", "--host", HOSTS[1]!, ...edge]);
  assertEquals(code, 0);
  assertMatch(
    out,
    /^other\.example\.org +reset_timeout_s 60 -> \d+ +\(retry_after, confidence 0\.\d+\)\n/,
  );
  assertMatch(out, /\n {2}evidence: \w+ \d/);
  assert(!out.includes(HOSTS[0]!));

  const patch = `${folder.path}/patch.yaml`;
  const written = await here(["advise", "--patch", patch, ...store]);
  assertEquals(written.code, 0, written.err);
  const { hosts } = parseConfig(await Deno.readTextFile(patch));
  assertEquals(hosts?.[HOSTS[0]!]?.reset_timeout_s, first.to);
  assertEquals((await here(["advise", "--patch", patch, ...store])).code, 1);
  const piped = await here(["advise", "--patch", "-", ...edge]);
  assertEquals(parseConfig(piped.out).hosts, hosts);

  const asked = await here(["advise", "--enforce", ...store]);
  assertEquals([asked.code, asked.out], [1, ""]);
  assertStringIncludes(asked.err, "Change the policies of 2 hosts");
  const one = jsonOf(
    await here(["advise", "--enforce", "--host", HOSTS[0]!, "--json", ...store]),
  );
  assertEquals([one.applied.length, one.applied[0].host, one.refused], [1, HOSTS[0], []]);
  // The server takes the change up within 2 s of traffic, or when it is asked for the host's policy.
  await here(["policy", HOSTS[0]!, ...edge]);
  const both = await here(["advise", "--enforce", "--yes", ...edge]);
  assertEquals(both.code, 0, both.err);
  assertMatch(both.out, /other\.example\.org: reset_timeout_s was 60, is \d+\n/);
  const policy = jsonOf(await here(["policy", HOSTS[1]!, "--json", ...store]));
  assertEquals(policy.sources.reset_timeout_s, "override");
});

Deno.test("advise says that there is nothing to say, and refuses what makes no sense", async () => {
  await using folder = await temporaryFolder();
  const store = ["--store", `sqlite:${folder.path}/b.sqlite`];
  const nothing = await here(["advise", ...store]);
  assertEquals(nothing.code, 0, nothing.err);
  assertStringIncludes(nothing.out, "nothing to say");
  assertEquals(jsonOf(await here(["advise", "--json", ...store])).advice, []);
  const wrong = [["--window-s", "5"], ["--enforce", "--patch", "x"], ["--patch", "-", "--json"], [
    "api.example.org",
  ]];
  const ended = await Promise.all(wrong.map((args) => here(["advise", ...args, ...store])));
  assertEquals(ended.map(({ code }) => code), [2, 2, 2, 2]);
});

Deno.test("advise says so where not all that happened could be read", async () => {
  const list = { window_s: 3_600, complete: false, advice: [] };
  await using server = localServer(() => Response.json(list));
  const edge = ["--url", server.url];
  const { code, out, err } = await here(["advise", ...edge]);
  assertEquals([code, out], [0, "The advisor has nothing to say of the last 3600 s\n"]);
  const note = "Not all that happened could be read: the store did not answer, or holds too much\n";
  assertEquals(err, note);
  const asked = await here(["advise", "--json", ...edge]);
  assertEquals([jsonOf(asked), asked.err], [list, note]);
  const enforced = await here(["advise", "--enforce", ...edge]);
  assertEquals([enforced.out, enforced.err], ["There is nothing to apply\n", note]);
});
