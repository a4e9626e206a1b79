/**
 * What a registry is made with, and what is refused.
 *
 * @module
 */
import { MODES } from "../breaker/state.ts";
import { BOUNDS } from "../breaker/policy_bounds.ts";
import type { BreakerConfigInput, PacingInput } from "../breaker/policy_types.ts";
import type { Store } from "../stores/store.ts";
import type { Timers } from "./timers.ts";

/** How a registry is made. Everything has a default. */
export interface RegistryOptions {
  /** Policies and mode. */
  config?: BreakerConfigInput;
  /** Where records live. The registry does not close a store it was given. @default {memoryStore()} */
  store?: Store;
  /** What travels through the store: whole records, or only what closes a host to everybody. @default {"state"} */
  share?: "state" | "cooldowns";
  /** A record seen less than this many milliseconds ago is believed; 0 asks the store every time. @default {500} */
  freshnessMs?: number;
  /** The longest that a call waits for the store, in milliseconds. @default {250} */
  timeoutMs?: number;
  /** What is answered when the store does not: the process's own view, or one word for all. @default {"local"} */
  onStoreError?: "local" | "allow" | "deny";
  /** Epoch milliseconds. @default {Date.now} */
  now?: () => number;
  /** Draws evenly from [0, 1), for jitter. @default {Math.random} */
  random?: () => number;
  /** Records this process holds at once; one that is open does not count and is never dropped. @default {100000} */
  maxHosts?: number;
  /** For a simulation that brings its own time. @default the runtime's timers */
  timers?: Timers;
}

const OPTIONS = [
  "config",
  "store",
  "share",
  "freshnessMs",
  "timeoutMs",
  "onStoreError",
  "now",
  "random",
  "maxHosts",
  "timers",
];
const CONFIG_KEYS = ["mode", "defaults", "hosts", "resolvers", "rates", "pacing"];
/** The longest that pacing lets a request wait, in milliseconds, where nothing else was said. */
export const DEFAULT_MAX_WAIT_MS = 1_000;
const WORDS = {
  share: ["state", "cooldowns"],
  onStoreError: ["local", "allow", "deny"],
  mode: MODES,
} as const;

/**
 * A slip must not pass in silence.
 *
 * @throws {RangeError} where an option has a value out of its bounds
 * @throws {TypeError} where an option is not known
 */
export function checkOptions(options: RegistryOptions): void {
  refuseUnknown("Option", options, OPTIONS);
  const { config = {}, share, onStoreError } = options;
  refuseUnknown("Option 'config.", config, CONFIG_KEYS);
  checkPacing(config.pacing);
  const words = { share, onStoreError, mode: config.mode };
  for (const name of ["share", "onStoreError", "mode"] as const) {
    const value = words[name];
    const allowed: readonly unknown[] = WORDS[name];
    if (value === undefined || allowed.includes(value)) continue;
    const known = WORDS[name].map((word) => `'${word}'`).join(", ");
    throw new RangeError(`Option '${name}' must be one of ${known}: current value is '${value}'`);
  }
  const least = { freshnessMs: 0, timeoutMs: 1, maxHosts: 1 };
  for (const name of ["freshnessMs", "timeoutMs", "maxHosts"] as const) {
    const value = options[name];
    if (value === undefined || value >= least[name]) continue;
    throw new RangeError(
      `Option '${name}' must be at least ${least[name]}: current value is ${value}`,
    );
  }
}

function checkPacing(pacing: PacingInput = {}): void {
  refuseUnknown("Option 'config.pacing.", pacing, ["maxWaitMs"]);
  const { maxWaitMs = DEFAULT_MAX_WAIT_MS } = pacing;
  const [least, most] = BOUNDS.maxWaitMs;
  if (maxWaitMs >= least && maxWaitMs <= most) return;
  throw new RangeError(
    `Option 'config.pacing.maxWaitMs' must be from ${least} to ${most}: current value is ${maxWaitMs}`,
  );
}

function refuseUnknown(what: string, options: object, known: readonly string[]): void {
  const [unknown] = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown === undefined) return;
  const name = what.endsWith(".") ? `${what}${unknown}'` : `${what} '${unknown}'`;
  throw new TypeError(`${name} is not known: known are ${known.join(", ")}`);
}
