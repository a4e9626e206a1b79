/**
 * Runs in the thread of `log_judge.ts`: answers its questions one by one. Nothing else may load this file.
 *
 * @module
 */
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import { type EventFile, openEventFile } from "../tuning/event_file.ts";
import { type Evidence, replayEvidence } from "../tuning/evidence.ts";
import type { HttpEvent } from "../tuning/http_event.ts";

/** What a policy would have done on a host's log is asked. */
export interface JudgeQuestion {
  id: number;
  /** Of the log; the same in all questions to one thread. */
  path: string;
  host: string;
  policies: readonly BreakerPolicy[];
  now: number;
}

/** What came of a question. */
export interface JudgeAnswer {
  /** Of the question. */
  id: number;
  figures?: Awaited<ReturnType<Evidence>>;
  /** Why there are none, in words. */
  problem?: string;
}

let evidence: Evidence | undefined;

let turn: Promise<void> = Promise.resolve();

// What one question found out, the next one need not.
self.onmessage = ({ data }: MessageEvent<JudgeQuestion>) => {
  turn = turn.then(async () => self.postMessage(await answerTo(data)));
};

async function answerTo(question: JudgeQuestion): Promise<JudgeAnswer> {
  const { id, path, host, policies, now } = question;
  evidence ??= evidenceOf(path);
  try {
    return { id, figures: await evidence(host, policies, now) };
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) };
  }
}

function evidenceOf(path: string): Evidence {
  return replayEvidence(async (host, sinceMs) =>
    eventsOf(await openEventFile(path, { host, sinceMs, skipDamaged: true }))
  );
}

/** Lets go of the file when it is read, or read far enough. */
function* eventsOf(file: EventFile): Iterable<HttpEvent> {
  using open = file;
  yield* open.events();
}
