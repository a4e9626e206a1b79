/**
 * Overrides of policies, and of the mode, that all processes on one store share. Each process learns of a change by looking at
 * one key at most once a second, and only while it is used: the look rides along with a read that is made
 * anyway, or is a read of its own in the background. No answer waits for it, and no timer is kept.
 *
 * @module
 */
import type { Mode } from "../../breaker/state.ts";
import type { ModeView, PolicyOverride, PolicyView } from "../../breaker/operators.ts";
import type { PolicyPatch } from "../../breaker/policy_types.ts";
import type { Store, Versioned } from "../../stores/store.ts";
import type { Listeners } from "../listeners.ts";
import type { EffectiveMode } from "./effective_mode.ts";
import {
  decodeOverride,
  encodeMode,
  encodeOverride,
  EPOCH_KEY,
  MODE_KEY,
  OVERRIDE_PREFIX,
} from "./override_codec.ts";
import { announce, readOne, writeOver } from "./override_writes.ts";
import type { Policies } from "./policies.ts";
import { isPromise } from "../maybe_promise.ts";
import { type StoreGuard, StoreUnavailableError } from "../engine/store_guard.ts";

/** How overrides are shared. */
export interface OverridesOptions {
  policies: Policies;
  modes: EffectiveMode;
  listeners: Listeners;
  now: () => number;
  /** A stored override could not be read, or makes no policy here; told once per value. */
  onUnreadable: (key: string) => void;
}

/** Who changes an override and why, for whoever looks later. */
export interface ChangeNote {
  /** Up to 64 characters. */
  by?: string;
  /** Up to 500 characters. */
  reason?: string;
}

/** How often a process looks for changes, in milliseconds: others take a change up within twice that. */
const LOOK_MS = 1_000;
/** Overrides listed at once. */
const LISTED = 1_000;
/** Unreadable values remembered as told. */
const MAX_TOLD = 1_000;

/** An override in force, and the text it was read from. */
interface Known {
  text: string;
  override: PolicyOverride;
}

/** See the module's description. */
export class Overrides {
  readonly #options: OverridesOptions;
  readonly #known = new Map<string, Known>();
  readonly #told = new Map<string, string>();
  #guard: StoreGuard | undefined;
  /** False where nobody else can change the store. */
  #watching = false;
  #lookedAt = -Infinity;
  /** A read was made since the last call of `look`, and has seen whether one is due. */
  #hasRead = false;
  /** The epoch that is taken up. */
  #epoch: string | undefined;
  /** A replica may tell of a change before it has it: what follows a change is looked at twice. */
  #again = false;
  /** Changes made here: what was read before one must not undo it. */
  #changes = 0;
  readonly #running = new Set<Promise<unknown>>();
  #takingUp = false;

  constructor(options: OverridesOptions) {
    this.#options = options;
  }

