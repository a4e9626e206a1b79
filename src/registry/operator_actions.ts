/**
 * What operators do to a host or resolver, by hand: written to the store, told to listeners and to other processes.
 *
 * @module
 */
import { operate, type OperatorInput } from "../breaker/operate.ts";
import type { OperatorEvent } from "../breaker/events.ts";
import type { OperatorOptions, Snapshot, Target } from "../breaker/operators.ts";
import type { Scope } from "../breaker/state.ts";
import type { MaybePromise } from "../stores/store.ts";
import { chain } from "./maybe_promise.ts";
import { type RegistryCore, toEngine } from "./core.ts";
import { snapshotNow } from "./listing.ts";
import { MAX_BY } from "./overrides/override_codec.ts";
import { storeKey } from "./store_keys.ts";
import { resolveTarget } from "./targets.ts";

/** Does it, tells listeners and other processes, and says how the breaker stands then. */
export function operateOn(
  core: RegistryCore,
  target: Target,
  input: OperatorInput,
  options: OperatorOptions,
): MaybePromise<Snapshot> {
  const { scope, key } = resolveTarget(target);
  const policy = core.policies.of(scope, key);
  // A breaker for which too many events wait is one that an operator wants to act on.
  const done = core.engine.updateAlways(
    storeKey(core.prefixes, scope, key),
    (record, now) => {
      const step = toEngine(core, scope, key, operate(record, input, policy, now), now);
      const commit = () => {
        step.commit?.();
        core.listeners.emit(operatorEvent(scope, key, input, options, now));
      };
      return { ...step, commit, answer: snapshotNow(core, scope, key, step.record) };
    },
  );
  return chain(done, (answered) => {
    const snapshot = answered.degraded ? { ...answered.answer, degraded: true } : answered.answer;
    const { cooldowns } = core;
    if (cooldowns === undefined) return snapshot;
    const published = cooldowns.publishAction({ scope, key }, input);
    return chain(
      published,
      (done) => done.degraded ? { ...snapshot, degraded: true } : snapshot,
    );
  });
}

function operatorEvent(
  scope: Scope,
  key: string,
  input: OperatorInput,
  options: OperatorOptions,
  at: number,
): OperatorEvent {
  const { type: action } = input;
  const by = options.by === undefined ? {} : { by: String(options.by).slice(0, MAX_BY) };
  if (action !== "open") return { type: "operator", at, scope, key, action, ...by };
  const { until, note } = input;
  const said = note === undefined ? {} : { note };
  return { type: "operator", at, scope, key, action, until, ...said, ...by };
}
