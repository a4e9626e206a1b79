/**
 * The queries that the documentation of `./telemetry` shows, against a log that a real registry wrote.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type AllowedVerdict, BreakerRegistry } from "../../mod.ts";
import { openSqliteLog } from "../../src/telemetry/sqlite_log.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const OPENS_IN_THE_LAST_HOUR = `
SELECT host, count(DISTINCT ts) AS opens
FROM breaker_transitions
WHERE scope = 'host' AND new_state = 'open' AND old_state <> 'open'
  AND ts > unixepoch() * 1000 - 3600000
GROUP BY host ORDER BY opens DESC, host;
`;
const MEAN_OPEN_DURATION = `
WITH changes AS (
  SELECT host, new_state, ts,
    lead(ts) OVER (PARTITION BY scope, host, role ORDER BY ts, rowid) AS ended
  FROM breaker_transitions WHERE old_state <> new_state
)
SELECT host, avg(ended - ts) / 1000 AS mean_open_s
FROM changes WHERE new_state = 'open' AND ended IS NOT NULL
GROUP BY host ORDER BY mean_open_s DESC, host;
`;
const HALF_OPEN_SUCCESS_RATE = `
SELECT host, avg(new_state = 'closed') AS success_ratio, count(*) AS periods
FROM breaker_transitions
WHERE old_state = 'half_open' AND reason <> 'manual'
GROUP BY host ORDER BY success_ratio, host;
`;

/**
 * Two hosts, over two hours that end now. `flaky` opens twice within the last hour: for 60 s until a probe that
 * fails, then for 70 s until one that succeeds. `limited` opened twice before that, each time for all its breakers
 * at once, for 100 s and 200 s; both probes succeeded.
 */
async function writeLog(path: string): Promise<void> {
  const end = Date.now();
  let now = end - 7_200_000;
  const roles = { artifact: { failMax: 4 } };
  const registry = new BreakerRegistry({
    now: () => now,
    config: { defaults: { failMax: 2, resetTimeoutMs: 60_000, roles } },
  });
  const log = await openSqliteLog(registry, path);
  const request = (host: string, status: number, retryAfter?: string, role?: string) => {
    const verdict = registry.allow({ host, role }) as AllowedVerdict; // safe: told only where it was
    if (verdict.allowed) registry.record(verdict.permit, { status, retryAfter });
  };
  for (const askedS of [100, 200]) {
    request("limited.example.org", 500, undefined, "artifact");
    request("limited.example.org", 429, String(askedS));
    now += askedS * 1_000;
    request("limited.example.org", 200);
    request("limited.example.org", 200, undefined, "artifact");
  }
  now = end - 1_800_000;
  request("flaky.example.org", 500);
  request("flaky.example.org", 500);
  now += 60_000;
  request("flaky.example.org", 500);
  now += 70_000;
  request("flaky.example.org", 200);
  log.close();
}

async function answers(statement: string): Promise<unknown[]> {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/events.sqlite`;
  await writeLog(path);
  using database = new DatabaseSync(path);
  return database.prepare(statement).all().map((row) => ({ ...row }));
}

Deno.test("the log tells the opens per host in the last hour", async () => {
  assertEquals(await answers(OPENS_IN_THE_LAST_HOUR), [{ host: "flaky.example.org", opens: 2 }]);
  const always = OPENS_IN_THE_LAST_HOUR.replace("3600000", "10800000");
  assertEquals(await answers(always), [
    { host: "flaky.example.org", opens: 2 },
    { host: "limited.example.org", opens: 2 },
  ]);
});

Deno.test("the log tells the mean open duration", async () => {
  assertEquals(await answers(MEAN_OPEN_DURATION), [
    { host: "limited.example.org", mean_open_s: 150 },
    { host: "flaky.example.org", mean_open_s: 65 },
  ]);
});

Deno.test("the log tells the half-open success rate", async () => {
  assertEquals(await answers(HALF_OPEN_SUCCESS_RATE), [
    { host: "flaky.example.org", success_ratio: 0.5, periods: 2 },
    { host: "limited.example.org", success_ratio: 1, periods: 4 },
  ]);
});

Deno.test("the documentation of ./telemetry shows these queries", async () => {
  const module = await Deno.readTextFile(new URL("../../src/telemetry/mod.ts", import.meta.url));
  const shown = module.replaceAll(/^ \* ?/gm, "");
  for (const query of [OPENS_IN_THE_LAST_HOUR, MEAN_OPEN_DURATION, HALF_OPEN_SUCCESS_RATE]) {
    assert(shown.includes(query), `src/telemetry/mod.ts lacks this query: ${query}`);
  }
});
