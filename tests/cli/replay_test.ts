/**
 * `replay`: a log under another configuration, as a table, a picture and JSON.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { here } from "./cli_here.ts";
import { breakwater, jsonOf } from "./cli_process.ts";

const HOST = "api.example.org";

/** Ten failures, a second apart, then answers. */
function log(): string {
  const rows = Array.from({ length: 20 }, (_, i) => {
    const row = { ts: 1_800_000_000_000 + i * 1_000, host: HOST, latency_ms: 100 };
    return JSON.stringify({ ...row, status: i < 10 ? 503 : 200, breaker_recorded: 1 });
  });
  return `${rows.join("\n")}\n`;
}

Deno.test("replay compares two configurations on a log, and says which is better", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  const file = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder.path}/${name}`, text);
    return `${folder.path}/${name}`;
  };
  await Deno.writeTextFile(path, log());
  const strict = await file("strict.yaml", "defaults: { fail_max: 2, reset_timeout_s: 5 }\n");
  const loose = await file("loose.yaml", "fail_max: 100\n"); // one policy, without a section
  const { code, out, err } = await breakwater([
    "replay",
    path,
    "--policy",
    strict,
    "--against",
    loose,
  ]);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^20 requests in 19s/);
  assertMatch(out, /\nHOST +REQUESTS +WASTED +MISSED +OPENS/);
  assertMatch(out, /\napi\.example\.org +20 +10 -> \d+ +0 -> \d+ +0 -> \d+ .* better\n/);
  assertMatch(
    out,
    /\nCost \(wasted and missed\)\napi\.example\.org +present +█+ 10\n +candidate +█* \d+\n/,
  );
  const answer = jsonOf(
    await breakwater(["replay", path, "--policy", strict, "--against", loose, "--json"]),
  );
  assertEquals([answer.present.failures_sent, answer.present.opens], [10, 0]);
  assertEquals([answer.comparison.verdict, answer.hosts[0].host], ["better", HOST]);
  const asConfigured = await here(["replay", path, "--policy", loose, "--json"], {
    env: { BREAKWATER_CONFIG: strict },
  });
  assertEquals(jsonOf(asConfigured).comparison.verdict, "worse");
});

Deno.test("replay refuses a log or a policy that is not there, is damaged or says nothing", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.jsonl`;
  await Deno.writeTextFile(path, log() + "{broken\n");
  const policy = `${folder.path}/p.yaml`;
  await Deno.writeTextFile(policy, "fail_max: 2\n");
  const damaged = await breakwater(["replay", path, "--policy", policy]);
  assertEquals([damaged.code, damaged.out], [1, ""]);
  assertStringIncludes(damaged.err, "line 21");
  assertStringIncludes(damaged.err, "--skip-damaged");
  const skipped = await here(["replay", path, "--policy", policy, "--skip-damaged"]);
  assertEquals(skipped.code, 0, skipped.err);
  assertStringIncludes(skipped.err, "1 rows could not be read");
  await Deno.writeTextFile(`${folder.path}/wrong.yaml`, "defaults: { fail_mx: 2 }\n");
  const wrong: [string[], string][] = [
    [[`${folder.path}/none`, "--policy", policy], "none"],
    [[path, "--policy", `${folder.path}/none.yaml`], "none.yaml"],
    [[path, "--policy", `${folder.path}/wrong.yaml`], "fail_max"],
    [[path, "--policy", policy, "--skip-damaged", "--host", "x.example"], "no request"],
  ];
  for (const [args, words] of wrong) {
    const { code, out, err } = await here(["replay", ...args]);
    assertEquals([code, out], [1, ""], err);
    assertStringIncludes(err, words);
  }
});
