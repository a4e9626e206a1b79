/**
 * Other libraries behind the same interface, by their own code from npm and with what they ship: one breaker
 * per host, since they know no roles, and the same statuses as failures as here.
 *
 * opossum has defaults for everything (opens above 50 % failures in 10 s, 30 s to half-open, 10 s until its
 * own time-out). cockatiel has none for its breaker: taken is what the first example of its README shows
 * (5 failures in a row, half-open after 10 s).
 *
 * @module
 */
import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  handleAll,
} from "npm:cockatiel@4.0.0";
import OpossumModule from "npm:opossum@10.0.0";
import { type Contender, type GateUnderTest, isFailure, type World } from "./gate.ts";
import { simulateTime } from "./simulated_time.ts";
import type { Answer } from "./workload.ts";

/** As much of opossum as is used; the package carries no types. */
interface OpossumBreaker {
  fire(action: () => Promise<Answer>): Promise<Answer>;
  on(event: "open", listener: () => void): void;
  shutdown(): void;
}

const Opossum = OpossumModule as unknown as { // safe: checked against version 10.0.0, which is pinned
  new (action: (action: () => Promise<Answer>) => Promise<Answer>): OpossumBreaker;
  isOurError(error: unknown): boolean;
};

/** An answer that a peer is to count as a failure. */
class FailedAnswer extends Error {}

/** Peers learn of failures by what is thrown. */
async function thrown(send: () => Promise<Answer>): Promise<Answer> {
  const answer = await send();
  if (isFailure(answer)) throw new FailedAnswer();
  return answer;
}

function passOverExpected(error: unknown, isExpected: (error: unknown) => boolean): void {
  if (!(error instanceof FailedAnswer) && !isExpected(error)) throw error;
}

function opossumGate({ scheduler, onOpen }: World): GateUnderTest {
  const time = simulateTime(scheduler);
  const breaker = new Opossum((action) => action());
  breaker.on("open", onOpen);
  return {
    async run(_role, send) {
      try {
        await breaker.fire(() => thrown(send));
      } catch (error) {
        passOverExpected(error, Opossum.isOurError);
      }
    },
    [Symbol.asyncDispose]() {
      breaker.shutdown();
      time[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function cockatielGate({ scheduler, onOpen }: World): GateUnderTest {
  const time = simulateTime(scheduler);
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: 10_000,
    breaker: new ConsecutiveBreaker(5),
  });
  breaker.onBreak(onOpen);
  return {
    async run(_role, send) {
      try {
        await breaker.execute(() => thrown(send));
      } catch (error) {
        passOverExpected(error, (other) => other instanceof BrokenCircuitError);
      }
    },
    [Symbol.asyncDispose]() {
      time[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/** opossum with its defaults. */
export const OPOSSUM: Contender = { name: "opossum", learns: false, make: opossumGate };

/** cockatiel as in its README. */
export const COCKATIEL: Contender = { name: "cockatiel", learns: false, make: cockatielGate };
