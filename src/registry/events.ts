/**
 * Who listens to a registry. Listeners hear of a change after it is committed; one that throws changes nothing.
 *
 * @module
 */
import type { Transition } from "../breaker/machine.ts";
import { retryAfterOf } from "../breaker/retry_after.ts";
import type {
  BreakerEvent,
  Outcome,
  OutcomeEvent,
  OutcomeKind,
  RecordResult,
  Scope,
} from "../breaker/types.ts";

/** Which kind of event. */
export type EventType = BreakerEvent["type"];

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

  #count(): void {
    const hears = (type: EventType) =>
      [...this.#listeners.values()].some((types) => types === undefined || types.includes(type));
    this.#hearsDenials = hears("denial");
    this.#hearsOutcomes = hears("outcome");
  }
}

/** Longest name of an error that is told. */
const MAX_ERROR = 64;

/** What is told of an outcome, once it was taken. */
export function outcomeEvent(
  names: Pick<OutcomeEvent, "host" | "role" | "resolver">,
  outcome: Outcome,
  kind: OutcomeKind,
  { recorded, state }: Pick<RecordResult, "recorded" | "state">,
  at: number,
  probe: boolean,
): OutcomeEvent {
  return {
    type: "outcome",
    at,
    ...names,
    kind,
    recorded,
    state,
    status: "status" in outcome ? outcome.status : undefined,
    ...("error" in outcome && { error: nameOf(outcome.error) }),
    ...("fromCache" in outcome && outcome.fromCache === true && { fromCache: true }),
    ...(probe && { probe }),
    latencyMs: outcome.latencyMs,
    retryAfterMs: retryAfterOf(outcome, at),
  };
}

/** The name alone: a message may hold what nobody should log. */
function nameOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("name" in error)) return "Error";
  return typeof error.name === "string" ? error.name.slice(0, MAX_ERROR) : "Error";
}
