/**
 * Listing the hosts and resolvers in trouble, page by page, in the store's own stable order: hosts first.
 *
 * @module
 */
import type { BreakerRecord } from "../breaker/record.ts";
import { inTrouble, snapshotOf } from "../breaker/snapshot.ts";
import type { BreakerState, Scope, Snapshot } from "../breaker/types.ts";
import type { Page } from "../stores/store.ts";
import type { RegistryCore } from "./core.ts";
import { fromStoreKey, SCOPE_PREFIX } from "./record_codec.ts";
import { StoreUnavailableError } from "./store_guard.ts";

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
  const limit = options.limit ?? 100;
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(
      `A page's 'limit' must be a whole number above 0: current value is ${limit}`,
    );
  }
  if (options.cursor === undefined) await takeCooldowns(core);
  let position: Position | undefined = readCursor(options.cursor);
  const snapshots: Snapshot[] = [];
  while (position !== undefined && snapshots.length < limit) {
    const { scope, cursor }: Position = position;
    let page: Page;
    try {
      page = await core.guard.list(SCOPE_PREFIX[scope], limit - snapshots.length, cursor);
    } catch (error) {
      if (error instanceof RangeError) throw notACursor(cursor ?? "");
      if (!(error instanceof StoreUnavailableError)) throw error;
      return { snapshots: listLocally(core, options.state, limit) };
    }
    for (const entry of page.entries) {
      const record = core.engine.decodeEntry(entry.key, entry);
      const { key } = fromStoreKey(entry.key);
      const snapshot = snapshotNow(core, scope, key, record);
      if (isListed(snapshot, options.state)) snapshots.push(snapshot);
    }
    position = page.cursor !== undefined
      ? { scope, cursor: page.cursor }
      : scope === "host"
      ? { scope: "resolver" }
      : undefined;
  }
  return { snapshots, ...(position && { cursor: writeCursor(position) }) };
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
    const { scope, key } = fromStoreKey(name);
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

/** Where a listing stands: hosts come first. */
interface Position {
  scope: Scope;
  cursor?: string;
}

function notACursor(cursor: string): TypeError {
  return new TypeError(`Not a cursor of this listing: '${cursor.slice(0, 80)}'`);
}

function readCursor(cursor: string | undefined): Position {
  if (cursor === undefined) return { scope: "host" };
  const [, scope, rest] = /^(host|resolver):(.*)$/s.exec(cursor) ?? [];
  if (scope !== "host" && scope !== "resolver") {
    throw notACursor(cursor);
  }
  return { scope, ...(rest !== "" && { cursor: rest }) };
}

function writeCursor({ scope, cursor = "" }: Position): string {
  return `${scope}:${cursor}`;
}
