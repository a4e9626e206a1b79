/**
 * `share: "cooldowns"`: records stay in the process, and only what closes a host to everybody travels, as
 * `breakwater:cooldown:<host>` = `{"until": <epoch ms>, "reason": "..."}`. A process that sees one opens
 * its own breaker until then. What an operator does travels the same way, with when he did it.
 *
 * @module
 */
import { operate, type OperatorInput } from "../breaker/operate.ts";
import { takeCooldown } from "../breaker/shared_cooldown.ts";
import { SHARED } from "../breaker/names.ts";
import { type BreakerRecord, trackOf } from "../breaker/record.ts";
import type { Scope } from "../breaker/state.ts";
import type { MaybePromise } from "../stores/store.ts";
import {
  COOLDOWN_PREFIX,
  cooldownKey,
  fromCooldownKey,
  type SharedCooldown,
} from "./cooldown_kind.ts";
import { chain } from "./maybe_promise.ts";
import { type RegistryCore, toEngine } from "./core.ts";
import type { Engine, Seen } from "./engine/engine.ts";
import { storeKey } from "./store_keys.ts";
import type { StoreGuard } from "./engine/store_guard.ts";

/** A breaker by name. */
export interface Named {
  scope: Scope;
  key: string;
}

/** Keys of which it is remembered what was last said. */
const MAX_REMEMBERED = 10_000;
/** Clocks of processes differ by no more than this, in milliseconds. */
const MAX_SKEW_MS = 2_000;

/** See the module's description. */
export class CooldownShare {
  /** Of the shared store. */
  readonly guard: StoreGuard;
  readonly engine: Engine<SharedCooldown>;
  /** When the operator's action that was applied last was done, by the key in the store. */
  readonly #applied = new Map<string, number>();
  /** The deadline that was last told to others or taken from them, by the key in the store. */
  readonly #told = new Map<string, number>();
  /** Operators' actions on their way to the store, by its key: until then what stands there is older. */
  readonly #acting = new Map<string, number>();
  readonly #startedAt: number;

  /** @param startedAt when the process began to keep records, in epoch milliseconds */
  constructor(guard: StoreGuard, engine: Engine<SharedCooldown>, startedAt: number) {
    this.guard = guard;
    this.engine = engine;
    this.#startedAt = startedAt;
  }

