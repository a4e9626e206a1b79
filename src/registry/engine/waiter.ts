/**
 * An event in the queue of its record, and the caller who waits for the answer. One object each, since a hot host
 * has tens of thousands of them a second.
 *
 * @module
 */
import type { Apply, Pending } from "./cell.ts";

/** The answer to an event, and whether it was given without the store. */
export interface Done<A> {
  answer: A;
  degraded: boolean;
}

/** See the module's description. */
export class Waiter<R, A> implements Pending<R> {
  readonly apply: Apply<R, A>;
  readonly askedAt: number;
  #done: Done<A> | undefined;
  #failure: { error: unknown } | undefined;
  #resolve: ((done: Done<A>) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(apply: Apply<R, A>, askedAt: number) {
    this.apply = apply;
    this.askedAt = askedAt;
  }

  settle(answer: unknown, degraded: boolean): void {
    this.#done = { answer: answer as A, degraded }; // safe: what `apply` answered
    this.#resolve?.(this.#done);
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#reject?.(error);
  }

  /** The answer, where it came at once. Throws what applying threw at once. */
  get done(): Done<A> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#done;
  }

  /** The answer, where it did not. */
  later(): Promise<Done<A>> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }
}
