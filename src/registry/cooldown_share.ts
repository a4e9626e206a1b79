/**
 * `share: "cooldowns"`: records stay in the process, and only what closes a host to everybody travels, as
 * `breakwater:cooldown:<host>` = `{"until": <epoch ms>, "reason": "..."}`. A process that sees one opens
 * its own breaker until then; an operator's close and half-open travel the same way.
 *
 * @module
 */
import { operate, type Step as MachineStep, takeCooldown } from "../breaker/machine.ts";
import { type BreakerRecord, trackOf } from "../breaker/record.ts";
import { SHARED } from "../breaker/names.ts";
import type { OpenReason } from "../breaker/types.ts";
import type { MaybePromise } from "../stores/store.ts";
import type { Codec } from "./codec.ts";
import { chain, type RegistryCore, toEngine } from "./core.ts";
import type { Engine } from "./engine.ts";
import { KEY_PREFIX, storeKey } from "./record_codec.ts";
import type { StoreGuard } from "./store_guard.ts";

/** What travels. */
export interface SharedCooldown {
  /** Deadline in epoch milliseconds, Infinity (null in JSON) for none; for `closed` and `half_open`: when it was done. */
  until: number;
  reason: OpenReason | "closed" | "half_open";
}

/** What the keys of this mode start with. */
export const COOLDOWN_PREFIX = `${KEY_PREFIX}cooldown:`;

/** How long an operator's close or half-open is told of, in milliseconds. */
const TELL_FOR_MS = 900_000;
const REASONS: readonly string[] = [
  "open",
  "retry_after",
  "rolling",
  "manual",
  "closed",
  "half_open",
];

function isAction({ reason }: SharedCooldown): boolean {
  return reason === "closed" || reason === "half_open";
}

function endOf(cooldown: SharedCooldown): number {
  return isAction(cooldown) ? cooldown.until + TELL_FOR_MS : cooldown.until;
}

function decode(text: string): SharedCooldown | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not JSON: unreadable
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { until, reason } = value as Record<string, unknown>; // safe: an object
  if (typeof reason !== "string" || !REASONS.includes(reason)) return undefined;
  if (until !== null && !(typeof until === "number" && Number.isFinite(until))) return undefined;
  // Safe: one of REASONS.
  return { until: until ?? Infinity, reason: reason as SharedCooldown["reason"] };
}

/** What the engine must know of cooldowns. */
export const COOLDOWN_CODEC: Codec<SharedCooldown> = {
  encode: ({ until, reason }) => JSON.stringify({ until, reason }),
  decode,
  prune: (_key, cooldown, now) =>
    cooldown === undefined || endOf(cooldown) <= now ? undefined : cooldown,
  endOf: (_key, cooldown) => endOf(cooldown),
  isStale: (_key, read, seen) => seen !== undefined && read === undefined,
  merge: (_key, stored, local) => (stored?.until ?? -1) >= (local?.until ?? -1) ? stored : local,
  isProtected: (cooldown, now) => !isAction(cooldown) && cooldown.until > now,
};

/** See the module's description. */
export class CooldownShare {
  /** Of the shared store. */
  readonly guard: StoreGuard;
  readonly engine: Engine<SharedCooldown>;

  constructor(guard: StoreGuard, engine: Engine<SharedCooldown>) {
    this.guard = guard;
    this.engine = engine;
  }

  /**
   * Takes what others have said of a host into this process's own record.
   *
   * @returns true where the store could not be asked
   */
  take(core: RegistryCore, host: string, fresh = false): MaybePromise<boolean> {
    const key = COOLDOWN_PREFIX + host;
    const seen = fresh ? this.engine.look(key) : this.engine.peek(key);
    return chain(seen, ({ record, degraded }) => {
      if (record === undefined) return degraded;
      return chain(this.#apply(core, host, record), () => degraded);
    });
  }

  /** Takes every host that others have said something of: for a listing. */
  async takeAll(core: RegistryCore): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.guard.list(COOLDOWN_PREFIX, 1_000, cursor);
      for (const entry of page.entries) {
        const cooldown = this.engine.decodeEntry(entry.key, entry);
        if (cooldown === undefined) continue;
        await this.#apply(core, entry.key.slice(COOLDOWN_PREFIX.length), cooldown);
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** Tells others of the deadline that a host has here, where it is later than what they know. */
  publish(core: RegistryCore, host: string): MaybePromise<unknown> {
    return chain(core.engine.peek(storeKey("host", host)), ({ record }) => {
      const cooldown = cooldownOf(record, core.now());
      if (cooldown === undefined) return;
      return this.engine.update(COOLDOWN_PREFIX + host, (known, now) => {
        const later = known !== undefined && !isAction(known) && known.until >= cooldown.until &&
          known.until > now;
        return { record: later ? known : cooldown, answer: undefined };
      });
    });
  }

  /** Tells others what an operator did, whatever they knew. */
  publishAction(
    core: RegistryCore,
    host: string,
    type: "open" | "half_open" | "close",
  ): MaybePromise<unknown> {
    return chain(core.engine.peek(storeKey("host", host)), ({ record }) => {
      const now = core.now();
      const action: SharedCooldown = type === "open"
        ? cooldownOf(record, now) ?? { until: now, reason: "manual" }
        : { until: now, reason: type === "close" ? "closed" : "half_open" };
      return this.engine.update(COOLDOWN_PREFIX + host, () => {
        return { record: action, answer: undefined };
      });
    });
  }

  #apply(core: RegistryCore, host: string, cooldown: SharedCooldown): MaybePromise<unknown> {
    return core.engine.update(storeKey("host", host), (record, now) => {
      const step = applied(core, host, record, cooldown, now);
      return toEngine(core, "host", host, step, now);
    });
  }
}

/** The deadline of the breaker that most roles share. */
function cooldownOf(record: BreakerRecord | undefined, now: number): SharedCooldown | undefined {
  if (record === undefined) return undefined;
  const track = trackOf(record, SHARED);
  if (track.state === "closed" || track.until <= now) return undefined;
  return { until: track.until, reason: track.reason };
}

function applied(
  core: RegistryCore,
  host: string,
  record: BreakerRecord | undefined,
  { until, reason }: SharedCooldown,
  now: number,
): MachineStep<undefined> {
  const policy = core.policies.ofHost(host);
  if (reason !== "closed" && reason !== "half_open") {
    return takeCooldown(record, { type: "cooldown", until, reason }, policy, now);
  }
  // What began after the operator acted is news to him; it also replaces what he said in the store.
  const older = record !== undefined &&
    [record.rest, ...record.tracks.values()].some((track) =>
      track?.state === "open" && track.until > now && track.since <= until
    );
  if (!older) return { record, answer: undefined, transitions: [] };
  return operate(record, { type: reason === "closed" ? "close" : "half_open" }, policy, now);
}