  /**
   * Takes what others have said of breakers into this process's own records: one round trip for all.
   *
   * @param fresh asks the store, however fresh the answer in memory is
   * @returns true where the store could not be asked
   */
  take(core: RegistryCore, named: readonly Named[], fresh = false): MaybePromise<boolean> {
    const [first] = named;
    if (named.length === 1) {
      const key = cooldownKey(first!);
      const seen = fresh ? this.engine.look(key) : this.engine.peek(key);
      return chain(seen, (one) => this.#takeSeen(core, first!, one));
    }
    return chain(this.engine.peekAll(named.map(cooldownKey)), (all) => {
      let answer: MaybePromise<boolean> = false;
      all.forEach((seen, i) => {
        answer = chain(answer, (before) => {
          const degraded = this.#takeSeen(core, named[i]!, seen);
          return chain(degraded, (now) => before || now);
        });
      });
      return answer;
    });
  }

  /** Takes all that others have said: for a listing. */
  async takeAll(core: RegistryCore): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.guard.list(COOLDOWN_PREFIX, 1_000, cursor);
      for (const entry of page.entries) {
        const cooldown = this.engine.decodeEntry(entry.key, entry);
        if (cooldown === undefined) continue;
        const named = fromCooldownKey(entry.key);
        // An operator may have acted here since the page was read.
        if (this.#applied.has(entry.key)) await this.take(core, [named], true);
        else await this.#apply(core, named, cooldown);
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** Tells others of the deadline that a host has here, where it is later than what they know. */
  publish(core: RegistryCore, host: string): MaybePromise<unknown> {
    return chain(core.engine.peek(storeKey(core.prefixes, "host", host)), ({ record }) => {
      const cooldown = cooldownOf(record, core.now());
      if (cooldown === undefined) return;
      const key = cooldownKey({ scope: "host", key: host });
      // Known to all already; an operator may have ended it since, which this process has yet to see.
      if ((this.#told.get(key) ?? -Infinity) >= cooldown.until) return;
      remember(this.#told, key, cooldown.until);
      const done = this.engine.update(key, (known, now) => {
        const isLater = known !== undefined && known.until > now && known.until >= cooldown.until;
        return { record: isLater ? known : cooldown, answer: undefined };
      });
      return chain(done, (answered) => {
        // Turned away: too many wait. The next outcome tries again.
        if (answered === undefined) this.#told.delete(key);
      });
    });
  }

  /** Tells others what an operator did, whatever they knew. */
  publishAction(
    named: Named,
    input: OperatorInput,
  ): MaybePromise<{ degraded: boolean }> {
    const key = cooldownKey(named);
    this.#acting.set(key, (this.#acting.get(key) ?? 0) + 1);
    const update = this.engine.updateAlways(key, (known, now) => {
      // Later than what was done before, within the same millisecond too.
      const at = Math.max(now, (known?.at ?? -Infinity) + 1);
      return { record: actionOf(input, at), answer: at };
    });
    return chain(update, (done) => {
      const others = this.#acting.get(key)! - 1;
      if (others > 0) this.#acting.set(key, others);
      else this.#acting.delete(key);
      this.#acted(key, actionOf(input, done.answer), done.answer);
      return done;
    });
  }

  #takeSeen(
    core: RegistryCore,
    named: Named,
    { record, degraded }: Seen<SharedCooldown>,
  ): MaybePromise<boolean> {
    if (record === undefined || this.#acting.has(cooldownKey(named))) return degraded;
    return chain(this.#apply(core, named, record), () => degraded);
  }

  #apply(core: RegistryCore, named: Named, cooldown: SharedCooldown): MaybePromise<unknown> {
    const { until, reason, at } = cooldown;
    if (at !== undefined) return this.#applyAction(core, named, cooldown, at);
    if (reason === "closed" || reason === "half_open") return; // nobody writes these without a time
    const { scope, key } = named;
    remember(this.#told, cooldownKey(named), until);
    return core.engine.update(storeKey(core.prefixes, scope, key), (record, now) => {
      const input = { type: "cooldown", until, reason } as const;
      const policy = core.policies.of(scope, key);
      return toEngine(core, scope, key, takeCooldown(record, input, policy, now), now);
    });
  }

  /** Once, and only to what was there before the operator acted: what began since is news to him. */
  #applyAction(
    core: RegistryCore,
    named: Named,
    action: SharedCooldown,
    at: number,
  ): MaybePromise<unknown> {
    const { scope, key } = named;
    const { until, reason } = action;
    const id = cooldownKey(named);
    if ((this.#applied.get(id) ?? -Infinity) >= at) return;
    this.#acted(id, action, at);
    if (reason !== "manual" && at < this.#startedAt) return;
    const input: OperatorInput = reason === "manual"
      ? { type: "open", until }
      : { type: reason === "closed" ? "close" : "half_open" };
    return core.engine.update(storeKey(core.prefixes, scope, key), (record, now) => {
      if (reason === "manual" && until <= now) return { record, answer: undefined };
      if (record !== undefined && !isOlder(record, at)) return { record, answer: undefined };
      const step = operate(record, input, core.policies.of(scope, key), now);
      return toEngine(core, scope, key, step, now);
    });
  }

  #acted(id: string, { until, reason }: SharedCooldown, at: number): void {
    remember(this.#applied, id, at);
    if (reason === "manual") remember(this.#told, id, until);
    else this.#told.delete(id);
  }
}

/** Sets a value; the one that was set longest ago goes where there are too many. */
function remember(values: Map<string, number>, id: string, value: number): void {
  values.delete(id);
  values.set(id, value);
  if (values.size <= MAX_REMEMBERED) return;
  const [oldest] = values.keys();
  values.delete(oldest!);
}

function actionOf(input: OperatorInput, at: number): SharedCooldown {
  if (input.type === "open") return { until: input.until, reason: "manual", at };
  return { until: at, reason: input.type === "close" ? "closed" : "half_open", at };
}

/** True where every breaker of the record has been in its state since before, as far as clocks can tell. */
function isOlder({ rest, tracks }: BreakerRecord, at: number): boolean {
  return [rest, ...tracks.values()].every((track) =>
    track === undefined || track.since <= at + MAX_SKEW_MS
  );
}

/** The deadline of the breaker that most roles share. */
function cooldownOf(record: BreakerRecord | undefined, now: number): SharedCooldown | undefined {
  if (record === undefined) return undefined;
  const track = trackOf(record, SHARED);
  if (track.state === "closed" || track.until <= now) return undefined;
  return { until: track.until, reason: track.reason };
}
