/**
 * The words that breakers are described with: states, scopes, modes, and the reasons of opens and denials.
 *
 * @module
 */

/** State of one breaker. `half_open` is worked out from the deadline when somebody asks. */
export type BreakerState = "closed" | "open" | "half_open";

/** All states. */
export const BREAKER_STATES = all<BreakerState>({ closed: true, open: true, half_open: true });

/** What a breaker belongs to: the host that is asked, or the named service a request is made for. */
export type Scope = "host" | "resolver";

/** All scopes. */
export const SCOPES = all<Scope>({ host: true, resolver: true });

/** Whether the gate decides (`enforce`), only says what it would decide (`observe`), or keeps out of the way (`off`). */
export type Mode = "enforce" | "observe" | "off";

/** All modes. */
export const MODES = all<Mode>({ enforce: true, observe: true, off: true });

/** How a request went, once classified. `neutral`: the host answered, but the answer says nothing of its health. */
export type OutcomeKind = "success" | "failure" | "neutral" | "cancelled";

/** Why a breaker is open: `open` by outcomes, the others by a cooldown or an operator. */
export type OpenReason = "open" | "retry_after" | "rolling" | "manual";

/** All reasons of opens. */
export const OPEN_REASONS = all<OpenReason>({
  open: true,
  retry_after: true,
  rolling: true,
  manual: true,
});

/** Why a request was denied. `probes`: half-open and the budget is out; `rate`: pacing. */
export type DenialReason = OpenReason | "probes" | "rate";

/** All reasons of denials. */
export const DENIAL_REASONS: readonly DenialReason[] = [...OPEN_REASONS, "probes", "rate"];

/** Whether a value that comes from outside is one of these words. */
export function isOneOf<T extends string>(words: readonly T[], value: unknown): value is T {
  return words.some((word) => word === value);
}

/** By name, so that none of a type's words is forgotten. */
function all<T extends string>(words: Readonly<Record<T, true>>): readonly T[] {
  return Object.keys(words) as T[]; // safe: these are its keys
}
