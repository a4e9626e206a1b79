/**
 * Random histories: what holds whatever happens in whatever order. On failure the message names the seed and
 * the command that plays it again.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { decodeRecord, encodeRecord } from "../../src/breaker/record_codec.ts";
import type { BreakerRecord } from "../../src/breaker/record.ts";
import type { OutcomeKind } from "../../src/breaker/state.ts";
import type { PolicyPatch, RolePolicy } from "../../src/breaker/policy_types.ts";
import { kindOf, MachineDriver, type TestPermit } from "../support/machine_driver.ts";
import { MachineModel, type ModelPermit } from "../support/machine_model.ts";
import { Random } from "../support/random.ts";

/** One seed to play again, or how many to play: see {@linkcode play}. */
const SEED = Deno.env.get("SEED");
const SEEDS = 200;
const STEPS = 2_000;

const ROLES = ["", "metadata", "landing", "artifact"];
const KINDS: readonly OutcomeKind[] = ["success", "failure", "failure", "neutral", "cancelled"];

/** Runs a history for each seed, or for the one in the environment. */
function play(history: (random: Random) => void): void {
  const seeds = SEED === undefined
    ? Array.from({ length: SEEDS }, (_, i) => i + 1)
    : [Number(SEED)];
  for (const seed of seeds) {
    try {
      history(new Random(seed));
    } catch (cause) {
      const again = `SEED=${seed} deno test -A tests/breaker/properties_test.ts`;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Seed ${seed}: ${why}\nPlay it again: ${again}`, { cause });
    }
  }
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

function randomRoles(random: Random): Record<string, RolePolicy> {
  const roles: Record<string, RolePolicy> = {};
  if (random.chance(0.6)) roles.metadata = { failMax: random.whole(1, 4) };
  if (random.chance(0.4)) roles.landing = { resetTimeoutMs: random.whole(10, 300) };
  if (random.chance(0.6)) roles.artifact = { trialCalls: random.whole(1, 4) };
  return roles;
}

/** Small numbers, so that deadlines, leases and windows meet. */
function randomPolicy(random: Random): PolicyPatch {
  return {
    failMax: random.whole(1, 6),
    resetTimeoutMs: random.whole(10, 500),
    successThreshold: random.whole(1, 3),
    trialCalls: random.whole(1, 4),
    probeLeaseMs: random.whole(5, 300),
    permitTtlMs: random.whole(100, 1_500),
    retryAfterCapMs: random.pick([0, 50, 400, 800]),
    backoffFactor: random.pick([1, 1, 1.5, 2, 3]),
    maxResetTimeoutMs: random.whole(100, 2_000),
    forgetMs: 10 ** 9,
    roles: randomRoles(random),
    ...(random.chance(0.5) && {
      rolling: {
        enabled: true,
        windowMs: random.whole(20, 500),
        thresholdFailures: random.whole(1, 5),
        cooldownMs: random.whole(10, 500),
      },
    }),
    ...(random.chance(0.4) && {
      failureRate: {
        windowMs: random.whole(50, 800),
        minCalls: random.whole(1, 6),
        thresholdRatio: random.pick([0.25, 0.5, 0.75, 1]),
      },
      ...(random.chance(0.5) && {
        slowCall: { durationMs: 100, thresholdRatio: random.pick([0.3, 0.6, 1]) },
      }),
    }),
  };
}

/** Cheaper to compare than the records themselves. */
function textOf(record: BreakerRecord | undefined): string {
  return record === undefined ? "" : encodeRecord(record);
}

function generationsOf(record: BreakerRecord | undefined): Map<string, number> {
  const generations = new Map<string, number>();
  if (record?.rest) generations.set("(rest)", record.rest.generation);
  for (const [name, track] of record?.tracks ?? []) generations.set(name, track.generation);
  return generations;
}

/** The machine and the model, told the same. */
class History {
  readonly host: MachineDriver;
  readonly model: MachineModel;
  readonly random: Random;
  /** Every permit ever issued, the denied ones included: outcomes come late, doubled and out of order. */
  readonly permits: { mine: TestPermit; theirs: ModelPermit }[] = [];
  #highest = 0;
  #checked: BreakerRecord | undefined;

  constructor(random: Random, policy: PolicyPatch) {
    this.random = random;
    this.host = new MachineDriver(policy);
    this.model = new MachineModel(this.host.policy, this.host.now);
  }

  step(): void {
    this.#passTime();
    this.#syncForgotten();
    const before = generationsOf(this.host.current);
    const dice = this.random.whole(1, 100);
    if (dice <= 40) this.#allow();
    else if (dice <= 92) this.#record();
    else if (dice <= 95) this.#cooldown();
    else this.#operate();
    this.#checkGenerations(before);
    this.#checkViews();
    this.#checkStoredForm();
  }

  #passTime(): void {
    const { random, host } = this;
    const dice = random.whole(1, 20);
    if (dice <= 9) return;
    if (dice <= 16) host.now += random.whole(1, 20);
    else if (dice <= 18) host.now += random.whole(20, 300);
    else if (dice === 19) host.now += random.whole(0, 1) * 2_500;
    else this.#jumpToDeadline();
  }

  /** One millisecond before a deadline, or onto it. */
  #jumpToDeadline(): void {
    const until = this.model.view(this.random.pick(this.model.names()), this.host.now).until ?? 0;
    const to = Math.ceil(until) - this.random.whole(0, 1);
    if (Number.isFinite(to)) this.host.now = Math.max(this.host.now, to);
  }

  #allow(): void {
    const { host, model, random } = this;
    const role = random.pick(ROLES);
    const expected = model.answer(role, host.now);
    const mine = host.allow(role);
    const kind = kindOf(mine);
    check(mine.admission.allowed === expected.allowed, `allow(${role}) was ${kind}`);
    check((kind === "probe") === expected.probe, `allow(${role}) was ${kind}`);
    const { admission } = mine;
    const retryAfterMs = admission.allowed ? 0 : admission.retryAfterMs;
    check(retryAfterMs === expected.retryAfterMs, `denied for ${retryAfterMs} ms`);
    const theirs = model.allow(mine.id, role, host.now);
    const out = model.probesOf(role, host.now);
    const budget = host.policy.roles[role]?.trialCalls ?? host.policy.trialCalls;
    check(out <= budget, `${out} probes of '${role}' are out, ${budget} may be`);
    this.permits.push({ mine, theirs });
  }

  #record(): void {
    const { host, model, random, permits } = this;
    if (permits.length === 0) return;
    const recent = Math.max(0, permits.length - 8);
    const index = random.chance(0.8)
      ? random.whole(recent, permits.length - 1)
      : random.whole(0, permits.length - 1);
    const { mine, theirs } = permits[index]!;
    const kind = random.pick(KINDS);
    const retryAfterMs = kind !== "cancelled" && random.chance(0.06) ? random.whole(0, 900) : 0;
    const latencyMs = random.pick([10, 100, 101]);
    const timely = model.isTimely(theirs, host.now);
    const before = host.stored();
    const told = host.record(mine, kind, { retryAfterMs, latencyMs });
    check(told.recorded === timely, `${kind} of ${mine.id} was recorded: ${told.recorded}`);
    const asks = Math.min(retryAfterMs, host.policy.retryAfterCapMs) > 0;
    if (!timely && !asks) {
      const after = host.stored();
      check(after === before || textOf(after) === textOf(before), "a late outcome changed it");
    }
    model.record(theirs, kind, retryAfterMs, latencyMs, host.now);
    const { retryAfterMs: expected } = model.answer(mine.role, host.now);
    check(told.retryAfterMs === expected, `told ${told.retryAfterMs} ms, expected ${expected}`);
  }

  #cooldown(): void {
    const forMs = this.random.whole(-5, 400);
    this.host.cooldown(forMs, this.random.pick(["retry_after", "rolling", "manual"] as const));
    this.model.cooldown(this.host.now + forMs, this.host.now);
  }

  #operate(): void {
    const { host, model, random } = this;
    const dice = random.whole(1, 10);
    if (dice <= 4) {
      host.operate({ type: "close" });
      model.close(host.now);
    } else if (dice <= 7) {
      host.operate({ type: "half_open" });
      model.open(host.now, host.now);
    } else {
      const forMs = dice === 8 ? Infinity : random.whole(0, 600);
      host.open(forMs, random.chance(0.5) ? "moving house" : undefined);
      model.open(host.now + forMs, host.now);
    }
  }

  /** What the machine has forgotten it must have been allowed to. */
  #syncForgotten(): void {
    if (this.host.policy.forgetMs >= 10 ** 9) return;
    const { roles, ...shared } = this.host.snapshot();
    for (const name of this.model.names()) {
      const view = name === "" ? shared : roles[name]!;
      const expected = this.model.view(name, this.host.now);
      const same = view.state === expected.state &&
        (view.state !== "closed" || view.failures === expected.failures);
      if (same) continue;
      check(view.state === "closed" && view.failures === 0, `'${name}' is ${view.state}`);
      check(this.model.mayForget(name, this.host.now), `'${name}' was forgotten too early`);
      this.model.forget(name, this.host.now);
    }
  }

  /** A breaker's generation never falls (0: its tombstone is over), and a new one is above all there were. */
  #checkGenerations(before: Map<string, number>): void {
    let highest = this.#highest;
    for (const [name, generation] of generationsOf(this.host.current)) {
      const old = before.get(name) ?? before.get("(rest)") ?? 0;
      check(generation >= old || generation === 0, `generation of '${name}' fell`);
      const isNew = generation !== 0 && ![...before.values()].includes(generation);
      check(!isNew || generation > this.#highest, `generation ${generation} was used before`);
      highest = Math.max(highest, generation);
    }
    this.#highest = highest;
  }

  #checkViews(): void {
    const { host, model } = this;
    const { roles, ...shared } = host.snapshot();
    for (const name of model.names()) {
      const view = name === "" ? shared : roles[name]!;
      const expected = model.view(name, host.now);
      const shown = view.state === "closed" ? view.failures : undefined;
      if (
        view.state !== expected.state || view.until !== expected.until ||
        shown !== expected.failures || view.successes !== expected.successes ||
        view.probes !== expected.probes
      ) {
        throw new Error(
          `'${name}' shows ${JSON.stringify(view)}, expected ${JSON.stringify(expected)}`,
        );
      }
      // With a factor of 1 nothing depends on the count, and it goes with the tombstone.
      if (host.policy.backoffFactor === 1) continue;
      const opens = model.opens(name, host.now);
      check(view.opens === opens, `'${name}' counts ${view.opens} opens, expected ${opens}`);
    }
  }

  #checkStoredForm(): void {
    const { current } = this.host;
    if (current === undefined || current === this.#checked) return;
    this.#checked = current;
    const text = encodeRecord(current);
    check(text.length < 60_000, `the record takes ${text.length} bytes`);
    if (this.random.chance(0.02)) assertEquals(decodeRecord(text), current);
  }
}

Deno.test("in random histories the machine does what the contract says, step by step", () => {
  play((random) => {
    const history = new History(random, randomPolicy(random));
    for (let step = 0; step < STEPS; step++) history.step();
  });
});

Deno.test("in random histories a record that may be forgotten is not forgotten too early", () => {
  play((random) => {
    const policy = { ...randomPolicy(random), backoffFactor: 1, forgetMs: random.whole(1, 600) };
    const { failureRate: _rate, slowCall: _slow, ...plain } = policy;
    const history = new History(random, plain);
    for (let step = 0; step < STEPS / 2; step++) history.step();
  });
});

Deno.test("once everything is over, no record is left", () => {
  play((random) => {
    const policy = { ...randomPolicy(random), forgetMs: random.whole(1, 3_000) };
    const { host } = playedOn(random, policy, 200);
    if (host.view().until === Infinity) host.operate({ type: "close" });
    // The longest of all: an open or a lease, then what it takes to forget it or to forgive every open.
    host.now += 600 + 2_000 + 300 + Math.max(3_000, host.policy.permitTtlMs);
    check(host.stored() === undefined, `left over: ${encodeRecord(host.current ?? NOTHING)}`);
    check(kindOf(host.allow()) === "closed", "a host without a record is not closed");
    check(host.current === undefined, "asking left a record");
  });
});

const NOTHING: BreakerRecord = { tracks: new Map(), rolling: [] };

/** A history without comparison: only what it leaves behind matters. */
function playedOn(random: Random, policy: PolicyPatch, steps: number): { host: MachineDriver } {
  const host = new MachineDriver(policy);
  const permits: TestPermit[] = [];
  for (let step = 0; step < steps; step++) {
    host.now += random.pick([0, 0, 1, 7, 60]);
    const dice = random.whole(1, 10);
    if (dice <= 5) permits.push(host.allow(random.pick(ROLES)));
    else if (dice <= 8 && permits.length > 0) {
      const retryAfterMs = random.chance(0.1) ? 300 : 0;
      host.record(random.pick(permits), random.pick(KINDS), { retryAfterMs });
    } else if (dice === 9) host.cooldown(random.whole(1, 500));
    else host.open(random.pick([100, 600, Infinity]));
  }
  return { host };
}

Deno.test("a history without failures never makes a record", () => {
  play((random) => {
    const { slowCall: _, ...policy } = randomPolicy(random);
    const host = new MachineDriver(policy);
    const permits: TestPermit[] = [];
    for (let step = 0; step < STEPS / 4; step++) {
      host.now += random.pick([0, 1, 50, 5_000]);
      if (random.chance(0.5)) permits.push(host.allow(random.pick(ROLES)));
      else if (permits.length > 0) {
        host.record(
          random.pick(permits),
          random.pick(["success", "neutral", "cancelled"] as const),
        );
      }
      check(host.current === undefined, "a healthy host has a record");
    }
  });
});
