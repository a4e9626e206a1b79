/**
 * A log replayed under the defaults with a patch, and reports of nothing to spell expectations from.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type BreakerPolicy, DEFAULT_POLICY, type PolicyPatch } from "../../mod.ts";
import { mergePolicy } from "../../src/breaker/policy.ts";
import type { HttpEvent } from "../../src/tuning/http_event.ts";
import { replay } from "../../src/tuning/replay.ts";
import type { Figures, Ledger } from "../../src/tuning/report.ts";
import { HOST } from "./logged.ts";

export const NONE: Ledger = {
  failuresSent: 0,
  failuresAvoided: 0,
  goodSent: 0,
  goodDenied: 0,
  untoldSent: 0,
  untoldDenied: 0,
};
export const NOTHING: Figures = {
  ...NONE,
  requests: 0,
  sent: 0,
  denied: 0,
  estimated: NONE,
  opens: 0,
  cooldowns: 0,
  openMs: 0,
  recoveries: 0,
};

/** The defaults with a patch. */
export function policy(patch: PolicyPatch = {}): BreakerPolicy {
  return mergePolicy(DEFAULT_POLICY, patch);
}

/** What is reported of a log of one host. */
export function replayed(events: HttpEvent[], patch: PolicyPatch = {}): Figures {
  const { hosts, cached: _cached, paced: _paced, clockJumps: _jumps, ...rest } = replay(
    events,
    policy(patch),
  );
  const { startMs: _start, endMs: _end, ...figures } = rest;
  assertEquals(hosts, [{ host: HOST, ...figures }]);
  return figures;
}
