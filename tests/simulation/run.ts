/**
 * One seed from beginning to end: trouble, then healing, then the check that nothing is left of it.
 *
 * @module
 */
import type { Snapshot } from "../../src/breaker/operators.ts";
import { Random } from "../support/random.ts";
import { Checker } from "./checker.ts";
import { type Bounds, type Life, type Sent, Violation } from "./facts.ts";
import { startFaults } from "./faults.ts";
import { Host, LONGEST_REPLY_MS, type Reply } from "./hosts.ts";
import { Network, SLOW_MS } from "./network.ts";
import { drawScenario, LONGEST_MANUAL_MS, type Scenario } from "./scenario.ts";
import { Scheduler, sinceBegin } from "./scheduler.ts";
import { SimStore } from "./store.ts";
import { Worker } from "./worker.ts";

/** What a run was, for the summary. */
export interface RunResult {
  seed: number;
  steps: number;
  requests: number;
  crashes: number;
  degraded: number;
  conflicts: number;
  virtualMs: number;
  /** The same for the same history. */
  digest: number;
  violation?: Violation;
}

/** How to run. */
export interface RunOptions {
  /** Steps of trouble before the healing. */
  steps: number;
  /** Hears what the world is like, then every answer. */
  trace?: (line: string) => void;
}

/** Rounds in which every breaker must have been probed often enough. */
const RECOVERY_ROUNDS = 12;

/** Everything that there is in one run. */
export class World {
  readonly scenario: Scenario;
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly network: Network;
  readonly store: SimStore;
  readonly checker: Checker;
  readonly workers: (Worker | undefined)[] = [];
  readonly handed: { sent: Sent; reply: Reply }[] = [];
  readonly result: RunResult;
  isHealed = false;
  isStormy = true;
  /** Only hosts that were never in trouble are asked for. */
  isTailOnly = false;
  /** Pauses of loops are so many times as long. */
  slowness = 1;
  requests = 0;
  #violation: Violation | undefined;
  readonly #hosts = new Map<string, Host>();
  readonly #healthy: Host;
  readonly #trace: ((line: string) => void) | undefined;
  #lives = 0;

  constructor(seed: number, options: RunOptions) {
    const scenario = drawScenario(seed);
    this.scenario = scenario;
    this.random = new Random(seed ^ 0x5bd1e995);
    this.#trace = options.trace;
    for (const [name, value] of Object.entries(scenario)) {
      this.#trace?.(`world ${name} ${JSON.stringify(value)}`);
    }
    const { random, scheduler } = this;
    const { exact, latencyMs, troubleRatio, replicaLagMs, lazyTtlMs, tellsCurrent } = scenario;
    this.network = new Network({ random, latencyMs, exact, troubleRatio });
    this.checker = new Checker(boundsOf(scenario));
    this.store = new SimStore({
      scheduler,
      random,
      network: this.network,
      replicaLagMs,
      lazyTtlMs,
      tellsCurrent,
      onWrite: (key, value) => this.checker.wrote(key, value),
    });
    this.#healthy = new Host(random, scheduler);
    this.#healthy.heal();
    for (const name of scenario.hosts) this.#hosts.set(name, new Host(random, scheduler));
    this.result = {
      seed,
      steps: 0,
      requests: 0,
      crashes: 0,
      degraded: 0,
      conflicts: 0,
      virtualMs: 0,
      digest: 0,
    };
    scenario.skewsMs.forEach((_, worker) => this.restart(worker));
  }

  host(name: string): Host {
    return this.#hosts.get(name) ?? this.#healthy;
  }

