/**
 * How the demonstration's hosts misbehave, and when. Only data and what can be read from it: no server, no clock.
 *
 * @module
 */

/** What a host does to a request. `flap`: a 503 for every third; `slow`: an answer later than the policy likes. */
export type Behaviour = "answer" | "fail" | "limit" | "hang" | "slow" | "flap";

/** A host's bad time; before and after it answers at once. Times count from the start of the run. */
export interface BadTime {
  host: string;
  behaviour: Behaviour;
  fromMs: number;
  untilMs: number;
}

/** A whole run. */
export interface Script {
  lengthMs: number;
  badTimes: readonly BadTime[];
}

/** Every host, in the order of the table. */
export const HOSTS = [
  "library.example",
  "journal.example",
  "api.example",
  "archive.example",
  "mirror.example",
  "flaky.example",
] as const;

/** What `limit` asks for, in seconds. */
export const RETRY_AFTER_S = 3;
/** How long `slow` takes; more than `slow_call` in `breakers.yaml`. */
export const SLOW_MS = 600;
/** How long a crawler waits for an answer. */
export const TIMEOUT_MS = 1_000;

const LENGTH_MS = 20_000;
const BAD_TIMES: readonly BadTime[] = [
  { host: "journal.example", behaviour: "fail", fromMs: 2_000, untilMs: 10_000 },
  { host: "flaky.example", behaviour: "flap", fromMs: 3_000, untilMs: 9_000 },
  { host: "api.example", behaviour: "limit", fromMs: 4_000, untilMs: 6_500 },
  { host: "archive.example", behaviour: "hang", fromMs: 5_000, untilMs: 11_000 },
  { host: "mirror.example", behaviour: "slow", fromMs: 7_000, untilMs: 13_000 },
];

/** The script, drawn together where the run is to be quick. The policy stays as it is. */
export function script(isQuick: boolean): Script {
  const scale = isQuick ? 0.45 : 1;
  return {
    lengthMs: LENGTH_MS * scale,
    badTimes: BAD_TIMES.map((time) => ({
      ...time,
      fromMs: time.fromMs * scale,
      untilMs: time.untilMs * scale,
    })),
  };
}

/** What a host does at a time of the run. */
export function behaviourAt({ badTimes }: Script, host: string, atMs: number): Behaviour {
  const now = badTimes.find((time) =>
    time.host === host && time.fromMs <= atMs && atMs < time.untilMs
  );
  return now?.behaviour ?? "answer";
}

/** The behaviour in words, for the timeline. */
export const IN_WORDS: Readonly<Record<Behaviour, string>> = {
  answer: "answers again",
  fail: "answers 503",
  limit: `answers 429 with Retry-After: ${RETRY_AFTER_S}`,
  hang: "does not answer at all",
  slow: `takes ${SLOW_MS} ms to answer`,
  flap: "answers every third request with 503",
};
