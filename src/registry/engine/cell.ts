/**
 * What the engine holds per key.
 *
 * @module
 */
/** What one event made of a record. */
export interface Change<R, A> {
  /** The very same record where nothing changed. */
  record: R | undefined;
  answer: A;
  /** Runs once the record is written, and only then. */
  commit?: () => void;
}

/**
 * What the events of one attempt have in common: what they keep beside the record they keep under this, so that an
 * attempt that a conflict undoes leaves nothing behind.
 */
export type Attempt = object;

/** One event: a pure function, run again after a conflict. */
export type Apply<R, A> = (record: R | undefined, now: number, attempt: Attempt) => Change<R, A>;

/** An event in the queue, and who waits for it. */
export interface Pending<R> {
  apply: Apply<R, unknown>;
  /** When its caller began to wait, by the monotonic clock in milliseconds. */
  askedAt: number;
  settle(answer: unknown, degraded: boolean): void;
  /** Applying threw: a fault of ours, told to whoever waits. */
  fail(error: unknown): void;
}

/** What a batch of events made of a record. */
export interface Applied<R> {
  /** What it was applied to. */
  base: R | undefined;
  record: R | undefined;
  /** The record as a store would hold it. */
  text: string | undefined;
  answers: unknown[];
  commits: (() => void)[];
}

/** The last record seen of one key, its version, and a queue of events. */
export class Cell<R> {
  readonly key: string;
  record: R | undefined;
  /** The store's version of `text`; undefined: absent. */
  version: string | undefined;
  /** What the store holds, to the letter. */
  text: string | undefined;
  /** When the store last spoke of it, in epoch milliseconds. */
  readAt = -Infinity;
  /** Counts answers that a read begun before them must not undo. */
  writes = 0;
  /** True while a batch is being applied and written. */
  busy = false;
  /** The record holds something that the store does not. */
  dirty = false;
  /** The record that the store would not hold; while it stays the same, there is no use in offering it again. */
  refused: R | undefined;
  /** The store could not be asked when it should have been. */
  unsure = false;
  readonly queue: Pending<R>[] = [];
  /** The events being written. Emptied where their callers have waited long enough: then `record` holds them. */
  batch: Pending<R>[] = [];
  /** What the batch made of the record, while that is on its way to the store. */
  sent: Applied<R> | undefined;
  /** When the first of those who wait has waited long enough, by the monotonic clock in milliseconds. */
  dueAt = Infinity;
  /** The timer that looks after it: it may end before that, and is set again then. */
  watch: { readonly endsAt: number; cancel(): void } | undefined;
  reading: Promise<void> | undefined;

  /** True where the store would not hold the record as it is. */
  get isRefused(): boolean {
    return this.refused !== undefined && this.refused === this.record;
  }

  /** When it was last of use, in epoch milliseconds; one that is not for a while is let go. */
  usedAt: number;

  constructor(key: string, now: number) {
    this.key = key;
    this.usedAt = now;
  }
}
