/**
 * A registry that keeps the records itself takes short cuts for what is well. Beside one that asks a store of the
 * same kind each time, it must say the same to everything.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  type BreakerConfigInput,
  type BreakerEvent,
  BreakerRegistry,
  memoryStore,
  type Outcome,
  type Permit,
  type Verdict,
} from "../../mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { Random } from "../support/random.ts";
import { atOnce } from "../support/verdicts.ts";

/** Many, and mostly well: what is in trouble takes the long way. */
const HOSTS = Array.from("abcdefghijklmnop", (letter) => `${letter}.example.org`);
const RESOLVERS = ["", "crossref", "lenient", "strict"];
const ROLES = ["", "metadata", "artifact"];
const OUTCOMES: Outcome[] = [
  ...new Array<Outcome>(12).fill({ status: 200 }),
  { status: 404 },
  { status: 418 },
  { status: 418 },
  { status: 500 },
  { status: 429, retryAfter: "2" },
  { status: 200, fromCache: true },
  { result: "cancelled" },
  { result: "failure", retryAfterMs: 1_500 },
  { error: new TypeError("no connection"), latencyMs: 5 },
];
const CONFIG: BreakerConfigInput = {
  defaults: {
    failMax: 2,
    resetTimeoutMs: 1_000,
    permitTtlMs: 10_000,
    halfOpen: { jitterMs: 0 },
    roles: { metadata: { failMax: 3 } },
  },
  hosts: {
    "c.example.org": { failureRate: { windowMs: 5_000, minCalls: 4, thresholdRatio: 0.5 } },
  },
  resolvers: {
    lenient: { permitTtlMs: 2_000, classify: { failureStatuses: [] } },
    strict: { classify: { failureStatuses: [404, 418] } },
  },
};

/** One registry, and the permits that it gave. */
class Side {
  readonly registry: BreakerRegistry;
  readonly permits: Permit[] = [];
  readonly events: BreakerEvent[] = [];

  constructor(registry: BreakerRegistry, hears: boolean) {
    this.registry = registry;
    if (hears) registry.onEvent((event) => this.events.push(event));
  }

  /** `""`: without a role, without a resolver. */
  allow(host: string, role: string, resolver: string) {
    const named = { role: role || undefined, resolver: resolver || undefined };
    const verdict: Verdict = atOnce(this.registry.allow({ host, ...named }));
    if (!verdict.allowed) return verdict;
    const { permit, ...said } = verdict;
    this.permits.push(permit);
    return said;
  }

  /** Permits stay, so that some are told twice, and some when they are old. */
  record(at: number, outcome: Outcome) {
    return atOnce(this.registry.record(this.permits[at % this.permits.length]!, outcome));
  }

  counts() {
    const { verdicts, outcomes, transitions } = this.registry.stats();
    return { verdicts, outcomes, transitions };
  }
}

for (const [seed, hears] of [[1, false], [2, false], [3, true], [4, true]] as const) {
  for (const mode of ["enforce", "observe"] as const) {
    const who = hears ? "with" : "without";
    Deno.test(`short cuts change no answer, ${who} a listener, mode ${mode}, seed ${seed}`, () => {
      const clock = new ManualClock();
      const { now } = clock;
      const options = { config: { ...CONFIG, mode }, now };
      const own = new Side(new BreakerRegistry(options), hears);
      const asking = new Side(
        new BreakerRegistry({ ...options, store: memoryStore({ now }) }),
        hears,
      );
      const random = new Random(seed);
      for (let step = 0; step < 3_000; step++) {
        const place = `step ${step}`;
        if (random.chance(0.3)) clock.advance(random.whole(1, 900));
        if (random.chance(0.5) || own.permits.length === 0) {
          const ask = [random.pick(HOSTS), random.pick(ROLES), random.pick(RESOLVERS)] as const;
          assertEquals(own.allow(...ask), asking.allow(...ask), place);
        } else {
          const at = own.permits.length - 1 - random.whole(0, Math.min(20, own.permits.length - 1));
          const outcome = random.pick(OUTCOMES);
          assertEquals(own.record(at, outcome), asking.record(at, outcome), place);
        }
      }
      assertEquals(own.counts(), asking.counts());
      assertEquals(own.events, asking.events);
      for (const host of HOSTS) {
        assertEquals(own.registry.inspect(host), asking.registry.inspect(host));
      }
    });
  }
}
