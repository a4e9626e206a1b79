/**
 * A real store whose commands are counted on their way.
 *
 * @module
 */
import type { MaybePromise, Store } from "../../src/stores/store.ts";

/** Passes everything on. */
export class WatchedStore implements Store {
  /** Commands sent so far. */
  commands = 0;
  /** Writes sent so far. */
  writes = 0;
  /** Most writes that were under way at once. */
  mostWritesAtOnce = 0;
  readonly #store: Store;
  #writesUnderWay = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  read: Store["read"] = (keys) => {
    this.commands++;
    return this.#store.read(keys);
  };

  write: Store["write"] = (key, value, expected, ttlMs) => {
    this.commands++;
    this.writes++;
    this.mostWritesAtOnce = Math.max(this.mostWritesAtOnce, ++this.#writesUnderWay);
    return this.#untilDone(this.#store.write(key, value, expected, ttlMs));
  };

  list: Store["list"] = (prefix, options) => {
    this.commands++;
    return this.#store.list(prefix, options);
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.#store[Symbol.asyncDispose]();
  }

  #untilDone<T>(answer: MaybePromise<T>): MaybePromise<T> {
    if (answer instanceof Promise) return answer.finally(() => this.#writesUnderWay--);
    this.#writesUnderWay--;
    return answer;
  }
}
