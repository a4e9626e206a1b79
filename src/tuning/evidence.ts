/**
 * What a host's own log says of policies: each is replayed on it, in blocks of time of their own, and what came
 * of a block that is over is remembered. Where the log is kept is for whoever hands it over; what the figures
 * mean for an advice stands in `judgement.ts`.
 *
 * @module
 */
import type { BreakerPolicy } from "../breaker/policy_types.ts";
import type { MaybePromise } from "../stores/store.ts";
import { type HttpEvent, isDenial } from "./http_event.ts";
import { askedMs, kindOf } from "./log_lane.ts";
import { replayEach } from "./replay.ts";
import { type Figures, sumOf } from "./report.ts";

/**
 * What each policy would have done on a host's log, block by block: for each policy as many figures as there are
 * blocks, in the same order. Undefined where nothing is known of the host.
 */
export type Evidence = (
  host: string,
  policies: readonly BreakerPolicy[],
  now: number,
) => MaybePromise<readonly (readonly Figures[])[] | undefined>;

/** How far back evidence looks, and in what pieces. */
export interface EvidenceOptions {
  /**
   * How much of the log counts, in milliseconds. An hour is too little: it holds one outage, and what fits that
   * one best fits chance.
   *
   * @default {28800000} 8 h
   */
  logMs?: number;
  /** Length of a block, in milliseconds. @default {1800000} 30 min */
  blockMs?: number;
}

/** Of a busier block only the beginning is replayed: the process stands still meanwhile. */
const MAX_EVENTS = 20_000;
/** Hosts whose blocks are remembered; those that nobody asked of for longest are forgotten. */
const MAX_HOSTS = 100;
/** Policies remembered of a block; then only those that are asked for. */
const MAX_POLICIES = 200;
/** A block is over when its last events have surely been written, in milliseconds. */
const SETTLED_MS = 60_000;

/** What is known of a block. */
interface Block {
  /** How many events were read of it. */
  events?: number;
  /** By what of a policy matters. */
  readonly figures: Map<string, Figures>;
  /** Present where nothing happened that policies differ in: then of every policy. */
  quiet?: Figures;
}

/**
 * Evidence from logs.
 *
 * @param eventsOf the log of a host key from a moment on, in epoch milliseconds, oldest first; undefined where there
 * is none. What is older, or of other hosts, is left out. Is asked once for each block that is not yet known, and read
 * only to its end
 */
export function replayEvidence(
  eventsOf: (host: string, sinceMs: number) => MaybePromise<Iterable<HttpEvent> | undefined>,
  { logMs = 28_800_000, blockMs = 1_800_000 }: EvidenceOptions = {},
): Evidence {
  const hosts = new Map<string, Map<number, Block>>();
  return async (host, policies, now) => {
    const known = hosts.get(host) ?? new Map<number, Block>();
    hosts.delete(host);
    hosts.set(host, known);
    if (hosts.size > MAX_HOSTS) hosts.delete(hosts.keys().next().value!); // it has more than one
    const last = Math.floor(now / blockMs);
    const first = Math.floor((now - logMs) / blockMs) + 1;
    for (const at of known.keys()) if (at < first || at > last) known.delete(at);
    const keys = policies.map(keyOf);
    const wanted = new Map(keys.map((key, i) => [key, policies[i]!]));
    const found: Figures[][] = keys.map(() => []);
    let isKnown = false;
    for (let at = first; at <= last; at++) {
      const block: Block = known.get(at) ?? { figures: new Map() };
      if (block.figures.size > MAX_POLICIES) {
        for (const key of block.figures.keys()) if (!wanted.has(key)) block.figures.delete(key);
      }
      if (keys.some((key) => figuresOf(block, key) === undefined)) {
        const events = await eventsOf(host, at * blockMs);
        if (events === undefined) return undefined;
        fill(block, wanted, eventsIn(events, host, at * blockMs, (at + 1) * blockMs), host);
      }
      if (now >= (at + 1) * blockMs + SETTLED_MS) known.set(at, block);
      keys.forEach((key, i) => found[i]!.push(figuresOf(block, key)!));
      isKnown ||= block.quiet?.requests !== 0;
    }
    return isKnown ? found : undefined;
  };
}

function figuresOf({ quiet, figures }: Block, key: string): Figures | undefined {
  return quiet ?? figures.get(key);
}

/** Pacing is not replayed. */
function keyOf(policy: BreakerPolicy): string {
  return JSON.stringify({ ...policy, rates: undefined });
}

function eventsIn(
  events: Iterable<HttpEvent>,
  host: string,
  fromMs: number,
  toMs: number,
): HttpEvent[] {
  const found: HttpEvent[] = [];
  for (const event of events) {
    if (event.ts >= toMs || found.length === MAX_EVENTS) break;
    if (event.ts >= fromMs && event.host === host) found.push(event);
  }
  return found;
}

/** Adds what is not yet known; all anew where the log has changed since, as one that lets go of what is old does. */
function fill(
  block: Block,
  wanted: ReadonlyMap<string, BreakerPolicy>,
  events: readonly HttpEvent[],
  host: string,
): void {
  if (block.events !== events.length) block.figures.clear();
  block.events = events.length;
  const missing = [...wanted].filter(([key]) => !block.figures.has(key));
  const policies = missing.map(([, policy]) => policy);
  const isQuiet = policies.every((policy) => isQuietUnder(policy, events));
  const tried = isQuiet ? policies.slice(0, 1) : policies;
  const figures = replayEach(events, () => tried, tried.length, {})
    .map(({ hosts }) => hosts.find((found) => found.host === host) ?? sumOf([]));
  if (isQuiet) block.quiet = figures[0]!;
  else missing.forEach(([key], i) => block.figures.set(key, figures[i]!));
}

/** True where nothing but answers came, and none can count as slow. */
function isQuietUnder(
  { classify, slowCall }: BreakerPolicy,
  events: readonly HttpEvent[],
): boolean {
  return slowCall === undefined &&
    events.every((event) =>
      !isDenial(event) && askedMs(event) === undefined && kindOf(event, classify) !== "failure"
    );
}
