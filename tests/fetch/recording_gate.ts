/**
 * A gate that keeps a ledger: what was asked, which permits it handed out, what it was told. It decides nothing
 * by itself; a test says which asks are denied or are to wait.
 *
 * @module
 */
import type {
  AllowRequest,
  Denial,
  Gate,
  Outcome,
  Permit,
  RecordResult,
  Verdict,
} from "../../src/breaker/gate.ts";

/** What a test decides about one ask: a denial, or what is special about the permit. */
export type Decision = Denial | { waitMs: number } | undefined;

/** One permit and all that was told with it. */
export interface LedgerLine {
  ask: AllowRequest;
  permit: Permit;
  outcomes: Outcome[];
}

/** A denial as a gate gives it. */
export function denial(retryAfterMs = 30_000, key = "example.org"): Denial {
  return { reason: "open", scope: "host", key, state: "open", retryAfterMs };
}

/** See the module. */
export class RecordingGate implements Gate {
  readonly asks: AllowRequest[] = [];
  readonly lines: LedgerLine[] = [];
  /** Outcomes in the order in which they came. */
  readonly outcomes: Outcome[] = [];
  readonly #decide: (ask: AllowRequest) => Decision;

  constructor(decide: (ask: AllowRequest) => Decision = () => undefined) {
    this.#decide = decide;
  }

  allow(ask: AllowRequest): Verdict | Promise<Verdict> {
    this.asks.push(ask);
    const decision = this.#decide(ask);
    if (decision !== undefined && "reason" in decision) return { allowed: false, ...decision };
    const permit = `permit-${this.lines.length + 1}`;
    this.lines.push({ ask, permit, outcomes: [] });
    const waitMs = decision?.waitMs ?? 0;
    return { allowed: true, permit, state: waitMs > 0 ? "half_open" : "closed", waitMs };
  }

  record(permit: Permit, outcome: Outcome): RecordResult | Promise<RecordResult> {
    this.outcomes.push(outcome);
    const line = this.lines.find((line) => line.permit === permit);
    line?.outcomes.push(outcome);
    return { recorded: line?.outcomes.length === 1, state: "closed", retryAfterMs: 0 };
  }

  /** The ledger in words, permit by permit: who was asked, for which resolver, what was told. */
  story(names: Record<string, string> = {}): string[] {
    return this.lines.map(({ ask, outcomes }) => {
      const origin = new URL(String(ask.url)).origin;
      const resolver = ask.resolver === undefined ? "" : ` for ${ask.resolver}`;
      return `${names[origin] ?? "host"}${resolver}: ${outcomes.map(words).join(" and ") || "-"}`;
    });
  }
}

/** Answers everything a microtask or more later, as a gate with a store does. */
export class SlowRecordingGate extends RecordingGate {
  override async allow(ask: AllowRequest): Promise<Verdict> {
    await Promise.resolve();
    return super.allow(ask);
  }

  override async record(permit: Permit, outcome: Outcome): Promise<RecordResult> {
    await Promise.resolve();
    return super.record(permit, outcome);
  }
}

function words(outcome: Outcome): string {
  if ("status" in outcome) return String(outcome.status);
  if ("result" in outcome) return outcome.result;
  return outcome.error instanceof Error ? outcome.error.name : String(outcome.error);
}