  /** What goes wrong in a promise chain is kept until the step is over. */
  fail(error: unknown): void {
    if (error instanceof Violation) this.#violation ??= error;
    else {this.#violation ??= new Violation(
        "error",
        String(error instanceof Error ? error.stack : error),
      );}
  }

  /** Tells of an answer, and takes it into the digest. */
  readonly trace = (what: string, by: Life, words: readonly unknown[]): void => {
    const line = `${sinceBegin(this.scheduler.now)} ${by.name} ${what} ${words.join(" | ")}`;
    let { digest } = this.result;
    for (let i = 0; i < line.length; i++) digest = Math.imul(digest, 31) + line.charCodeAt(i) | 0;
    this.result.digest = digest;
    this.#trace?.(line);
  };

  crash(worker: number): void {
    const life = this.workers[worker];
    if (life === undefined) return;
    this.#count(life);
    life.isAlive = false;
    this.workers[worker] = undefined;
    this.result.crashes++;
    this.trace("crash", life, []);
    this.checker.crashed(life, this.scheduler.now);
  }

  restart(worker: number): void {
    if (this.workers[worker] !== undefined) return;
    this.workers[worker] = new Worker(this, worker, this.#lives++);
  }

  /** Ends all trouble: hosts, network, crashes and operators' opens. */
  heal(): void {
    this.isHealed = true;
    this.network.heal();
    for (const host of this.#hosts.values()) host.heal();
    this.scenario.skewsMs.forEach((_, worker) => this.restart(worker));
    this.trace("healed", this.workers[0]!, []);
  }

  /** Runs until `done`; throws the violation that a step brought. */
  async run(done: () => boolean): Promise<void> {
    const { scheduler, checker, network } = this;
    await scheduler.runUntil(done, () => {
      if (this.#violation) throw this.#violation;
      checker.step(scheduler.now, network.isCalm);
    });
  }

  runFor(ms: number): Promise<void> {
    const until = this.scheduler.now + ms;
    return this.run(() => this.scheduler.now >= until);
  }

  finish(): RunResult {
    for (const worker of this.workers) if (worker) this.#count(worker);
    const { scheduler, result, requests } = this;
    return {
      ...result,
      requests,
      steps: scheduler.steps,
      virtualMs: sinceBegin(scheduler.now),
    };
  }

  #count(worker: Worker): void {
    const { degraded, conflicts, overflowed } = worker.registry.stats();
    this.result.degraded += degraded;
    this.result.conflicts += conflicts;
    if (overflowed > 0) this.fail(new Violation("unbounded queue", `of ${worker.name}`));
  }
}

function boundsOf(scenario: Scenario): Bounds {
  const { exact, freshnessMs, latencyMs, timeoutMs, replicaLagMs, skewsMs } = scenario;
  const fastestMs = Math.max(...skewsMs);
  const shareMs = freshnessMs + 2 * latencyMs + 1;
  return {
    exact,
    operators: scenario.operators,
    lags: replicaLagMs > 0,
    fastestMs,
    skewMs: fastestMs - Math.min(...skewsMs),
    shareMs,
    // The guard's own breaker, the rounds of reconciling, and then the sharing.
    healMs: 4 * timeoutMs + 2_000 + shareMs + 2 * replicaLagMs,
    callMs: timeoutMs + 100,
  };
}

/** Runs one seed. Never throws: a violation stands in the result. */
export async function runSeed(seed: number, options: RunOptions): Promise<RunResult> {
  const world = new World(seed, options);
  try {
    startFaults(world);
    await world.run(() => world.scheduler.steps >= options.steps);
    world.heal();
    await recover(world);
    await fade(world);
    return world.finish();
  } catch (error) {
    const violation = error instanceof Violation
      ? error
      : new Violation("error", String(error instanceof Error ? error.stack : error));
    return { ...world.finish(), violation };
  }
}

/** All is well again: every breaker closes. */
async function recover(world: World): Promise<void> {
  const { scenario } = world;
  world.handed.length = 0;
  // Until every reply of the bad days is told.
  await world.runFor(LONGEST_REPLY_MS + 2 * SLOW_MS + 4 * scenario.timeoutMs);
  const targets = [
    ...scenario.hosts.map((host) => ({ host })),
    ...scenario.resolvers.map((resolver) => ({ resolver })),
  ];
  let open: string | undefined = "";
  for (let round = 0; open !== undefined && round < RECOVERY_ROUNDS; round++) {
    await world.runFor(LONGEST_MANUAL_MS);
    open = undefined;
    for (const worker of world.workers) {
      for (const target of targets) {
        const state = await inspect(world, worker!, target);
        if (state === "closed") continue;
        open = `${nameOf(target)} is ${state}`;
        // What an operator opened without end is for an operator to end.
        if (state === "open") void worker!.operate(nameOf(target), "half-open");
      }
    }
  }
  if (open !== undefined) throw new Violation("not closed when all is well", open);
}

function nameOf(target: { host: string } | { resolver: string }): string {
  return "host" in target ? `host ${target.host}` : `resolver ${target.resolver}`;
}

async function inspect(
  world: World,
  worker: Worker,
  target: { host: string } | { resolver: string },
): Promise<string> {
  let state: string | undefined;
  void Promise.resolve(worker.registry.inspect(target)).then(
    (snapshot) => state = worst(snapshot),
    (error) => world.fail(error),
  );
  await world.run(() => state !== undefined);
  return state!; // set, or the run would not have ended
}

/** The state of the first breaker of a host that is not closed. */
function worst({ state, roles }: Snapshot): string {
  return [state, ...Object.values(roles).map((role) => role.state)]
    .find((each) => each !== "closed") ?? "closed";
}

/** Every record goes, from the store and from memory. */
async function fade(world: World): Promise<void> {
  const { scenario, store } = world;
  world.slowness = 30;
  // What is still asked for may be kept for longer: opens in a row take their time to be forgiven.
  world.isTailOnly = true;
  await world.runFor(90_000);
  const left = store.live();
  if (left.length > 0) {
    throw new Violation(
      "records stay when all is well",
      left.map((entry) => entry.join(" ")).join("; "),
    );
  }
  for (const worker of world.workers) {
    const { cells } = worker!.registry.stats();
    const most = 2 * (scenario.hosts.length + scenario.resolvers.length) + 20;
    if (cells > most || worker!.timers > 10) {
      throw new Violation(
        "memory grows",
        `${cells} records, ${worker!.timers} timers of ${worker!.name}`,
      );
    }
  }
}
