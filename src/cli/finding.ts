/**
 * What the doctor finds: one line each, with what to do where something is not as it should be.
 *
 * @module
 */

/** `note`: worth knowing, and no fault. */
export type Health = "ok" | "note" | "fault";

/** One line. */
export interface Finding {
  /** What was looked at. */
  check: string;
  health: Health;
  /** What was found; where that is a fault, what to do. */
  says: string;
}

/** Clocks further apart than this make deadlines wrong, in milliseconds. */
export const MAX_SKEW_MS = 2_000;

/** Nothing to do. */
export function ok(check: string, says: string): Finding {
  return { check, health: "ok", says };
}

/** Worth knowing. */
export function note(check: string, says: string): Finding {
  return { check, health: "note", says };
}

/** Something to mend. */
export function fault(check: string, says: string): Finding {
  return { check, health: "fault", says };
}

/** What a clock elsewhere says of this one; `uncertainMs`: how long the question took. */
export function skewFinding(whose: string, aheadMs: number, uncertainMs: number): Finding {
  const off = Math.abs(aheadMs);
  if (off <= MAX_SKEW_MS + uncertainMs) return ok("clock", `within 2 s of ${whose}`);
  const seconds = (off / 1_000).toFixed(1);
  const side = aheadMs > 0 ? "ahead of" : "behind";
  return fault(
    "clock",
    `${whose} is ${seconds} s ${side} this one: deadlines would be wrong by as much; ` +
      "let NTP set both (timedatectl set-ntp true)",
  );
}
