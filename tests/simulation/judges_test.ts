/**
 * Judges of the simulation, put to histories written by hand: silent where the contract allows what happened,
 * and not a moment longer.
 *
 * @module
 */
import { assertThrows } from "@std/assert";
import { DEFAULT_POLICY } from "../../src/breaker/policy.ts";
import { Checker } from "./checker.ts";
import { Deadlines } from "./deadlines.ts";
import { type Act, type Ask, type Bounds, type Life, type Part, Violation } from "./facts.ts";
import { Outcomes } from "./outcomes.ts";
import { EPOCH_MS } from "./scheduler.ts";

const BOUNDS: Bounds = {
  exact: true,
  operators: true,
  lags: false,
  fastestMs: 0,
  skewMs: 0,
  shareMs: 100,
  healMs: 3_000,
  callMs: 350,
};

const LIFE: Life = { worker: 0, name: "worker 0.0", skewMs: 0, isAlive: true, clock: () => 0 };

const PART: Part = {
  scope: "host",
  key: "a.example",
  role: "",
  policy: { ...DEFAULT_POLICY, failMax: 2 },
  target: "host a.example",
  breaker: "host a.example ",
  budget: "host a.example ",
};

function askOf(by: Life, startedAt: number): Ask {
  return { by, parts: [PART], startedAt, startedClock: startedAt };
}

/** A failure that was counted and left the breaker closed. */
function failure(judge: Outcomes, startedAt: number, endedAt: number): void {
  const told = {
    sent: {
      ask: askOf(LIFE, startedAt - 10),
      verdict: { allowed: true, permit: "", state: "closed", waitMs: 0 } as const,
      answeredAt: startedAt - 5,
      answeredClock: startedAt - 5,
      recorded: 0,
    },
    by: LIFE,
    reply: {
      outcome: { status: 500 },
      latencyMs: 5,
      kind: "failure",
      asksForCooldown: false,
    } as const,
    startedAt,
    startedClock: startedAt,
  };
  judge.telling(told, startedAt);
  judge.told(told, { recorded: true, state: "closed", retryAfterMs: 0 }, endedAt);
}

const CLOSE: Act = { by: LIFE, target: PART.target, startedAt: 1_000 };

Deno.test("failMax failures in a row that leave a breaker closed are a failure lost", () => {
  const judge = new Outcomes(BOUNDS);
  failure(judge, 1_000, 1_020);
  assertThrows(() => failure(judge, 1_030, 1_050), Violation, "a failure is lost");
});

Deno.test("a failure told while an operator acts may be one that he cleared", () => {
  const judge = new Outcomes(BOUNDS);
  judge.operating(CLOSE, 1_000);
  failure(judge, 990, 1_010);
  failure(judge, 1_020, 1_050);
  judge.operated(CLOSE, 1_040);
  // Its answer came later, but it may have been counted before.
  failure(judge, 1_040, 1_060);
  failure(judge, 1_041, 1_070);
});

Deno.test("from the end of an operator's act on failures are lost again", () => {
  const judge = new Outcomes(BOUNDS);
  judge.operating(CLOSE, 1_000);
  judge.operated(CLOSE, 1_040);
  failure(judge, 1_041, 1_060);
  assertThrows(() => failure(judge, 1_050, 1_070), Violation, "a failure is lost");
});

Deno.test("what an operator's dead worker sent may arrive until everybody must know of it", () => {
  const judge = new Outcomes(BOUNDS);
  judge.operating(CLOSE, 1_000);
  judge.orphanedAct(CLOSE, 1_010);
  failure(judge, 1_050, 1_060);
  failure(judge, 1_110, 1_120);
  failure(judge, 1_111, 1_130);
  assertThrows(() => failure(judge, 1_112, 1_140), Violation, "a failure is lost");
});

Deno.test("of two operators the last to be answered ends the doubt", () => {
  const judge = new Outcomes(BOUNDS);
  const other: Act = { ...CLOSE, startedAt: 1_010 };
  judge.operating(CLOSE, 1_000);
  judge.operating(other, 1_010);
  judge.operated(CLOSE, 1_020);
  failure(judge, 1_030, 1_040);
  failure(judge, 1_041, 1_050);
  judge.operated(other, 1_060);
  failure(judge, 1_061, 1_070);
  assertThrows(() => failure(judge, 1_071, 1_080), Violation, "a failure is lost");
});

/** An open told at 5,000 to a worker that dies at `diesAt`; then another worker is let through. */
function askAfterDeath(bounds: Bounds, diesAt: number): void {
  const judge = new Deadlines(bounds);
  const dying: Life = { ...LIFE, name: "worker 1.1", isAlive: true };
  judge.learn(PART, askOf(dying, 5_000), 60_000, 5_000, 0);
  dying.isAlive = false;
  judge.crashed(dying, diesAt);
  judge.allowed(PART, askOf(LIFE, 20_000), 20_010, 0);
}

const STORMY = { ...BOUNDS, exact: false, operators: false };

Deno.test("an open that died with its worker before it was shared is lost only where replicas lag", () => {
  askAfterDeath({ ...STORMY, lags: true }, 7_999);
  assertThrows(
    () => askAfterDeath({ ...STORMY, lags: true }, 8_000),
    Violation,
    "lost open",
  );
  assertThrows(() => askAfterDeath(STORMY, 5_001), Violation, "lost open");
});

Deno.test("a violation tells times from the beginning, as the trace does", () => {
  const checker = new Checker(BOUNDS);
  checker.asking(askOf(LIFE, EPOCH_MS + 20));
  const hangs = () => checker.step(EPOCH_MS + 5_000, true);
  assertThrows(hangs, Violation, "begun at 20, now 5000");
  const judge = new Deadlines(BOUNDS);
  judge.learn(PART, askOf(LIFE, EPOCH_MS + 20), 30_000, EPOCH_MS + 20, 0);
  const asks = () =>
    judge.allowed(PART, askOf({ ...LIFE, name: "worker 1.0" }, EPOCH_MS + 700), EPOCH_MS + 701, 0);
  assertThrows(asks, Violation, "at 701, open until 30020");
});
