/**
 * The workload models: hosts in the troubles that crawlers meet. Their figures are drawn per host and per
 * stretch from ranges that were set before any advice was measured on them.
 *
 * @module
 */
import { Random } from "../support/random.ts";
import { MINUTE_MS, type Stretch, stretchAt, stretchesOf, within } from "./stretches.ts";
import { type Condition, type CrawlRole, type Limit, WELL, type Workload } from "./workload.ts";

/** Makes the host of a seed for a crawl of this length. */
export type Model = (seed: number, lengthMs: number) => Workload;

const REFUSED: Condition = { isDown: true, failureShare: 1, latencyMs: [10, 60] };
const UNAVAILABLE: Condition = { ...REFUSED, failureStatus: 503, latencyMs: [30, 200] };
const HANGING: Condition = { isDown: true, failureShare: 1, latencyMs: [12_000, 60_000] };
const BROWNOUT: Condition = { ...WELL, failureShare: 0.3, latencyMs: [150, 900] };
const SLOW: Condition = { ...WELL, latencyMs: [1_000, 4_000] };

const ROLES: readonly CrawlRole[] = ["metadata", "landing", "artifact"];

function scripted(name: string, seed: number, script: readonly Stretch<Condition>[]): Workload {
  return { name, seed, conditionAt: (atMs) => stretchAt(script, atMs)?.value ?? WELL };
}

/** Down for 3 to 20 minutes at a time, about once an hour. */
function hardDown(seed: number, lengthMs: number): Workload {
  const random = new Random(seed);
  const down = (draw: Random) => draw.pick([REFUSED, UNAVAILABLE]);
  return scripted("hard down", seed, stretchesOf(random, lengthMs, [20, 60], [3, 20], down));
}

/** Answers, but three in ten fail, for 10 to 30 minutes at a time. */
function brownout(seed: number, lengthMs: number): Workload {
  const random = new Random(seed);
  const script = stretchesOf(random, lengthMs, [20, 50], [10, 30], () => BROWNOUT);
  return scripted("brownout", seed, script);
}

/** Goes down and comes back every minute or two, by a rhythm of its own: a service that crashes and restarts. */
function flapping(seed: number, lengthMs: number): Workload {
  const random = new Random(seed);
  const downMs = within(random, [20, 150]) * 1_000;
  const upMs = within(random, [30, 110]) * 1_000;
  const script: Stretch<Condition>[] = [];
  for (const { fromMs, toMs } of stretchesOf(random, lengthMs, [15, 40], [20, 45], () => WELL)) {
    let atMs = fromMs;
    while (atMs < toMs) {
      const backMs = atMs + downMs * within(random, [0.9, 1.1]);
      script.push({ fromMs: atMs, toMs: backMs, value: UNAVAILABLE });
      atMs = backMs + upMs * within(random, [0.7, 1.3]);
    }
  }
  return scripted("flapping", seed, script);
}

/** Windows that limits are counted in, in seconds. */
const WINDOWS_S = [1, 5, 10, 60];

/** Well, and serves its clients fewer requests in each window than the crawl would like. */
function limited(name: string, seed: number, tellsWhen: boolean): Workload {
  const random = new Random(seed);
  // In turn, so that four seeds hold one of each.
  const windowS = WINDOWS_S[seed % WINDOWS_S.length]!;
  const requests = Math.round(windowS * within(random, [3, 6.5]));
  const limit: Limit = { requests, windowMs: windowS * 1_000, tellsWhen };
  return { name, seed, limit, conditionAt: () => WELL };
}

function limitedWithRetryAfter(seed: number): Workload {
  return limited("limited, Retry-After", seed, true);
}

function limitedWithout(seed: number): Workload {
  return limited("limited, bare 429", seed, false);
}

/** Slow but answering, and then so slow that every request runs into the crawler's deadline. */
function slow(seed: number, lengthMs: number): Workload {
  const random = new Random(seed);
  const script = stretchesOf(random, lengthMs, [15, 40], [8, 30], () => SLOW)
    .flatMap(({ fromMs, toMs }) => {
      const worseMs = within(random, [fromMs, toMs]);
      return [
        { fromMs, toMs: worseMs, value: SLOW },
        { fromMs: worseMs, toMs, value: HANGING },
      ];
    });
  return scripted("slow", seed, script);
}

/** One role fails for 10 to 40 minutes at a time (the file server behind an interface); the others are well. */
function oneRole(seed: number, lengthMs: number): Workload {
  const random = new Random(seed);
  const failing = random.pick(ROLES);
  const script = stretchesOf(random, lengthMs, [20, 50], [10, 40], () => UNAVAILABLE);
  return {
    name: "one role down",
    seed,
    conditionAt: (atMs, role) => role === failing ? stretchAt(script, atMs)?.value ?? WELL : WELL,
  };
}

/** The control: nothing but isolated failures, one request in a hundred. */
function healthy(seed: number): Workload {
  return { name: "healthy", seed, conditionAt: () => ({ ...WELL, failureShare: 0.01 }) };
}

/** Every model, by its name. */
export const MODELS: Readonly<Record<string, Model>> = {
  "hard down": hardDown,
  "brownout": brownout,
  "flapping": flapping,
  "limited, Retry-After": limitedWithRetryAfter,
  "limited, bare 429": limitedWithout,
  "slow": slow,
  "one role down": oneRole,
  "healthy": healthy,
};

/** Milliseconds of so many hours. */
export function hours(count: number): number {
  return count * 60 * MINUTE_MS;
}
