/**
 * What the doctor looks at in a store: does it answer and how soon, does compare-and-set work, does its clock agree.
 *
 * @module
 */
import type { LoadedConfig } from "../config/mod.ts";
import { openStore } from "../edge/open_store.ts";
import { decodeMode, MODE_KEY } from "../registry/overrides/override_codec.ts";
import { drawIdPrefix } from "../registry/id_prefix.ts";
import { KEY_PREFIX } from "../registry/store_keys.ts";
import type { MaybePromise, Store } from "../stores/store.ts";
import { EVENTS_KEY, SHARED_RING_KIND } from "../telemetry/shared_events.ts";
import { missingFile, noFile } from "./connect.ts";
import { fault, type Finding, MAX_SKEW_MS, note, ok, skewFinding } from "./finding.ts";
import { reasonOf } from "./reason.ts";
import type { Terminal } from "./terminal.ts";

const READS = 5;
/** A store that has not answered by then is as good as dead. */
const DEADLINE_MS = 5_000;
/** What was written to try it goes by itself, should it be left behind. */
const TTL_MS = 60_000;

/** Opens it, looks, and closes it. */
export async function examineStore(config: LoadedConfig, terminal: Terminal): Promise<Finding[]> {
  const missing = await missingFile(config);
  let opened: { store: Store; name: string };
  try {
    opened = await openStore(config, false, terminal.env);
  } catch (error) {
    return [fault("store", reasonOf(error))];
  }
  const { store, name } = opened;
  const { timeoutMs } = config.store;
  try {
    const roundTripMs = await roundTrip(store);
    const says = `${name} answers in ${roundTripMs.toFixed(1)} ms`;
    return [
      ...(missing === undefined ? [] : [note("file", `${noFile(missing)}; there is one now`)]),
      roundTripMs <= timeoutMs
        ? ok("store", says)
        : fault("store", `${says}, later than its timeout_ms of ${timeoutMs}: raise that`),
      await compareAndSet(store),
      ...await clocks(store, config, terminal),
      ...await storedMode(store),
    ];
  } catch (error) {
    return [fault("store", `${name} does not answer: ${reasonOf(error)}. ${adviceOn(config)}`)];
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

function adviceOn({ store }: LoadedConfig): string {
  return store.backend === "upstash"
    ? "Is UPSTASH_REDIS_REST_URL the database's REST URL, and its token the one that may write?"
    : "Can its file be read and written, and does no other process keep it locked?";
}

/** The median of several reads. */
async function roundTrip(store: Store): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < READS; i++) {
    const startedAt = performance.now();
    await inTime(store.read([`${KEY_PREFIX}doctor`]));
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b)[Math.floor(READS / 2)]!;
}

/** Writes, is refused where it has to be, and clears up. */
async function compareAndSet(store: Store): Promise<Finding> {
  const key = `${KEY_PREFIX}doctor:${drawIdPrefix()}`;
  const check = "compare-set";
  try {
    const first = await inTime(store.write(key, "1", undefined, TTL_MS));
    const again = await inTime(store.write(key, "2", undefined, TTL_MS));
    if (!first.ok || again.ok) {
      return fault(
        check,
        "the store took a write that it had to refuse: breakers would lose updates",
      );
    }
    const removed = await inTime(store.write(key, undefined, first.version, TTL_MS));
    if (!removed.ok) return fault(check, "the store refused a removal that it had to take");
    return ok(check, "a write, a refusal and a removal, each as it should be");
  } catch (error) {
    return fault(check, `the store cannot be written: ${reasonOf(error)}`);
  }
}

async function clocks(store: Store, config: LoadedConfig, terminal: Terminal): Promise<Finding[]> {
  const others = await eventsAhead(store, terminal.now);
  if (others !== undefined) return [others];
  if (config.store.backend !== "upstash") return [ok("clock", "the store is on this machine")];
  return [await redisClock(config, terminal)];
}

/** An event of another process that is yet to happen here: one of both clocks is wrong, whatever the store. */
async function eventsAhead(store: Store, now: () => number): Promise<Finding | undefined> {
  const [stored] = await inTime(store.read([EVENTS_KEY]));
  const events = stored === undefined ? [] : SHARED_RING_KIND.decode(stored.value) ?? [];
  const aheadMs = Math.max(0, ...events.map(({ at }) => at - now()));
  return aheadMs > MAX_SKEW_MS
    ? skewFinding("another process on the store", aheadMs, 0)
    : undefined;
}

/** `TIME` (https://redis.io/commands/time). */
async function redisClock({ store }: LoadedConfig, { env, now }: Terminal): Promise<Finding> {
  const url = store.url ?? env["UPSTASH_REDIS_REST_URL"] ?? "";
  const token = env[store.tokenEnv ?? "UPSTASH_REDIS_REST_TOKEN"] ?? "";
  try {
    const askedAt = now();
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(["TIME"]),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const { result } = await response.json();
    const tookMs = now() - askedAt;
    const [seconds, microseconds] = Array.isArray(result) ? result.map(Number) : [];
    if (seconds === undefined || !(seconds > 0)) throw new TypeError("no time");
    const theirs = seconds * 1_000 + (microseconds ?? 0) / 1_000;
    return skewFinding("the store's clock", theirs - (askedAt + tookMs / 2), tookMs);
  } catch {
    return note("clock", "the store does not tell its time"); // never the cause: it may name the token
  }
}

/** A mode that is stored is easily forgotten. */
async function storedMode(store: Store): Promise<Finding[]> {
  const [stored] = await inTime(store.read([MODE_KEY]));
  const override = stored && decodeMode(stored.value);
  if (override === undefined) return [];
  const { mode, by = "somebody", at } = override;
  const says = `${mode} is stored for every process, set by ${by} at ${new Date(at).toISOString()}`;
  return [note("mode", `${says}; breakwater mode --reset takes it away`)];
}

async function inTime<T>(answer: MaybePromise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`no answer within ${DEADLINE_MS / 1_000} s`));
    timer = setTimeout(fail, DEADLINE_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