  /** The store, so that its reads take the look along where one is due. */
  riding(store: Store): Store {
    this.#watching = true;
    return {
      read: (keys) => {
        this.#hasRead = true;
        if (!this.#isDue()) return store.read(keys);
        this.#lookedAt = this.#options.now();
        const answer = store.read([...keys, EPOCH_KEY]);
        return isPromise(answer)
          ? answer.then((values) => this.#alight(values, keys.length))
          : this.#alight(answer, keys.length);
      },
      write: (...args) => store.write(...args),
      list: (...args) => store.list(...args),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  }

  /** Asks through this guard from now on. */
  askThrough(guard: StoreGuard): void {
    this.#guard = guard;
  }

  /** There is traffic: looks for changes where that is due and no read has taken the look along. */
  look(): void {
    if (!this.#watching) return;
    if (this.#hasRead) {
      this.#hasRead = false;
      return;
    }
    if (!this.#isDue() || !this.#store.available) return;
    try {
      const answer = this.#store.read([]);
      if (isPromise(answer)) this.#run(answer);
    } catch {
      // The guard has told of it; the next look tries again.
    }
  }

  /**
   * A host's policy, with the override as the store has it now.
   *
   * @param host a host key
   */
  async inspect(host: string): Promise<PolicyView> {
    const changes = this.#changes;
    let degraded = false;
    try {
      const [stored] = await this.#store.read([OVERRIDE_PREFIX + host]);
      if (changes === this.#changes) this.#take(host, stored, false);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      degraded = true;
    }
    return this.#view(host, degraded);
  }

  /**
   * Stores an override in place of the one before; it holds here at once.
   *
   * @param host a host key
   * @throws {RangeError} where a value is out of its bounds, or contradicts what it is laid over
   * @throws {TypeError} where a key is none
   * @throws {StoreUnavailableError} where the store could not be told
   */
  async set(host: string, patch: PolicyPatch, note: ChangeNote = {}): Promise<PolicyView> {
    this.#options.policies.under(host, patch);
    const { by, reason } = note;
    const text = encodeOverride({ patch, at: this.#options.now(), by, reason });
    await this.#change(OVERRIDE_PREFIX + host, text, (stored) => this.#take(host, stored, true));
    return this.#view(host, false);
  }

  /**
   * Removes a stored override, whether or not there is one.
   *
   * @param host a host key
   * @throws {StoreUnavailableError} where the store could not be told
   */
  async clear(host: string, note: ChangeNote = {}): Promise<PolicyView> {
    const take = () => this.#take(host, undefined, true, note);
    await this.#change(OVERRIDE_PREFIX + host, undefined, take);
    return this.#view(host, false);
  }

  /** The mode, with the override as the store has it now. */
  async inspectMode(): Promise<ModeView> {
    const changes = this.#changes;
    let degraded = false;
    try {
      const stored = await readOne(this.#store, MODE_KEY);
      if (changes === this.#changes) this.#options.modes.take(stored, false);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      degraded = true;
    }
    return { ...this.#options.modes.view(), ...(degraded && { degraded }) };
  }

  /**
   * Stores a mode for every process, or removes the one that is stored; it holds here at once.
   *
   * @throws {RangeError} where it is none
   * @throws {StoreUnavailableError} where the store could not be told
   */
  async setMode(mode: Mode | undefined, { by, reason }: ChangeNote = {}): Promise<ModeView> {
    const { modes, now } = this.#options;
    const text = mode === undefined ? undefined : encodeMode({ mode, at: now(), by, reason });
    await this.#change(MODE_KEY, text, (stored) => modes.take(stored, true));
    return modes.view();
  }

  /** Waits for what is under way in the background. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  get #store(): StoreGuard {
    return this.#guard!; // set before anything is asked
  }

  #isDue(): boolean {
    // A clock that was set back must not end the looks.
    return Math.abs(this.#options.now() - this.#lookedAt) >= LOOK_MS;
  }

  #view(host: string, degraded: boolean): PolicyView {
    const override = this.#known.get(host)?.override;
    return {
      host,
      ...this.#options.policies.layersOf(host),
      ...(override !== undefined && { override }),
      ...(degraded && { degraded }),
    };
  }

  // ---- changes of others --------------------------------------------------------------------------------

  /** Takes the epoch off what was read. */
  #alight(values: (Versioned | undefined)[], asked: number): (Versioned | undefined)[] {
    this.#heed(values[asked]?.value);
    return values.slice(0, asked);
  }

  #heed(epoch: string | undefined): void {
    if (this.#takingUp || (epoch === this.#epoch && !this.#again)) return;
    this.#takingUp = true;
    this.#run(this.#takeUp(epoch).finally(() => this.#takingUp = false));
  }

  /** Nobody waits for it, and what fails here is tried again at the next look. */
  #run(work: Promise<unknown>): void {
    const running: Promise<unknown> = work.catch(() => {})
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #takeUp(epoch: string | undefined): Promise<void> {
    // Not within the read that brought the epoch: first the guard is to know that the store has answered.
    for (let turn = 0; turn < 3; turn++) await undefined;
    const changes = this.#changes;
    const found = new Map<string, Versioned>();
    let cursor: string | undefined;
    do {
      const page = await this.#store.list(OVERRIDE_PREFIX, LISTED, cursor);
      for (const entry of page.entries) found.set(entry.key.slice(OVERRIDE_PREFIX.length), entry);
      cursor = page.cursor;
    } while (cursor !== undefined);
    const mode = await readOne(this.#store, MODE_KEY);
    if (changes !== this.#changes) return; // the next look sees what is newer than the listing
    for (const host of [...this.#known.keys()]) {
      if (!found.has(host)) this.#take(host, undefined, false);
    }
    for (const [host, stored] of found) this.#take(host, stored, false);
    this.#options.modes.take(mode, false);
    this.#again = epoch !== this.#epoch;
    this.#epoch = epoch;
  }

  /** What the store holds for a host holds here too, and listeners hear of it where it is news. */
  #take(
    host: string,
    stored: Versioned | undefined,
    here: boolean,
    removal: ChangeNote = {},
  ): void {
    const known = this.#known.get(host);
    if (stored?.value === known?.text) return;
    const override = stored && this.#readable(host, stored.value);
    if (override === undefined && known === undefined) return;
    const { policies, listeners, now } = this.#options;
    if (override === undefined) {
      policies.override(host, undefined);
      this.#known.delete(host);
    } else this.#known.set(host, { text: stored!.value, override });
    const { by, reason } = removal;
    const told = { ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) };
    const said = override === undefined ? told : { override };
    listeners.emit({ type: "policy", at: now(), scope: "host", key: host, ...said, here });
  }

  /** The override, once the policies have it; undefined where it cannot be read. */
  #readable(host: string, text: string): PolicyOverride | undefined {
    const override = decodeOverride(text);
    try {
      if (override !== undefined) {
        this.#options.policies.override(host, override.patch);
        return override;
      }
    } catch {
      // It makes no policy, or none over this process's configuration.
    }
    if (this.#told.get(host) === text) return undefined;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(host, text);
    this.#options.onUnreadable(OVERRIDE_PREFIX + host);
    return undefined;
  }

  // ---- changes made here --------------------------------------------------------------------------------

  /** What is stored holds here too, and then others are told that there is something new. */
  async #change(
    key: string,
    text: string | undefined,
    take: (stored: Versioned | undefined) => void,
  ): Promise<void> {
    await writeOver(this.#store, key, text);
    this.#changes++;
    take(text === undefined ? undefined : { value: text, version: "" });
    await announce(this.#store);
  }
}
