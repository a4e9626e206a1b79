/**
 * Evidence from the event log in a thread of its own: the same as here, without holding anything up; and what
 * is said where there is none.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { DEFAULT_POLICY } from "../../src/breaker/policy.ts";
import { LogJudge } from "../../src/edge/log_judge.ts";
import { openEventFile } from "../../src/tuning/event_file.ts";
import { type Evidence, replayEvidence } from "../../src/tuning/evidence.ts";
import { SqliteLogFile } from "../../src/telemetry/sqlite_log_file.ts";

const HOST = "api.example.org";
const NOW = 1_800_000_000_000;
const POLICIES = Array.from({ length: 40 }, (_, i) => ({ ...DEFAULT_POLICY, failMax: i + 1 }));

/** A log in which every tenth request of the last half hour failed. */
async function logOf(requests: number): Promise<{ path: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/log.sqlite`;
  const bounds = { maxAgeMs: 86_400_000, maxRows: 1_000_000 };
  const file = new SqliteLogFile(path, bounds, 1_000, NOW);
  const rows = Array.from({ length: requests }, (_, i) => {
    const ts = NOW - 1_800_000 + Math.floor(i * 1_800_000 / requests);
    const status = i % 10 === 0 ? 503 : 200;
    const values = [ts, "run", HOST, null, null, status, null, 0, 20, null, "closed", 1];
    return { table: "http_events", values } as const;
  });
  file.write(rows, NOW);
  file.close();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

Deno.test("a log is judged in a thread as it would be here", async () => {
  await using log = await logOf(500);
  const judge = new LogJudge(log.path);
  const here: Evidence = replayEvidence(async (host, sinceMs) => {
    using file = await openEventFile(log.path, { host, sinceMs });
    return [...file.events()];
  });
  const [found, same] = await Promise.all([1, 2].map(() => judge.evidence(HOST, POLICIES, NOW)));
  assertEquals(found, await here(HOST, POLICIES, NOW));
  assertEquals(found, same);
  assert(found!.flat().some(({ failuresSent }) => failuresSent > 0));
  assertEquals(await judge.evidence("other.example.org", POLICIES, NOW), undefined);
  judge.close();
});

Deno.test("while a log is judged, nothing else is held up", async () => {
  await using log = await logOf(20_000);
  const judge = new LogJudge(log.path);
  await judge.evidence("other.example.org", POLICIES, NOW); // the thread has begun
  let judging = true;
  const began = performance.now();
  const judged = Promise.resolve(judge.evidence(HOST, POLICIES, NOW))
    .finally(() => judging = false);
  let longestMs = 0;
  for (let last = began; judging;) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    longestMs = Math.max(longestMs, performance.now() - last);
    last = performance.now();
  }
  assert(await judged !== undefined);
  assertLess(longestMs, (performance.now() - began) / 2);
  judge.close();
});

Deno.test("a log that is not there, and a judge that is closed, say so in words", async () => {
  const judge = new LogJudge("/nowhere/log.sqlite");
  const asked = () => Promise.resolve(judge.evidence(HOST, POLICIES, NOW));
  await assertRejects(asked, Error, "there is no such file");
  judge.close();
  await assertRejects(asked, Error, "stopping");
});

Deno.test("whoever waits is told when the judge is closed", async () => {
  await using log = await logOf(1);
  const judge = new LogJudge(log.path);
  const asked = Promise.resolve(judge.evidence(HOST, POLICIES, NOW));
  judge.close();
  await assertRejects(() => asked, Error, "stopping");
});

Deno.test({
  name: "a thread that may not begin is told in words, and ends nothing else",
  permissions: { read: false },
  async fn() {
    const judge = new LogJudge("/nowhere/log.sqlite");
    const asked = () => Promise.resolve(judge.evidence(HOST, POLICIES, NOW));
    for (let i = 0; i < 2; i++) await assertRejects(asked, Error, "--allow-read");
    judge.close();
  },
});
