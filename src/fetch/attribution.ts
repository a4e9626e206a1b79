/**
 * Tells the gate how a request went, once, and to those it concerns: after a redirect to another host that is
 * no longer only the host that was asked. Knows permits and outcomes, neither sockets nor bodies.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import type { AllowRequest, Gate, Outcome, Permit } from "../breaker/gate.ts";

/** What the gate is still owed for one request. */
export interface Debt {
  readonly gate: Gate;
  /** What was asked. */
  readonly ask: AllowRequest & { url: string };
  /** The permit to tell the outcome with; absent where the gate gave none for the host that answered. */
  readonly permit?: Permit;
  /** URL of the host that answered, where it is not the one that was asked and has not been told yet. */
  readonly answeredBy?: string;
}

/** The debt once headers have come: where another host answered, it is that host's. */
export function answered(debt: Debt, response: Response): Debt | Promise<Debt> {
  if (!response.redirected || isSameHost(response.url, debt.ask.url)) return debt;
  const answeredBy = response.url;
  return debt.ask.resolver === undefined ? passOn(debt, answeredBy) : { ...debt, answeredBy };
}

/** Tells the outcome. Never throws: that a gate cannot be told is no reason to lose an answer. */
export function settle(debt: Debt, outcome: Outcome): void | Promise<void> {
  if (debt.answeredBy !== undefined) return settleForBoth(debt, debt.answeredBy, outcome);
  return tell(debt.gate, debt.permit, outcome);
}

function tell(gate: Gate, permit: Permit | undefined, outcome: Outcome): void | Promise<void> {
  if (permit === undefined) return;
  try {
    const told = gate.record(permit, outcome);
    if (told instanceof Promise) return told.then(ignore, ignore);
  } catch {
    // As above.
  }
}

function ignore(): void {}

function isSameHost(url: string, other: string): boolean {
  try {
    return hostKey(url) === hostKey(other);
  } catch {
    return true; // A stubbed answer without a URL: there is nobody else to name.
  }
}

/** No resolver: the host that redirected did well, and the other host gets a permit of its own. */
async function passOn({ gate, ask, permit }: Debt, answeredBy: string): Promise<Debt> {
  await tell(gate, permit, { result: "success" });
  const next = { ...ask, url: answeredBy };
  return { gate, ask: next, permit: await askAfterwards(gate, next) };
}

/**
 * With a resolver: one permit holds the host that redirected and the resolver, and takes one outcome. Where all
 * went well that is the truth for both. Where it did not, the permit is given back and each side is told by a
 * permit that does not say a wrong thing to the other.
 */
async function settleForBoth(debt: Debt, answeredBy: string, outcome: Outcome): Promise<void> {
  const { gate, permit, ask } = debt;
  if (isCancelled(outcome)) return await tell(gate, permit, outcome);
  const { resolver: _, ...asked } = ask;
  const other = { ...asked, url: answeredBy };
  if (isGood(outcome)) {
    await tell(gate, permit, { result: "success" });
    return await tell(gate, await askAfterwards(gate, other), outcome);
  }
  // Given back first: it may hold the only probe of either.
  await tell(gate, permit, { result: "cancelled" });
  await tell(gate, await askAfterwards(gate, asked), { result: "success" });
  const both = await askAfterwards(gate, { ...other, resolver: ask.resolver });
  await tell(gate, both ?? await askAfterwards(gate, other), outcome);
}

/** A permit for a host that has answered already. Its `waitMs` has nothing left to hold back. */
async function askAfterwards(gate: Gate, ask: AllowRequest): Promise<Permit | undefined> {
  try {
    const verdict = await gate.allow(ask);
    return verdict.allowed ? verdict.permit : undefined;
  } catch {
    return undefined;
  }
}

function isCancelled(outcome: Outcome): boolean {
  return "result" in outcome && outcome.result === "cancelled";
}

/** 2xx: good by any gate's policy. The policy itself is the gate's own. */
function isGood(outcome: Outcome): boolean {
  return "status" in outcome && outcome.status >= 200 && outcome.status <= 299;
}
