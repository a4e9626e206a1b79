/**
 * The loop: workers that ask a gate before one host, in simulated time, and what is counted.
 *
 * Each worker wants to send at moments that are drawn beforehand and are the same for every gate. A request
 * that is denied is put off: it is not asked for again, the demand that follows stands for it.
 *
 * - wasted: sent while the host was down for its role or over its limit; a probe like any other.
 * - missed: not sent though the host would have served it: denied, or its worker was held up by the gate. A
 *   wait that ends in sending is no miss. Under a limit, not more are missed than it had left.
 * - not wanted: its worker was still waiting for the host's answer. No gate is charged with that.
 *
 * @module
 */
import { EPOCH_MS, Scheduler } from "../simulation/scheduler.ts";
import type { TuningStep } from "../../src/tuning/mod.ts";
import type { Contender, GateUnderTest } from "./gate.ts";
import { Host } from "./host.ts";
import { type CrawlRole, drawsOf, type Workload } from "./workload.ts";

/** What a crawl over one host came to. */
export interface Tally {
  /** Requests that workers were free to send. */
  wanted: number;
  sent: number;
  wasted: number;
  missed: number;
  /** Sent, and answered with success. */
  done: number;
  /** Changes to open. */
  opens: number;
  /** Hours that were measured. */
  hours: number;
}

/** How a crawl is set up. */
export interface CrawlOptions {
  /** Given to those that learn, before anything is counted, in milliseconds. */
  learnMs: number;
  /** What is counted, in milliseconds. */
  measureMs: number;
  /** Hears of each step of a tuner, and when that was, in milliseconds since the crawl began. */
  onStep?: (step: TuningStep, atMs: number) => void;
}

const WORKERS = 12;
/** Each worker wants to send so often, in milliseconds: eight requests a second together. */
const PERIOD_MS = 1_500;

interface Slot {
  id: number;
  atMs: number;
  role: CrawlRole;
}

/** The nth request of a worker. */
function slotOf(seed: number, worker: number, n: number): Slot {
  const id = n * WORKERS + worker;
  const random = drawsOf(seed ^ 0x5eed, id);
  const atMs = (n + worker / WORKERS + 0.5 * random.fraction()) * PERIOD_MS;
  const draw = random.fraction();
  return { id, atMs, role: draw < 0.5 ? "metadata" : draw < 0.75 ? "landing" : "artifact" };
}

/** One gate before one host. */
class Crawl {
  readonly tally: Tally;
  readonly #scheduler = new Scheduler();
  readonly #host: Host;
  readonly #fromMs: number;
  readonly #endMs: number;
  readonly #measureFromMs: number;
  #gate: GateUnderTest | undefined;

  readonly #onStep: CrawlOptions["onStep"];
  readonly #problems: string[] = [];

  constructor(workload: Workload, learns: boolean, options: CrawlOptions) {
    const { learnMs, measureMs } = options;
    this.#onStep = options.onStep;
    this.#host = new Host(workload);
    this.#fromMs = learns ? 0 : learnMs;
    this.#measureFromMs = learnMs;
    this.#endMs = learnMs + measureMs;
    const hours = measureMs / 3_600_000;
    this.tally = { wanted: 0, sent: 0, wasted: 0, missed: 0, done: 0, opens: 0, hours };
    this.#scheduler.now = EPOCH_MS + this.#fromMs;
  }

  async run(contender: Contender): Promise<void> {
    const world = {
      scheduler: this.#scheduler,
      epochMs: EPOCH_MS,
      seed: this.#host.workload.seed,
      onOpen: () => this.#count("opens"),
      onStep: (step: TuningStep) => this.#onStep?.(step, this.#nowMs()),
      onTrouble: (problem: string) => this.#problems.push(problem),
    };
    await using gate = await contender.make(world, this.#host);
    this.#gate = gate;
    for (let worker = 0; worker < WORKERS; worker++) {
      this.#schedule(worker, Math.ceil(this.#fromMs / PERIOD_MS), { at: "rest" });
    }
    let missedBefore = 0;
    this.#scheduler.after(this.#measureFromMs - this.#fromMs, () => {
      missedBefore = this.#host.missed;
    });
    await this.#scheduler.runUntil(() => this.#nowMs() >= this.#endMs, () => {});
    this.tally.missed = this.#host.missed - missedBefore;
    if (this.#problems.length > 0) throw new Error(this.#problems.join("; "));
  }

  #schedule(worker: number, n: number, place: Place): void {
    const slot = slotOf(this.#host.workload.seed, worker, n);
    this.#scheduler.after(slot.atMs - this.#nowMs(), () => {
      this.#schedule(worker, n + 1, place);
      if (place.at === "host") return;
      this.#count("wanted");
      if (place.at === "gate") this.#host.passOver(this.#nowMs(), slot.role);
      else void this.#ask(slot, place);
    });
  }

  async #ask(slot: Slot, place: Place): Promise<void> {
    let sent = false;
    place.at = "gate";
    await this.#gate!.run(slot.role, async () => {
      sent = true;
      place.at = "host";
      return await this.#send(slot);
    });
    place.at = "rest";
    if (!sent) this.#host.passOver(this.#nowMs(), slot.role);
  }

  async #send(slot: Slot) {
    const nowMs = this.#nowMs();
    this.#count("sent");
    if (!this.#host.wouldServe(nowMs, slot.role)) this.#count("wasted");
    const answer = this.#host.serve(nowMs, slot);
    if (answer.status === 200) this.#count("done");
    await this.#scheduler.sleep(answer.latencyMs);
    return answer;
  }

  #count(name: Exclude<keyof Tally, "hours" | "missed">): void {
    if (this.#nowMs() >= this.#measureFromMs) this.tally[name]++;
  }

  #nowMs(): number {
    return this.#scheduler.now - EPOCH_MS;
  }
}

/** Where a worker is. */
interface Place {
  at: "rest" | "gate" | "host";
}

/** Runs one contender before the host of a workload. */
export async function crawl(
  workload: Workload,
  contender: Contender,
  options: CrawlOptions,
): Promise<Tally> {
  const run = new Crawl(workload, contender.learns, options);
  await run.run(contender);
  return run.tally;
}
