/**
 * What the evaluation asks of a gate, and the two gates at the ends of the scale: one that knows all, and
 * none.
 *
 * @module
 */
import type { TuningStep } from "../../src/tuning/mod.ts";
import type { Scheduler } from "../simulation/scheduler.ts";
import type { Host } from "./host.ts";
import type { Answer, CrawlRole } from "./workload.ts";

/** What a gate stands in. */
export interface World {
  /** Simulated time. */
  scheduler: Scheduler;
  /** Where the crawl began, in epoch milliseconds. */
  epochMs: number;
  seed: number;
  /** To be called for each change to open, a failed probe's included. */
  onOpen: () => void;
  /** To be called for each step of a tuner. */
  onStep: (step: TuningStep) => void;
  /** To be called where a tuner could not do what it should: the crawl fails. */
  onTrouble: (problem: string) => void;
}

/** One gate before one host. */
export interface GateUnderTest extends AsyncDisposable {
  /** Sends the request where the gate lets it through, at once or after a wait; never calls `send` otherwise. */
  run(role: CrawlRole, send: () => Promise<Answer>): Promise<void>;
}

/** A column of the table. */
export interface Contender {
  name: string;
  /** It learns from the hours before the measured ones; the others begin with those. */
  learns: boolean;
  /** @param host only for the oracle */
  make(world: World, host: Host): GateUnderTest | Promise<GateUnderTest>;
}

const NOTHING_TO_CLOSE = { [Symbol.asyncDispose]: () => Promise.resolve() };

/** Sends everything. */
export const NO_BREAKER: Contender = {
  name: "none",
  learns: false,
  make: () => ({
    async run(_role, send) {
      await send();
    },
    ...NOTHING_TO_CLOSE,
  }),
};

/** Sends what will be served, and nothing else. */
export const ORACLE: Contender = {
  name: "oracle",
  learns: false,
  make: ({ scheduler, epochMs }, host) => ({
    async run(role, send) {
      if (host.wouldServe(scheduler.now - epochMs, role)) await send();
    },
    ...NOTHING_TO_CLOSE,
  }),
};

/** Whether an answer is a failure to the peers: the same as by the default policy here. */
export function isFailure({ status }: Answer): boolean {
  return status === undefined || [408, 429, 500, 502, 503, 504].includes(status);
}
