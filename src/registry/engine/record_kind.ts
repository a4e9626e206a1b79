/**
 * What the engine must know of the records it moves.
 *
 * @module
 */

/** Reads, ages and joins records. All pure. */
export interface RecordKind<R> {
  encode(record: R): string;
  /** Undefined where the text cannot be read. */
  decode(text: string): R | undefined;
  /** Undefined where the record says nothing more. */
  prune(key: string, record: R | undefined, now: number): R | undefined;
  /** Epoch milliseconds from which on the store may drop it; Infinity: never. */
  endOf(key: string, record: R): number;
  /** True where what was read is older than what was seen before. */
  isStale(
    key: string,
    read: R | undefined,
    seen: R | undefined,
    now: number,
    seenAt: number,
  ): boolean;
  /** True where a read from a replica lacks what this process has written. */
  isLagging(read: R | undefined, seen: R | undefined): boolean;
  /** What the store holds, joined with what was learned while it could not be reached. */
  merge(key: string, stored: R | undefined, local: R | undefined, now: number): R | undefined;
  /** True where the record must not be dropped to make room for another. */
  isProtected(record: R, now: number): boolean;
}

/** What tells one kind of record from another where only deadlines matter. */
export interface PlainKind<R> extends Pick<RecordKind<R>, "encode" | "decode" | "endOf"> {
  /** Of what an outage kept apart. */
  join(stored: R, local: R, now: number): R;
}

/**
 * A kind of record that goes when it ends, may be dropped to make room, and is believed as it is read: every write
 * compares, so that what was read too old is refused then.
 */
export function plainKind<R>({ encode, decode, endOf, join }: PlainKind<R>): RecordKind<R> {
  return {
    encode,
    decode,
    prune: (key, record, now) =>
      record === undefined || endOf(key, record) <= now ? undefined : record,
    endOf,
    isStale: () => false,
    isLagging: () => false,
    merge: (_key, stored, local, now) =>
      stored === undefined || local === undefined ? stored ?? local : join(stored, local, now),
    isProtected: () => false,
  };
}
