/**
 * A tuner that is loaded when somebody asks it: what it knows is much, and crawlers never ask.
 *
 * @module
 */
import type { Tuner } from "../tuning/tuner.ts";
import type { TunerOptions } from "../tuning/tuner_options.ts";

/** What the app asks a tuner. */
export type EdgeTuner = Pick<Tuner, "advise" | "apply" | "undo" | "steps">;

/** One that does nothing by itself, whatever its mode is. */
export function lateTuner(options: TunerOptions): EdgeTuner {
  let tuner: Tuner | undefined;
  const loaded = async () => {
    const { Tuner } = await import("../tuning/tuner.ts");
    return tuner ??= new Tuner(options);
  };
  return {
    advise: async (windowMs) => await (await loaded()).advise(windowMs),
    apply: async (advice, by) => await (await loaded()).apply(advice, by),
    undo: async (host, by) => await (await loaded()).undo(host, by),
    steps: async (host) => await (await loaded()).steps(host),
  };
}
