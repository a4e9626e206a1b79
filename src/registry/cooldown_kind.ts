/**
 * What travels with `share: "cooldowns"`, as a store holds it, and what the engine must know of it.
 *
 * @module
 */
import { isOneOf, OPEN_REASONS, type OpenReason, type Scope } from "../breaker/state.ts";
import type { RecordKind } from "./engine/record_kind.ts";
import { KEY_PREFIX } from "./store_keys.ts";

/** A deadline, or what an operator did. */
export interface SharedCooldown {
  /** Deadline in epoch milliseconds, Infinity (null in JSON) for none. */
  until: number;
  reason: OpenReason | "closed" | "half_open";
  /** When an operator did it, in epoch milliseconds. */
  at?: number;
}

/** What the keys of hosts start with. */
export const COOLDOWN_PREFIX = `${KEY_PREFIX}cooldown:`;

/** No host has a space: resolvers, of which only operators' actions travel, stand apart. */
const RESOLVER_PREFIX = `${COOLDOWN_PREFIX}resolver `;

/** How long an operator's close or half-open is told of, in milliseconds. */
const TELL_FOR_MS = 900_000;

const REASONS = [...OPEN_REASONS, "closed", "half_open"] as const;

/** The store's key. */
export function cooldownKey({ scope, key }: { scope: Scope; key: string }): string {
  return (scope === "host" ? COOLDOWN_PREFIX : RESOLVER_PREFIX) + key;
}

/** What a store's key belongs to. */
export function fromCooldownKey(name: string): { scope: Scope; key: string } {
  return name.startsWith(RESOLVER_PREFIX)
    ? { scope: "resolver", key: name.slice(RESOLVER_PREFIX.length) }
    : { scope: "host", key: name.slice(COOLDOWN_PREFIX.length) };
}

function endOf({ until, reason }: SharedCooldown): number {
  return reason === "closed" || reason === "half_open" ? until + TELL_FOR_MS : until;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function decode(text: string): SharedCooldown | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not JSON: unreadable
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { until, reason, at } = value as Record<string, unknown>; // safe: an object
  if (!isOneOf(REASONS, reason)) return undefined;
  if (until !== null && !isTime(until)) return undefined;
  if (at !== undefined && !isTime(at)) return undefined;
  return {
    until: until ?? Infinity,
    reason,
    ...(at !== undefined && { at }),
  };
}

/** Of what an outage kept apart: what an operator did here, else the later deadline. */
function merge(
  stored: SharedCooldown | undefined,
  local: SharedCooldown | undefined,
): SharedCooldown | undefined {
  if (stored === undefined || local === undefined) return local ?? stored;
  if (local.at !== undefined) return (stored.at ?? -Infinity) > local.at ? stored : local;
  return stored.until >= local.until ? stored : local;
}

/** What the engine must know of cooldowns. */
export const COOLDOWN_KIND: RecordKind<SharedCooldown> = {
  encode: ({ until, reason, at }) => JSON.stringify({ until, reason, at }),
  decode,
  prune: (_key, cooldown, now) =>
    cooldown === undefined || endOf(cooldown) <= now ? undefined : cooldown,
  endOf: (_key, cooldown) => endOf(cooldown),
  isStale: (_key, read, seen) => seen !== undefined && read === undefined,
  isLagging: () => false,
  merge: (_key, stored, local) => merge(stored, local),
  isProtected: (cooldown, now) => cooldown.until > now,
};
