/**
 * The contract of the HTTP API, sentence by sentence: what every way to the edge has to show.
 *
 * @module
 */
import { DASHBOARD_CASES } from "./conformance_dashboard_cases.ts";
import type { Cases } from "./conformance_edge.ts";
import { GATE_CASES } from "./conformance_gate_cases.ts";
import { OPERATOR_CASES } from "./conformance_operator_cases.ts";
import { REFUSAL_CASES } from "./conformance_refusal_cases.ts";

/** See the module's description. */
export const CONFORMANCE_CASES: Cases = {
  ...GATE_CASES,
  ...OPERATOR_CASES,
  ...DASHBOARD_CASES,
  ...REFUSAL_CASES,
};
