/**
 * Callers that ask and tell without end, and how long each call took: measured in the process that calls, so
 * that nothing but the gate is timed.
 *
 * @module
 */
import type { AllowRequest, Gate } from "../../mod.ts";

/** Half of them fail whatever they are asked. */
const HOSTS = Array.from({ length: 20 }, (_, i) => `host${i}.example`);
const CALLERS = 16;
/** What a caller does between two requests, in milliseconds. */
const REST_MS = 2;

/** One call that was answered. */
export interface Call {
  kind: "allow" | "record";
  /** When it was made and answered, by the monotonic clock in milliseconds. */
  madeAt: number;
  answeredAt: number;
  /** Only a verdict can be. */
  degraded: boolean;
}

/** Load on one gate until it is stopped. */
export class Load {
  /** Every call so far, in the order of the answers. */
  readonly calls: Call[] = [];
  /** Whatever was thrown; there should be nothing. */
  readonly errors: unknown[] = [];
  readonly #gate: Gate;
  readonly #callers: Promise<void>[];
  #stopped = false;

  constructor(gate: Gate) {
    this.#gate = gate;
    this.#callers = Array.from({ length: CALLERS }, (_, i) => this.#call(i));
  }

  /** Resolves when every caller has its last answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  /** When the last degraded verdict was given; -Infinity: never. */
  get lastDegradedAt(): number {
    return this.calls.findLast(({ degraded }) => degraded)?.answeredAt ?? -Infinity;
  }

  async #call(caller: number): Promise<void> {
    for (let turn = caller; !this.#stopped; turn += 7) {
      const host = HOSTS[turn % HOSTS.length]!;
      try {
        // The even hosts are well, and so is the resolver that some of their requests are made for.
        const status = turn % 2 === 0 ? 200 : 503;
        const resolver = turn % 3 === 0 ? `resolver${status}` : undefined;
        await this.#request({ host, resolver }, status);
      } catch (error) {
        this.errors.push(error);
      }
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  }

  async #request(request: AllowRequest, status: number): Promise<void> {
    let madeAt = performance.now();
    const verdict = await this.#gate.allow(request);
    this.#answered("allow", madeAt, verdict.degraded === true);
    if (!verdict.allowed) return;
    madeAt = performance.now();
    await this.#gate.record(verdict.permit, { status });
    this.#answered("record", madeAt, false);
  }

  #answered(kind: Call["kind"], madeAt: number, degraded: boolean): void {
    this.calls.push({ kind, madeAt, answeredAt: performance.now(), degraded });
  }
}

/** How long calls took, in milliseconds. */
export interface Latency {
  calls: number;
  p50: number;
  p99: number;
  max: number;
}

/** Of the calls that pass. */
export function latencyOf(calls: readonly Call[], passes: (call: Call) => boolean): Latency {
  const took = calls.filter(passes).map((call) => call.answeredAt - call.madeAt)
    .sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))];
  return { calls: took.length, p50: at(0.5) ?? 0, p99: at(0.99) ?? 0, max: took.at(-1) ?? 0 };
}
