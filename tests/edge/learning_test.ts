/**
 * What the server learns with: settings that are refused, a tuner that works by itself, and real processes that
 * write what they know before they end.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { createTuner } from "../../src/edge/learning.ts";
import { readSettings, StartError, unknownVariables } from "../../src/edge/settings.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { readSummaries } from "../../src/telemetry/summaries.ts";
import { EMPTY_SUMMARY, mergeSummaries } from "../../src/telemetry/summary.ts";
import { openEventFile } from "../../src/tuning/event_file.ts";
import { ManualTimers } from "../support/manual_timers.ts";
import { ServerProcess } from "./server_process.ts";

const HOST = "api.example.org";

async function send(method: string, url: string, body?: unknown) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  return await response.json();
}

/** Asks and tells so often; every answer asks for two minutes. */
async function crawl(url: string, outcomes: number): Promise<void> {
  const permits: string[] = [];
  for (let i = 0; i < outcomes; i++) {
    const { permit } = await send("POST", `${url}/v1/allow`, { host: HOST });
    permits.push(permit);
  }
  for (const permit of permits) {
    await send("POST", `${url}/v1/record`, { permit, status: 429, retry_after: "120" });
  }
}

async function tempFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("a tuner's mode that is none, and an event log on Deno Deploy, are refused", () => {
  assertThrows(() => readSettings({ BREAKWATER_TUNER: "on" }), StartError, "observe, suggest or");
  const tokens = { BREAKWATER_ADMIN_TOKENS: "admin-token-16ch" };
  const onDeploy = { ...tokens, DENO_DEPLOY: "1", BREAKWATER_EVENT_LOG: "log.sqlite" };
  assertThrows(() => readSettings(onDeploy), StartError, "keeps none");
  const { tuner, eventLog } = readSettings({ BREAKWATER_TUNER: "", BREAKWATER_EVENT_LOG: " " });
  assertEquals([tuner, eventLog], ["suggest", undefined]);
  const set = { BREAKWATER_TUNER: "enforce", BREAKWATER_EVENT_LOG: "log.sqlite" };
  assertEquals(readSettings(set).tuner, "enforce");
  assertEquals(readSettings(set).eventLog, "log.sqlite");
  assertEquals(unknownVariables(set, undefined), []);
});

for (const [mode, resetTimeoutMs] of [["enforce", 120_000], ["suggest", 60_000]] as const) {
  Deno.test(`with ${mode} the server ${mode === "enforce" ? "tunes" : "does not tune"} by itself`, async () => {
    const timers = new ManualTimers();
    const lines: string[] = [];
    await using registry = new BreakerRegistry({ now: timers.now, timers });
    await createTuner(registry, { tuner: mode }, (line) => lines.push(line));
    for (let i = 0; i < 10; i++) {
      const verdict = await registry.allow({ host: HOST });
      if (verdict.allowed) {
        await registry.record(verdict.permit, { status: 429, retryAfter: "120" });
      }
      await timers.advance(120_000);
    }
    assertEquals(registry.policy(HOST).resetTimeoutMs, resetTimeoutMs);
    assertEquals(lines.some((line) => line.startsWith(`Tuner: ${HOST}: `)), mode === "enforce");
  });
}

Deno.test("an event log that cannot be opened keeps the server from starting, in words", async () => {
  await using folder = await tempFolder();
  await Deno.writeTextFile(`${folder.path}/log.sqlite`, "no database, but a text of some length");
  const env = { BREAKWATER_EVENT_LOG: `${folder.path}/log.sqlite`, BREAKWATER_STORE: "memory:" };
  await using server = new ServerProcess({ env });
  const { code, output } = await server.ended();
  assertEquals(code, 1);
  assertStringIncludes(output, "event log");
  assert(!output.includes("    at "), output);
});

Deno.test("what processes saw adds up, is advised upon, and is written before they end by SIGTERM", async () => {
  await using folder = await tempFolder();
  const env = {
    BREAKWATER_STORE: `deno-kv:${folder.path}/shared.kv`,
    BREAKWATER_EVENT_LOG: `${folder.path}/log.sqlite`,
    BREAKWATER_DEFAULTS: "fail_max:9",
  };
  {
    await using one = new ServerProcess({ env });
    await using two = new ServerProcess({ env });
    await crawl(await one.url(), 4);
    one.kill("SIGTERM");
    assertEquals((await one.ended()).code, 0);
    await send("DELETE", `${await two.url()}/v1/breakers/${HOST}`);
    await crawl(await two.url(), 4);
    const { advice } = await send("GET", `${await two.url()}/v1/advice`);
    const found = advice.find(({ rule }: { rule: string }) => rule === "retry_after");
    assertEquals(found?.evidence.retry_afters, 8, JSON.stringify(advice));
    two.kill("SIGTERM");
    assertEquals((await two.ended()).code, 0);
  }
  await using store = await denoKvStore(`${folder.path}/shared.kv`);
  await using registry = new BreakerRegistry({ store });
  const { minutes, complete } = await readSummaries(registry, { sinceMs: 0 });
  const { calls, status429, cooldowns } = minutes.reduce(
    (sum, { summary }) => mergeSummaries(sum, summary),
    EMPTY_SUMMARY,
  );
  assertEquals({ complete, calls, status429, cooldowns }, {
    complete: true,
    calls: 8,
    status429: 8,
    cooldowns: 2,
  });
  using file = await openEventFile(`${folder.path}/log.sqlite`);
  assertEquals([...file.events()].filter(({ status }) => status === 429).length, 8);
});
