/**
 * A worker: one registry, some crawl loops, now and then an operator's hand. It can crash at any moment;
 * then nothing of it goes on but the calls that are on their way to the store.
 *
 * @module
 */
import { breakerName } from "../../src/breaker/limits.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import type { Timers } from "../../src/registry/timers.ts";
import { Policies } from "../../src/registry/overrides/policies.ts";
import type { Ask, Life, Part, Sent, Told } from "./facts.ts";
import type { World } from "./run.ts";
import { LONGEST_MANUAL_MS, ROLES } from "./scenario.ts";
import { sinceBegin } from "./scheduler.ts";

/** Permits handed round among workers, since whoever asked need not be who tells. */
const MAX_HANDED = 20;

/** See the module's description. */
export class Worker implements Life {
  readonly worker: number;
  readonly name: string;
  readonly skewMs: number;
  readonly registry: BreakerRegistry;
  isAlive = true;
  /** Timers that the registry has running. */
  timers = 0;
  readonly #world: World;
  readonly #policies: Policies;
  #focus: string;

  constructor(world: World, worker: number, life: number) {
    const { scenario, store, random } = world;
    this.#world = world;
    this.worker = worker;
    this.name = `worker ${worker}.${life}`;
    this.skewMs = scenario.skewsMs[worker] ?? 0;
    this.#policies = new Policies(scenario.config);
    this.#focus = random.pick(scenario.hosts);
    this.registry = new BreakerRegistry({
      config: scenario.config,
      store: store.connect(worker, () => this.isAlive),
      freshnessMs: scenario.freshnessMs,
      timeoutMs: scenario.timeoutMs,
      now: () => this.clock(),
      random: () => random.fraction(),
      timers: this.#timers(),
    });
    for (let i = 0; i < scenario.loops; i++) void this.#guard(this.#crawl());
  }

  clock(): number {
    return Math.floor(this.#world.scheduler.now + this.skewMs);
  }

  /** An operator acts through this worker. */
  operate(target: string, how: "open" | "open for good" | "half-open" | "close"): Promise<void> {
    return this.#guard(this.#operate(target, how));
  }

  #timers(): Timers {
    const { scheduler } = this.#world;
    const after = (ms: number, fn: () => void) => {
      this.timers++;
      let over = false;
      const end = () => {
        if (!over) this.timers--;
        over = true;
      };
      const cancel = scheduler.after(ms, () => {
        end();
        if (this.isAlive) fn();
      });
      return () => {
        end();
        cancel();
      };
    };
    return { monotonic: () => scheduler.now, after, idle: after };
  }

