/**
 * Who listens to a registry. Listeners hear of a change after it is committed; one that throws changes nothing.
 *
 * @module
 */
import type { BreakerEvent, EventType } from "../breaker/events.ts";
import type { Transition } from "../breaker/step.ts";
import type { Scope } from "../breaker/state.ts";

/** The listeners of one registry. */
export class Listeners {
  /** With the types that each wants to hear of; undefined: all. */
  readonly #listeners = new Map<(event: BreakerEvent) => void, readonly EventType[] | undefined>();
  #hearsDenials = false;
  #hearsOutcomes = false;

  /** False where nobody wants to hear of denials: none needs to be made. */
  get hearsDenials(): boolean {
    return this.#hearsDenials;
  }

  /** False where nobody wants to hear of outcomes: none needs to be made. */
  get hearsOutcomes(): boolean {
    return this.#hearsOutcomes;
  }

  /** Returns what ends the listening. */
  add(listener: (event: BreakerEvent) => void, types?: readonly EventType[]): () => void {
    this.#listeners.set(listener, types);
    this.#count();
    return () => {
      this.#listeners.delete(listener);
      this.#count();
    };
  }

  /** Tells everybody who wants to hear it. */
  emit(event: BreakerEvent): void {
    for (const [listener, types] of this.#listeners) {
      if (types !== undefined && !types.includes(event.type)) continue;
      try {
        listener(event);
      } catch {
        // A listener that throws changes nothing.
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

  #count(): void {
    const hears = (type: EventType) =>
      [...this.#listeners.values()].some((types) => types === undefined || types.includes(type));
    this.#hearsDenials = hears("denial");
    this.#hearsOutcomes = hears("outcome");
  }
}
