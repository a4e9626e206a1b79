/**
 * A batch of events of one key: applied together, in order, to what is known of the record. Writes nothing.
 *
 * @module
 */
import type { Applied, Attempt, Cell, Pending } from "./cell.ts";
import type { RecordKind } from "./record_kind.ts";

/** Applies a batch to the record in memory, and leaves that as it is. */
export function applyBatch<R>(
  cell: Cell<R>,
  batch: readonly Pending<R>[],
  kind: RecordKind<R>,
  now: number,
): Applied<R> {
  const attempt: Attempt = {};
  let record = cell.record;
  const answers: unknown[] = [];
  const commits: (() => void)[] = [];
  for (const { apply } of batch) {
    const step = apply(record, now, attempt);
    record = step.record;
    answers.push(step.answer);
    if (step.commit) commits.push(step.commit);
  }
  // A record that is over goes, even where no event changed it.
  if (record === cell.record && kind.prune(cell.key, record, now) === undefined) {
    record = undefined;
  }
  const same = record === cell.record && !cell.dirty;
  const text = same || record === undefined ? undefined : kind.encode(record);
  return { base: cell.record, record, text: same ? cell.text : text, answers, commits };
}

/** Tells what was waiting for the batch to hold, and then each caller his answer. */
export function answerBatch<R>(
  batch: readonly Pending<R>[],
  { answers, commits }: Applied<R>,
  degraded: boolean,
): void {
  for (const commit of commits) commit();
  batch.forEach((pending, i) => pending.settle(answers[i], degraded));
}
