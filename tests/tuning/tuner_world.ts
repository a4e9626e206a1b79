/**
 * A registry, a clock that stands still, and a tuner that hears what a test says has happened.
 *
 * @module
 */
import {
  type BreakerEvent,
  type BreakerPolicy,
  BreakerRegistry,
  type RegistryOptions,
} from "../../mod.ts";
import type { Summary } from "../../src/telemetry/summary.ts";
import type { HostMetrics } from "../../src/tuning/advice.ts";
import { Tuner } from "../../src/tuning/tuner.ts";
import type { TunerOptions } from "../../src/tuning/tuner_options.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { HOST, summaryOf } from "./metrics_of.ts";

export const INTERVAL_MS = 900_000;

/** Retry-After values that call for this reset timeout. */
export function asksFor(seconds: number): Partial<Summary> {
  return { network: 40, retryAfterS: { [seconds]: 10 } };
}

/** See the module's description. */
export class TunerWorld implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly registry: BreakerRegistry;
  readonly tuner: Tuner;
  /** Policy events so far. */
  readonly events: BreakerEvent[] = [];
  /** What has happened, whenever that is asked. */
  happens: Partial<Summary> = asksFor(120);
  /** How long ago it began, in milliseconds. */
  agoMs = 60_000;
  /** How long it took. */
  minutes = 1;

  constructor(
    options: Partial<TunerOptions> = {},
    { clock = new ManualClock(), ...rest }: RegistryOptions & { clock?: ManualClock } = {},
  ) {
    this.clock = clock;
    this.registry = new BreakerRegistry({ now: clock.now, ...rest });
    this.registry.onEvent((event) => void this.events.push(event), ["policy"]);
    this.tuner = new Tuner({
      registry: this.registry,
      mode: "enforce",
      intervalMs: INTERVAL_MS,
      metrics: () => [this.#metrics()],
      ...options,
    });
  }

  /** What holds for the host. */
  policy(): BreakerPolicy {
    return this.registry.policy(HOST);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
  }

  #metrics(): HostMetrics {
    const summary = summaryOf(this.happens);
    const startMs = this.clock.ms - this.agoMs;
    return {
      host: HOST,
      policy: this.policy(),
      periods: [{ startMs, durationMs: this.minutes * 60_000, summary }],
    };
  }
}
