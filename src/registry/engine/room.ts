/**
 * Room in a store in memory: how many records that may be dropped it holds, and which of them goes next.
 *
 * @module
 */

/** See the module's description. */
export class Room {
  readonly #maxRecords: number;
  /** Keys of records that may be dropped, the longest unused first. */
  readonly #droppable = new Set<string>();

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  /**
   * Takes note of a record that was written; gives the key of one that has to go for it, if any.
   *
   * @param isDroppable false where the record is gone, or protected: such do not count
   */
  note(key: string, isDroppable: boolean): string | undefined {
    this.#droppable.delete(key);
    if (!isDroppable) return undefined;
    this.#droppable.add(key);
    if (this.#droppable.size <= this.#maxRecords) return undefined;
    const [oldest] = this.#droppable;
    this.#droppable.delete(oldest!);
    return oldest;
  }
}