  /** A violation must reach whoever runs the simulation, not an unhandled rejection. */
  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#world.fail(error);
    }
  }

  async #crawl(): Promise<void> {
    const { scheduler, random, scenario } = this.#world;
    while (this.isAlive) {
      await scheduler.sleep(random.whole(0, scenario.thinkMs * this.#world.slowness));
      if (this.isAlive) await this.#request();
    }
  }

  async #request(): Promise<void> {
    const { scheduler, random, checker, trace } = this.#world;
    const ask = this.#ask();
    checker.asking(ask);
    const [host, resolver] = ask.parts;
    const role = host!.role === "" ? {} : { role: host!.role };
    const named = resolver === undefined ? {} : { resolver: resolver.key };
    const verdict = await this.registry.allow({ host: host!.key, ...role, ...named });
    if (!this.isAlive) return;
    const answeredAt = scheduler.now;
    trace("allow", this, [host!.budget, resolver?.key ?? "", describe(verdict)]);
    if (!verdict.allowed) return checker.answered(ask, verdict, undefined, answeredAt);
    const sent: Sent = {
      ask,
      verdict,
      answeredAt,
      answeredClock: this.clock(),
      recorded: 0,
    };
    checker.answered(ask, verdict, sent, answeredAt);
    this.#world.requests++;
    const reply = this.#world.host(host!.key).reply();
    await scheduler.sleep(verdict.waitMs + reply.latencyMs);
    if (!this.isAlive) return;
    const dice = random.whole(1, 100);
    if (dice <= 3) return; // forgotten: a probe's lease must end by itself
    if (dice <= 8) this.#world.handed.push({ sent, reply });
    if (this.#world.handed.length > MAX_HANDED) this.#world.handed.shift();
    if (dice <= 95) await this.#tell(sent, reply);
    if (dice > 92 && this.#world.handed.length > 0) {
      const other = random.pick(this.#world.handed);
      await this.#tell(other.sent, other.reply);
    }
  }

  async #tell(sent: Sent, reply: Told["reply"]): Promise<void> {
    if (!this.isAlive) return;
    const { scheduler, checker, trace } = this.#world;
    const startedAt = scheduler.now;
    const told: Told = { sent, reply, by: this, startedAt, startedClock: this.clock() };
    checker.telling(told);
    const result = await this.registry.record(sent.verdict.permit, reply.outcome);
    if (!this.isAlive) return;
    const { recorded, state, retryAfterMs } = result;
    const budget = sent.ask.parts[0]!.budget;
    trace("record", this, [
      budget,
      reply.kind,
      `asked at ${sinceBegin(sent.answeredAt)}`,
      recorded ? "counted" : "late",
      state,
      retryAfterMs,
    ]);
    checker.told(told, result, scheduler.now);
  }

  async #operate(
    target: string,
    how: "open" | "open for good" | "half-open" | "close",
  ): Promise<void> {
    const { scheduler, checker, random, trace } = this.#world;
    const [scope, key = ""] = target.split(" ");
    const at = scope === "host" ? { host: key } : { resolver: key };
    const act = { by: this, target, startedAt: scheduler.now };
    checker.operating(act);
    trace("operate", this, [target, how]);
    if (how === "open") await this.registry.open(at, { forMs: random.whole(1, LONGEST_MANUAL_MS) });
    else if (how === "open for good") await this.registry.open(at, { reason: "moving house" });
    else if (how === "half-open") await this.registry.halfOpen(at);
    else await this.registry.close(at);
    if (!this.isAlive) return;
    trace("operated", this, [target, how]);
    checker.operated(act, scheduler.now);
  }

  /** Crawlers stay with a host for a while, and come back to others after long. */
  #nextHost(): string {
    const { random, scenario, isHealed } = this.#world;
    if (isHealed || !random.chance(scenario.focusRatio)) return random.pick(scenario.hosts);
    if (random.chance(0.05)) this.#focus = random.pick(scenario.hosts);
    return this.#focus;
  }

  #ask(): Ask {
    const { random, scenario, scheduler } = this.#world;
    const host = this.#world.isTailOnly || random.chance(scenario.tailRatio)
      ? `tail-${random.whole(1, 5_000)}.example`
      : this.#nextHost();
    const role = random.pick(ROLES);
    const policy = this.#policies.ofHost(host);
    const parts = [part("host", host, role, policy)];
    const { resolvers, resolverRatio } = scenario;
    if (!this.#world.isTailOnly && resolvers.length > 0 && random.chance(resolverRatio)) {
      const name = random.pick(resolvers);
      parts.push(part("resolver", name, "", this.#policies.ofResolver(name)));
    }
    return { by: this, parts, startedAt: scheduler.now, startedClock: this.clock() };
  }
}

function part(
  scope: Part["scope"],
  key: string,
  role: string,
  policy: Part["policy"],
): Part {
  const target = `${scope} ${key}`;
  return {
    scope,
    key,
    role,
    policy,
    target,
    breaker: `${target} ${breakerName(policy, role)}`,
    budget: `${target} ${role}`,
  };
}

/** A verdict without its permit, whose id differs from run to run. */
function describe(verdict: Awaited<ReturnType<BreakerRegistry["allow"]>>): string {
  const degraded = verdict.degraded ? " (degraded)" : "";
  return verdict.allowed
    ? `${verdict.state}${degraded}`
    : `denied: ${verdict.scope} ${verdict.reason} ${verdict.retryAfterMs}${degraded}`;
}
