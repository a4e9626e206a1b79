/**
 * The words that breakers are described with: states, scopes, modes, and the reasons of opens and denials.
 *
 * @module
 */

/** State of one breaker. `half_open` is worked out from the deadline when somebody asks. */
export type BreakerState = "closed" | "open" | "half_open";

/** What a breaker belongs to: the host that is asked, or the named service a request is made for. */
export type Scope = "host" | "resolver";

/** Whether the gate decides (`enforce`), only says what it would decide (`observe`), or keeps out of the way (`off`). */
export type Mode = "enforce" | "observe" | "off";

/** How a request went, once classified. `neutral`: the host answered, but the answer says nothing of its health. */
export type OutcomeKind = "success" | "failure" | "neutral" | "cancelled";

/** Why a breaker is open: `open` by outcomes, the others by a cooldown or an operator. */
export type OpenReason = "open" | "retry_after" | "rolling" | "manual";

/** Why a request was denied. `probes`: half-open and the budget is out; `rate`: pacing. */
export type DenialReason = OpenReason | "probes" | "rate";
