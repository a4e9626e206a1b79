/**
 * A host under a crawl: the model's truth, and what was asked of its limit. The only part of the evaluation,
 * besides the oracle, that knows the truth.
 *
 * @module
 */
import {
  type Answer,
  answerAt,
  type CrawlRequest,
  type CrawlRole,
  refusal,
  type Workload,
} from "./workload.ts";

/** See the module's description. Times are milliseconds since the crawl began. */
export class Host {
  readonly workload: Workload;
  /** Requests that it would have served, and that were not sent. Under a limit, not more than it had left. */
  missed = 0;
  readonly #limit: { requests: number; windowMs: number };
  #window = 0;
  #served = 0;
  #missedInWindow = 0;

  constructor(workload: Workload) {
    this.workload = workload;
    this.#limit = workload.limit ?? { requests: Infinity, windowMs: Infinity };
  }

  /** Would a request of this role be served now? Neither down nor over the limit. */
  wouldServe(atMs: number, role: CrawlRole): boolean {
    this.#enter(atMs);
    return this.#served < this.#limit.requests && !this.workload.conditionAt(atMs, role).isDown;
  }

  /** Answers a request. One that is refused takes nothing from the limit. */
  serve(atMs: number, request: CrawlRequest): Answer {
    const { limit } = this.workload;
    this.#enter(atMs);
    if (limit && this.#served >= limit.requests) {
      return refusal(this.workload, limit, atMs, request);
    }
    this.#served++;
    // The window is used after all: what was not sent before has lost nothing.
    if (this.#missedInWindow > 0 && this.#served + this.#missedInWindow > this.#limit.requests) {
      this.#missedInWindow--;
      this.missed--;
    }
    return answerAt(this.workload, atMs, request);
  }

  /** A request was wanted and not sent. */
  passOver(atMs: number, role: CrawlRole): void {
    if (!this.wouldServe(atMs, role)) return;
    if (this.#served + this.#missedInWindow >= this.#limit.requests) return;
    this.#missedInWindow++;
    this.missed++;
  }

  #enter(atMs: number): void {
    const window = Math.floor(atMs / this.#limit.windowMs);
    if (window === this.#window) return;
    this.#window = window;
    this.#served = 0;
    this.#missedInWindow = 0;
  }
}
