/**
 * Who listens to a registry. Listeners hear of a change after it is committed; one that throws changes nothing.
 *
 * @module
 */
import type { Transition } from "../breaker/machine.ts";
import type { BreakerEvent, Scope } from "../breaker/types.ts";

/** The listeners of one registry. */
export class Listeners {
  readonly #listeners = new Set<(event: BreakerEvent) => void>();

  /** True where nobody listens: no event needs to be made. */
  get none(): boolean {
    return this.#listeners.size === 0;
  }

  /** Returns what ends the listening. */
  add(listener: (event: BreakerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells everybody. */
  emit(event: BreakerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // See above.
      }
    }
  }

  /** Tells of breakers that changed their state. */
  emitTransitions(
    scope: Scope,
    key: string,
    transitions: readonly Transition[],
    at: number,
  ): void {
    for (const { name, ...transition } of transitions) {
      const role = name === "" ? {} : { role: name };
      this.emit({ type: "transition", at, scope, key, ...role, ...transition });
    }
  }
}
