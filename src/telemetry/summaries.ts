/**
 * Summaries of a registry: what `summary_book.ts` makes of its events and `summary_share.ts` shares, put
 * together.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import { breakerName } from "../breaker/limits.ts";
import { type BreakerRegistry, coreOf } from "../registry/registry.ts";
import { SUMMARY_TYPES, SummaryBook } from "./summary_book.ts";
import { type SummaryQuery, type SummaryReading, SummaryShare } from "./summary_share.ts";

/** How summaries are kept. Everything has a default. */
export interface SummariesOptions {
  /** Time between two writes while there is trouble, in milliseconds. @default {5000} */
  flushMs?: number;
  /** How long they are kept, in milliseconds; at most 31 days. @default {86400000} */
  keptMs?: number;
  /** Hosts in memory at once, those that are well included; those unused for longest are dropped. @default {10000} */
  maxHosts?: number;
}

/** What was done so far, for the metrics. */
export interface SummariesStats {
  /** Hosts in memory now. */
  hosts: number;
  /** Shares that wait to be written. */
  waiting: number;
  /** Host-minutes that were lost, since there were too many hosts, or too much waited for the store. */
  dropped: number;
  /** Readings that could not see everything: the store did not answer, or holds too much. */
  incomplete: number;
}

/** 31 days in milliseconds; as a number of hosts more than any process has. */
const MAX_OPTION = 2_678_400_000;

/** See {@linkcode summariesOf}. */
export class Summaries {
  readonly #book: SummaryBook;
  readonly #share: SummaryShare;
  #incomplete = 0;

  /** Listens to the registry until that is disposed. */
  constructor(registry: BreakerRegistry, options: SummariesOptions = {}) {
    const { flushMs = 5_000, keptMs = 86_400_000, maxHosts = 10_000 } = options;
    for (const [name, value] of Object.entries({ flushMs, keptMs, maxHosts })) {
      if (value > 0 && value <= MAX_OPTION) continue;
      throw new RangeError(
        `Cannot keep summaries: '${name}' must be above 0 and at most ${MAX_OPTION}: ` +
          `received ${value}`,
      );
    }
    const core = coreOf(registry);
    this.#book = new SummaryBook({
      maxHosts,
      alone: core.cooldowns !== undefined,
      breakerOf: (host, role) => breakerName(core.policies.ofHost(host), role),
      onTrouble: () => this.#share.flushLater(),
    });
    this.#share = new SummaryShare(core, this.#book, { flushMs, keptMs });
    const stop = registry.onEvent((event) => this.#book.note(event), SUMMARY_TYPES);
    core.closers.add(() => {
      stop();
      return this.#share.close();
    });
  }

  /** What was done so far. */
  stats(): SummariesStats {
    return {
      hosts: this.#book.size,
      waiting: this.#share.waiting,
      dropped: this.#book.dropped + this.#share.dropped,
      incomplete: this.#incomplete,
    };
  }

  /** Writes what there is to write now. Never fails: what the store does not confirm is sent again. */
  flush(): Promise<void> {
    return this.#share.flush();
  }

  /** The host-minutes of a window, all processes together. */
  async read(query: SummaryQuery): Promise<SummaryReading> {
    const reading = await this.#share.read(query);
    if (!reading.complete) this.#incomplete++;
    return reading;
  }
}

const known = new WeakMap<BreakerRegistry, Summaries>();

/**
 * The summaries of a registry: one, however often it is asked for; the options of the first time hold. From then
 * on what happens is summed up per host, role and minute, and added to what the other processes on its store
 * have seen; with a store of its own it stays in memory.
 *
 * Nothing is written for a host that is well. From a failure, a 429 or 503, a denial or a change of state on, a
 * host counts as in trouble for an hour, and its minutes are written, the quiet ones included: every
 * `flushMs` while there is trouble, else once a minute. A process that is killed loses what it had not written.
 * What the store does not confirm is sent again and counts once, unless 64 other processes have written to
 * the same host, role and hour in between.
 *
 * @throws {RangeError} where an option is out of its bounds
 */
export function summariesOf(registry: BreakerRegistry, options?: SummariesOptions): Summaries {
  const summaries = known.get(registry) ?? new Summaries(registry, options);
  known.set(registry, summaries);
  return summaries;
}

/**
 * The host-minutes of a window, all processes on the registry's store together, with what this process has not
 * written yet. Collects from now on where nobody has asked for {@linkcode summariesOf} before.
 *
 * @throws {TypeError} where the host is none
 */
export function readSummaries(
  registry: BreakerRegistry,
  { sinceMs, host }: SummaryQuery,
): Promise<SummaryReading> {
  const query = host === undefined ? { sinceMs } : { sinceMs, host: hostKey(host) };
  return summariesOf(registry).read(query);
}
