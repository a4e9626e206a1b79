/**
 * Host-minutes as one.
 *
 * @module
 */
import {
  EMPTY_SUMMARY,
  type HostMinute,
  mergeSummaries,
  type Summary,
} from "../../src/telemetry/summary.ts";

/** All of them together. */
export function total(minutes: readonly HostMinute[]): Summary {
  return minutes.reduce((sum, { summary }) => mergeSummaries(sum, summary), EMPTY_SUMMARY);
}
