/**
 * Three designs that breakers in other projects have, cut down to what they ask of a store, for the table of
 * costs. None of them is a model of how to do it.
 *
 * @module
 */
import type { Store, Versioned } from "../../src/stores/store.ts";

/** What a crawler asks of any design. */
export interface Design {
  /** False: do not send. */
  allow(host: string): Promise<boolean>;
  record(host: string, failed: boolean): Promise<void>;
}

/** What a design has to work with. */
export interface DesignOptions {
  store: Store;
  now: () => number;
  sleep: (ms: number) => Promise<void>;
}

const FAIL_MAX = 5;
const RESET_MS = 60_000;
const TTL_MS = 3_600_000;
const FRESHNESS_MS = 500;
const LOCK_TTL_MS = 10_000;
const LOCK_POLL_MS = 50;

/** A breaker as such designs store it. */
interface State {
  failures: number;
  openUntil: number;
}

const CLOSED: State = { failures: 0, openUntil: 0 };

function parse(text: string | undefined): State {
  return text === undefined ? CLOSED : JSON.parse(text) as State; // safe: written below
}

function count({ failures }: State, failed: boolean, now: number): State {
  if (!failed) return CLOSED;
  const more = failures + 1;
  return { failures: more, openUntil: more >= FAIL_MAX ? now + RESET_MS : 0 };
}

/** The record is read before every request and written after it. */
export function recordPerRequest({ store, now }: DesignOptions): Design {
  const seen = new Map<string, Versioned | undefined>();
  return {
    async allow(host) {
      const [found] = await store.read([host]);
      seen.set(host, found);
      return parse(found?.value).openUntil <= now();
    },
    async record(host, failed) {
      // Whoever was overtaken reads again.
      let found = seen.get(host);
      for (;;) {
        const next = JSON.stringify(count(parse(found?.value), failed, now()));
        const result = await store.write(host, next, found?.version, TTL_MS);
        if (result.ok) return;
        [found] = await store.read([host]);
      }
    },
  };
}

/** A lock is held from before the record is read until after it is written: the request itself included. */
export function lockPerRequest({ store, now, sleep }: DesignOptions): Design {
  const held = new Map<string, (string | undefined)[]>();
  const lock = async (host: string) => {
    for (;;) {
      const result = await store.write(`lock:${host}`, "1", undefined, LOCK_TTL_MS);
      if (result.ok) return result.version;
      await sleep(LOCK_POLL_MS);
    }
  };
  const unlock = (host: string, version: string | undefined) =>
    store.write(`lock:${host}`, undefined, version, 1);
  return {
    async allow(host) {
      const version = await lock(host);
      const [found] = await store.read([host]);
      if (parse(found?.value).openUntil > now()) {
        await unlock(host, version);
        return false;
      }
      held.set(host, [version, found?.value, found?.version]);
      return true;
    },
    async record(host, failed) {
      const [lockVersion, text, version] = held.get(host) ?? [];
      held.delete(host);
      await store.write(host, JSON.stringify(count(parse(text), failed, now())), version, TTL_MS);
      await unlock(host, lockVersion);
    },
  };
}

/** Every process counts for itself and tells the others only when it opens. */
export function sharedOpens({ store, now }: DesignOptions): Design {
  const local = new Map<string, State>();
  const readAt = new Map<string, number>();
  return {
    async allow(host) {
      if ((local.get(host) ?? CLOSED).openUntil > now()) return false;
      if (now() - (readAt.get(host) ?? -Infinity) < FRESHNESS_MS) return true;
      readAt.set(host, now());
      const [found] = await store.read([host]);
      const { openUntil } = parse(found?.value);
      if (openUntil > now()) local.set(host, { failures: FAIL_MAX, openUntil });
      return openUntil <= now();
    },
    async record(host, failed) {
      const next = count(local.get(host) ?? CLOSED, failed, now());
      local.set(host, next);
      if (next.openUntil <= now()) return;
      const [found] = await store.read([host]);
      await store.write(host, JSON.stringify(next), found?.version, RESET_MS);
    },
  };
}
