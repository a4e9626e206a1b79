/**
 * A log that a real registry wrote, replayed under the policy that it was written with: the replay must come to
 * the very same verdicts. The crawlers are simulated, from a seed.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { BreakerRegistry, type Outcome, type Permit, type PolicyPatch } from "../../mod.ts";
import { openSqliteLog } from "../../src/telemetry/sqlite_log.ts";
import { openEventFile } from "../../src/tuning/event_file.ts";
import { replay } from "../../src/tuning/replay.ts";
import { Random } from "../support/random.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const START = 1_800_000_000_000;
const HOSTS = ["one.example.org", "two.example.org"];
const ROLES = ["metadata", "artifact", "landing"];
const CRAWLERS = 6;
const FOR_MS = 3_600_000;

function randomPolicy(random: Random): PolicyPatch {
  return {
    failMax: random.whole(1, 5),
    resetTimeoutMs: random.whole(5, 120) * 1_000,
    successThreshold: random.whole(1, 3),
    trialCalls: random.whole(1, 3),
    backoffFactor: random.pick([1, 2]),
    // As long as a probe waits, others are denied in the log; nothing tells a replay of that time.
    halfOpen: { jitterMs: 0 },
    ...(random.chance(0.5) && {
      rolling: { enabled: true, windowMs: 60_000, thresholdFailures: 6, cooldownMs: 45_000 },
    }),
    ...(random.chance(0.5) && {
      failureRate: { windowMs: 120_000, minCalls: 8, thresholdRatio: 0.5 },
    }),
    ...(random.chance(0.5) && { roles: { artifact: { failMax: 2, resetTimeoutMs: 20_000 } } }),
  };
}

/** Hosts are down for a fifth of the time, each at another. */
function randomOutcome(random: Random, host: string, now: number, latencyMs: number): Outcome {
  const down = Math.floor((now - START) / 120_000 + HOSTS.indexOf(host)) % 5 === 0;
  if (random.chance(0.02)) return { error: new DOMException("enough", "AbortError"), latencyMs };
  if (!random.chance(down ? 0.9 : 0.1)) return { status: random.pick([200, 404]), latencyMs };
  return random.pick<Outcome>([
    { status: 500, latencyMs },
    { status: 503, retryAfter: "20", latencyMs },
    { error: new DOMException("late", "TimeoutError"), latencyMs },
    { result: "failure", latencyMs },
  ]);
}

/** Crawls for an hour of simulated time; no two things happen in one millisecond. */
async function crawl(path: string, seed: number, patch: PolicyPatch): Promise<BreakerRegistry> {
  const random = new Random(seed);
  let now = START;
  const registry = new BreakerRegistry({ now: () => now, config: { defaults: patch } });
  const log = await openSqliteLog(registry, path);
  const agenda = new Map<number, () => void>();
  const later = (ms: number, run: () => void) => {
    let due = now + Math.max(1, ms);
    while (agenda.has(due)) due++;
    agenda.set(due, run);
    return due;
  };
  const ask = () => {
    if (now - START >= FOR_MS) return;
    const host = random.pick(HOSTS);
    const verdict = registry.allow({ host, role: random.pick(ROLES) });
    assert("allowed" in verdict); // the memory store answers at once
    if (!verdict.allowed) return void later(random.whole(500, 4_000), ask);
    const tell = (permit: Permit, sentAt: number) => {
      registry.record(permit, randomOutcome(random, host, now, now - sentAt));
      later(random.whole(1, 2_000), ask);
    };
    const latencyMs = random.chance(0.05) ? 40_000 : random.whole(10, 3_000);
    const { permit } = verdict;
    const sentAt = now;
    later(latencyMs, () => tell(permit, sentAt));
  };
  for (let i = 0; i < CRAWLERS; i++) later(i, ask);
  while (agenda.size > 0) {
    const due = Math.min(...agenda.keys());
    const run = agenda.get(due)!; // its key was just found
    agenda.delete(due);
    now = due;
    run();
  }
  log.close();
  return registry;
}

function transitionsIn(path: string, reason: string): number {
  using database = new DatabaseSync(path);
  const row = database.prepare(
    `SELECT count(DISTINCT host || ts) AS opens FROM breaker_transitions
     WHERE new_state = 'open' AND old_state <> 'open' AND reason ${reason}`,
  ).get();
  return Number(row?.opens);
}

Deno.test("a log under its own policy is replayed verdict by verdict", async () => {
  await using folder = await temporaryFolder();
  const total = { sent: 0, denied: 0, opens: 0, cooldowns: 0 };
  for (let seed = 1; seed <= 8; seed++) {
    const path = `${folder.path}/${seed}.sqlite`;
    const patch = randomPolicy(new Random(seed * 7_919));
    const registry = await crawl(path, seed, patch);
    using file = await openEventFile(path);
    const report = replay(file.events(), (host) => registry.policy(host));
    const about = `seed ${seed}: ${JSON.stringify(patch)}`;
    const { failuresAvoided, goodDenied, untoldDenied, estimated } = report;
    assertEquals([failuresAvoided, goodDenied, untoldDenied], [0, 0, 0], about);
    const { failuresSent, goodSent, untoldSent } = estimated;
    assertEquals([failuresSent, goodSent, untoldSent], [0, 0, 0], about);
    total.sent += report.sent;
    total.denied += report.denied;
    total.opens += report.opens;
    total.cooldowns += report.cooldowns;
    assertEquals(report.opens, transitionsIn(path, "= 'open'"), about);
    assertEquals(report.cooldowns, transitionsIn(path, "<> 'open'"), about);
    assertEquals(report.clockJumps, 0, about);
  }
  // Otherwise there was nothing to come to the same verdict about.
  assert(Object.values(total).every((count) => count > 100), JSON.stringify(total));
});
