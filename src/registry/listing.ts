/**
 * Listing the hosts and resolvers in trouble, page by page, in the store's own stable order: hosts first.
 *
 * @module
 */
import type { Snapshot } from "../breaker/operators.ts";
import type { BreakerRecord } from "../breaker/record.ts";
import { inTrouble, snapshotOf } from "../breaker/snapshot.ts";
import type { BreakerState, Scope } from "../breaker/state.ts";
import type { Entry, Page } from "../stores/store.ts";
import type { RegistryCore } from "./core.ts";
import { StoreUnavailableError } from "./engine/store_guard.ts";
import {
  fromSharedPosition,
  notACursor,
  type Place,
  type Position,
  readCursor,
  toSharedPosition,
  writeCursor,
} from "./listing_cursor.ts";
import { fromStoreKey, storeKey } from "./store_keys.ts";

/** Entries asked for at once where much of what a store holds is not listed: tombstones, other states. */
const LOOK_AHEAD = 500;

/** Which breakers to list. */
export interface PageOptions {
  /** Only those whose shared breaker, or for `open` and `half_open` that of any role, is in this state. */
  state?: BreakerState;
  /** Most snapshots on the page. @default {100} */
  limit?: number;
  /** The `cursor` of the page before. */
  cursor?: string;
}

/** A part of a listing. */
export interface SnapshotPage {
  /** At most as many as were asked for. */
  snapshots: Snapshot[];
  /** Where to go on; absent on the last page. */
  cursor?: string;
  /**
   * The store could not be reached: this is what this process knows, up to the limit. Or it could, and does not hold
   * all that this process knows.
   */
  degraded?: boolean;
}

/** A breaker as it stands now. */
export function snapshotNow(
  core: RegistryCore,
  scope: Scope,
  key: string,
  record: BreakerRecord | undefined,
): Snapshot {
  return snapshotOf(record, core.policies.of(scope, key), core.now(), scope, key);
}

/**
 * One page. What this process knows itself where the store cannot be reached.
 *
 * @throws {TypeError} where the cursor is none of this listing
 * @throws {RangeError} where the limit is not a whole number above 0
 */
export async function listPage(core: RegistryCore, options: PageOptions): Promise<SnapshotPage> {
  const { limit = 100, state } = options;
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(
      `A page's 'limit' must be a whole number above 0: current value is ${limit}`,
    );
  }
  const from = fromSharedPosition(readCursor(options.cursor), core.prefixes);
  if (options.cursor === undefined) await takeCooldowns(core);
  try {
    const page = await fillPage(core, from, limit, state);
    return core.engine.hasUnsaved() ? { ...page, degraded: true } : page;
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return { snapshots: listLocally(core, state, limit), degraded: true };
  }
}

/** Never holds more than the page and one answer of the store. */
async function fillPage(
  core: RegistryCore,
  from: Position,
  limit: number,
  state: BreakerState | undefined,
): Promise<SnapshotPage> {
  const held = await readHeld(core, from.held, state);
  const snapshots = held.slice(0, limit);
  let rest = held.slice(limit);
  let { scope, cursor }: Place = from;
  let done = from.done === true;
  let ask = limit - snapshots.length;
  let exactly = false;
  while (!done && snapshots.length < limit) {
    const page = await listStore(core, { scope, cursor }, ask);
    const listed = listedOf(core, page.entries, state, scope);
    const wanted = limit - snapshots.length;
    if (listed.length > wanted && !exactly && ask > wanted) {
      // Looked too far ahead: once more, up to the entry that fills the page.
      ask = listed[wanted - 1]!.at + 1;
      exactly = true;
      continue;
    }
    snapshots.push(...listed.slice(0, wanted).map(({ snapshot }) => snapshot));
    rest = listed.slice(wanted).map(({ snapshot }) => snapshot);
    ask = limit - snapshots.length;
    exactly = false;
    if (page.cursor !== undefined) {
      cursor = page.cursor;
      // Where little of what there is gets listed, a few at a time would take for ever.
      ask = Math.max(ask, LOOK_AHEAD);
    } else if (scope === "host") [scope, cursor] = ["resolver", undefined];
    else done = true;
  }
  if (done && rest.length === 0) return { snapshots };
  const keys = rest.map(({ scope, key }) => storeKey(core.prefixes, scope, key));
  const position = toSharedPosition({ scope, cursor, done, held: keys }, core.prefixes);
  return { snapshots, cursor: writeCursor(position) };
}

async function listStore(core: RegistryCore, { scope, cursor }: Place, ask: number): Promise<Page> {
  try {
    return await core.guard.list(core.prefixes[scope], ask, cursor);
  } catch (error) {
    throw error instanceof RangeError ? notACursor(cursor ?? "") : error;
  }
}

/** What of these entries is listed, of one scope or both, and where it stands among them. */
function listedOf(
  core: RegistryCore,
  entries: readonly Entry[],
  state: BreakerState | undefined,
  only?: Scope,
): { snapshot: Snapshot; at: number }[] {
  return entries.flatMap((entry, at) => {
    const { scope, key } = fromStoreKey(core.prefixes, entry.key);
    if (only !== undefined && scope !== only) return [];
    const snapshot = snapshotNow(core, scope, key, core.engine.decodeEntry(entry.key, entry));
    return isListed(snapshot, state) ? [{ snapshot, at }] : [];
  });
}

/** What a store gave beyond an earlier page, as it is now. */
async function readHeld(
  core: RegistryCore,
  keys: readonly string[],
  state: BreakerState | undefined,
): Promise<Snapshot[]> {
  if (keys.length === 0) return [];
  const values = await core.guard.read(keys);
  const entries = keys.flatMap((key, i) => {
    const stored = values[i];
    return stored === undefined ? [] : [{ key, ...stored }];
  });
  return listedOf(core, entries, state).map(({ snapshot }) => snapshot);
}

/** With `share: "cooldowns"`, what others said counts too, as far as it can be learned. */
async function takeCooldowns(core: RegistryCore): Promise<void> {
  try {
    await core.cooldowns?.takeAll(core);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
  }
}

function listLocally(
  core: RegistryCore,
  state: BreakerState | undefined,
  limit: number,
): Snapshot[] {
  const found: Snapshot[] = [];
  for (const [name, record] of core.engine.local()) {
    const { scope, key } = fromStoreKey(core.prefixes, name);
    const snapshot = snapshotNow(core, scope, key, record);
    if (isListed(snapshot, state)) found.push(snapshot);
    if (found.length === limit) break;
  }
  return found;
}

function isListed(snapshot: Snapshot, state: BreakerState | undefined): boolean {
  if (!inTrouble(snapshot)) return false;
  if (state === undefined || snapshot.state === state) return true;
  // What is open for one role is looked for as open; what is closed is closed for all that share the breaker.
  return state !== "closed" && Object.values(snapshot.roles).some((view) => view.state === state);
}
